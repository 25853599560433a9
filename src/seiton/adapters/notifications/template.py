"""Templates of notifications: Jinja in its sandbox, with fixed placeholders, tried before they are used."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from seiton.adapters.notifications.port import SAMPLE
from seiton.errors import InvalidInput, Problem
from seiton.text import _

LARGEST = 100_000
"""Most characters of a message."""
_OPERATORS = frozenset({"*", "**", "%"})
"""By which a short template makes a text that fills the memory."""


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = _OPERATORS

    def call_binop(self, _context: Any, operator: str, _left: Any, _right: Any) -> Any:
        raise TemplateError(f"{operator} is not available")


class MessageTemplate:
    """A template that was found good."""

    def __init__(self, text: str, *, field: str, is_json: bool) -> None:
        """Read ``text`` and try it. Raises ``InvalidInput`` that names ``field`` and what is wrong."""
        self._is_json = is_json
        environment = _Sandbox(undefined=StrictUndefined, autoescape=False)
        environment.globals.clear()
        known = SAMPLE.values()
        try:
            unknown = sorted(meta.find_undeclared_variables(environment.parse(text)) - known.keys())
            if unknown:
                raise _wrong(
                    field,
                    "placeholder",
                    _(
                        "there is no placeholder {found}; choose from {known}",
                        found="{{ " + unknown[0] + " }}",
                        known=", ".join(known),
                    ),
                )
            self._template = environment.from_string(text)
            self.render(known)
        except TemplateSyntaxError as error:
            reason = _("line {line} cannot be read: {reason}", line=error.lineno, reason=error.message)
            raise _wrong(field, "syntax", reason) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise _wrong(field, "sample", _("it does not work: {reason}", reason=error)) from error

    def render(self, values: dict[str, Any]) -> Any:
        """Return the message: a text, or a value that JSON has. Raises what ``Jinja`` or ``json`` raise."""
        parts, size = [], 0
        for part in self._template.generate(values):
            size += len(part)
            if size > LARGEST:
                raise ValueError(_("the message is longer than {most} characters", most=LARGEST))
            parts.append(part)
        text = "".join(parts)
        return json.loads(text) if self._is_json else text


def _wrong(field: str, code: str, message: str) -> InvalidInput:
    return InvalidInput([Problem(field=field, message=message, code=code)])
