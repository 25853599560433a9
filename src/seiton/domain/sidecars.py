"""Which files follow a video, and what each is called at a new name.

A sidecar belongs to a video if its name is the video's base and then a tail that a server would read
the same way: never by a common beginning alone, or ``E1`` would take the files of ``E10``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

VIDEO_SUFFIXES = frozenset(
    b".mkv .mp4 .m4v .avi .mov .wmv .flv .f4v .webm .ts .m2ts .mts .mpg .mpeg .ogm .ogv .rm .rmvb .3gp .3g2 "
    b".vob .asf .divx".split()
)
SUBTITLE_SUFFIXES = frozenset(b".ass .ssa .srt .vtt .sub .idx .sup .mks .smi".split())
_IMAGE_SUFFIXES = frozenset(b".jpg .jpeg .png .webp .gif .bmp .tbn .avif".split())
_THUMB = b"-thumb."
_LONGEST_NAME = 1024
"""Bytes: no file system has longer names, but a torrent may, with a dot at each."""


class Kind(StrEnum):
    """What a file beside a video is."""

    VIDEO = "video"
    NFO = "nfo"
    SUBTITLE = "subtitle"
    IMAGE = "image"
    TRICKPLAY = "trickplay"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A name of a unit: the unit's base followed by ``tail`` (``.zh-hant.ass``, ``-thumb.jpg``)."""

    name: bytes
    tail: bytes
    kind: Kind


def followers(base: bytes, names: Iterable[bytes]) -> list[Sidecar]:
    """Return those of ``names`` (all of one folder) that belong to the video with ``base``.

    The video itself is among them. Where a longer base of another video fits as well, the file
    belongs to that one. Order is kept.
    """
    names = list(names)
    bases = {video for name in names if (video := video_base(name)) is not None} | {base}
    return [
        Sidecar(name=name, tail=(tail := name[len(base) :]), kind=_kind(tail))
        for name in names
        if name.startswith(base) and owner(name, bases) == base
    ]


def owner(name: bytes, bases: Collection[bytes]) -> bytes | None:
    """Return the longest of ``bases`` (a set) that ``name`` belongs to, or None."""
    if len(name) > _LONGEST_NAME:
        return None
    own = video_base(name)
    if own is not None:
        return own if own in bases else None
    cut = name.rfind(b".")
    while cut > 0:
        if name[:cut] in bases and _is_tail(name[:cut], name[cut:]):
            return name[:cut]
        thumb = cut + 1 - len(_THUMB)
        if thumb > 0 and name[thumb : cut + 1] == _THUMB and name[:thumb] in bases:
            return name[:thumb] if name[cut:].lower() in _IMAGE_SUFFIXES else None
        cut = name.rfind(b".", 0, cut)
    return None


def video_base(name: bytes) -> bytes | None:
    """Return a video's file name without its suffix; None for what is not a video."""
    cut = name.rfind(b".")
    return name[:cut] if cut > 0 and name[cut:].lower() in VIDEO_SUFFIXES else None


def renamed(sidecar: Sidecar, new_base: bytes) -> bytes:
    """Return the name of ``sidecar`` when its video is called ``new_base``."""
    return new_base + sidecar.tail


def subtitle_tail(video_name: str, subtitle_name: str) -> str:
    """Return how a downloaded subtitle is called behind the base: ``x.TC.ass`` → ``.zh-hant.ass``.

    Languages and flags are written so that Jellyfin and Kodi understand them (nfo-naming §2.1). Of
    other words at most one is kept, and only if neither takes it for something else. Two subtitles
    may get one tail: see ``numbered``.
    """
    base, _, suffix = subtitle_name.rpartition(".")
    video = video_name.rpartition(".")[0] or video_name
    if base.startswith(video):
        words, extras = _words(base[len(video) :]), True
    else:
        known = {word.casefold() for word in _words(video)}
        words, extras = [word for word in _words(base) if word.casefold() not in known], False
    languages: list[str] = []
    flags: list[str] = []
    others: list[str] = []
    for word in words:
        folded = word.casefold()
        if found := _languages(folded):
            languages += [language for language in found if language not in languages]
        elif folded in _FLAGS:
            flags.append(_FLAGS[folded])
        elif extras and _HARMLESS.fullmatch(word) and not _TRAPS.search(folded):
            others.append(word)
    tokens = [*_spoken(languages), *others[:1], *dict.fromkeys(flags)]
    return "".join(f".{token}" for token in [*tokens, suffix.lower()])


def numbered(tail: str, number: int) -> str:
    """Return ``tail`` made distinct by ``number``: ``.ja.ass``, 2 → ``.ja.track2.ass``.

    Not a bare number: ``S01E12.5.ass`` would read as a subtitle of episode 12.5.
    """
    head, _, suffix = tail.rpartition(".")
    return f"{head}.track{number}.{suffix}"


def _is_tail(base: bytes, tail: bytes) -> bool:
    """Say whether ``tail`` (from its dot on) continues ``base`` rather than its number: ``.5.ass``."""
    return len(tail) > 1 and not (base[-1:].isdigit() and tail[1:2].isdigit())


def _kind(tail: bytes) -> Kind:
    lowered = tail.lower()
    suffix = lowered[lowered.rfind(b".") :]
    if lowered in VIDEO_SUFFIXES:
        return Kind.VIDEO
    if lowered == b".nfo":
        return Kind.NFO
    if lowered == b".trickplay":
        return Kind.TRICKPLAY
    if suffix in SUBTITLE_SUFFIXES:
        return Kind.SUBTITLE
    return Kind.IMAGE if suffix in _IMAGE_SUFFIXES else Kind.OTHER


_LANGUAGES: dict[str, tuple[str, ...]] = {
    word: (language,)
    for language, words in {
        "zh-hans": "sc chs gb gbk gb2312 cn hans zhs zh-hans zh-cn zh-sg "
        "简 简体 简中 简体中文 簡 簡體 簡中 簡體中文",
        "zh-hant": "tc cht big5 b5 tw hant zht zh-hant zh-tw "
        "繁 繁体 繁體 繁中 繁体中文 繁體中文 正體 正體中文",
        "zh-hk": "zh-hk hk",
        "zh": "zh chi zho chinese 中 中文 中字",
        "ja": "ja jp jpn jap japanese 日 日文 日语 日語 日本語",
        "en": "en eng english 英 英文 英语 英語",
        "ko": "ko kor korean 韓文 韩文",
        "fr": "fr fre fra french",
        "de": "de ger deu german",
        "es": "es spa spanish",
        "it": "it ita italian",
        "ru": "ru rus russian",
        "pt": "pt por portuguese",
        "pt-br": "pt-br pob",
        "ar": "ar ara arabic",
        "th": "th tha thai",
        "vi": "vi vie vietnamese",
        "id": "id ind indonesian",
    }.items()
    for word in words.split()
}
_FLAGS = {"forced": "forced", "default": "default", "sdh": "sdh", "cc": "sdh"}
_HARMLESS = re.compile(r"(?![0-9])(?:[A-Za-z0-9]{4,12}|[\u3040-\u30ff\u4e00-\u9fff]{2,4})")
"""Not a number, not short enough to be a language code (``.sc`` is Sardinian), short enough to fit."""
_TRAPS = re.compile("default|forced|foreign|sample")
_SPLIT = re.compile(r"[.\s_\[\](){}【】（）]+")
_JOINED = re.compile(r"[&+＆,、/-]")
_CONCATENATED = re.compile(
    r"(?:chs|cht|sc|tc|gb|big5|jpn|jp|ja|eng|en|简体?|簡體?|繁[体體]?|中文?|日[文语語]?|英[文语語]?)+?"
)
_PIECE = re.compile(r"chs|cht|sc|tc|gb|big5|jpn|jp|ja|eng|en|[简簡繁中日英]")
_BILINGUAL = re.compile("双语|雙語|字幕|内嵌|內嵌|內封|内封")


def _words(text: str) -> list[str]:
    return [word for word in _SPLIT.split(text) if word]


def _languages(word: str) -> tuple[str, ...]:
    """Return the languages that one case-folded word names: ``sc&jp``, ``jpsc``, ``繁日雙語``."""
    word = _BILINGUAL.sub("", word)
    if word in _LANGUAGES:
        return _LANGUAGES[word]
    if _CONCATENATED.fullmatch(word):
        return tuple(language for piece in _PIECE.findall(word) for language in _LANGUAGES[piece])
    pieces = _JOINED.split(word)
    if len(pieces) > 1 and all(piece in _LANGUAGES for piece in pieces):
        return tuple(language for piece in pieces for language in _LANGUAGES[piece])
    return ()


def _spoken(languages: list[str]) -> list[str]:
    """One language, as both servers know only one, and a word that is none if there are more."""
    if len(languages) < 2:
        return languages
    chinese = [language for language in languages if language.startswith("zh")]
    main = chinese[0] if len(chinese) == 1 else "zh" if chinese else languages[0]
    return [main, "bilingual"]
