"""Every kind of strategy on every combination of streams: the same events, however they are divided into streams."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy.api import target
from tests.engine.tiny import A, B, candles, quotes, run, stamps, table, trades

PATH = {10: 10, 20: 0, 30: 30, 40: 40, 50: 20}  # by time, what is added to the price
NAMES = ("a_usd", "b_usd")
KINDS = ("trades", "quotes", "candles")
SHAPES = ("one", "each", "halves", "each named")
COMBINATIONS = [
    *product(("none", "one", "each"), repeat=3),
    *(shapes for shape in SHAPES[2:] for shapes in product(("none", shape), repeat=3)),
]


def rows(kind: str) -> pl.DataFrame:
    """Events of two instruments every ten seconds, at prices that fall and rise."""
    make: dict[str, Callable[..., bt.data.Stream]] = {"trades": trades, "quotes": quotes, "candles": candles}
    parts = []
    for name, price in zip(NAMES, (100, 50), strict=True):
        values = {
            "trades": [(t, price + up, 1000) for t, up in PATH.items()],
            "quotes": [(t, price + up - 1, 1000, price + up + 1, 1000) for t, up in PATH.items()],
            "candles": [(t - 10, t, *(price + up,) * 4) for t, up in PATH.items()],
        }
        parts.append(make[kind](*values[kind], instrument=name).frame().collect())
    return pl.concat(parts).sort("time_exchange", "instrument")


def divided(kind: str, shape: str) -> list[bt.data.Stream]:
    """The events of a kind: none, in one stream, in one for each instrument, or one after the other in two."""
    make: dict[str, Callable[..., bt.data.Stream]] = {
        "trades": bt.data.trades,
        "quotes": bt.data.quotes,
        "candles": bt.data.candles,
    }
    frame = rows(kind)
    own = [frame.filter(pl.col("instrument") == name) for name in NAMES]
    parts = {"none": [], "one": [frame], "each": own, "halves": [frame[:4], frame[4:]], "each named": []}[shape]
    if shape == "each named":
        return [make[kind](one.drop("instrument"), instrument=name) for one, name in zip(own, NAMES, strict=True)]
    return [make[kind](one) for one in parts]


FRAME = pl.DataFrame({"time": stamps([20, 40]), "a_usd": [1.0, 3.0], "b_usd": [2.0, 0.0]})
ORDERS = pl.DataFrame(
    {"time": stamps([20, 20]), "instrument": NAMES, "action": ["open"] * 2, "quantity": [1.0, 2.0]},
)


def hold(s: Any, my: Any) -> None:
    for i in range(len(s.instruments)):
        target(s, i, 2.0)


class Holding:
    """One of each at its first event."""

    wake = "market"

    def __init__(self) -> None:
        self.done: set[int] = set()

    def generate_algo_orders(self, state: Any) -> Any:
        if state.instrument in self.done:
            return [], []
        self.done.add(state.instrument)
        return [], [bt.OrderRequest(state.instrument, 1.0)]


def only(name: str, fraction: float) -> bt.Signals:
    wide = FRAME.select("time", pl.col(name) * fraction)
    return bt.Signals(wide, name=name)


DRIVERS: dict[str, Callable[[], Any]] = {
    "expression": lambda: bt.Signals((pl.col("close") > pl.col("close").shift(1)) * 1.0),
    "expression across": lambda: bt.Signals((pl.col("close").rank().over("time") > 1) * 1.0),
    "wide frame": lambda: bt.Signals(FRAME),
    "long frame": lambda: bt.Signals(FRAME.unpivot(index="time", variable_name="instrument", value_name="target")),
    "schedule": lambda: bt.Schedule(ORDERS),
    "compiled": lambda: bt.Compiled(hold, wake="market"),
    "python": Holding,
    "average cross": lambda: bt.strategy.builtin.SmaCross(1, 2),
    "buy and hold": bt.strategy.builtin.BuyAndHold,
    "several": lambda: [only("a_usd", 1.0), only("b_usd", 1.0), bt.Compiled(lambda s, my: None, wake="market")],
}
NEEDS_CANDLES = ("expression", "expression across", "average cross", "buy and hold")


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_combination_of_streams_runs_and_its_division_changes_nothing(driver: str) -> None:
    """The same orders at the same times, filled at the same times and prices."""
    found: dict[tuple[str, ...], list[Any]] = {}
    for shapes in COMBINATIONS:
        kinds = tuple(kind for kind, shape in zip(KINDS, shapes, strict=True) if shape != "none")
        if not kinds:
            continue
        data = [each for kind, shape in zip(KINDS, shapes, strict=True) for each in divided(kind, shape)]
        if driver in NEEDS_CANDLES and "candles" not in kinds:
            with pytest.raises(StrategyError, match="needs a stream of candles"):
                run(data, DRIVERS[driver](), [A, B])
            continue
        result = run(bt.data.MarketData.of(*data), DRIVERS[driver](), [A, B], mark_every="10s")
        tables = [
            sorted(table(result.orders, "time_sent", "instrument", "side", "quantity", "status")),
            sorted(table(result.trades, "time_exchange", "instrument", "side", "quantity", "price")),
            table(result.equity, "time", "equity")[-1],
        ]
        assert tables[1], shapes
        assert found.setdefault(kinds, tables) == tables, shapes


def test_two_streams_of_each_kind_are_one_digest_compiled_and_interpreted() -> None:
    data = [each for kind in KINDS for each in divided(kind, "each")]
    digests = {run(data, DRIVERS["expression across"](), [A, B], interpret=mode).digest for mode in (True, False)}
    assert len(digests) == 1


def test_candles_of_two_intervals_of_one_instrument_are_told() -> None:
    """An expression takes them as one sequence, which is hardly meant."""
    fine, coarse = divided("candles", "one"), candles((0, 50, 100, 150, 100, 150))
    result = run([*fine, coarse], bt.Signals(pl.lit(1.0)), [A, B])
    assert "a_usd has candles of several streams" in " ".join(result.warnings)
    assert run(divided("candles", "halves"), bt.Signals(pl.lit(1.0)), [A, B]).warnings == []
