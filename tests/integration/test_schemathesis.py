"""Whatever is sent to any route, valid or not: an answer that the document of the API describes, never a 500.

Schemathesis makes the requests from ``/openapi.json``; the application is the one that ``seiton`` serves, on
real databases, with something to find under the first numbers. The requests are the same in every run;
``SEITON_API_EXAMPLES=200`` asks for more of them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.python.asgi import get_client
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from seiton.adapters.jobs import Jobs
from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.roles import Role
from tests.integration.api_world import ApiWorld, title

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = int(os.environ.get("SEITON_API_EXAMPLES", "5"))
"""Requests of each kind, valid and not, to each route."""


def bombard(app: Any, examples: int) -> Counter[tuple[str, int]]:
    """Send requests to every route of ``app`` and check the answers; count them by route and status."""
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = app
    seen: Counter[tuple[str, int]] = Counter()
    with get_client(app) as client:

        def check(case: Case[Any]) -> None:
            bring_near(case)
            answer = case.call(session=client)
            case.validate_response(answer, checks=CHECKS)
            seen[case.operation.label, int(answer.status_code)] += 1

        operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
        # What takes things away comes last, so that the others find something.
        for operation in sorted(
            operations, key=lambda op: (op.method.lower() == "delete", "removals" in op.path)
        ):
            for mode in GenerationMode:
                # A route that takes nothing cannot be asked wrongly.
                with suppress(Unsatisfiable):
                    attack(operation.as_strategy(mode), check, examples)
    return seen


def bring_near(case: Case[Any]) -> None:
    """Have the ids of a valid request be small, so that there may be something under them."""
    if case.meta is None or case.meta.generation.mode is GenerationMode.NEGATIVE:
        return
    for place in (case.path_parameters, case.query, case.body):
        if isinstance(place, dict):
            for name, value in place.items():
                if name.endswith("_id") and isinstance(value, int):
                    place[name] = 1 + value % 4


def attack(strategy: SearchStrategy[Case[Any]], check: Callable[[Case[Any]], None], examples: int) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def run(case: Case[Any]) -> None:
        check(case)

    run()


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as world:
        jobs = Jobs(world.settings.database_url, executor_id="tables")
        jobs.launch()  # makes the tables that GET /jobs reads; no job runs while requests come in
        jobs.close()
        world.add_parser()
        world.subscribe([title(episode) for episode in range(1, 5)])
        world.file_episodes()
        yield world


@pytest.mark.timeout(900)
def test_core_and_viewer_answer_whatever_is_asked(world: ApiWorld) -> None:
    is_postgres = world.settings.database_url.startswith("postgresql")
    seen = bombard(world.app, (EXAMPLES + 1) // 2 if is_postgres else EXAMPLES)
    routes = {route for route, _status in seen}
    assert len(routes) > 60
    done = {route for route, status in seen if status < 300}
    assert len(done) > len(routes) / 2, f"too little was asked that makes sense: {sorted(routes - done)}"


@pytest.mark.parametrize("role", [Role.FETCHER, Role.DOWNLOADER])
def test_modules_answer_whatever_is_asked(tmp_path: Path, role: Role) -> None:
    settings = Settings.model_validate({"data": tmp_path, "port": 0})
    seiton = Seiton(settings, loopback_only=True, roles=frozenset({role}))
    try:
        assert bombard(seiton.application(), EXAMPLES)
    finally:
        seiton.close()
