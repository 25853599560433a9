"""One shape for every error: RFC 9457, with the contract's ``error`` and ``message`` in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from seiton.errors import Problem, SeitonError
from seiton.text import _

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One fault in one field of the request, by the name that was sent."""

    field: str
    message: str
    code: str


class ProblemDocument(BaseModel):
    """What every answer with a status of 400 or more says."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem]
    error: str
    message: str


def problem_response(
    status: int,
    code: str,
    detail: str,
    problems: Sequence[Problem] = (),
    *,
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """Return the answer for one error; ``more`` are members of its own (RFC 9457, section 3.2)."""
    document: dict[str, Any] = {
        "type": f"urn:seiton:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"field": p.field, "message": p.message, "code": p.code} for p in problems],
        "error": code,
        "message": detail,
        **more,
    }
    return JSONResponse(document, status, media_type=MEDIA_TYPE, headers=headers)


def problem_of_error(error: SeitonError) -> JSONResponse:
    """Return the answer for one of our errors."""
    problems: Sequence[Problem] = getattr(error, "problems", ())
    return problem_response(error.status, error.code, str(error), problems)


def problems_of_validation(faults: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Translate what pydantic found, field by field."""
    return [Problem(field=_field(fault), message=_sentence(fault), code=fault["type"]) for fault in faults]


def _field(fault: Mapping[str, Any]) -> str:
    where, *path = fault["loc"]
    if fault["type"] == "json_invalid" or not path:
        return str(where)
    return ".".join(map(str, path))


def _sentence(fault: Mapping[str, Any]) -> str:
    bounds = fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return _("This is required.")
        case "value_error":
            return str(bounds["error"])
        case "json_invalid":
            at = fault["loc"][-1]
            return _("This is not JSON: {reason} (at character {at}).", reason=bounds.get("error"), at=at)
        case "literal_error" | "enum":
            return _("Choose one of {kinds}.", kinds=str(bounds["expected"]).replace("'", ""))
        case "greater_than_equal":
            return _("Give {bound} or more.", bound=bounds["ge"])
        case "less_than_equal":
            return _("Give {bound} or less.", bound=bounds["le"])
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return _("Give a whole number.")
        case "float_parsing" | "float_type" | "finite_number":
            return _("Give a number.")
        case "bool_parsing" | "bool_type":
            return _("Give true or false.")
        case "string_type":
            return _("Give a text.")
        case "string_unicode":
            return _("This text contains half of a character.")
        case "string_too_long" | "too_long":
            return _("This is too long: at most {most}.", most=bounds["max_length"])
        case "model_attributes_type" | "model_type" | "dict_type":
            return _("Give a JSON object.")
        case "list_type" | "tuple_type":
            return _("Give a list.")
        case _:
            return _("This is not valid: {reason}", reason=fault["msg"])


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's description of the errors with ``statuses``."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }
