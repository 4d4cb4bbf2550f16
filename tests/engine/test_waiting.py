"""Candles at which orders wait and none is reached: what is left out of them is as if it had been (decision 82)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

import barter_bt as bt
from barter_bt.columns.kernel import interprets
from barter_bt.engine.agenda import MARK
from barter_bt.errors import DataError
from barter_bt.simulation import replay
from barter_bt.testing.scenario import Scenario, Seeded, make_waiting
from barter_bt.testing.strategies import accepted, scenarios
from tests.draws import draws
from tests.engine.drawn import waiting
from tests.engine.test_instant import assert_same_columns
from tests.engine.tiny import Watch, candles, run, schedule, table
from tests.reference.compare import assert_agree, fast

FLAT = [(10 * k, 10 * (k + 1), 100, 101, 99, 100) for k in range(12)]


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many candles each look passes over."""
    found: list[int] = []
    real = replay.replay_waiting

    def pass_over(s: Any, v: Any, f: Any, c: int) -> int:
        row = f.row[c]
        marked = real(s, v, f, c)
        found.append(f.row[c] - row)
        return marked

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "replay_waiting", pass_over)
        yield found


@settings(max_examples=draws(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=waiting() | waiting() | waiting() | scenarios())
def test_the_longer_way_gives_the_same(scenario: Scenario) -> None:
    with accepted():
        short = fast(scenario, interpret=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "replay_waiting", lambda s, v, f, c: s.agenda.due[MARK])
        longer = fast(scenario, interpret=True)
    assert dict(short.digests) == dict(longer.digests)
    assert_same_columns(short.state.tables(), longer.state.tables())
    assert_same_columns(short.venue.tables(), longer.venue.tables())


def test_the_rules_agree_where_it_is_taken() -> None:
    with counted() as found:
        for seed in range(60):
            assert_agree(make_waiting(Seeded(seed)), interpret=True)
    assert sum(passed > 1 for passed in found) > 20
    assert found.count(0) > 20


@pytest.mark.skipif(interprets(), reason="the compiler is switched off")
@pytest.mark.parametrize("seed", range(12))
def test_the_rules_agree_compiled(seed: int) -> None:
    assert_agree(make_waiting(Seeded(seed)))


@pytest.mark.parametrize(
    ("order", "options", "passed"),
    [
        ({"buy": 1, "limit": 90}, {}, 10),  # from the second to the last but one
        ({"buy": 1, "limit": 99}, {}, 0),  # touched by each
        ({"buy": 1, "stop": 110}, {}, 10),
        ({"buy": 1, "stop": 101}, {}, 0),
        ({"buy": 1, "limit": 90, "till": 65}, {}, 5),
        ({"buy": 1}, {"venues": bt.Venue(candle_fill="next_close")}, 0),  # it takes the next
        ({"buy": 1, "stop": 110, "by": "last"}, {}, 0),
        (
            {"buy": 1, "limit": 90},
            {"venues": bt.Venue(latency=bt.Latency(0, 0, 5))},
            0,
        ),  # heard of later
        ({"buy": 1, "limit": 90}, {"venues": bt.Venue(candle_path="adaptive")}, 0),
        ({"buy": 1, "limit": 90}, {"venues": bt.Venue(participation=0.1)}, 0),
        ({"buy": 1, "limit": 90}, {"venues": bt.Venue(latency=bt.Latency(1, 1))}, 10),
        ({"buy": 1, "limit": 90}, {"mark_every": "5ns"}, 0),
        ({"buy": 1, "limit": 90}, {"audit": "full"}, 0),
    ],
)
def test_who_takes_it(order: dict[str, Any], options: dict[str, Any], passed: int) -> None:
    with counted() as found:
        run(candles(*FLAT), schedule({"at": 15, **order}), **options)
    assert max(found, default=0) == passed


@pytest.mark.parametrize("how", ["delay", "arrivals"])
def test_an_engine_that_hears_of_candles_later_does_not(how: str) -> None:
    """Where each opens after that, so that the venue is one ahead all the same."""
    bars = candles(*((20 * k, 20 * k + 10, 100, 101, 99, 100) for k in range(8)))
    delay = bt.Venue(latency=bt.Latency(feed_ns=5 * 10**9 if how == "delay" else 0))
    if how == "arrivals":
        frame = bars.frame().collect()
        bars = bt.data.candles(frame.with_columns(time_received=pl.col("time_exchange") + pl.duration(seconds=5)))
    with counted() as found:
        result = run(bars, schedule({"at": 11, "buy": 1, "limit": 90}), venues=delay)
    assert max(found) == 0
    assert len(found) > 3
    assert table(result.equity, "time")[1:3] == [(15,), (35,)]


def test_one_that_listens_does_not() -> None:
    with counted() as found:
        run(candles(*FLAT), [schedule({"at": 15, "buy": 1, "limit": 90}), Watch(lambda state: None)])
    assert found == []


def test_an_order_is_filled_at_the_first_candle_that_reaches_it() -> None:
    bars = [*FLAT, (120, 130, 100, 100, 89, 95), (130, 140, 95, 95, 95, 95)]
    with counted() as found:
        result = run(candles(*bars), schedule({"at": 15, "buy": 1, "limit": 90}))
    assert max(found) > 5
    assert table(result.trades, "time_exchange", "price") == [(130, 90)]
    assert table(result.equity, "time", "equity")[-2:] == [(130, 10_005), (140, 10_005)]


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("far", range(5, 11))
def test_a_position_is_liquidated_at_the_first_candle_that_leaves_it_uncovered(side: int, far: int) -> None:
    """Ten lots of 100 on 120, of which a twentieth must be there: candle by candle a tick further, and back again."""
    perp = bt.Instrument("x", "a_usd", kind="perpetual", price_increment=1, quantity_increment=1)
    venue = bt.Venue(margin=bt.Margin("0.1", maintenance="0.05"))
    extremes = [0] * 5 + [k for k in range(far) for _ in range(2)] + [far] + [0] * 4
    bars = [
        (10 * k, 10 * (k + 1), 100, max(100, 100 - side * out), min(100, 100 - side * out), 100)
        for k, out in enumerate(extremes)
    ]
    plan = schedule({"at": 15, "buy" if side > 0 else "sell": 10})
    with counted() as found:
        result = run(candles(*bars), plan, perp, balances={"usd": 120}, venues=venue)
    assert sum(found) > 5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "replay_waiting", lambda s, v, f, c: s.agenda.due[MARK])
        longer = run(candles(*bars), plan, perp, balances={"usd": 120}, venues=venue)
    assert result.orders.equals(longer.orders)
    assert ("liquidation" in result.orders["reason"].to_list()) == (far >= (8 if side > 0 else 7))


def test_post_only_knows_the_last_open_that_it_was_not_reached_by() -> None:
    """An order that has seen an open makes at the next that gaps through it, and is not expired by it."""
    bars = [*FLAT, (120, 130, 88, 89, 87, 88), (130, 140, 88, 88, 88, 88)]
    result = run(candles(*bars), schedule({"at": 15, "buy": 1, "limit": 90, "post_only": True}))
    assert table(result.trades, "price", "liquidity") == [(90, "maker")]


@pytest.mark.parametrize("latency", [0, 1])
def test_a_market_order_takes_the_next_open_beside_one_that_waits(latency: int) -> None:
    bars = [(10 * k, 10 * (k + 1), 100 + k % 2, 101, 99, 100) for k in range(12)]
    plan = schedule({"at": 15, "buy": 1, "limit": 90}, {"at": 35, "buy": 1}, {"at": 75, "buy": 1})
    result = run(candles(*bars), plan, venues=bt.Venue(latency=bt.Latency(latency, latency)))
    assert table(result.trades, "time_exchange", "price") == [(40, 100), (80, 100)]


@pytest.mark.parametrize("by", [{"trailing": 5}, {"trailing_rate": 0.005}])
@pytest.mark.parametrize("steps", range(1, 9))
@pytest.mark.parametrize("up", [1, -1])
def test_a_trailing_stop_follows_each_tick(by: dict[str, float], steps: int, up: int) -> None:
    """One that sells follows highs, one that buys lows, to the last; then prices come back as far as its distance."""
    moved = [0, 0, *range(steps + 1), *[steps - 1] * 4, *[steps - 5] * 3, -60, -60]
    bars = [(10 * k, 10 * (k + 1), *[1000 + up * ticks] * 4) for k, ticks in enumerate(moved)]
    plan = schedule({"at": 5, "sell" if up > 0 else "buy": 1, **by})
    with counted() as found:
        result = run(candles(*bars), plan, venues=bt.Venue(account="margin"))
    assert max(found) > 2
    assert table(result.trades, "price") == [(1000 + up * (steps - 5),)]


@pytest.mark.parametrize("activation", [1003, 1006])
def test_a_trailing_stop_is_activated_by_a_touch(activation: int) -> None:
    moved = [0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6, 6, 6, 4, 3, 2, 1, 0, 0, 0]
    bars = [(10 * k, 10 * (k + 1), *[1000 + ticks] * 4) for k, ticks in enumerate(moved)]
    plan = schedule({"at": 5, "sell": 1, "trailing": 2, "activation": activation})
    result = run(candles(*bars), plan, venues=bt.Venue(account="margin"))
    assert table(result.trades, "price") == [(1004,)]


def test_a_target_is_followed_where_an_order_waits() -> None:
    with counted() as found:
        result = run(candles(*FLAT), schedule({"at": 15, "buy": 1, "limit": 90}, {"at": 70, "target": 3}))
    assert max(found) > 2
    assert table(result.trades, "time_exchange", "quantity") == [(70, 2)]  # one is on its way


@pytest.mark.parametrize("name", ["open", "high", "low", "close"])
def test_a_price_off_the_grid_is_refused_where_an_order_waits(name: str) -> None:
    """Opens, highs and lows are no prices to those who do not look; here the venue would have."""
    frame = candles(*((a, b, 100, 102, 98, 100) for a, b, *_ in FLAT)).frame().collect()
    beside = pl.when(pl.int_range(pl.len()) == 6).then(pl.col(name) + 0.5).otherwise(pl.col(name))
    with pytest.raises(DataError, match="row 6"):
        run(bt.data.candles(frame.with_columns(beside)), schedule({"at": 15, "buy": 1, "limit": 90}))
