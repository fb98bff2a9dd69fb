"""The ways to people: a file, a webhook, e-mail."""

import json
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from hashlib import blake2b
from pathlib import Path

import httpx

from verticals.errors import ConfigError
from verticals_financial_sentiment.alerts import Alert
from verticals_financial_sentiment.delivery import Channel, PermanentFailure, TemporaryFailure, as_record
from verticals_financial_sentiment.settings import ChannelSettings

_BUSY = (408, 425, 429)


@dataclass(frozen=True)
class FileChannel:
    """One JSON document a line. An id that is in the file is not written again; a line that a crash cut off is removed."""

    path: Path

    @property
    def name(self) -> str:
        """`file:` and the path."""
        return f"file:{self.path}"

    def send(self, alert: Alert) -> None:
        """Append the alert."""
        line = json.dumps(as_record(alert), ensure_ascii=False).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b") as file:
                file.seek(0)
                whole = file.read()
                kept = whole[: whole.rfind(b"\n") + 1]
                file.truncate(len(kept))
                if not any(json.loads(row)["id"] == alert.id for row in kept.splitlines()):
                    file.write(line)
        except (OSError, ValueError, KeyError) as error:
            raise PermanentFailure(f"{self.path}: {error}") from error


@dataclass(frozen=True)
class WebhookChannel:
    """A POST of the alert as JSON. The client brings time-outs and transport; redirects are not followed."""

    url: str
    client: httpx.Client = field(repr=False)

    @property
    def name(self) -> str:
        """`webhook:` and the host; the rest of the address, which may hold a secret, as a digest."""
        digest = blake2b(self.url.encode(), digest_size=6).hexdigest()
        return f"webhook:{self.url.partition('://')[2].partition('/')[0].rpartition('@')[2]}#{digest}"

    def send(self, alert: Alert) -> None:
        """Post the alert; what the receiver says beyond its status is not read."""
        headers = {"Idempotency-Key": alert.id}
        try:
            with self.client.stream(
                "POST", self.url, json=as_record(alert), headers=headers, follow_redirects=False
            ) as answer:
                status = answer.status_code
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise PermanentFailure(f"not a web address: {error}") from error
        except httpx.TransportError as error:
            raise TemporaryFailure(f"{type(error).__name__}: {error}") from error
        if status in _BUSY or status >= 500:
            raise TemporaryFailure(f"answered {status}")
        if not 200 <= status < 300:
            raise PermanentFailure(f"answered {status}")


@dataclass(frozen=True)
class EmailChannel:
    """A plain-text message in both languages through an SMTP server; one receiver, so that nobody gets it twice for another's sake.

    Attributes:
        host: the server, and `port` its port.
        sender: From.
        receiver: To.
        user: name for the server, which is told only after STARTTLS; empty for a server that asks none.
        password: its password.
        timeout: seconds.
    """

    host: str
    port: int
    sender: str
    receiver: str
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 10.0

    @property
    def name(self) -> str:
        """`email:` and the receiver."""
        return f"email:{self.receiver}"

    def send(self, alert: Alert) -> None:
        """Send the message."""
        try:
            with smtplib.SMTP(self.host, self.port, timeout=self.timeout) as server:
                if self.user:
                    server.starttls(context=ssl.create_default_context())
                    server.login(self.user, self.password)
                server.send_message(message(alert, self.sender, self.receiver))
        except smtplib.SMTPResponseException as error:
            raise _failure(error.smtp_code) from error
        except smtplib.SMTPRecipientsRefused as error:
            # the server's answer is kept under the bare address, which is not always how the receiver is written
            raise _failure(next(iter(error.recipients.values()))[0]) from error
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            raise PermanentFailure(str(error)) from error
        except ValueError as error:  # what it says may quote the password
            raise PermanentFailure("expected addresses of one line and a password in ASCII, found others") from error
        except OSError as error:
            raise TemporaryFailure(f"{type(error).__name__}: {error}") from error


def from_settings(settings: ChannelSettings) -> tuple[Channel, ...]:
    """Return the channels that the settings name; web requests wait ten seconds at most.

    Raises:
        ConfigError: the file with the password cannot be read.
    """
    found: list[Channel] = [FileChannel(Path(settings.file))] if settings.file else []
    client = httpx.Client(timeout=10.0) if settings.webhooks else None
    found += [WebhookChannel(url, client) for url in settings.webhooks if client]
    email = settings.email
    if email:
        password = _password(Path(email.password_file)) if email.password_file else ""
        found += [
            EmailChannel(email.host, email.port, email.sender, receiver, email.user, password)
            for receiver in email.receivers
        ]
    return tuple(found)


def _password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"app.channels.email.password_file: {path} cannot be read: {error}") from error


def message(alert: Alert, sender: str, receiver: str) -> EmailMessage:
    """Return the e-mail; the subject is one line whatever the ticker holds."""
    mail = EmailMessage()
    subject = f"[{alert.severity}] {alert.ticker}: {alert.kind} {alert.score:.1f} sigma"
    mail["Subject"] = " ".join("".join(mark if mark.isprintable() else " " for mark in subject).split())
    mail["From"], mail["To"] = sender, receiver
    mail["Date"] = alert.time
    mail["Message-ID"] = f"<{alert.id}@{sender.rpartition('@')[2]}>"
    single = ("Single source.\n", "仅有单一来源。\n") if alert.single_source else ("", "")
    mail.set_content(
        f"{alert.reason['en']}\n{single[0]}\n{alert.reason['zh']}\n{single[1]}\n"
        f"{alert.time:%Y-%m-%d %H:%M} UTC\n{' '.join(alert.stories)}\n\nNo investment advice. 不构成投资建议。\n"
    )
    return mail


def _failure(code: int) -> TemporaryFailure | PermanentFailure:
    """Return what an SMTP answer means: 4xx may pass, 5xx will not (RFC 5321, 4.2.1)."""
    return TemporaryFailure(f"answered {code}") if 400 <= code < 500 else PermanentFailure(f"answered {code}")
