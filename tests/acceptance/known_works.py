"""What a source knows about the works of the demo: titles, episodes that are broadcast this week, posters.

The source is a double of bangumi.tv, and all of it is made up.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

from seiton.core.identity.editing import list_ids, remove_id, set_id
from seiton.core.works.episodes import shows_of
from seiton.core.works.works import list_series
from tests.acceptance.browser import PATIENCE_S, Site
from tests.neighbours import Bangumi, bangumi

WIDTH, HEIGHT = 200, 280
Colour = tuple[int, int, int]
PALETTES: Sequence[tuple[Colour, Colour, Colour]] = (
    ((24, 42, 84), (214, 150, 122), (250, 226, 170)),
    ((16, 70, 92), (160, 208, 206), (240, 246, 236)),
    ((74, 44, 60), (222, 138, 96), (252, 216, 150)),
    ((30, 62, 48), (170, 196, 140), (244, 238, 196)),
)
"""Of each poster: ground, horizon, sun."""
WORKS = (
    (101, "星燈郵便局", "星あかり郵便局", 12, 8),
    (102, "鯨背山の測量士", "鯨背山の測量士", 12, 9),
    (103, "雨巷製琴師", "雨路地の弦楽器職人", 12, 13),
    (104, "Salt Lake Line Diary", "塩湖線日記", 8, 6),
)
"""Id, title, title in Japanese, episodes that it has, how many weeks ago the first was broadcast."""

BROADCAST = (
    (1, 201, "霧の街の時計守", "雾城守钟人"),
    (1, 202, "ソーダ水と遠雷", "汽水与远雷"),
    (2, 203, "北限の薬草園", "北境药草园"),
    (3, 204, "真夜中の図書列車", "午夜图书列车"),
    (3, 205, "石と羽根の王国", "石与羽之国"),
    (4, 206, "潮待ち食堂", "候潮食堂"),
    (4, 207, "Paper Lantern Almanac", ""),
    (5, 208, "雲間の測候所", "云间气象站"),
    (6, 209, "狐とカメラと終着駅", "狐狸、相机与终点站"),
    (6, 210, "鉄橋のむこうの合唱部", "铁桥那头的合唱团"),
    (7, 211, "琥珀の航海日誌", "琥珀航海日志"),
)
"""Of what is broadcast and not in the demo: ISO weekday, id, title in Japanese and Chinese."""


def draw_poster(number: int) -> bytes:
    """Return a small landscape as PNG: sky, sun, three rows of hills."""
    ground, horizon, sun = PALETTES[number % len(PALETTES)]
    x, y = 60 + 27 * (number % 4), 84 + 11 * (number % 3)
    rows = bytearray()
    for row in range(HEIGHT):
        rows.append(0)
        sky = _mix(ground, horizon, (row / HEIGHT) ** 1.3)
        for column in range(WIDTH):
            colour = sun if math.hypot(column - x, row - y) < 34 else sky
            for hill in range(3):
                wave = math.sin(column / (26 + 9 * hill) + number * 1.7 + hill * 2) * (14 - 3 * hill)
                if row > 168 + 34 * hill + wave:
                    colour = _mix(horizon, ground, 0.35 + 0.3 * hill)
            rows += bytes(colour)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + body


def _mix(first: Colour, second: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue


@contextmanager
def source_of_facts() -> Iterator[Bangumi]:
    """Serve what is known about the works of the demo."""
    today = datetime.now(UTC).date()
    with bangumi() as double:
        for number, (value, title, japanese, episodes, weeks) in enumerate(WORKS):
            first = today - timedelta(weeks=weeks) + timedelta(days=number - 1)
            double.add(value, japanese, title, date=first.isoformat(), summary=PLOTS[number])
            double.pictures[f"/pic/{value}.jpg"] = draw_poster(number)
            double.add_episodes(value, *(_episode(no, first) for no in range(1, episodes + 1)))
        for number, (weekday, value, japanese, chinese) in enumerate(BROADCAST, len(WORKS)):
            double.pictures[f"/pic/{value}.jpg"] = draw_poster(number)
            began = today - timedelta(weeks=5 + number % 3, days=today.isoweekday() - weekday)
            double.broadcast(weekday, value, japanese, chinese, air_date=began.isoformat())
        double.broadcast(2, 101, "星あかり郵便局", "星燈郵便局")
        double.found = [double.subjects[str(value)] for value, *_rest in (WORKS[2], WORKS[1])]
        yield double


PLOTS = (
    "每到冬夜，山丘上的郵局便點起一盞星燈，替來不及寄出的信找到收信人。",
    "在鯨背山上，一位年輕的測量士用三角點與一本舊筆記，描出沒有人畫過的稜線。",
    "雨巷盡頭的作坊裡，師徒二人修理別人放棄的琴，也修理彼此沒說出口的話。",
    "A narrow-gauge line runs beside a salt lake; its last conductor keeps a diary of who gets on.",
)


def _episode(number: int, first: date) -> dict[str, object]:
    day = first + timedelta(weeks=number - 1)
    return {"sort": number, "ep": number, "name": f"第{number}話", "airdate": day.isoformat()}


def make_known(site: Site) -> None:
    """Say of the demo's works which they are, and wait until what is known about them has come."""
    core = site.seiton.core
    for row in list_ids(core, limit=None, offset=0):
        remove_id(core, row["external_id"])  # the demo's feed gives one id of Mikan's to all that it brings
    by_title = {title: value for value, title, *_rest in WORKS}
    mine = [row for row in list_series(core, limit=50, offset=0) if row["anime_title"] in by_title]
    for row in mine:
        set_id(core, row["series_id"], "bgm", str(by_title[row["anime_title"]]))
    ids = [row["series_id"] for row in mine]

    def are_known() -> bool:
        found = shows_of(core, ids)
        return len(found) == len(ids) and all(row["picture"] for row in found.values())

    assert core.progress.wait(are_known, PATIENCE_S)
