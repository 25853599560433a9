"""The only place that picks adapters and wires the roles together."""

from __future__ import annotations

from seiton.bootstrap.process import USER_AGENT, Seiton

__all__ = ["USER_AGENT", "Seiton"]
