"""Run roles behind one port until the process is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.errors import InvalidInput, Problem
from seiton.roles import ALL, Role
from seiton.text import _


def listen(host: str, port: int) -> socket.socket:
    """Bind the one port. Raises ``InvalidInput`` that says who may have it and what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # From now on callers wait: a module is probed as soon as it registers, which is before it serves.
        listener.listen()
    except OSError as error:
        listener.close()
        message = _(
            "{host}:{port} cannot be opened ({reason}). Is Seiton running? Or choose another --port.",
            host=host,
            port=port,
            reason=error.strerror or error,
        )
        raise InvalidInput([Problem(field="port", message=message)]) from error
    return listener


def serve(settings: Settings, *, on_ready: Callable[[str], None], roles: frozenset[Role] = ALL) -> None:
    """Run ``roles`` on one port until SIGINT or SIGTERM; ``on_ready`` is given the address."""
    import uvicorn

    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    settings = settings.model_copy(update={"port": port})
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    with Seiton(settings, roles=roles) as seiton:
        config = uvicorn.Config(
            seiton.application(), log_level="warning", timeout_graceful_shutdown=3, lifespan="off"
        )
        server = uvicorn.Server(config)
        # In a thread of its own uvicorn leaves signals alone: stopping is ours, and ends with code 0.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web")

        def stop(_number: int, _frame: FrameType | None) -> None:
            seiton.core.progress.close()  # pages that are kept up to date end by themselves
            server.should_exit = True

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(0.02)
        on_ready(f"http://{host}:{port}")
        if seiton.entrance is not None and seiton.entrance.needs_first_password():
            _ask_for_password(f"http://{host}:{port}/ui/welcome?code={seiton.entrance.code}")
        while thread.is_alive():
            thread.join(0.5)
        for number, handler in before.items():
            signal.signal(number, handler)


def _ask_for_password(address: str) -> None:
    """Say where the first person sets a password; until then nobody else comes in."""
    print(_("Other machines can come here, so set a password first: {address}", address=address), flush=True)
