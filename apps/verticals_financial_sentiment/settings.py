"""The app's own settings."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, Field, field_validator

from verticals.config import Section
from verticals.errors import nearest
from verticals_financial_sentiment.sources.replay import FASTEST


def _known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # an area, such as Europe, is a folder
        close = nearest(zone, available_timezones())
        known = f"did you mean '{close}'" if close else "expected a name such as Europe/Helsinki"
        raise ValueError(f"no time zone; {known}") from error
    return zone


Zone = Annotated[str, AfterValidator(_known_zone)]


class FeedSettings(Section):
    """One RSS or Atom feed."""

    url: str = Field(pattern=r"^https?://", description="address of the feed")
    zone: Zone = Field("UTC", description="zone of times that name none, such as Europe/Helsinki")


class StorySettings(Section):
    """What is remembered for folding copies."""

    window_hours: float = Field(48, gt=0, description="a story is forgotten so long after its last item")
    most: int = Field(200_000, ge=1, description="stories in memory; the one untouched for longest goes first")


class IndexSettings(Section):
    """How the index of a company is kept."""

    bucket_minutes: Literal[5, 10, 15, 20, 30, 60] = Field(
        15, description="width of a point of the index; posts want 5"
    )


class AlertSettings(Section):
    """When an alert is raised."""

    threshold: float = Field(2.5, gt=0, description="sigma above the norm; the budget may raise it, never lower it")
    per_day: int | None = Field(
        3,
        ge=1,
        description="alerts a day over all companies, those not counted that say it got worse; nothing means no budget",
    )
    silence_hours: float = Field(24, ge=0, description="in which a company is not reported again, unless it gets worse")
    mute_days: float = Field(7, gt=0, description="that a mute lasts")


class EmailSettings(Section):
    """The server that sends alerts, and who gets them."""

    host: str = Field(description="SMTP server")
    port: int = Field(587, ge=1, le=65_535)
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    receivers: tuple[str, ...] = Field(min_length=1)
    user: str = Field("", description="name for the server; it is told only after STARTTLS")
    password_file: str | None = Field(None, description="file that holds the password, so that no settings file does")


class ChannelSettings(Section):
    """Where alerts go beside the page."""

    file: str | None = Field(None, description="JSONL file that alerts are appended to")
    webhooks: tuple[str, ...] = Field((), description="addresses that alerts are posted to")
    email: EmailSettings | None = Field(None, description="host, port, sender, receivers, user, password_file")

    @field_validator("webhooks")
    @classmethod
    def _web_addresses(cls, webhooks: tuple[str, ...]) -> tuple[str, ...]:
        for url in webhooks:
            if not url.startswith(("https://", "http://")):
                raise ValueError("expected addresses that begin with https:// or http://")
        return webhooks


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
    zone: Zone = Field("UTC", description="zone of times in files and posted rows that name none")
    stories: StorySettings = StorySettings()
    index: IndexSettings = IndexSettings()
    alerts: AlertSettings = AlertSettings()
    channels: ChannelSettings = ChannelSettings()
    keep_days: float = Field(90, gt=0, description="older items, stories, index points and alerts are deleted")
    benchmark_items: int = Field(20_000, ge=1_000, description="items that the suite `throughput` replays")

    @property
    def demo(self) -> bool:
        """Whether the fortnight of the invented companies is played: nothing else is named to watch."""
        return not (self.replay or self.folder or self.feeds or self.symbols)

    @property
    def recorded(self) -> bool:
        """Whether the stream was recorded, so that its time is not that of this machine."""
        return self.replay is not None or self.demo
