"""The tab of somebody new: a list from three picks or from a sentence, without an account and without training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from verticals.notices import notice
from verticals_recommender import markup
from verticals_recommender.api import LONGEST_SENTENCE
from verticals_recommender.pages.view import SHELF, View, in_turn
from verticals_recommender.serving import Rules
from verticals_recommender.wording import EXAMPLES

PICKS = 3


@dataclass(frozen=True)
class NewcomerTab:
    """Handlers of the tab."""

    view: View

    def build(self, page: gr.Blocks) -> None:
        """Add the tab to the open Gradio context."""
        texts, unknown = self.view.texts, self.view.unknown_percent
        gr.HTML(f"<p class='muted'>{markup.escape(texts['newcomer_lead'])}</p>")
        if unknown:
            gr.HTML(markup.notice(texts["unknown"].format(percent=unknown)))
        english = self.view.opened.backbone == "builtin" and not unknown
        with gr.Row():
            picks = gr.Dropdown([], multiselect=True, max_choices=PICKS, value=[], label=texts["picks"], min_width=280)
            with gr.Column(min_width=280):
                sentence = gr.Textbox(label=texts["sentence_english" if english else "sentence"], lines=1, max_lines=3)
                find = gr.Button(texts["find"], variant="primary", min_width=120)
        if self.view.shipped:
            examples = [[each] for each in EXAMPLES[self.view.opened.skin.name]]
            gr.Examples(examples, sentence, label=texts["examples"])
        cards = gr.HTML()
        page.load(self.open, None, [picks], api_visibility="private")
        asked = [picks.change, sentence.submit, find.click]
        gr.on(asked, self.show, [picks, sentence], [cards], trigger_mode="always_last", **in_turn("newcomer"))

    def open(self) -> dict[str, Any]:
        """Fill the items in when the page is opened."""
        return gr.update(choices=self.view.choices())

    def show(self, picks: Sequence[str], sentence: str) -> str:
        """Return the cards for picks and a sentence; either may be empty.

        Raises:
            gr.Error: the sentence is too long, or a pick was removed in the meantime.
        """
        texts, written = self.view.texts, sentence.strip()
        if len(written) > LONGEST_SENTENCE:
            message = texts["too_long"].format(found=len(written), most=LONGEST_SENTENCE)
            raise notice(texts, message)
        state = self.view.state
        with self.view.told():
            profile = state.visitor(list(picks or ())[:PICKS], self.view.opened.live.wish(written))
        found = self.view.listed(state, state.engine.model, profile, Rules(count=SHELF))
        said = "" if picks or written else markup.notice(texts["newcomer_empty"])
        return said + self.view.cards(state, found, {})
