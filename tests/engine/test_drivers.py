"""One engine, three drivers, two modes: the same decisions give the same tables, bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.data import generate
from barter_bt.strategy.api import cancel_all, limit_buy, limit_sell, position, price, round_price, sell, target

ROOT = Path(__file__).parents[2]
FAST, SLOW, PER_UNIT = 5, 15, 1e6
WALK = bt.Instrument("x", "walk_usd", price_increment="0.0001", quantity_increment="0.001")


def steps(value: float) -> int:
    return int(value * PER_UNIT + 0.5)


def sma(s: Any, my: Any) -> None:
    """The crossing of exact sums, from a ring of the last closes."""
    at = my.shared
    n = at.seen[0]
    close = steps(s.instruments.close[0])
    at.fast[0] += close - (ring_at(my, n - FAST) if n >= FAST else 0)
    at.slow[0] += close - (ring_at(my, n - SLOW) if n >= SLOW else 0)
    ring_put(my, n, close)
    gap = at.fast[0] * SLOW - at.slow[0] * FAST
    if n >= SLOW:
        if gap > 0 and at.before[0] <= 0:
            target(s, 0, 1.0)
        elif gap < 0 and at.before[0] >= 0:
            target(s, 0, 0.0)
    at.before[0] = gap
    at.seen[0] = n + 1


def ring_at(my: Any, n: int) -> int:
    return my.ring.value[n % SLOW]


def ring_put(my: Any, n: int, value: int) -> None:
    my.ring.value[n % SLOW] = value


class Ring(bt.Compiled):
    """The compiled form, with a table of its own for the ring."""

    def _tables(self, instruments: int) -> Any:
        from barter_bt.columns.table import make_block, make_table

        block = super()._tables(instruments)
        ring = make_table("Ring", {"value": "i8"})(SLOW)
        return make_block("My", {**block.layout, "ring": type(ring)})(**block.tables(), ring=ring)


class Sma:
    """The Python form."""

    wake = "candle"

    def __init__(self) -> None:
        self.closes: list[int] = []
        self.before = 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.closes.append(steps(state.raw.instruments.close[0]))
        gap = sum(self.closes[-FAST:]) * SLOW - sum(self.closes[-SLOW:]) * FAST
        before, self.before = self.before, gap
        if len(self.closes) <= SLOW:
            return None
        have = state.position("walk_usd") + state.working("walk_usd")
        if gap > 0 and before <= 0 and have < 1:
            return [], [bt.OrderRequest("walk_usd", 1 - have, cut=True)]
        if gap < 0 and before >= 0 and have > 0:
            return [], [bt.OrderRequest("walk_usd", -have, cut=True)]
        return None


def forms() -> dict[str, Any]:
    from barter_bt.strategy import Python
    from barter_bt.strategy.builtin import SmaCross

    shared = {"seen": 0, "fast": 0, "slow": 0, "before": 0}
    return {
        "signals": SmaCross(FAST, SLOW, name="sma"),
        "compiled": Ring(sma, shared=shared, wake="candle", name="sma"),
        "python": Python(Sma(), name="sma"),
    }


def run_sma(form: str, interpret: bool, rows: int = 2_000) -> bt.Result:
    candles = bt.data.candles(generate.candles(rows, instrument="walk_usd"))
    venue = bt.Venue(fees=bt.Fees(0.001, 0.002), latency=bt.Latency(request_ns=50_000_000, response_ns=7))
    return bt.backtest(candles, WALK, forms()[form], balances={"usd": 1_000}, venues=venue, interpret=interpret)


@pytest.fixture(scope="module")
def expected() -> bt.Result:
    return run_sma("signals", True)


@pytest.mark.parametrize("interpret", [True, False], ids=["interpreted", "compiled"])
@pytest.mark.parametrize("form", ["signals", "compiled", "python"])
def test_three_drivers_agree(expected: bt.Result, form: str, interpret: bool) -> None:
    """Same digest of orders, trades, positions and balances, and the same equity."""
    result = run_sma(form, interpret)
    assert expected.trades.height > 100
    assert result.trades.equals(expected.trades)
    assert dict(result.digests) == dict(expected.digests)


def quoter(s: Any, my: Any) -> None:
    """Two limit orders around the price, renewed every hundred events; sells what it holds now and then."""
    my.shared.seen[0] += 1
    i = s.event.instrument[0]
    if my.shared.seen[0] % 100 == 0 and price(s, i) > 0.0:
        cancel_all(s, i)
        limit_buy(s, i, 0.5, round_price(s, i, price(s, i) - 0.01))
        limit_sell(s, i, 0.5, round_price(s, i, price(s, i) + 0.01), post_only=1)
        if position(s, i) > 2.0:
            sell(s, i, 1.0)


@pytest.mark.parametrize("latency", [bt.Latency(), bt.Latency(3_000_000, 2_000_000, 1_000_000)], ids=["none", "some"])
@pytest.mark.parametrize("account", ["cash", "margin"])
def test_interpreted_is_compiled(latency: bt.Latency, account: Any) -> None:
    """A market maker on quotes and trades of three instruments, with cancels."""
    names = generate.trades(3_000)["instrument"].unique().cast(pl.String).sort().to_list()
    instruments = [bt.Instrument("x", n, price_increment="0.01", quantity_increment="0.001") for n in names]
    venue = bt.Venue(fees=bt.Fees(-0.0001, 0.001), latency=latency, account=account, margin=bt.Margin(0.5))
    data = [bt.data.quotes(generate.quotes(3_000)), bt.data.trades(generate.trades(3_000))]
    runs = [
        bt.backtest(
            data,
            instruments,
            bt.Compiled(quoter, shared={"seen": 0}, wake="market"),
            balances={"usd": 10_000},
            venues=venue,
            interpret=interpret,
        )
        for interpret in (True, False)
    ]
    assert runs[0].orders.height > 50
    assert dict(runs[0].digests) == dict(runs[1].digests)
    accounts = runs[0].venue.accounts
    for asset in range(len(accounts)):
        assert accounts.total[asset] + accounts.counterparty[asset] + accounts.fees[asset] == 0


def test_two_processes_one_digest(expected: bt.Result) -> None:
    """Whatever the hash seed."""
    code = "from tests.engine.test_drivers import run_sma; print(run_sma('signals', True).digest)"
    for seed in ("0", "77"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == expected.digest


def loop_calls() -> None:
    """Fail if reference counting or the interpreter is called from the compiled loop."""
    from barter_bt.columns import kernel

    run_sma("compiled", False, rows=100)
    bodies = []
    for entry in kernel._entries.values():
        text = "\n".join(entry.inspect_llvm().values())
        for body in text.split("\ndefine ")[1:]:
            head, _, rest = body.partition("{")
            if "engine6replay" in head or "4loop3run" in head:
                bodies.append(rest.split("\n}")[0])
    assert bodies
    for body in bodies:
        assert "NRT_incref" not in body
        assert "NRT_decref" not in body
        assert "@Py" not in body


def test_the_hot_loop_counts_no_references(tmp_path: Path) -> None:
    """Read the compiled loop, in a process without a cache: what comes from a cache cannot be read."""
    code = "from tests.engine.test_drivers import loop_calls; loop_calls()"
    environment = {**os.environ, "BARTER_BT_CACHE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_streaming_is_in_memory(tmp_path: Path, expected: bt.Result) -> None:
    """Many row groups, other compression: one digest."""
    frame = generate.candles(2_000, instrument="walk_usd")
    frame.write_parquet(tmp_path / "candles.parquet", row_group_size=97, compression="snappy")
    venue = bt.Venue(fees=bt.Fees(0.001, 0.002), latency=bt.Latency(request_ns=50_000_000, response_ns=7))
    for interpret in (True, False):
        result = bt.backtest(
            bt.data.candles(tmp_path / "candles.parquet"),
            WALK,
            forms()["signals"],
            balances={"usd": 1_000},
            venues=venue,
            interpret=interpret,
        )
        assert dict(result.digests) == dict(expected.digests)
