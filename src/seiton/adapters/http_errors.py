"""What can go wrong when something is fetched, said so that a person can act on it."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from seiton.errors import Unavailable
from seiton.text import _

_MASKED_KEYS = (
    "token|passkey|pass_key|apikey|api_key|api-key|key|torrent_pass|rsskey|rss_key|auth|authkey"
    "|access_token|password|passwd|pass|pwd|secret|signature|sig|sid|session"
)
_SECRET = re.compile(rf"(?i)((?:^|[&;])(?:{_MASKED_KEYS})=)[^&;#]*")
_LONGEST_SHOWN = 500


class FetchFault(StrEnum):
    """Why a request brought nothing."""

    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REFUSED_HOST = "refused_host"
    STATUS = "status"
    CONNECTION = "connection"
    NOT_HTTP = "not_http"


def mask_url(url: str) -> str:
    """Return ``url`` fit for logs and screens: without user name, password and secret query values.

    A secret in the path, as some private trackers have it, cannot be told from a path.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "…"
    host = parts.netloc.rpartition("@")
    netloc = f"***@{host[2]}" if host[1] else parts.netloc
    query = _SECRET.sub(r"\1***", parts.query)
    shown = urlunsplit((parts.scheme, netloc, parts.path, query, ""))
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"


class FetchError(Unavailable):
    """Something could not be fetched.

    ``reason`` is the fault, ``url`` the address with secrets masked, ``http_status`` the answer's status
    if there was one (``status``, as in every error of ours, is what Seiton itself answers with). ``sent`` is
    false when the request certainly has not arrived; ``retry_after_s`` is the pause that the site asks for.
    """

    code = "fetch_failed"

    def __init__(
        self,
        reason: FetchFault,
        url: str,
        *,
        http_status: int | None = None,
        detail: str = "",
        sent: bool = True,
        retry_after_s: int | None = None,
    ) -> None:
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.sent = sent and reason is not FetchFault.REFUSED_HOST
        self.url = mask_url(url)
        self.http_status = http_status
        super().__init__(_sentence(reason, self.url, http_status, detail))


def _sentence(reason: FetchFault, url: str, http_status: int | None, detail: str) -> str:
    match reason:
        case FetchFault.TIMEOUT:
            return _(
                "{url} did not answer in time. It is tried again later; allow more time if it often is slow.",
                url=url,
            )
        case FetchFault.TOO_LARGE:
            return _(
                "{url} sends more than {limit}. Check that the address is right, or raise the limit.",
                url=url,
                limit=detail,
            )
        case FetchFault.TOO_MANY_REDIRECTS:
            return _(
                "{url} redirects again and again. Open it in a browser and use the address it ends at.",
                url=url,
            )
        case FetchFault.REFUSED_HOST:
            return _(
                "{url} was not asked: {why}. If you trust it, add its host to the allowed hosts.",
                url=url,
                why=detail or _("the host is neither configured nor linked from a configured feed"),
            )
        case FetchFault.STATUS:
            return _status_sentence(url, http_status)
        case FetchFault.CONNECTION:
            return _(
                "{url} cannot be reached ({detail}). Check address and network; it is tried again later.",
                url=url,
                detail=detail,
            )
        case FetchFault.NOT_HTTP:
            return _(
                "{url} gave no usable HTTP answer ({detail}). Check that the address is a web address.",
                url=url,
                detail=detail,
            )


def _status_sentence(url: str, http_status: int | None) -> str:
    if http_status in (401, 403, 407):
        return _(
            "{url} refuses access (HTTP {status}). Check the token or password in the address.",
            url=url,
            status=http_status,
        )
    if http_status in (404, 410):
        return _("There is nothing at {url} (HTTP {status}). Check the address.", url=url, status=http_status)
    if http_status == 429:
        return _("{url} asks for fewer requests (HTTP 429). Fetch it less often.", url=url)
    return _("{url} answered HTTP {status}. It is tried again later.", url=url, status=http_status)
