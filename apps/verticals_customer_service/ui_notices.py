"""What the parts of the page share: notices, and the lock before what only agents may see."""

from collections.abc import Mapping

import gradio as gr

SHOWN = 60  # characters of a message in a list


def notice(text: str) -> gr.Error:
    """Return an error that the page shows as a notice."""
    return gr.Error(text, duration=6, print_exception=False)


def require(unlocked: bool, texts: Mapping[str, str]) -> None:
    """Raise gr.Error where the session has not given the agents' key."""
    if not unlocked:
        raise notice(texts["wrong_key"])
