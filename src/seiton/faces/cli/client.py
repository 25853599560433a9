"""The way to the running server."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx2

from seiton.adapters.certificates import certificates
from seiton.errors import Problem, SeitonError
from seiton.faces.cli import wanted_language
from seiton.faces.cli.options import read_settings
from seiton.text import _

CONNECT_S = 5.0
ANSWER_S = 300.0
"""A preview looks at every stored title."""


class NotRunning(SeitonError):
    """Seiton does not answer."""

    code = "not_running"


class Refused(SeitonError):
    """The server said no; ``document`` is its answer (RFC 9457)."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        self.status, self.document = status, dict(document)
        self.code = str(document.get("code"))
        self.problems = [Problem(**entry) for entry in document.get("errors", [])]
        super().__init__(str(document.get("detail")))


def base_url(url: str | None) -> str:
    """Return where the server is: as given, else where the settings say that it listens."""
    if url:
        return url.rstrip("/") if "://" in url else f"http://{url.rstrip('/')}"
    settings = read_settings()
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where it listens, not where we do
    host = everywhere.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


class Api:
    """Core's API as commands use it. Every call raises ``NotRunning`` or ``Refused``."""

    def __init__(self, url: str | None) -> None:
        self.url = base_url(url)
        self.headers: Mapping[str, str] = {}  # of the last answer
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(ANSWER_S, connect=CONNECT_S),
            headers={"Accept-Language": _accepted()},
            verify=_checks(self.url),
            trust_env=False,  # a proxy is not the way to one's own machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, **query: object) -> Any:
        """Ask; what is ``None`` in ``query`` is left out."""
        return self._call("GET", path, {name: str(v) for name, v in query.items() if v is not None}, None)

    def post(self, path: str, body: object = None) -> Any:
        """Send ``body`` as JSON."""
        return self._call("POST", path, {}, body)

    def put(self, path: str, body: object) -> Any:
        """Replace by what ``body`` says."""
        return self._call("PUT", path, {}, body)

    def patch(self, path: str, body: object) -> Any:
        """Change what ``body`` says."""
        return self._call("PATCH", path, {}, body)

    def delete(self, path: str, **query: object) -> Any:
        """Take away; what is ``None`` in ``query`` is left out."""
        given = {name: str(v) for name, v in query.items() if v is not None}
        return self._call("DELETE", path, given, None)

    def _call(self, method: str, path: str, query: Mapping[str, str], body: object) -> Any:
        try:
            answer = self._client.request(
                method, self.url + path, params=dict(query) or None, json=body if body is not None else None
            )
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise NotRunning(
                _(
                    "Seiton does not answer at {url} ({reason}). Start it with `seiton serve` or"
                    " `make run`, or say with --url or SEITON_URL where it runs.",
                    url=self.url,
                    reason=error or type(error).__name__,
                )
            ) from error
        self.headers = answer.headers
        if answer.status_code == 204:
            return None
        return self._read(answer)

    def _read(self, answer: httpx2.Response) -> Any:
        try:
            content = answer.json()
        except ValueError:
            content = None
        if answer.is_success and content is not None:
            return content
        if isinstance(content, dict) and "detail" in content and "code" in content:
            raise Refused(answer.status_code, content)
        raise NotRunning(
            _(
                "What answers at {url} is not Seiton (status {status})."
                " Say with --url or SEITON_URL where it runs.",
                url=self.url,
                status=answer.status_code,
            )
        )


def _accepted() -> str:
    """Return the environment's language as HTTP says it: ``zh-TW`` for ``zh_TW.UTF-8``."""
    return (wanted_language() or "en").split(".")[0].replace("_", "-").encode("ascii", "replace").decode()


def _checks(url: str) -> ssl.SSLContext | bool:
    """Return what a certificate is checked by; on a way without encryption there is none to check."""
    return certificates() if url.startswith("https:") else False
