"""Ask registered modules how they are, all at a time, and write down what they say."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.http import FetchError
from seiton.core import tables
from seiton.core.modules.registry import LEASE, get_module, list_modules
from seiton.core.service import Core
from seiton.errors import Conflict
from seiton.text import _

PROBE_S = 5.0
MAX_ANSWER = 64 * 1024
TOGETHER = 8


def probe_modules(core: Core) -> int:
    """Probe every module that may be asked; return how many answered."""
    rows = [row for row in list_modules(core) if row["is_enabled"] and row["admitted"]]
    if not rows:
        return 0
    with ThreadPoolExecutor(max_workers=min(TOGETHER, len(rows))) as threads:
        faults = list(threads.map(lambda row: _fault(core, row), rows))
    returned = _record(core, rows, faults)
    if returned:
        for job in ("downloads", "transfers", "reconcile"):
            core.wake(job, "")
    return sum(fault is None for fault in faults)


def probe_module(core: Core, service_id: str) -> Row:
    """Probe one module now. Raises ``NotFound``, and ``Conflict`` for one that may not be asked."""
    row = get_module(core, service_id)
    if not (row["is_enabled"] and row["admitted"]):
        raise Conflict(_("{name} is not enabled, so it is not asked.", name=row["name"]))
    _record(core, [row], [_fault(core, row)])
    return get_module(core, service_id)


def _fault(core: Core, row: Row) -> str | None:
    """Return what is wrong with a module; ``None`` when it says that it is well."""
    try:
        answer = core.web.request_json(
            "GET", f"{row['base_url']}/health", timeout_s=PROBE_S, max_bytes=MAX_ANSWER
        )
    except FetchError as error:
        return str(error)
    if not answer.is_success:
        return _("{name} answered HTTP {status} to a probe.", name=row["name"], status=answer.status)
    if answer.content is not None and not isinstance(answer.content, dict):
        return _("{name} does not answer like a module.", name=row["name"])
    return None


def _record(core: Core, rows: Sequence[Row], faults: Sequence[str | None]) -> int:
    """Write down what was found; return how many modules are back."""
    now = core.now()
    table = tables.modules
    back = 0
    with core.database.write() as connection:
        for row, fault in zip(rows, faults, strict=True):
            update = sa.update(table).where(
                table.c.module_id == row["module_id"], table.c.base_url == row["base_url"]
            )
            if fault is None:
                back += row["failing_since"] is not None
                well = {"last_seen_at": now, "lease_until": now + LEASE, "last_error": None}
                connection.execute(update.values(**well, failing_since=None))
            else:
                since = row["failing_since"] or now
                connection.execute(update.values(last_error=fault, failing_since=since))
    return back
