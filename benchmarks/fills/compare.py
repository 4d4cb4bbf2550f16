"""Both engines on one feed and one grid: who fills what when, why they differ, and how long they take."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.fills import ours
from benchmarks.fills.explain import OURS, THEIRS, Market, follow, orders_of, reason
from benchmarks.fills.feed import Feed
from benchmarks.peers._tools import TOOLS
from benchmarks.peers.run import environment

SCRIPT = Path(__file__).with_name("hftbacktest_grid.py")
RUNS = 3
TIME_LIMIT_S = 600.0
Times = Mapping[int, int]
"""By order, when it is filled."""


@dataclass(frozen=True)
class Comparison:
    """One model of queues in both engines.

    Attributes
    ----------
    ours, theirs
        By order, when it is filled.
    why
        By order, our reason.
    differences
        Orders with other fills, by the habits that explain them; None: nothing does.
    unlike
        Orders for which a replay by hand does not give our fill, and theirs.
    seconds
        Of a run, ours and theirs.
    rows, version
        Events of the feed; of hftbacktest.
    """

    model: str
    ours: Times
    theirs: Times
    why: Mapping[int, str]
    differences: Mapping[tuple[str, ...] | None, int]
    unlike: tuple[int, int]
    seconds: tuple[float, float]
    rows: int
    version: str

    @property
    def same(self) -> int:
        """Orders that both fill at the same time."""
        return sum(self.theirs.get(order) == time for order, time in self.ours.items())


def compare(feed: Feed, grid: pl.DataFrame, model: str, latency_ns: int, folder: Path) -> Comparison:
    """Run one model in both."""
    simulation, schedule = ours.simulation(feed, model, latency_ns), ours.schedule(grid)
    simulation.run(schedule)
    seconds, fills = [], pl.DataFrame()
    for _ in range(RUNS):
        begins = time.perf_counter()
        result = simulation.run(schedule)
        fills = ours.fills(result)
        assert result.orders.height == grid.height
        seconds.append(time.perf_counter() - begins)
    told, theirs = _theirs(feed, grid, model, latency_ns, folder)
    mine = dict(zip(fills["order"].to_list(), fills["time"].to_list(), strict=True))
    differences, unlike = explained(feed, grid, model, latency_ns, mine, theirs)
    return Comparison(
        model,
        mine,
        theirs,
        dict(zip(fills["order"].to_list(), fills["why"].to_list(), strict=True)),
        differences,
        unlike,
        (statistics.median(seconds), told["seconds"]),
        told["rows"],
        told["version"],
    )


def explained(
    feed: Feed, grid: pl.DataFrame, model: str, latency_ns: int, mine: Times, theirs: Times
) -> tuple[Mapping[tuple[str, ...] | None, int], tuple[int, int]]:
    """Reasons of the differences, and how many orders a replay by hand does not fill as we do, and as they do."""
    market, reasons, unlike = Market(feed), Counter[tuple[str, ...] | None](), [0, 0]
    for k, order in enumerate(orders_of(grid, latency_ns)):
        for engine, (times, habits) in enumerate(((mine, OURS), (theirs, THEIRS))):
            found = follow(market, order, model, habits)
            unlike[engine] += (found and found[0]) != times.get(k)
        if mine.get(k) != theirs.get(k):
            reasons[reason(market, order, model, theirs.get(k))] += 1
    return reasons, (unlike[0], unlike[1])


def _theirs(feed: Feed, grid: pl.DataFrame, model: str, latency_ns: int, folder: Path) -> tuple[dict[str, Any], Times]:
    python = environment("hftbacktest", TOOLS["hftbacktest"])
    steps = grid.select("time", pl.col("side").cast(pl.Int64), "price")
    for name, frame in (("events", feed.events()), ("grid", steps)):
        for column in frame.columns:
            np.save(folder / f"{name}.{column}.npy", frame[column].to_numpy())
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [str(python), str(SCRIPT), model, str(latency_ns), str(folder)],
        check=False, capture_output=True, text=True, timeout=TIME_LIMIT_S, env=inherited,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    order, filled = (np.load(folder / f"fills.{name}.npy").tolist() for name in ("order", "time"))
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told, dict(zip(order, filled, strict=True))


def compare_all(feed: Feed, grid: pl.DataFrame, latency_ns: int, folder: Path) -> Sequence[Comparison]:
    """Every model that both have."""
    return [compare(feed, grid, model, latency_ns, folder) for model in ours.MODELS]
