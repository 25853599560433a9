"""Modules that run elsewhere: they register, keep a lease, and are asked how they are.

A registration is a claim by a stranger. So that nobody can point Core at other people's machines, a module
is admitted at once only when its address is the caller's own or a configured one; any other is on record
but not asked anything until a person enables it (contract, defects 79 and 80).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.http_policy import parse_url, plain_address
from seiton.core import tables
from seiton.core.service import Core
from seiton.domain.states import DownloadType, ModuleType
from seiton.errors import Forbidden, InvalidInput, NotFound, Problem
from seiton.text import _

PRIORITY = 50
"""Of whatever registers, and of what is built in; of equals the built-in one comes first."""
LEASE = timedelta(seconds=90)
_HERE = frozenset({"localhost", "ip6-localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a module says about itself. ``caller`` is the address that it spoke from, ``core_url`` the address
    that it spoke to; ``knows_token``: it came with the service token.
    """

    module_type: ModuleType
    name: str
    host: str
    port: int
    capabilities: dict[str, Any]
    version: str = "1.0.0"
    description: str | None = None
    core_url: str
    caller: str | None = None
    knows_token: bool = False


def register(core: Core, said: Registration) -> Row:
    """Record a module, or renew it: the same type and name are the same module, with the same id.

    What a person decided (enabled, priority) stays as it is. Raises ``InvalidInput``, and ``Forbidden`` for
    somebody without the service token who says to be a module that had it.
    """
    base_url = _base_url(said)
    admitted = core.web.policy.admit(base_url, said.caller)
    now = core.now()
    table = tables.modules
    values: dict[str, Any] = {
        "version": said.version,
        "description": said.description,
        "base_url": base_url,
        "capabilities": said.capabilities,
        "core_url": said.core_url,
        "knows_token": said.knows_token,
        "lease_until": now + LEASE,
        "last_seen_at": now,
        "last_error": None,
        "failing_since": None,
        "updated_at": now,
    }
    with core.database.write() as connection:
        known = connection.execute(_named(said.module_type, said.name).with_for_update()).mappings().first()
        if known is None:
            new = {
                "module_type": said.module_type.value,
                "name": said.name,
                "service_id": str(uuid4()),
                "is_enabled": True,
                "priority": PRIORITY,
                "admitted": admitted,
                "created_at": now,
            }
            connection.execute(sa.insert(table).values(values | new))
        else:
            if known["knows_token"] and not said.knows_token and core.service_token is not None:
                raise Forbidden(
                    _(
                        "{name} has registered with the service token, so without it nobody is {name}.",
                        name=said.name,
                    )
                )
            moved = known["base_url"] != base_url
            values["admitted"] = admitted or (known["admitted"] and not moved)
            connection.execute(sa.update(table).where(table.c.module_id == known["module_id"]).values(values))
        row = connection.execute(_named(said.module_type, said.name)).mappings().one()
        _write_capabilities(connection, row["module_id"], said)
    _after_change(core, row)
    return row


def _named(module_type: ModuleType, name: str) -> sa.Select[Any]:
    table = tables.modules
    return sa.select(table).where(table.c.module_type == module_type.value, table.c.name == name)


def _write_capabilities(connection: sa.Connection, module_id: int, said: Registration) -> None:
    table = tables.module_capabilities
    offered = said.capabilities.get("supported_download_types") or []
    types = sorted({str(kind) for kind in offered} & {kind.value for kind in DownloadType})
    if not types and said.module_type is ModuleType.DOWNLOADER:
        types = [DownloadType.MAGNET.value, DownloadType.TORRENT.value]
    connection.execute(sa.delete(table).where(table.c.module_id == module_id))
    if types:
        rows = [{"module_id": module_id, "download_type": kind} for kind in types]
        connection.execute(sa.insert(table), rows)


def _base_url(said: Registration) -> str:
    """Return where the module is. ``localhost`` said by another machine means that machine."""
    host = said.host.strip().strip("[]")
    caller = plain_address(said.caller or "")
    if caller is not None and not caller.is_loopback and _is_here(host):
        host = str(caller)
    base_url = f"http://[{host}]:{said.port}" if ":" in host else f"http://{host}:{said.port}"
    parsed = parse_url(base_url)
    # A path, a user name or a second port in the host would point elsewhere than it reads.
    if parsed is None or parsed.host.strip("[]").lower() != host.lower() or set(host) & set("/@?#\\ "):
        message = _("{host} is no host name or address.", host=said.host)
        raise InvalidInput([Problem(field="host", message=message)])
    return base_url


def _is_here(host: str) -> bool:
    address = plain_address(host)
    return host.lower() in _HERE or (address is not None and (address.is_loopback or address.is_unspecified))


def heartbeat(core: Core, service_id: str) -> Row:
    """Renew a module's lease. Raises ``NotFound``: then it has to register again."""
    row = get_module(core, service_id)
    now = core.now()
    table = tables.modules
    with core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.module_id == row["module_id"])
            .values(lease_until=now + LEASE, last_seen_at=now)
        )
    return get_module(core, service_id)


def change_module(
    core: Core, service_id: str, *, is_enabled: bool | None = None, priority: int | None = None
) -> Row:
    """Set by hand what only a person decides; enabling a module also admits it. Raises ``NotFound``."""
    row = get_module(core, service_id)
    values: dict[str, Any] = {"updated_at": core.now()}
    if is_enabled is not None:
        values["is_enabled"] = is_enabled
        if is_enabled:
            values["admitted"] = True
    if priority is not None:
        values["priority"] = priority
    table = tables.modules
    with core.database.write() as connection:
        connection.execute(sa.update(table).where(table.c.module_id == row["module_id"]).values(values))
    changed = get_module(core, service_id)
    _after_change(core, changed)
    return changed


def core_address(core: Core, module: Row) -> str:
    """Return where a module reaches Core: never an address that means another machine over there."""
    return core.public_url or str(module["core_url"])


def _after_change(core: Core, row: Row) -> None:
    """A module that may be asked changes what is possible: look at what waits for one."""
    if not (row["is_enabled"] and row["admitted"]):
        return
    _trust(core, row)
    core.wake("modules", "")
    for job in ("downloads", "transfers", "reconcile"):
        core.wake(job, "")


def trust_modules(core: Core) -> None:
    """Let requests go to the modules on record; done once at start."""
    for row in list_modules(core):
        if row["is_enabled"] and row["admitted"]:
            _trust(core, row)


def _trust(core: Core, row: Row) -> None:
    """Let requests go to a module, with the service token if it knows that; nobody else is shown it."""
    core.web.policy.allow_url(row["base_url"])
    core.web.carry(row["base_url"], core.service_token if row["knows_token"] else None)


def get_module(core: Core, service_id: str) -> Row:
    """Return a module by the id that it was given when it registered. Raises ``NotFound``."""
    query = sa.select(tables.modules).where(tables.modules.c.service_id == service_id)
    with core.database.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound(_("There is no service {service_id}.", service_id=service_id))
    return row


def list_modules(core: Core, module_type: ModuleType | None = None) -> Sequence[Row]:
    """Return what is registered: by type, then as it would be chosen."""
    table = tables.modules
    query = sa.select(table).order_by(table.c.module_type, table.c.priority.desc(), table.c.module_id)
    if module_type is not None:
        query = query.where(table.c.module_type == module_type.value)
    with core.database.read() as connection:
        return connection.execute(query).mappings().all()


def usable_modules(
    connection: sa.Connection, module_type: ModuleType, download_types: Collection[str] = ()
) -> Sequence[Row]:
    """Return the modules that may be asked, highest priority first; those that do not answer come last."""
    table, kinds = tables.modules, tables.module_capabilities
    query = (
        sa.select(table)
        .where(table.c.module_type == module_type.value, table.c.is_enabled, table.c.admitted)
        .order_by(table.c.failing_since.is_not(None), table.c.priority.desc(), table.c.module_id)
    )
    if download_types:
        able = sa.select(kinds.c.module_id).where(kinds.c.download_type.in_(download_types))
        query = query.where(table.c.module_id.in_(able))
    return connection.execute(query).mappings().all()


def is_healthy(core: Core, row: Row) -> bool:
    """Say whether a module answers: its last probe did, and its lease has not run out."""
    return row["failing_since"] is None and row["lease_until"] is not None and row["lease_until"] > core.now()
