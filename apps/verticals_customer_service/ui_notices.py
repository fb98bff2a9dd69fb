"""What the parts of the page share: notices, and the lock before what only agents may see."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from verticals.errors import StorageError
from verticals.notices import notice
from verticals_customer_service.conversations import ConversationError

_LOG = logging.getLogger(__name__)
SHOWN = 60  # characters of a message in a list


@contextmanager
def excused(texts: Mapping[str, str]) -> Iterator[None]:
    """Tell a customer in the page's words what failed; where the database refused something, its own words are for the log.

    Raises:
        gr.Error: the conversation is gone, or the database refused something.
    """
    try:
        yield
    except ConversationError as error:
        raise notice(texts, texts["gone"]) from error
    except StorageError as error:
        _LOG.error("on the page: %s", error)
        raise notice(texts, texts["unavailable"]) from error


def require(unlocked: bool, texts: Mapping[str, str]) -> None:
    """Raise gr.Error where the session has not given the agents' key."""
    if not unlocked:
        raise notice(texts, texts["wrong_key"])
