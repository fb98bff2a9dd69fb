"""How the bot read a message, as HTML: what it did, what it understood, how sure it was, where the answer comes from."""

from collections.abc import Mapping
from html import escape

from verticals_customer_service.turns import Turn


def turn_html(turn: Turn, texts: Mapping[str, str], names: Mapping[str, str]) -> str:
    """Show a turn: action, intent, confidence, alternatives, source, and how long it took."""
    alternatives = "".join(_bar(names[each.intent], each.confidence) for each in turn.alternatives)
    sources = "".join(
        f"<div class='source'><b>{escape(source.title)}</b><br>{escape(source.text).replace(chr(10), '<br>')}</div>"
        for source in turn.sources
    )
    handed_over = f"<p class='notice'>{texts['handed_over']}</p>" if turn.action == "hand_over" else ""
    return (
        f"<p><span class='chip {turn.action}'>{texts[turn.action]}</span> "
        f"<span class='muted'>{texts['latency'].format(latency=turn.latency_ms)}</span></p>{handed_over}"
        f"<p class='label'>{texts['intent']} · {texts['confidence']}</p>{_bar(names[turn.intent], turn.confidence)}"
        f"{_entities(turn, texts)}"
        f"<p class='label'>{texts['alternatives']}</p>{alternatives}"
        f"<p class='label'>{texts['source']}</p>{sources or texts['no_source']}"
    )


def _entities(turn: Turn, texts: Mapping[str, str]) -> str:
    """Return what the message names, each with its kind; nothing where it names nothing."""
    named = "".join(
        f"<span class='chip'>{texts[each.kind]}: {escape(each.value or each.text)}</span> " for each in turn.entities
    )
    return f"<p class='label'>{texts['entities']}</p><p>{named}</p>" if named else ""


def _bar(name: str, share: float) -> str:
    return (
        f"<div class='row'><span>{escape(name)}</span><span>{share:.0%}</span></div>"
        f"<div class='bar' role='img' aria-label='{escape(name)} {share:.0%}'><i style='width:{share:.1%}'></i></div>"
    )
