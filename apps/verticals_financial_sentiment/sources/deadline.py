"""An end to an answer that only drips: httpx limits each read, and never how long they take together."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx


class TookTooLong(httpx.TransportError):
    """The answer was not over in time."""


class Connection:
    """The `trace` of a request (an extension of httpx): learns which socket is in use, so that another thread can hang up."""

    def __init__(self) -> None:
        self.hung_up = False
        self._socket: socket.socket | None = None

    def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Note a connection once it stands."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.hung_up:
                self.hang_up()

    def hang_up(self) -> None:
        """End the connection, whoever is waiting on it, and any that is made later."""
        self.hung_up = True
        if self._socket:
            with suppress(OSError):  # it is closed already
                # not the shutdown of TLS, which another thread must not call while it reads
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


@contextmanager
def deadline(seconds: float) -> Iterator[Connection]:
    """Hang up on a request after so many seconds; what is yielded goes into its extensions as `trace`.

    Raises:
        TookTooLong: the time was over, whatever the request made of it.
    """
    connection = Connection()
    timer = threading.Timer(seconds, connection.hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield connection
    except httpx.TransportError as error:
        if not connection.hung_up:
            raise
        raise TookTooLong(f"the feed took longer than {seconds:g} seconds") from error
    finally:
        timer.cancel()
    if connection.hung_up:
        raise TookTooLong(f"the feed took longer than {seconds:g} seconds")
