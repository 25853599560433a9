"""Core's HTTP interface: the contract's paths, names and status words; what is added is additive."""

from __future__ import annotations

from fastapi import APIRouter

from seiton.adapters.jobs import Jobs
from seiton.core.service import Core
from seiton.faces.core_api import (
    adoptions,
    builtin,
    callbacks,
    catalogue,
    conflicts,
    downloads,
    drift,
    fetcher_results,
    filters,
    follow_modes,
    holds,
    identity,
    learning,
    library_rules,
    modules,
    naming,
    notifications,
    parser_preview,
    parsers,
    pins,
    raw_items,
    removals,
    resyncs,
    same_works,
    season,
    state,
    subscriptions,
    wanted,
    works,
)


def create_core_api(core: Core, *, jobs: Jobs) -> APIRouter:
    """Return the routes over ``core``; ``jobs`` is only listed."""
    router = APIRouter()
    state.add_routes(router, core, jobs)
    for part in (
        subscriptions,
        learning,
        raw_items,
        parser_preview,
        builtin,
        parsers,
        same_works,
        works,
        wanted,
        season,
        downloads,
        removals,
        adoptions,
        resyncs,
        callbacks,
        filters,
        conflicts,
        naming,
        library_rules,
        catalogue,
        holds,
        identity,
        pins,
        follow_modes,
        modules,
        notifications,
        fetcher_results,
        drift,
    ):
        part.add_routes(router, core)
    return router
