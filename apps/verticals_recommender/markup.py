"""Pieces of the pages as HTML. Everything that comes from data is escaped here."""

import html
from collections.abc import Iterable, Mapping, Sequence

from verticals_recommender.items import Item
from verticals_recommender.skins import Skin
from verticals_recommender.times import DAY

BUTTONS = """
let last = null;
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-action]');
  if (!button) return;
  last = [...element.querySelectorAll('button[data-action]')].indexOf(button);
  trigger('click', {action: button.dataset.action, item: button.dataset.item});
});
watch('value', () => {
  const again = last === null ? null : element.querySelectorAll('button[data-action]')[last];
  if (again) again.focus({preventScroll: true});
  last = null;
});
"""  # after a click the cards are drawn anew: the keyboard stays where it was
_SHORT, _NEW_DAYS = 150, 30


def escape(text: str) -> str:
    """Escape text for HTML, and the signs that a template of the page would read as its own."""
    return html.escape(text).replace("{", "&#123;").replace("$", "&#36;").replace("`", "&#96;")


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters, cut at a blank where one is near; Chinese has none."""
    flat = " ".join(text.split())
    if len(flat) <= most:
        return flat
    cut = flat[: most - 2]
    blank = cut.rfind(" ")
    return f"{cut[:blank] if blank > most // 2 else cut} …"


def facts(item: Item, skin: Skin, now: float, texts: Mapping[str, str]) -> str:
    """Return brand, price and age of an item in one line, as far as they are known and the site speaks of them."""
    days = None if item.added is None else max(0, int((now - item.added) // DAY))
    age = "" if days is None else texts["today"] if days == 0 else texts["days"].format(count=days)
    price = f"{item.price:.2f}" if skin.priced and item.price is not None else ""
    return " · ".join(escape(part) for part in (item.brand, price, "" if skin.priced else age) if part)


def notice(text: str) -> str:
    """Return a sentence that is set apart."""
    return f"<p class='notice'>{escape(text)}</p>"


def chips(names: Iterable[str]) -> str:
    """Return small marks."""
    return "".join(f"<span class='mark'>{escape(name)}</span>" for name in names if name)


def card(item: Item, line: str, why: str, marks: Iterable[str], actions: Mapping[str, str]) -> str:
    """Return one recommendation.

    Args:
        item: the item.
        line: its facts, already escaped.
        why: the reason in words.
        marks: category and badges.
        actions: what its buttons do, to their labels.
    """
    buttons = "".join(
        f"<button type='button' class='act' data-action='{name}' data-item='{escape(item.id)}' "
        f"aria-label='{escape(label)}: {escape(item.title)}'>{escape(label)}</button>"
        for name, label in actions.items()
    )
    short = escape(shortened(item.description, _SHORT))
    return (
        f"<article class='pick'><div class='marks'>{chips(marks)}</div><h4>{escape(item.title)}</h4>"
        f"<p class='muted'>{line}</p><p>{short}</p><p class='why'>{escape(why)}</p>"
        f"{f'<div class=acts>{buttons}</div>' if buttons else ''}</article>"
    )


def cards(found: Iterable[str]) -> str:
    """Return cards side by side, as many as fit."""
    return f"<div class='picks'>{''.join(found)}</div>"


def strip(items: Sequence[Item], heading: str, rest: str) -> str:
    """Return a history as a row that scrolls sideways."""
    shown = "".join(
        f"<li><b>{escape(shortened(item.title, 60))}</b><span class='muted'>{escape(item.category)}</span></li>"
        for item in items
    )
    more = f"<li class='muted'>{escape(rest)}</li>" if rest else ""
    return (
        f"<p class='label'>{escape(heading)}</p>"
        f"<ul class='strip' tabindex='0' aria-label='{escape(heading)}'>{shown}{more}</ul>"
    )


def ranked(items: Iterable[tuple[Item, str, bool]], heading: str) -> str:
    """Return a numbered list under a heading: items, what is said of each, and whether it is marked."""
    rows = "".join(
        f"<li class='{'both' if marked else ''}'><b>{escape(item.title)}</b> <span class='muted'>{escape(item.category)}</span>"
        f"{f'<div class=why>{escape(said)}</div>' if said else ''}</li>"
        for item, said, marked in items
    )
    return f"<section><p class='label'>{escape(heading)}</p><ol class='ranked'>{rows}</ol></section>"


def pair(left: str, right: str) -> str:
    """Return two pieces side by side, one below the other where there is no room."""
    return f"<div class='pair'>{left}{right}</div>"


def bars(rows: Iterable[tuple[str, float]], heading: str, nothing: str) -> str:
    """Return names with shares between 0 and 1 as bars."""
    drawn = "".join(
        f"<div class='row'><span>{escape(name)}</span><span>{share:.2f}</span></div>"
        f"<div class='bar' role='img' aria-label='{escape(name)} {share:.2f}'><i style='width:{share:.1%}'></i></div>"
        for name, share in rows
    )
    return f"<section><p class='label'>{escape(heading)}</p>{drawn or f'<p>{escape(nothing)}</p>'}</section>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], bold: str | None = None) -> str:
    """Return a table of cells that are HTML already; the row whose first cell is `bold` is."""
    head = "".join(f"<th scope='col'>{escape(cell)}</th>" for cell in header)
    body = "".join(
        f"<tr{' class=served' if row[0] == bold else ''}>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<div class='table terse'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def figure(estimate: Mapping[str, float] | None) -> str:
    """Return an estimate with its interval below it, where it has one."""
    if estimate is None:
        return "–"
    if estimate["low"] == estimate["high"]:
        return f"{estimate['value']:z.3f}"
    return f"{estimate['value']:z.3f}<small>{estimate['low']:z.3f} … {estimate['high']:z.3f}</small>"


def badges(item: Item, popularity: float, skin: Skin, now: float, texts: Mapping[str, str]) -> list[str]:
    """Return the marks of an item.

    Args:
        item: the item.
        popularity: share of the catalogue that fewer people chose, between 0 and 1.
        skin: the kind of site.
        now: seconds since 1970.
        texts: the words.
    """
    fresh = item.added is not None and now - item.added < min(_NEW_DAYS, skin.half_life_days) * DAY
    rank = texts["popular"] if popularity >= 0.9 else texts["niche"] if popularity < 0.3 else ""
    return [item.category, texts["new"] if fresh else "", rank]
