"""The frame of every page that is not Gradio's."""

from html import escape
from typing import Final

_NO_ICON: Final = '<link rel="icon" href="data:,">'  # otherwise a browser asks for /favicon.ico


def document(title: str, language: str, css: str, body: str) -> str:
    """Return a whole page around a body of markup; the frame loads nothing from anywhere, no icon either."""
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"{_NO_ICON}<title>{escape(title)}</title><style>{css}</style>{body}</html>"
    )
