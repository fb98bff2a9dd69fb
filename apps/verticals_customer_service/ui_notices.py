"""What the parts of the page share: notices, and the lock before what only agents may see."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import gradio as gr

from verticals.errors import StorageError
from verticals_customer_service.conversations import ConversationError

_LOG = logging.getLogger(__name__)
SHOWN = 60  # characters of a message in a list


def notice(text: str) -> gr.Error:
    """Return an error that the page shows as a notice."""
    return gr.Error(text, duration=6, print_exception=False)


@contextmanager
def excused(texts: Mapping[str, str]) -> Iterator[None]:
    """Tell a customer in the page's words what failed; where the database refused something, its own words are for the log.

    Raises:
        gr.Error: the conversation is gone, or the database refused something.
    """
    try:
        yield
    except ConversationError as error:
        raise notice(texts["gone"]) from error
    except StorageError as error:
        _LOG.error("on the page: %s", error)
        raise notice(texts["unavailable"]) from error


def require(unlocked: bool, texts: Mapping[str, str]) -> None:
    """Raise gr.Error where the session has not given the agents' key."""
    if not unlocked:
        raise notice(texts["wrong_key"])
