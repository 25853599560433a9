"""Settings: flags, then ``SEITON_*`` variables, then ``seiton.toml``, then defaults.

Every value remembers where it came from, so that ``seiton config`` and error messages can say it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from pydantic import SecretStr, ValidationError

from seiton.config.model import FeedLimits, Settings, flat_names, is_given
from seiton.config.sources import Given, from_environment, from_file, from_flags, home, invalid, settings_file
from seiton.errors import InvalidInput, Problem
from seiton.text import _, negotiate

__all__ = [
    "Described",
    "FeedLimits",
    "Settings",
    "describe",
    "is_given",
    "load_settings",
    "mask_secrets",
    "reread",
    "spoken_language",
]


class Described(NamedTuple):
    """One line of ``seiton config``; secrets are masked."""

    name: str
    value: str
    source: str


def load_settings(
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    config: str | os.PathLike[str] | None = None,
    **flags: object,
) -> Settings:
    """Put the settings together; ``flags`` are by flat name, ``None`` = not given.

    A flat name is the field's, with its table before it: ``port``, ``feed_limits_timeout``.
    ``environ`` and ``folder`` stand for the process's environment and current folder. ``config`` names the
    settings file; without it ``SEITON_CONFIG``, then ``seiton.toml`` in the current folder, in the data
    folder or in ``$XDG_CONFIG_HOME/seiton`` is read. Relative paths in the file are relative to it.

    Raises ``InvalidInput`` with one problem for each wrong value, all at once.
    """
    environ = os.environ if environ is None else environ
    folder = (Path.cwd() if folder is None else folder).absolute()
    if unknown := {name for name, value in flags.items() if value is not None} - set(flat_names()):
        raise TypeError(f"no such settings: {', '.join(sorted(unknown))}")
    above = from_environment(environ, folder) | from_flags(flags, folder)
    default_data = home(environ, "XDG_DATA_HOME", ".local/share") / "seiton"
    data = above["data"].value if "data" in above else default_data
    file = settings_file(environ, folder, config, Path(str(data)))
    given = (from_file(file) if file else {}) | above
    given.setdefault("data", Given(value=default_data, where=""))
    settings = _check(given)
    settings._again = partial(load_settings, environ=environ, folder=folder, config=config, **flags)
    return settings


def reread(settings: Settings) -> Settings:
    """Return the settings as the file says them now; those that came from nowhere are as they are.

    Raises ``InvalidInput`` like ``load_settings``. The running program goes on with the old ones.
    """
    return settings if settings._again is None else settings._again()


def spoken_language(settings: Settings, environ: Mapping[str, str] | None = None) -> str:
    """Return the language for people at this process's terminal and log: the setting, else the locale."""
    environ = os.environ if environ is None else environ
    wanted = (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return settings.language or negotiate(next(filter(None, wanted), None))


def describe(settings: Settings) -> list[Described]:
    """Return every setting with its value and where it came from, in the order of their definition."""
    lines = []
    for flat, path in flat_names().items():
        value: Any = settings
        for part in path:
            value = getattr(value, part)
        source = settings._sources.get(flat) or _("default")
        lines.append(Described(".".join(path), _shown(value), source))
    return lines


def _shown(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, SecretStr):
        return "***" if value.get_secret_value() else "-"
    if isinstance(value, tuple):
        return ", ".join(_shown(entry) for entry in value) or "-"
    if isinstance(value, bool):
        return str(value).lower()
    return mask_secrets(str(value))


def mask_secrets(text: str) -> str:
    """Replace the password in an address (``scheme://user:password@host``, ``?password=``) by ``***``."""
    text = re.sub(r"(?<=://)([^/?#@]*?):[^/?#]*@", r"\1:***@", text)
    return re.sub(
        r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&]*", r"\1***", text, flags=re.IGNORECASE
    )


def _check(given: Mapping[str, Given]) -> Settings:
    names = flat_names()
    values: dict[str, Any] = {}
    for name, entry in given.items():
        *tables, key = names[name]
        table = values
        for part in tables:
            table = table.setdefault(part, {})
        table[key] = entry.value
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidInput(list(_problems(error, given))) from error
    if settings.library == settings.downloads:
        field = given["library" if "library" in given else "downloads"].where
        raise invalid(field, _("library and downloads must be different folders"), "same_folder")
    movies = settings.movies_root
    for other in (settings.library, settings.downloads):
        if movies is not None and (movies == other or movies in other.parents or other in movies.parents):
            message = _("the folder for films must lie outside of {other}, and not above it", other=other)
            raise invalid(given["movies_root"].where, message, "same_folder")
    settings._sources = MappingProxyType({name: entry.where for name, entry in given.items()})
    return settings


def _problems(error: ValidationError, given: Mapping[str, Given]) -> Iterator[Problem]:
    flat = {path: name for name, path in flat_names().items()}
    for fault in error.errors():
        path = tuple(str(part) for part in fault["loc"])
        name = next((flat[path[:n]] for n in range(len(path), 0, -1) if path[:n] in flat), None)
        # What is worked out from a wrong value has no fault of its own.
        if name is not None and name in given:
            yield Problem(field=given[name].where, message=_sentence(cast("dict[str, Any]", fault)))


def _sentence(fault: Mapping[str, Any]) -> str:
    """Say in the person's language what Pydantic found; ``ctx`` holds the bounds."""
    bounds = fault.get("ctx", {})
    match fault["type"]:
        case "value_error":
            return str(bounds["error"])
        case "literal_error":
            return _("must be one of {choices}", choices=bounds["expected"].replace("'", ""))
        case "greater_than_equal":
            return _("must be {bound} or more", bound=bounds["ge"])
        case "greater_than":
            return _("must be more than {bound}", bound=bounds["gt"])
        case "less_than_equal":
            return _("must be {bound} or less", bound=bounds["le"])
        case "int_parsing" | "int_type" | "int_from_float" | "int_parsing_size":
            return _("must be a whole number")
        case "float_parsing" | "float_type" | "finite_number":
            return _("must be a number")
        case "bool_parsing" | "bool_type":
            return _("must be true or false")
        case "string_pattern_mismatch":
            return _("has characters that are not allowed there")
        case "string_type" | "string_too_short":
            return _("must be a text that is not empty")
        case _:
            return _("is not valid: {reason}", reason=fault["msg"])
