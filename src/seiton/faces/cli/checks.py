"""What ``seiton doctor`` looks at. Everything is tried for real, with disposable files; nothing stays."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seiton.errors import SeitonError
from seiton.faces.cli import client_checks
from seiton.faces.cli.server_checks import media_servers
from seiton.faces.findings import Finding, bad, good, warning
from seiton.faces.folder_checks import folder, links
from seiton.text import _, plural

if TYPE_CHECKING:
    from seiton.adapters.database import Database
    from seiton.config import Settings

SKEW = timedelta(seconds=30)
DNS_S = 5.0


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that can be looked at without a running server."""
    for name in ("data", "downloads", "library"):
        yield from folder(name, Path(getattr(settings, name)))
    if settings.movies_root is not None:
        yield from folder("movies_root", settings.movies_root)
    yield from links(settings)
    yield from torrent_client(settings)
    yield from media_servers(settings)
    yield from database(settings)


def torrent_client(settings: Settings) -> Iterator[Finding]:
    """Can the embedded client run, or is the one there that is to be used?"""
    check = client_checks.CHECK
    if settings.torrent_client.kind != "embedded":
        yield from client_checks.remote_client(settings)
        return
    try:
        import libtorrent
    except ImportError as error:
        yield bad(
            check, _("libtorrent cannot be loaded: {reason}.", reason=error), _("Install Seiton again.")
        )
        return
    port = settings.torrent_port
    if port:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("0.0.0.0", port))  # noqa: S104  # where the client would listen
            except OSError as error:
                says = _("Port {port} is taken: {reason}.", port=port, reason=error.strerror)
                yield warning(
                    check, says, _("That is as it should be while Seiton runs; else choose another.")
                )
                return
    yield good(check, _("libtorrent {version} is there.", version=libtorrent.__version__))


def database(settings: Settings) -> Iterator[Finding]:
    """Is it there, current, in WAL mode, writable? And what do its rows say?"""
    from seiton.adapters.database import Database

    url = settings.database_url or ""
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        yield good("database", _("There is none yet; the first start makes it."))
        return
    found = Database(url)
    try:
        yield from _schema(found)
        yield from _writable(found)
        yield from _clock(found)
        yield from _library_id(found, settings)
        yield from _rows(found)
    except Exception as error:  # whatever it is, it is what there is to say
        do = _("Check database_url, and that the database runs and is not damaged.")
        yield bad("database", _first_line(error), do)
    finally:
        found.close()


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _schema(found: Database) -> Iterator[Finding]:
    from seiton.adapters.migrations import SERVICES, state_of

    for service in SERVICES:
        current, newest = state_of(found, service)
        if current == newest:
            continue
        says = _(
            "The tables of {service} are at {current}, not at {newest}.",
            service=service,
            current=current,
            newest=newest,
        )
        yield bad("database", says, _("Start Seiton once: it brings them up to date."))
        return
    yield good("database", _("Its tables are up to date."))


def _writable(found: Database) -> Iterator[Finding]:
    import sqlalchemy as sa

    with found.write() as connection:
        connection.execute(sa.text("SELECT 1"))
        if not found.is_sqlite:
            yield good("database", _("It can be written."))
            return
    path = found.engine.url.database or ""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as raw:
        mode = raw.execute("PRAGMA journal_mode").fetchone()[0]
    if mode == "wal":
        yield good("database", _("It can be written and is in WAL mode."))
    else:
        do = _("Move it to a local disk: network file systems cannot do WAL.")
        yield warning("database", _("It is not in WAL mode but in {mode}.", mode=mode), do)


def _clock(found: Database) -> Iterator[Finding]:
    import sqlalchemy as sa

    from seiton.core import tables

    now = datetime.now(UTC)
    with found.read() as connection:
        if not found.is_sqlite:
            there: datetime = connection.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
            now = datetime.now(UTC)
            if abs(there - now) > SKEW:
                says = _(
                    "The clocks of database and machine differ by {seconds} s.",
                    seconds=int(abs(there - now).total_seconds()),
                )
                yield bad("clock", says, _("Have both set by NTP."))
                return
        newest = connection.execute(sa.select(sa.func.max(tables.downloads.c.updated_at))).scalar_one()
    if newest is not None and newest - now > SKEW:
        says = _(
            "The clock says {now}, but there are rows of {later}.",
            now=f"{now:%Y-%m-%d %H:%M}",
            later=f"{newest:%Y-%m-%d %H:%M}",
        )
        yield bad("clock", says, _("Set the clock; what is tried again waits for that time else."))
    else:
        yield good("clock", _("The clock agrees with the database."))


def _library_id(found: Database, settings: Settings) -> Iterator[Finding]:
    import sqlalchemy as sa

    from seiton.viewer import tables

    root = os.path.abspath(os.fsencode(settings.library))
    query = sa.select(tables.libraries.c.library_id).where(tables.libraries.c.root == root)
    with found.read() as connection:
        expected = connection.execute(query).scalar_one_or_none()
    try:
        lies = Path(settings.library, ".seiton", "library-id").read_text(encoding="ascii").strip()
    except OSError:
        lies = None
    except UnicodeError:
        lies = "?"
    if expected is None:
        yield good("library id", _("The library has not been used yet."))
    elif lies == expected:
        yield good("library id", _("This is the library that belongs here."))
    elif lies is None:
        yield bad(
            "library id",
            _("The library has no id: it is another folder, or its disk is not mounted."),
            _("Mount the disk of the library. Seiton touches nothing until then."),
        )
    else:
        says = _("Library {lies} lies there, but {expected} belongs there.", lies=lies, expected=expected)
        yield bad("library id", says, _("Mount the right disk, or use another database for this library."))


def _rows(found: Database) -> Iterator[Finding]:
    import sqlalchemy as sa

    from seiton.core import tables

    downloads, feeds = tables.downloads, tables.subscriptions
    with found.read() as connection:
        away = connection.execute(
            sa.select(sa.func.count()).where(downloads.c.status == "downloader_error")
        ).scalar_one()
        held = connection.execute(
            sa.select(sa.func.count()).where(downloads.c.hold_reason.is_not(None))
        ).scalar_one()
        rows: list[Any] = list(
            connection.execute(
                sa.select(feeds.c.subscription_id, feeds.c.source_url, feeds.c.failures, feeds.c.last_error)
                .where(feeds.c.is_active)
                .order_by(feeds.c.subscription_id)
            )
        )
    if away:
        do = _("See that the torrent client runs; they go on by themselves then.")
        says = plural(
            "It could not be asked about {number} download.",
            "It could not be asked about {number} downloads.",
            away,
        )
        yield bad("torrent client", says, do)
    if held:
        do = _("Look at them: seiton downloads list --held")
        says = plural("{number} is held, with a reason.", "{number} are held, with a reason.", held)
        yield warning("downloads", says, do)
    yield from _feeds(rows)


def _feeds(rows: list[Any]) -> Iterator[Finding]:
    from seiton.adapters.http_errors import mask_url

    hosts = sorted({host for row in rows if (host := _host(row.source_url))})
    unknown = _unresolvable(hosts)
    for row in rows:
        check = f"feed {row.subscription_id}"
        if row.failures:
            says = plural(
                "It failed once, with: {reason}",
                "It failed {number} times, last with: {reason}",
                row.failures,
                reason=row.last_error,
            )
            yield bad(check, says, _("Check the address; it is tried again by itself."))
        elif _host(row.source_url) in unknown:
            says = _("{url}: the name of its host is not found.", url=mask_url(row.source_url))
            yield bad(check, says, _("Check the network and its DNS."))
        else:
            yield good(check, mask_url(row.source_url))


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _unresolvable(hosts: list[str]) -> set[str]:
    if not hosts:
        return set()
    pool = ThreadPoolExecutor(max_workers=min(len(hosts), 8), thread_name_prefix="dns")
    try:
        asked = {host: pool.submit(socket.getaddrinfo, host, None) for host in hosts}
        unknown = set()
        for host, answer in asked.items():
            try:
                answer.result(timeout=DNS_S)
            except (OSError, UnicodeError, TimeoutError):
                unknown.add(host)
        return unknown
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def server(url: str | None) -> Finding:
    """Does Seiton answer? It need not."""
    from seiton.faces.cli.client import Api, NotRunning

    try:
        with Api(url) as api:
            health = api.get("/health")
    except NotRunning as error:
        if url is not None:
            return bad("server", str(error), _("Start it, or give the right address."))
        return good("server", _("Seiton does not run here at the moment."))
    except SeitonError as error:
        return bad("server", str(error), _("Look into its log."))
    return good(
        "server", _("Seiton {version} runs at {url}.", version=health.get("version", ""), url=api.url)
    )
