"""What certificates of servers are checked by."""

from __future__ import annotations

import functools
import ssl

import httpx2


@functools.cache
def certificates() -> ssl.SSLContext:
    """Return what checks certificates by those of the system, which take 30 ms to read: once a process.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` in the environment name others.
    """
    return httpx2.create_ssl_context()
