"""How files are named and what may happen unasked, seen beforehand; and what Seiton was started with."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.config import describe
from seiton.core.causes.follow_modes import list_modes, set_mode
from seiton.core.downloads.choices import get_policy, preview_policy, set_policy
from seiton.core.filing.naming import get_naming, samples_of, set_naming
from seiton.core.filing.renaming import preview_naming
from seiton.domain.consent import CauseKind, FollowMode
from seiton.domain.duplicates import Policy
from seiton.domain.template_check import describe as describe_episode
from seiton.domain.templates import PLACEHOLDERS
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.impacts import verdict
from seiton.faces.web.shell import Web, go, page
from seiton.text import _


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    return [*_naming(web), *_consent(web)]


def _naming(web: Web) -> list[BaseRoute]:
    core = web.core

    def show(request: Request) -> HTMLResponse:
        naming = get_naming(core)
        samples = [(describe_episode(s.meta), s.path) for s in samples_of(naming.template)]
        values: dict[str, Any] = {"samples": samples, "problems": [], "impact": None, "verdict": ""}
        return page(
            request,
            "settings.html",
            naming=naming,
            placeholders=PLACEHOLDERS,
            modes=list_modes(core),
            mode_words=tuple(FollowMode),
            policy=get_policy(core),
            settings=describe(web.settings),
            is_update=False,
            **values,
        )

    def look(request: Request) -> HTMLResponse:
        found = preview_naming(core, form_of(request).get("template", ""))
        samples = [(describe_episode(s.meta), s.path) for s in found.samples]
        line = verdict(found.impact) if found.impact else ""
        values: dict[str, Any] = {"samples": samples, "problems": found.problems, "impact": found.impact}
        return page(request, "naming_preview.html", verdict=line, is_update=True, **values)

    def save(request: Request) -> Response:
        form = form_of(request)
        written = set_naming(core, form.get("template", ""), plan_id=form.get("plan_id") or None)
        if written.resync is None:
            return go(request, "/settings?said=chosen")
        return go(request, f"/resyncs/{written.resync['resync_id']}?said=saved")

    return [
        Route("/settings", show),
        Route("/settings/naming/look", look, methods=["POST"]),
        Route("/settings/naming", save, methods=["POST"]),
    ]


def _consent(web: Web) -> list[BaseRoute]:
    core = web.core

    def follow(request: Request) -> Response:
        form = form_of(request)
        kind, mode = form.get("kind", ""), form.get("mode", "")
        if kind not in set(CauseKind) or mode not in set(FollowMode):
            raise InvalidInput([Problem(field="mode", message=_("Choose one of them."))])
        set_mode(core, CauseKind(kind), FollowMode(mode))
        return go(request, "/settings?said=chosen")

    def rehearse(request: Request) -> HTMLResponse:
        policy = _policy(form_of(request))
        found = preview_policy(core, policy)
        return page(request, "policy.html", policy=policy, impact=found, verdict=verdict(found))

    def prefer(request: Request) -> Response:
        form = form_of(request)
        cause = set_policy(core, _policy(form), plan_id=form.get("plan_id") or None)
        return go(request, f"/resyncs/{cause['resync_id']}?said=saved")

    return [
        Route("/settings/follow", follow, methods=["POST"]),
        Route("/settings/policy/look", rehearse, methods=["POST"]),
        Route("/settings/policy", prefer, methods=["POST"]),
    ]


def _policy(form: Form) -> Policy:
    return Policy(group_order=_lines(form, "groups"), resolution_order=_lines(form, "resolutions"))


def _lines(form: Form, name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in form.get(name, "").splitlines() if line.strip())
