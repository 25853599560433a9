"""Parts of pages that change by themselves: sent when something happened, not asked for again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from seiton.core.service import Core

QUIET_S = 15.0
"""Seconds without news after which the page is looked at all the same: another process may have worked."""

BETWEEN_S = 0.15
"""Seconds between two looks: many small steps become one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What a part of a page shows; ``is_last``: it will not change any more."""

    html: str
    is_last: bool = False


def stream(core: Core, look: Callable[[], Frame]) -> StreamingResponse:
    """Send what ``look``, called in a thread, gives: at once, and whenever it is different after news."""
    return StreamingResponse(
        _events(core, look),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(core: Core, look: Callable[[], Frame]) -> AsyncIterator[bytes]:
    loop, news = asyncio.get_running_loop(), asyncio.Event()
    shown: str | None = None

    def tell() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(news.set)

    with core.progress.heard(tell):
        while not core.progress.is_over:
            news.clear()
            frame = await run_in_threadpool(look)
            # A comment tells a connection that is gone from one that is quiet.
            yield event("part", frame.html) if frame.html != shown else b": still here\n\n"
            shown = frame.html
            if frame.is_last:
                yield event("end", "")
                return
            try:
                await asyncio.wait_for(news.wait(), QUIET_S)
            except TimeoutError:
                continue
            await asyncio.sleep(BETWEEN_S)


def event(name: str, text: str) -> bytes:
    """Return one server-sent event."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines()) or "data:\n"
    return f"event: {name}\n{lines}\n".encode()
