"""The app's own settings."""

from pydantic import Field, field_validator

from verticals.config import Section
from verticals_financial_sentiment.sources.replay import FASTEST


class FeedSettings(Section):
    """One RSS or Atom feed."""

    url: str = Field(pattern=r"^https?://", description="address of the feed")
    zone: str = Field("UTC", description="zone of times that name none, such as Europe/Helsinki")


class StorySettings(Section):
    """What is remembered for folding copies."""

    window_hours: float = Field(48, gt=0, description="a story is forgotten so long after its last item")
    most: int = Field(200_000, ge=1, description="stories in memory; the one untouched for longest goes first")


class Settings(Section):
    """What the monitor watches, and how."""

    symbols: str | None = Field(None, description="CSV: ticker,name,aliases,sector; nothing means the invented samples")
    feeds: tuple[FeedSettings, ...] = Field((), description="feeds to poll")
    poll_minutes: float = Field(5, gt=0, description="between two polls of a feed that answers")
    allowed_hosts: tuple[str, ...] = Field((), description="hosts of feeds that may have private addresses")
    largest_feed: int = Field(5_000_000, ge=1_000, description="bytes of a feed, decompressed")
    folder: str | None = Field(None, description="folder to watch for CSV and JSONL files")
    replay: str | None = Field(None, description="CSV or JSONL file to play")
    replay_speed: float | None = Field(None, ge=1, le=FASTEST, description="times its own pace; nothing means at once")
    zone: str = Field("UTC", description="zone of times in files and posted rows that name none")
    stories: StorySettings = StorySettings()
    keep_days: float = Field(90, gt=0, description="older items, stories, index points and alerts are deleted")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"'{zone}' is no time zone; expected a name such as Europe/Helsinki") from error
        return zone
