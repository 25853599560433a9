"""Translation: every sentence that a person may read passes through ``_``.

English is the source language. Catalogues are gettext files below ``locale/``; the compiled form is
made from the ``.po`` files at first use, so a source checkout needs no build step.
"""

from __future__ import annotations

import gettext
import io
import re
from contextvars import ContextVar
from functools import cache
from importlib import resources

NAMES = {"en": "English", "zh_Hant": "繁體中文", "zh_Hans": "简体中文", "ja": "日本語"}
"""What Seiton can speak, by gettext name, and what each language calls itself."""

LANGUAGES = tuple(NAMES)

_TRADITIONAL = frozenset({"tw", "hk", "mo"})
"""Where Chinese is written in traditional characters."""

_QUALITY = re.compile(r"\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)
"""The weight of a language in an Accept-Language header (RFC 9110, 12.4.2)."""

_current: ContextVar[str] = ContextVar("seiton_language", default="en")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    source = resources.files("seiton") / "locale" / language / "LC_MESSAGES" / "seiton.po"
    with source.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def negotiate(wanted: str | None) -> str:
    """Return the supported language nearest to a POSIX locale or an Accept-Language header.

    Of several the one with the highest quality counts, of equals the first; English where none is spoken.
    """
    ranked: list[tuple[float, str]] = []
    for part in (wanted or "").split(","):
        tag, *parameters = part.split(";")
        found = next(filter(None, map(_QUALITY.fullmatch, parameters)), None)
        quality = float(found[1]) if found else 1.0
        if quality:
            ranked.append((-quality, tag))
    ranked.sort(key=lambda pair: pair[0])
    return next(filter(None, (nearest(tag) for _quality, tag in ranked)), "en")


def nearest(tag: str) -> str | None:
    """Return the supported language for one tag (``zh-HK``, ``ja_JP.UTF-8``), None where there is none.

    Chinese that names neither script nor place is simplified, which is what most of its readers read and
    what Unicode's likely subtags say (browsers name the place: zh-TW, zh-CN).
    """
    parts = re.split("[.@]", tag.strip())[0].replace("_", "-").lower().split("-")
    if parts[0] == "zh":
        is_traditional = "hant" in parts or ("hans" not in parts and not _TRADITIONAL.isdisjoint(parts))
        return "zh_Hant" if is_traditional else "zh_Hans"
    return parts[0] if parts[0] in NAMES else None


def use_language(language: str) -> None:
    """Make ``language`` (one of ``LANGUAGES``) the language of the current context."""
    _current.set(language if language in LANGUAGES else "en")


def language() -> str:
    """Return the language of the current context."""
    return _current.get()


def _(message: str, /, **values: object) -> str:
    """Translate ``message`` and fill its ``{placeholders}`` from ``values``."""
    text = _catalogue(_current.get()).gettext(message)
    return text.format(**values) if values else text


def plural(one: str, many: str, number: int, /, **values: object) -> str:
    """Translate a sentence with a count: ``one`` or ``many`` in English, whatever the language has elsewhere.

    ``{number}`` is the count itself; other placeholders are filled from ``values``.
    """
    return _catalogue(_current.get()).ngettext(one, many, number).format(number=number, **values)
