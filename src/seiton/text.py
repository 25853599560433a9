"""Translation: every sentence that a person may read passes through ``_``.

English is the source language. Catalogues are gettext files below ``locale/``; the compiled form is
made from the ``.po`` files at first use, so a source checkout needs no build step.
"""

from __future__ import annotations

import gettext
import io
from contextvars import ContextVar
from functools import cache
from importlib import resources

NAMES = {"en": "English", "zh_Hant": "繁體中文"}
"""What Seiton can speak, by gettext name, and what each language calls itself."""

LANGUAGES = tuple(NAMES)

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
    """Return the supported language nearest to a POSIX locale or an Accept-Language header."""
    for part in (wanted or "").replace("_", "-").split(","):
        tag = part.split(";")[0].split(".")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh_Hant"
        if tag.startswith("en"):
            return "en"
    return "en"


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
