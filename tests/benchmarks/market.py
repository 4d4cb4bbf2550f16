"""Small days of a share in LOBSTER's layout: orders that come, leave and are executed in order of price and time."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.queue_models.ghosts import Ghosts
from benchmarks.queue_models.lobster import Day, read_day

Event = tuple[float, int, int, int, int, int]
"""Seconds behind the open, kind, order, shares, cents, side."""
NOBODY = 9_999_999_999
START = [
    (0, 1, 901, 500, 9_800, 1),
    (0, 1, 902, 500, 10_200, -1),
]


def write_day(folder: Path, events: Sequence[Event]) -> Path:
    """A file of a day that begins with a bid of 98 and an offer of 102, and the books behind each event."""
    known: dict[tuple[int, int], int] = {}
    messages, books = [], []
    for seconds, kind, order, shares, cents, side in [*START, *events]:
        if kind in (1, 2, 3, 4):
            known[side, cents] = known.get((side, cents), 0) + (shares if kind == 1 else -shares)
            assert known[side, cents] >= 0
        ns = round((34_200 + seconds) * 10**9)
        messages.append(f"{ns // 10**9}.{ns % 10**9:09},{kind},{order},{shares},{cents * 100},{side}")
        books.append(",".join(map(str, _levels(known))))
    path = folder / "LOBSTER_SampleFile_TEST_2012-06-21_5.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for what, lines in (("message", messages), ("orderbook", books)):
            archive.writestr(f"TEST_2012-06-21_34200000_57600000_{what}_5.csv", "\n".join(lines) + "\n")
    return path


def _levels(known: dict[tuple[int, int], int]) -> list[int]:
    sides = []
    for side in (-1, 1):
        prices = sorted(
            (cents for of, cents in known if of == side and known[of, cents]), key=lambda cents: -side * cents
        )
        levels = [(cents * 100, known[side, cents]) for cents in prices[:5]]
        sides.append(levels + [(-side * NOBODY, 0)] * (5 - len(levels)))
    return [number for ask, bid in zip(*sides, strict=True) for number in (*ask, *bid)]


def day(folder: Path, events: Sequence[Event]) -> Day:
    """The same, read."""
    return read_day(write_day(folder, events))


def ghost(day: Day, seconds: float, side: int, cents: int, size: int, until: float = 1_000) -> Ghosts:
    """One order that comes at a time, behind what stands at its price."""
    opened = int(day.time[0])
    at = int(np.searchsorted(day.time, opened + round(seconds * 10**9))) - 1
    ahead = int(day.sizes(side)[at][day.prices(side)[at] == cents * 100].sum())
    rows = [0, opened + round(seconds * 10**9), opened + round(until * 10**9), side, 0, cents * 100, size, ahead]
    return Ghosts(*(np.array([one]) for one in rows))
