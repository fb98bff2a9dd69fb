"""Parts of the page as HTML. Whatever came from a source is escaped; colour never says anything alone.

Rows and tiles that can be chosen hold a button with the id in `data-id`; the page listens for its click.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from verticals_financial_sentiment.overview import Tile
from verticals_financial_sentiment.records import Opinion
from verticals_financial_sentiment.rows import Row
from verticals_financial_sentiment.sentiment import MOST_WORDS, Weight

Texts = Mapping[str, str]
_ARROWS = {"above": "▲", "within": "●", "below": "▼"}
_SIGNS = {"positive": "▲", "neutral": "●", "negative": "▼"}
_FAINT = 0.03  # a word that moves the score less, or less than a fifth of the strongest one, is not marked


def tiles_html(tiles: Sequence[Tile], chosen: str, texts: Texts) -> str:
    """Show companies as tiles: mood now, its place in the 7-day band, volume, open alerts."""
    if not tiles:
        return f"<p class='muted'>{texts['loading']}</p>"
    shown = "".join(f"<li>{_tile(tile, tile.ticker == chosen, texts)}</li>" for tile in tiles)
    return f"<ul class='tiles'>{shown}</ul><p class='muted'>{texts['volume_help']}</p>"


def _tile(tile: Tile, chosen: bool, texts: Texts) -> str:
    place = "above" if tile.mood > tile.high else "below" if tile.mood < tile.low else "within"
    alerts = texts["alert"] if tile.alerts == 1 else texts["alerts"].format(count=tile.alerts)
    alerts = alerts if tile.alerts else texts["no_open"]
    spoken = texts["tile"].format(
        name=tile.name,
        mood=signed(tile.mood),
        place=texts[place],
        low=signed(tile.low),
        high=signed(tile.high),
        volume=f"{tile.volume:.1f}",
        alerts=alerts,
    )
    left, right, now = (50 + 50 * max(-1.0, min(1.0, value)) for value in (tile.low, tile.high, tile.mood))
    chip = f"<span class='chip warn'>{alerts}</span>" if tile.alerts else ""
    return (
        f"<button type='button' class='tile' data-id='{escape(tile.ticker)}' aria-pressed='{str(chosen).lower()}' "
        f"aria-label='{escape(spoken)}'>"
        f"<span class='row'><b>{escape(tile.name)}</b><span class='muted'>{escape(tile.ticker)}</span></span>"
        f"<span class='row'><span class='{place}'>{_ARROWS[place]} {signed(tile.mood)}</span>"
        f"<span class='muted'>{texts[place]}</span></span>"
        f"<span class='band'><i style='left:{left:.1f}%;width:{right - left:.1f}%'></i><b style='left:{now:.1f}%'></b></span>"
        f"<span class='row'><span class='muted'>{texts['volume'].format(volume=f'{tile.volume:.1f}')}</span>{chip}</span>"
        "</button>"
    )


def stories_html(stories: Sequence[Row], texts: Texts) -> str:
    """Show stories as a table: title, first seen, independent sources, copies folded."""
    if not stories:
        return f"<p class='muted'>{texts['no_stories']}</p>"
    rows = (
        f"<td class='long'>{escape(story['title'])}</td><td class='time'>{minute(story['first_seen'])}</td>"
        f"<td>{_labelled(texts['sources'], len(story['sources']))}</td>"
        f"<td>{_labelled(texts['copies'], story['items'] - 1)}</td>"
        for story in stories
    )
    return _table((texts["story"], texts["first_seen"], texts["sources"], texts["copies"]), rows)


def alerts_html(alerts: Sequence[Row], chosen: str, names: Mapping[str, str], language: str, texts: Texts) -> str:
    """Show alerts as a list, the newest first."""
    if not alerts:
        return f"<p class='muted'>{texts['no_alerts']}</p>"
    return _feed(
        f"<p class='row'><span>{_severity(alert, texts)} <b>{escape(names.get(alert['ticker'], alert['ticker']))}</b></span>"
        f"<span class='muted'>{minute(alert['time'])} UTC</span></p><p>{escape(alert['reason'][language])}</p>"
        f"<p class='row'><span class='muted'>{texts[alert['state']]}</span>{_show(alert['id'], alert['id'] == chosen, texts)}</p>"
        for alert in alerts
    )


def alert_html(alert: Row | None, stories: Sequence[Row], name: str, language: str, texts: Texts) -> str:
    """Show one alert with the stories behind it, the weightiest first."""
    if alert is None:
        return f"<p class='muted'>{texts['choose_alert']}</p>"
    return (
        f"<p>{_severity(alert, texts)} <b>{escape(name)}</b> <span class='muted'>{minute(alert['time'])} UTC · "
        f"{texts[alert['state']]}</span></p><p>{escape(alert['reason'][language])}</p>{stories_html(stories, texts)}"
    )


def headlines_html(items: Sequence[Sequence[Row]], chosen: str, names: Mapping[str, str], texts: Texts) -> str:
    """Show items, each given as its rows by company, the newest first."""
    if not items:
        return f"<p class='muted'>{texts['no_headlines']}</p>"
    return _feed(
        f"<p>{escape(rows[0]['title'] or rows[0]['body'])}</p>"
        f"<p class='muted'>{escape(rows[0]['source'])} · {minute(rows[0]['received'])} UTC</p>"
        f"<p class='row'><span>{_opinions(rows, names, texts)}</span>{_show(rows[0]['id'], rows[0]['id'] == chosen, texts)}</p>"
        for rows in items
    )


def headline_html(
    item: Row | None,
    text: str,
    sides: Sequence[tuple[str, Opinion, Sequence[Weight]]],
    texts: Texts,
) -> str:
    """Show one item from the side of each company: its opinion, and the words that decided it."""
    if item is None:
        return f"<p class='muted'>{texts['choose_headline']}</p>"
    shown = "".join(
        f"<p class='row'><b>{escape(name)}</b><span>{_opinion(opinion, texts)}</span></p>"
        f"<p class='words'>{_marked(text, weights)}</p>"
        for name, opinion, weights in sides
    )
    link = escape(item["url"])
    source = f" · <a href='{link}' rel='noopener noreferrer' target='_blank'>{texts['open_link']}</a>" if link else ""
    where = f"{escape(item['source'])} · {minute(item['published'])} UTC{source}"
    return f"<p class='muted'>{where}</p>{shown}<p class='muted'>{texts['words'].format(most=MOST_WORDS)}</p>"


def minute(time: datetime) -> str:
    """Return a time to the minute."""
    return f"{time:%Y-%m-%d %H:%M}"


def signed(value: float) -> str:
    """Return a mood with its sign, as print has it."""
    rounded = round(value, 2)
    return f"{rounded:+.2f}".replace("-", "−") if rounded else "0.00"


def _severity(alert: Row, texts: Texts) -> str:
    single = f" <span class='muted'>{texts['single']}</span>" if alert["single_source"] else ""
    return f"<span class='chip {alert['severity']}'>{texts[alert['severity']]}</span>{single}"


def _labelled(label: str, count: int) -> str:
    """Return a count with its label, which only a narrow screen shows, where the table has no header."""
    return f"<span class='narrow'>{label}: </span>{count}"


def _show(name: str, chosen: bool, texts: Texts) -> str:
    pressed = str(chosen).lower()
    return (
        f"<button type='button' class='show' data-id='{escape(name)}' aria-pressed='{pressed}'>{texts['show']}</button>"
    )


def _opinions(rows: Sequence[Row], names: Mapping[str, str], texts: Texts) -> str:
    said = [
        f"{escape(names.get(row['ticker'], row['ticker']))}&nbsp;"
        + _opinion(Opinion(row["ticker"], row["positive"], row["neutral"], row["negative"]), texts)
        for row in rows
        if row["ticker"]
    ]
    return "<br>".join(said) or f"<span class='muted'>{texts['no_company']}</span>"


def _opinion(opinion: Opinion, texts: Texts) -> str:
    mood = opinion.sentiment
    share = {"positive": opinion.positive, "neutral": opinion.neutral, "negative": opinion.negative}[mood]
    return f"<span class='{mood}'>{_SIGNS[mood]}&nbsp;{texts[mood]}&nbsp;{share:.0%}</span>"


def _marked(text: str, weights: Sequence[Weight]) -> str:
    most = max((abs(each.weight) for each in weights), default=0.0)
    parts, position = [], 0
    for each in weights:
        parts.append(escape(text[position : each.start]))
        word = escape(text[each.start : each.end])
        position = each.end
        if abs(each.weight) < max(_FAINT, most / 5):
            parts.append(word)
            continue
        side, strength = "positive" if each.weight > 0 else "negative", round(100 * abs(each.weight) / most)
        parts.append(f"<mark class='{side}' style='--strength:{strength}%' title='{signed(each.weight)}'>{word}</mark>")
    return "".join([*parts, escape(text[position:])])


def _feed(entries: Iterable[str]) -> str:
    return f"<ul class='feed'>{''.join(f'<li>{entry}</li>' for entry in entries)}</ul>"


def _table(header: Sequence[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th scope='col'>{cell}</th>" for cell in header)
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div class='table stacked'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
