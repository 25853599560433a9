"""A key under which titles of the same work meet."""

from __future__ import annotations

import unicodedata


def normal_title(title: str) -> str:
    """Return ``title`` without what two groups write differently: width, case, punctuation, blanks, marks
    on Latin letters. Kana, numbers and both Chinese scripts stay apart. Empty if nothing is left.

    Two titles with one key are a suggestion, not a proof.
    """
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", title).casefold())
    kept: list[str] = []
    for char in text:
        category = unicodedata.category(char)
        if category[0] in "LN":
            kept.append(char)
        elif category == "Mn" and kept and not kept[-1].isascii():
            kept.append(char)  # dakuten and the like make another letter; accents on Latin letters do not
    return unicodedata.normalize("NFC", "".join(kept))
