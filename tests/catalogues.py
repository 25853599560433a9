"""The translations of the program: what is to be translated, and the program that keeps the catalogues.

``python -m tests.catalogues`` makes the catalogue zh_Hans and README.zh-Hans.md from zh_Hant and names what
is missing; ``scripts/messages.sh`` runs it, and a test says when that was forgotten.
``python -m tests.catalogues fill ja more.json`` puts translations into a catalogue: a JSON object of English
sentences (of one with a count its form for one) and what they are in that language.
"""

from __future__ import annotations

import json
import string
import sys
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from seiton.text import LANGUAGES
from tests.mainland import to_mainland

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "seiton"
TRANSLATED = tuple(language for language in LANGUAGES if language != "en")
KEYWORDS = {"_": None, "N_": None, "plural": (1, 2)}

Sentence = str | tuple[str, str]
"""What is translated: a sentence, or its forms for one and for many."""


@cache
def messages() -> dict[Sentence, str]:
    """Return every marked sentence in the source with the place of its first use."""
    found: dict[Sentence, str] = {}
    for file, line, message, _comments, _context in extract_from_dir(
        SOURCE, method_map=[("**.py", "python"), ("**.html", "jinja2")], keywords=KEYWORDS
    ):
        # In a template the sentence comes with a place for each of its values.
        texts = (message,) if isinstance(message, str) else tuple(filter(None, message))
        found.setdefault((texts[0], texts[1]) if len(texts) > 1 else texts[0], f"{file}:{line}")
    return found


def path(language: str) -> Path:
    """Return the catalogue's file."""
    return SOURCE / "locale" / language / "LC_MESSAGES" / "seiton.po"


def catalogue(language: str) -> Catalog:
    """Return what the file says now."""
    with path(language).open("rb") as stream:
        return read_po(stream, locale=language)


def english(entry: Message) -> Sentence:
    """Return the sentence of an entry."""
    return entry.id if isinstance(entry.id, str) else (entry.id[0], entry.id[1])


def singular(sentence: Sentence) -> str:
    """Return what a sentence is called by: itself, or its form for one."""
    return sentence if isinstance(sentence, str) else sentence[0]


def translation(entry: Message) -> str:
    """Return the translation, empty where there is none. None of the languages has a second form."""
    if entry.fuzzy:
        return ""
    text = entry.string or ""
    return text if isinstance(text, str) else text[0]


def translations(language: str) -> dict[Sentence, str]:
    """Return every sentence of a catalogue with its translation."""
    return {english(entry): translation(entry) for entry in catalogue(language) if entry.id}


def missing(language: str) -> list[str]:
    """Return the sentences that have no translation yet."""
    known = translations(language)
    return sorted(singular(sentence) for sentence in messages() if not known.get(sentence))


def placeholders(text: str) -> set[str]:
    """Return the names in braces. Raises ``ValueError`` where a brace stands alone."""
    return {name for _text, name, _format, _conversion in string.Formatter().parse(text) if name is not None}


def faults(sentence: Sentence, translated: str) -> list[str]:
    """Return what is wrong with a translation, as sentences for the translator."""
    wanted = set().union(*map(placeholders, [sentence] if isinstance(sentence, str) else sentence))
    found = []
    if placeholders(translated) != wanted:
        found.append(f"{translated!r}: the placeholders of {singular(sentence)!r} are {sorted(wanted)}")
    if translated.count("\n") != singular(sentence).count("\n"):
        found.append(f"{translated!r}: not as many lines as {singular(sentence)!r}")
    return found


def simplified() -> dict[Sentence, str]:
    """Return what the catalogue zh_Hans should say."""
    return {
        sentence: to_mainland(singular(sentence), translated)
        for sentence, translated in translations("zh_Hant").items()
    }


def simplified_readme() -> str:
    """Return what README.zh-Hans.md should say."""
    text = (ROOT / "README.zh-Hant.md").read_text(encoding="utf-8")
    ours, theirs = "[简体中文](README.zh-Hans.md)", "[繁體中文](README.zh-Hant.md)"
    return theirs.join(to_mainland("", part) for part in text.split(ours))


def write(language: str, known: dict[str, str]) -> None:
    """Put translations, by the English sentence, into a catalogue; others in it stay."""
    entries = catalogue(language)
    for entry in entries:
        text = known.get(singular(english(entry))) if entry.id else None
        if text is not None:
            entry.string = text if isinstance(entry.id, str) else (text,)
            # An entry that got a form for many is marked so when its catalogue is brought up to date.
            entry.flags.discard("fuzzy")
    with path(language).open("wb") as stream:
        write_po(stream, entries, width=0, ignore_obsolete=True, sort_output=True)


def fill(language: str, file: str) -> list[str]:
    """Put what a JSON file says into a catalogue. Returns what is wrong with it; then nothing is written."""
    known: dict[str, str] = json.loads(Path(file).read_text(encoding="utf-8"))
    sentences = {singular(sentence): sentence for sentence in messages()}
    wrong = [f"there is no sentence {text!r}" for text in known.keys() - sentences.keys()]
    for text in known.keys() & sentences.keys():
        wrong += faults(sentences[text], known[text])
    if not wrong:
        write(language, {text: translated for text, translated in known.items() if translated})
    return wrong


def main() -> int:
    """Bring zh_Hans up to date and name what is missing, or fill in translations."""
    if sys.argv[1:2] == ["fill"]:
        wrong = fill(*sys.argv[2:4])
        print("\n".join(wrong) or "Done.")
        return 1 if wrong else 0
    write("zh_Hans", {singular(sentence): text for sentence, text in simplified().items()})
    (ROOT / "README.zh-Hans.md").write_text(simplified_readme(), encoding="utf-8")
    for language in TRANSLATED:
        lacking = missing(language)
        print(f"{path(language).relative_to(ROOT)}: {len(lacking)} to translate")
        if lacking:
            print(json.dumps(dict.fromkeys(lacking, ""), ensure_ascii=False, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
