"""The words of release titles that are no part of a work's title: what each looks like and says.

All patterns see text made ``plain`` and are alternations of short words without nested repetition: the
time to scan a text grows with its length.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from seiton.domain.reading.gates import Gated
from seiton.domain.reading.values import Kind

_PLAIN = {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)} | {
    ord(char): plain
    for plain, chars in {
        "[": "【〔〖",
        "]": "】〕〗",
        " ": "\u3000\u00a0\t\n\r",
        "-": "–—−―‐",
        "~": "〜∼",
        "/": "⁄",
        "x": "×✕",
        ":": "꞉",
        "'": "’‘′",
    }.items()
    for char in chars
}


_FANCY = re.compile("[" + re.escape("".join(map(chr, _PLAIN))) + "]")


def plain(text: str) -> str:
    """Return ``text`` with full-width ASCII, brackets and dashes made plain, character by character."""
    return text.translate(_PLAIN) if _FANCY.search(text) else text


class Words(NamedTuple):
    """What the technical words of one text say; ``rest`` counts the letters that are none of them."""

    found: int = 0
    rest: int = 0
    resolution: str | None = None
    source: str | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    subtitles: tuple[str, ...] = ()
    container: str | None = None
    version: int | None = None
    kinds: frozenset[Kind] = frozenset()
    is_final: bool = False


NO_WORDS = Words()

_SIZE = r"(?P<size>(?<![0-9])[0-9]{3,4} ?[x*] ?[0-9]{3,4}(?:[pi](?![a-z]))?(?![0-9]))"
_LINES = (
    r"(?P<lines>(?:(?<![0-9a-z])(?:ai)?|(?<=[bhv]d)|(?<=web))(?:[0-9]{3,4}[pi](?:10|8|60)?"
    r"|[248]k)(?![a-z0-9])"
    r"|(?<![a-z])bd[- ]?(?:1080|720)(?![0-9a-z]))"
)
_DISC_RIP = "(?:rip|iso|box)"
_SOURCE = (
    r"(?P<source>(?<![a-z0-9])(?:web[- ]?(?:dl|rip|mkv)|(?:bd|blu-?ray)[- ]?(?:rip|mv|box|remux)|blu-?ray"
    rf"|(?:r[1-6]2?-?)?dvd[- ]?{_DISC_RIP}?[59]?|hd-?tv(?:-?rip)?|tv-?rip|hd-?rip|vhs-?rip|r2j?dvd"
    r"|remux|laserdisc)"
    r"(?![a-z0-9]))"
)
_VIDEO = (
    r"(?P<video>(?<![a-z0-9])(?:[xh][. _]?26[456]|hevc2?|avc|av1|xvid|divx ?[3-6]?|vp9|mpeg-?[24]"
    r"|rv ?(?:9|10|40)"
    r")(?![a-z0-9]))"
)
_VIDEO_NOISE = (
    r"(?P<picture>(?<![a-z0-9])(?:hi10p?|hi444p?p?|ma10p?|(?:8|10|12)[- _]?bits?"
    r"|yuv-?4[24][024](?:p(?:8|10)?)?"
    r"|[0-9]{2,3}(?:\.[0-9]{1,3})?[- ]?fps|hdr(?:10)?\+?|sdr|dovi|vfr|uhd|fhd)(?![a-z0-9]))"
)
_AUDIO = (
    r"(?P<audio>(?<![a-z0-9])(?:[qh]?e?-?aac|flac|alac|e-?ac-?3|ac-?3|ddp?a?\+?(?=[ .]?[257]\.[01])"
    r"|ddp|dts(?:-?(?:hd|es|x|ma))*"
    r"|opus|truehd|atmos|mp3|ogg|vorbis|(?:linear)?l?pcm|wav)"
    r"(?:[ .]?[257]\.[01](?:ch)?)?(?: ?x ?[0-9])?(?![a-z0-9]))"
)
_AUDIO_NOISE = (
    r"(?P<sound>(?<![a-z0-9.])(?:[257]\.[01] ?(?:ch|x)?(?:\+[257]\.[01])*|[25] ?ch|(?:dual|multi|jp"
    r"|tri)[-_ .]?(?:audio|dub)"
    r"|(?:english|eng|funi|french|german)?[- ]?dub(?:bed)?|chap(?:ters)?)(?![a-z0-9]))"
)
_VOST = (
    r"(?P<words>(?<![a-z0-9])(?:vost(?:fr|a|e|eng)?|sub(?:s|bed)?[- ]?(?:ita|esp?|fr|eng|spa|pt|br)"
    r"|(?:multi(?:ple)?|eng(?:lish)?|ita?|esp?|spa|ger|fre?|arabic|rus|soft|hard|raw|ch[st]|jp)"
    r"[-_ .]?sub(?:s|bed|titles?|title)?|multisub|softsubs?|hardsubs?|pt-br|uncensored|uncut)(?![a-z0-9]))"
)
_STRONG = "|".join(
    (
        _SIZE,
        _LINES,
        _SOURCE.replace(f"{_DISC_RIP}?", _DISC_RIP),
        _VIDEO,
        _VIDEO_NOISE,
        _AUDIO,
        _AUDIO_NOISE,
        _VOST,
    )
)
STRONG = Gated(_STRONG)
"""Technical words that end a title even outside brackets."""

_MEDIUM = (
    r"(?P<medium>(?<![a-z0-9])(?:bd|dvd|web|tv|hdtv|web-?mkv|ld|vhs|sat|at-?x|baha|bili(?:bili)?"
    r"|b-?global|viu(?:tv)?|cr"
    r"|crunchyroll|nf|netflix|amzn|amazon|dsnp|disney\+?|hulu|abema|hidive|funi|iqiyi|muse|tvb|hoy"
    r"|icable|ytb|youtube"
    r"|kktv|hami|mytv|friday|sentai|adn|wakanim|tver|u-?next|danime|linetv|mx|tokyo ?mx|bs ?-?(?:11"
    r"|fuji|tbs|ntv|asahi|4k)?"
    r"|tbs|mbs|nhk(?: [eg])?|ntv|cx|tx|abc|ytv|wowow|kbs|ktv|animax|channel 4|pc|psp|ipad|ps3|hd|hq"
    r"|sd|official|weekly"
    r"|rev|reseed|repack|fixed|reup|raws?|subs?|remaster(?:ed)?|qp[0-9]+)(?![a-z0-9]))"
)
_FORMAT = (
    r"(?P<container>(?<![a-z0-9])(?:mkv|mp4|avi|ts|m2ts|wmv|ogm|mov|rmvb|flv|webm|iso|mka)(?![a-z0-9]))"
    r"|(?P<caption>(?<![a-z0-9])(?:(?:ass|srt|sup|pgs|ssa|sub|vtt)(?: ?x ?[0-9])?|subx[0-9])(?![a-z0-9]))"
)
_LANGUAGE = (
    r"(?P<language>(?<![a-z0-9])(?:gb(?:2312|k)?|big ?5|big|ch[st](?:jp)?|jpn?|jap?|jp[st]c|[st]cjp"
    r"|[st]c|j?p?[st]c"
    r"|eng?(?:lish)?|chi|zh(?:-?(?:hans|hant|cn|tw|hk))?|ita?|ger|deu|rus?|spa|esp?|por|kor?|yue|fre?"
    r"|vf|ukr)(?![a-z0-9])"
    r"|[简簡繁日中英粤粵国國韩韓泰法德]{1,4}(?:[体體文语語双雙多]{1,3}(?:字幕)?|字幕?)?"
    r"(?=[^\w]|_|$|[简簡繁日中英体體文语語内內外嵌封挂掛字无無官粤粵mgcb])"
    r"|[简簡繁双雙多单單中日英粤粵国國]{1,4}[体體语語文中]{1,2}(?:字幕|中字)?|[双雙多][语語]|无字幕|無字幕|字幕|音[频頻轨軌]"
    r"|[内內外][嵌封挂掛]|官方|中文配音|配音|西班牙文|阿拉伯文)"
)
_STATE = (
    r"(?P<final>(?<![a-z0-9])(?:end|fin|final|finale)(?![a-z0-9])|完[结結]?|[终終]|连载完毕|連載完畢)"
    r"|(?P<batch>(?<![a-z0-9])(?:batch|complete)(?![a-z0-9])|[合全完][结結]?[集套]|全[话話季]|tv全集)"
    r"|(?P<version>(?<![a-z0-9])v[0-9](?![a-z0-9]))"
    r"|(?P<movie>(?<![a-z0-9])(?:the )?movies?(?![a-z0-9])|[剧劇][场場][版编編]?|映画)"
    r"|(?P<ova>(?<![a-z0-9])(?:ova|oad|ona)s?(?![a-z]))"
    r"|(?P<special>(?<![a-z0-9])(?:sps?|specials?)(?![a-z])|特[别別典][篇编編]?|番外[篇编編]?|[总總][集]?[编編篇]|正片)"
    r"|(?P<extra>(?<![a-z0-9])(?:nc)?(?:op|ed|pv|cm|menu|preview|trailer"
    r"|creditless)(?:[0-9]{1,2}[a-z]?)?(?![a-z0-9])"
    r"|特典(?:映像)?|[预預]告)"
    r"|(?P<edition>先行版?本?|未[删刪][减減]版?|[无無]修正?版?|修[正订訂][版]?|精校|高帧率|年[齡龄]限制版?|[数數][码位碼][修復复]+版"
    r"|正式版本?|日版|[生熟]肉)"
)
_HEIGHT = r"(?P<height>(?<![0-9a-z.-])(?:480|576|720|1080|2160)(?![0-9a-z.]))"
_ENTRY = r"(?:(?<![a-z0-9])(?=[a-z0-9])|(?<![0-9])(?=[0-9])|(?<![a-z])(?=bd)|(?=[^\x00-\x7f]|tv全))"
"""Where a word can begin: most characters are passed over without looking at any word."""
TOKEN = re.compile(
    rf"{_ENTRY}(?:{'|'.join((_STRONG, _HEIGHT, _MEDIUM, _FORMAT, _LANGUAGE, _STATE))})", re.IGNORECASE
)
_LETTER = re.compile(r"[^\W_]")

NEWS = re.compile(
    r"★?(?:(?:19|20)[0-9]{2}年)?(?:[01]?[0-9]|[一二三四五六七八九十]{1,3})月(?:新番|番|新)?★?|[日国國]?[产產]?新番"
    r"|[国國][漫创創产產]|(?:アニメ|動畫|动画|动漫|動漫)",
)
"""The whole text of a bracket that announces a season of television, not a work."""

FREE_NEWS = re.compile(
    r"★? ?\[?(?:(?:19|20)[0-9]{2}年)?(?:[01]?[0-9]|[一二三四五六七八九十]{1,3})月新?番\]? ?★?"
)
NOTE = Gated(
    r"招募|招人|急招|招翻|招[时時]轴|[检檢]索|[诨諢渾]名|[内內][详詳]|[仅僅]限|港澳|合購|自購|网盘|網盤|兼容|^(?:整理)?(?:搬[运運]|转载|轉載)$"
    r"|^附|[简簡]介|下[载載]|整理|tmdbid|未完待[续續]|to be continued|代理商|粵語$|粤语$"
    r"|[0-9]{1,6}(?:\.[0-9]{1,3})? ?[mg]i?b$"
)
"""What marks a bracket as a remark."""

TEAM = Gated(
    r"字幕[组組社]|工作室|[制製]作[组組]|[压壓]制|(?:fan)?sub(?:s|bers)?$"
    r"|[-_ ]raws?(?:$|[&@+])|studio|[^内內]封?组$|組$"
    r"|[-_]?(?:fansub|project|team)s?(?![a-z])|[一-鿿][社部]$"
)
"""What marks a text as the name of a group."""

_SOURCES = (
    ("web-mkv", "WEB"),
    ("webdl", "WEB-DL"),
    ("webrip", "WEBRip"),
    ("remux", "Remux"),
    ("bdrip", "BDRip"),
    ("bluray", "BD"),
    ("bd", "BD"),
    ("dvdrip", "DVDRip"),
    ("dvd", "DVD"),
    ("hdtv", "HDTV"),
    ("tvrip", "TVRip"),
    ("web", "WEB"),
    ("tv", "TV"),
)
_VIDEOS: Mapping[str, str] = {"265": "HEVC", "hevc": "HEVC", "hevc2": "HEVC", "264": "AVC", "avc": "AVC"}
_LANGUAGES = (
    ("zh-Hans", re.compile(r"[简簡]|gb|chs|(?<![a-z])sc|jpsc|scjp|hans|cn", re.IGNORECASE)),
    ("zh-Hant", re.compile(r"繁|big|cht|(?<![a-z])tc|jptc|tcjp|hant|tw|hk", re.IGNORECASE)),
    ("ja", re.compile(r"日|jp|ja", re.IGNORECASE)),
    ("en", re.compile(r"英|^en", re.IGNORECASE)),
    ("zh", re.compile(r"^中|[国國]|^zh$|chi", re.IGNORECASE)),
    ("fr", re.compile(r"vostfr|^fr|^vf|法", re.IGNORECASE)),
    ("yue", re.compile(r"[粤粵]|yue", re.IGNORECASE)),
    ("ko", re.compile(r"[韩韓]|^kor?$", re.IGNORECASE)),
    ("pt-BR", re.compile(r"^pt-br|^por", re.IGNORECASE)),
    ("it", re.compile(r"^it", re.IGNORECASE)),
    ("es", re.compile(r"^es|^spa|西班牙", re.IGNORECASE)),
    ("de", re.compile(r"^ger|^deu|德", re.IGNORECASE)),
    ("ru", re.compile(r"^rus?", re.IGNORECASE)),
    ("ar", re.compile(r"^arabic|阿拉伯", re.IGNORECASE)),
    ("uk", re.compile(r"^ukr", re.IGNORECASE)),
    ("th", re.compile(r"泰", re.IGNORECASE)),
)
_KINDS = {
    "batch": Kind.BATCH,
    "movie": Kind.MOVIE,
    "ova": Kind.OVA,
    "special": Kind.SPECIAL,
    "extra": Kind.EXTRA,
}


@lru_cache(maxsize=4096)
def words_of(text: str) -> Words:
    """Read the technical words of ``text`` (plain)."""
    found: dict[str, str] = {}
    subtitles: set[str] = set()
    kinds: set[Kind] = set()
    count = covered = 0
    for match in TOKEN.finditer(text):
        count += 1
        word, kind = match[0], match.lastgroup or ""
        covered += _letters(word)
        if kind in ("language", "words"):
            subtitles.update(_languages_of(word))
        elif kind in _KINDS:
            kinds.add(_KINDS[kind])
        found.setdefault(kind, word)
    if not count:
        return Words(rest=_letters(text))
    return Words(
        found=count,
        rest=_letters(text) - covered,
        resolution=_resolution(found),
        source=_source(found.get("source") or found.get("medium")),
        video_codec=_video(found.get("video")),
        audio_codec=_audio(found.get("audio")),
        subtitles=tuple(sorted(subtitles)),
        container=found["container"].lower() if "container" in found else None,
        version=int(found["version"][1:]) if "version" in found else None,
        kinds=frozenset(kinds),
        is_final="final" in found,
    )


def _letters(text: str) -> int:
    """Count letters and digits."""
    return len(text) if text.isalnum() else len(_LETTER.findall(text))


@lru_cache(maxsize=512)
def _languages_of(word: str) -> tuple[str, ...]:
    return tuple(code for code, pattern in _LANGUAGES if pattern.search(word))


@lru_cache(maxsize=512)
def resolution_of(text: str) -> str | None:
    """Return ``text`` (``1920x1080``, ``1080P``, ``4K``) in the usual form, ``1080p``; None if it is none.

    A picture with fewer lines than its width has by standard is cinema, cut to its content (``1920x816`` is
    ``1080p``); other unusual numbers of lines keep both numbers (``1280x960``).
    """
    word = plain(text).lower().replace(" ", "").replace("*", "x")
    if word in ("4k", "uhd", "2k", "8k"):
        return {"4k": "2160p", "uhd": "2160p", "2k": "1440p", "8k": "4320p"}[word]
    numbers = re.findall(r"[0-9]{3,4}", word)
    if not numbers:
        return None
    if len(numbers) == 1:
        return f"{numbers[0]}p"
    width, lines = numbers[0], numbers[1]
    standard = _LINES_OF.get(width, 0)
    if standard >= int(lines):
        return f"{standard}p"
    return f"{lines}p" if int(lines) in _LINES_KNOWN else f"{width}x{lines}"


_LINES_OF = {"3840": 2160, "2560": 1440, "1920": 1080, "1280": 720}
_LINES_KNOWN = {240, 360, 396, 480, 540, 576, 720, 810, 1080, 1440, 2160, 4320}


def _resolution(found: Mapping[str, str]) -> str | None:
    text = found.get("size") or found.get("lines") or found.get("height")
    return resolution_of(text) if text else None


def _source(word: str | None) -> str | None:
    if word is None:
        return None
    text = word.lower().replace("-", "").replace(" ", "")
    return next((name for start, name in _SOURCES if text.startswith(start)), None)


def _video(word: str | None) -> str | None:
    if word is None:
        return None
    text = word.lower().lstrip("xh").strip(". _")
    return _VIDEOS.get(text) or _VIDEOS.get(word.lower()) or word.upper()


def _audio(word: str | None) -> str | None:
    if word is None:
        return None
    name = re.sub(r"[ .]?[257]\.[01].*| ?x ?[0-9]$", "", word, flags=re.IGNORECASE).upper()
    return {"EAC3": "E-AC-3", "E-AC3": "E-AC-3", "DDP": "E-AC-3", "DD": "AC-3", "AC3": "AC-3"}.get(name, name)
