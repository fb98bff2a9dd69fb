"""What a page tells somebody whose click could not be followed: over the page, in its language, until it is read."""

from collections.abc import Mapping

import gradio as gr

_SECONDS = 6


def notice(texts: Mapping[str, str], message: str) -> gr.Error:
    """Return an error that the page shows as a notice, under the heading `texts["notice"]`."""
    return gr.Error(message, title=texts["notice"], duration=_SECONDS, print_exception=False)
