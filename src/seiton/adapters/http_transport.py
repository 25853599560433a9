"""Connections that go only where the policy says, and end at a deadline.

httpx2's own transport offers no place for either, so its connection pool (httpcore2) is given a
network backend of ours.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore2

from seiton.adapters.http_policy import HostPolicy

# A pooled connection outlives a request, so the deadline belongs to the caller, not to the stream.
_deadline: ContextVar[float | None] = ContextVar("seiton_http_deadline", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let everything that this thread does on the network inside the block end within ``seconds``.

    A name lookup that has begun cannot be stopped; it is noticed afterwards.
    """
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left(otherwise: float | None = None) -> float | None:
    """Return the seconds until the deadline; raises ``httpcore2.ReadTimeout`` when it is past."""
    end = _deadline.get()
    if end is None:
        return otherwise
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise httpcore2.ReadTimeout("deadline")
    return seconds


class DeadlineStream(httpcore2.NetworkStream):
    """A stream on which every read and write ends at the deadline, however slowly bytes drip."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read at most ``max_bytes``."""
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of ``buffer``."""
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Continue encrypted; the certificate is checked against the name, not the address."""
        return DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Answer the pool's questions about the socket."""
        return self._stream.get_extra_info(info)


class CheckedBackend(httpcore2.NetworkBackend):
    """Opens connections to addresses that the policy has checked, and to those very addresses."""

    def __init__(self, policy: HostPolicy) -> None:
        self._policy = policy
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Try the addresses of ``host`` in turn, sharing the time that is left between them.

        Raises ``RefusedAddress``, ``httpcore2.ConnectError`` or ``httpcore2.TimeoutException``.
        """
        try:
            addresses = self._policy.addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError(str(error)) from error
        failure: Exception = httpcore2.ConnectError("no address")
        for index, address in enumerate(addresses):
            left = _left(timeout)
            share = None if left is None else left / (len(addresses) - index)
            try:
                stream = self._sockets.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
                continue
            return DeadlineStream(stream)
        raise failure
