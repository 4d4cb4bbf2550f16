"""``HFTBACKTEST.md``: fills beside each other, reasons, speed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import polars as pl

from benchmarks.fills.compare import Comparison
from benchmarks.fills.explain import HABITS
from benchmarks.fills.feed import MS, Feed
from benchmarks.machine import machine
from benchmarks.tables import count, markdown, number

INTRO = """\
# Fills beside hftbacktest's

Written by `python -m benchmarks.fills --data DIR`; every figure is of that one run. Both engines replay the same
capture of Binance's perpetual BTCUSDT, trades and changes of depth by the exchange's times, and get the same orders: a
grid maker that every half second cancels what it has and puts post-only orders of one lot at five prices of each side,
with a constant latency. What it quotes does not depend on its fills, so that each order can be compared with itself.
Both use the same models of queues: `conservative` is their risk-adverse model, `power` their `power_prob_queue_model`,
`logarithmic` their `log_prob_queue_model`, `relative power` their `power_prob_queue_model3`.

A program of its own (`benchmarks/fills/explain.py`) follows every order by hand. With the rules of barter_bt it must
fill as barter_bt does, with the habits of hftbacktest listed below as hftbacktest does. Where the two differ, the
fewest habits that turn the one fill into the other are the reason."""


def page(feed: Feed, grid: pl.DataFrame, latency_ns: int, found: Sequence[Comparison]) -> str:
    """The whole page."""
    about = (
        f"{count(feed.trades.height)} trades and {count(feed.book.height)} changes of levels; {count(grid.height)} "
        f"orders, {latency_ns / MS:g} ms from either side to the other; hftbacktest {found[0].version}."
    )
    parts = [
        INTRO, about,
        "## Fills", _fills(grid.height, found),
        "## Why they differ", _reasons(found), _habits(),
        "## Events a second", _speed(found), markdown(("", ""), machine().items()),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _fills(orders: int, found: Sequence[Comparison]) -> str:
    header = (
        "model", "filled here", "there", "at the same time", "only here", "only there", "at another time",
        "neither", "by hand as here", "as there",
    )  # fmt: skip
    rows = []
    for one in found:
        both = one.ours.keys() & one.theirs.keys()
        numbers = [
            len(one.ours), len(one.theirs), one.same, len(one.ours) - len(both), len(one.theirs) - len(both),
            len(both) - one.same, orders - len(one.ours.keys() | one.theirs.keys()), *(orders - n for n in one.unlike),
        ]  # fmt: skip
        rows.append([one.model, *map(count, numbers)])
    why = [
        [one.model, *(count(Counter(one.why.values())[name]) for name in ("queue", "traded_through", "crossed"))]
        for one in found
    ]
    names = ("model", "`queue`", "`traded_through`", "`crossed`")
    return markdown(header, rows) + "\n\nOur fills by their reason:\n\n" + markdown(names, why)


def _reasons(found: Sequence[Comparison]) -> str:
    kinds = sorted({kind for one in found for kind in one.differences}, key=str)
    rows = [
        [
            "not explained" if kind is None else " and ".join(kind),
            *(count(one.differences.get(kind, 0)) for one in found),
        ]
        for kind in kinds
    ]
    return markdown(("habit", *(one.model for one in found)), rows)


def _habits() -> str:
    return "\n".join(f"- *{name}*: {words}." for name, words in HABITS.items())


def _speed(found: Sequence[Comparison]) -> str:
    rows = [
        [
            one.model,
            *(f"{number(s)} s" for s in one.seconds),
            *(f"{number(one.rows / s / 1e6)} M/s" for s in one.seconds),
        ]
        for one in found
    ]
    text = (
        "Medians of three runs, behind one that compiles. Ours contain the whole of `Simulation.run`, all journals, "
        "and the tables of orders and trades; theirs the loop alone, with their recorder of balances once a step, "
        "which is what they have for a journal: it has no orders and no fills."
    )
    return text + "\n\n" + markdown(("model", "here", "there", "events here", "there"), rows)
