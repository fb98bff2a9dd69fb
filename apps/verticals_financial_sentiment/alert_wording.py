"""Why an alert was raised, in words, in each language."""

from collections.abc import Mapping
from typing import Literal

from verticals_financial_sentiment.detection import Reading, hour_of_week

Kind = Literal["negative", "positive", "volume"]
_WHAT = {
    "en": {"negative": "negative volume", "positive": "positive volume", "volume": "volume"},
    "zh": {"negative": "负面消息量", "positive": "正面消息量", "volume": "消息量"},
}
_DAYS = {
    "en": ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}


def reason(kind: Kind, reading: Reading, sources: int, stories: int, zone: str) -> Mapping[str, str]:
    """Return one sentence by language: how far above which norm, and how many independent sources and stories say so."""
    day, hour = divmod(hour_of_week(reading.time, zone), 24)
    return {
        "en": f"{_WHAT['en'][kind]} {reading.sigma:.1f} sigma above the norm of {_DAYS['en'][day]} {hour:02}:00 ({zone}): "
        f"{reading.value:.1f} in the last hour, usually {reading.norm:.1f}; {_english(sources, 'independent source')}, {_english(stories, 'story')}",
        "zh": f"{_WHAT['zh'][kind]}比{_DAYS['zh'][day]} {hour:02}:00（{zone}）的常态高 {reading.sigma:.1f} 个标准差："
        f"最近一小时 {reading.value:.1f}，通常 {reading.norm:.1f}；{sources} 个独立来源，{stories} 条报道",
    }


def _english(count: int, noun: str) -> str:
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
    return f"{count} {noun if count == 1 else plural}"
