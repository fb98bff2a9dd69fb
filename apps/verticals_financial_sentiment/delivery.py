"""Alerts to where people look, with retries, and each alert once per channel.

What was sent is written down after it was sent. A crash between the two sends once more after the restart: delivery is at least once, and
the alert's id goes along (`Idempotency-Key`, `Message-ID`, the line's `id`), so that the receiver can tell. The file is its own record.
"""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from verticals_financial_sentiment.alerts import Alert
from verticals_financial_sentiment.rows import Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class TemporaryFailure(Exception):  # noqa: N818 - reads as what it is
    """The receiver may take it later."""


class PermanentFailure(Exception):  # noqa: N818 - reads as what it is
    """The receiver will not take it."""


class Channel(Protocol):
    """A way to people."""

    @property
    def name(self) -> str:
        """What the outbox calls it; another receiver is another name."""

    def send(self, alert: Alert) -> None:
        """Send one alert.

        Raises:
            TemporaryFailure: trying again may help.
            PermanentFailure: it will not.
        """


class Outbox(Protocol):
    """What was sent, kept across restarts."""

    def sent(self, alert: str, channel: str) -> bool:
        """Say whether the alert of this id went out on this channel."""

    def record(self, alert: str, channel: str) -> None:
        """Write down that it did."""


@dataclass(frozen=True)
class Retry:
    """How often to try, and the seconds to wait after the first failure; each wait is `growth` times the one before."""

    attempts: int = 4
    wait: float = 1.0
    growth: float = 4.0


@dataclass(frozen=True)
class Delivery:
    """What became of one alert on one channel; `problem` is empty where it was sent, now or before."""

    alert: str
    channel: str
    attempts: int
    problem: str


def deliver(
    alerts: Sequence[Alert],
    channels: Sequence[Channel],
    outbox: Outbox,
    sleep: Callable[[float], None],
    retry: Retry = Retry(),
) -> list[Delivery]:
    """Send every alert on every channel that it has not been sent on, and return what became of each.

    One channel's failure keeps nothing from the others. What failed is not recorded, so calling again tries again.
    """
    return [_deliver(alert, channel, outbox, sleep, retry) for alert in alerts for channel in channels]


def as_record(alert: Alert) -> dict[str, Any]:
    """Return the alert as JSON has it."""
    return {
        **asdict(alert),
        "time": alert.time.isoformat(),
        "stories": list(alert.stories),
        "reason": dict(alert.reason),
    }


def as_alert(row: Row) -> Alert:
    """Return an alert as it was raised from its row in the store."""
    fields = {name: value for name, value in row.items() if name != "state"}
    return Alert(**{**fields, "stories": tuple(fields["stories"])})


def as_csv(alerts: Sequence[Alert], language: str) -> str:
    """Return a table for a spreadsheet; a cell that it could take for a formula begins with an apostrophe."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(("time", "ticker", "severity", "kind", "score", "reason", "single_source", "stories", "id"))
    for each in alerts:
        row = (
            each.time.isoformat(),
            each.ticker,
            each.severity,
            each.kind,
            f"{each.score:.2f}",
            each.reason[language],
            "yes" if each.single_source else "no",
            " ".join(each.stories),
            each.id,
        )
        writer.writerow([_plain(cell) for cell in row])
    return table.getvalue()


def _deliver(alert: Alert, channel: Channel, outbox: Outbox, sleep: Callable[[float], None], retry: Retry) -> Delivery:
    if outbox.sent(alert.id, channel.name):
        return Delivery(alert.id, channel.name, 0, "")
    problem = ""
    for attempt in range(1, retry.attempts + 1):
        try:
            channel.send(alert)
        except PermanentFailure as failure:
            return Delivery(alert.id, channel.name, attempt, str(failure))
        except TemporaryFailure as failure:
            problem = str(failure)
            if attempt < retry.attempts:
                sleep(retry.wait * retry.growth ** (attempt - 1))
        else:
            outbox.record(alert.id, channel.name)
            return Delivery(alert.id, channel.name, attempt, "")
    return Delivery(alert.id, channel.name, retry.attempts, problem)


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell
