"""The shortest ways of a run of targets on candles: what they leave out is as if it had been (decision 80)."""

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
from barter_bt.simulation import candles as of_candles
from barter_bt.simulation import loop
from barter_bt.simulation import single as of_single
from barter_bt.testing.scenario import Scenario, Seeded, make_simple
from barter_bt.testing.strategies import accepted, scenarios
from tests.draws import draws
from tests.engine.drawn import simple
from tests.engine.tiny import A, B, Watch, candles, run, schedule, stamps, table, trades
from tests.reference.compare import assert_agree, fast

# What nobody looks at again: turns of the loop; of the venue what its own rows of orders and its queues were.
UNLIKE = {
    ("engine", "turns"),
    ("engine", "turn_time"),
    ("markets", "candle_offer"),
    ("markets", "open_given"),
    ("clock", "instant"),
}
OWN_TABLES = {"orders", "matches", "sent"}
BARS = candles((0, 10, 100, 100, 100, 100), (10, 20, 101, 101, 101, 101), (20, 30, 99, 99, 99, 99))
LATER = candles((0, 10, 100, 100, 100, 100), (11, 20, 101, 101, 101, 101), (20, 30, 99, 99, 99, 99))


@contextmanager
def counted() -> Iterator[list[int]]:
    """What comes of each target that may be filled instantly."""
    found: list[int] = []
    real = loop.fill_instantly

    def fill(*arguments: Any) -> int:
        found.append(real(*arguments))
        return found[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "fill_instantly", fill)
        patch.setattr(of_candles, "fill_instantly", fill)
        yield found


def assert_same_columns(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for name, other in theirs.items():
        for column, code in getattr(other, "schema", {}).items():
            if code[0] != "*" and (name, column) not in UNLIKE:
                assert ours[name].array(column).tobytes() == other.array(column).tobytes(), f"{name}.{column}"


CLOSED: dict[str, tuple[Any, str, Any]] = {
    "orders of one instant": (loop, "may_fill_instantly", lambda s, v: False),
    "targets that are met": (of_candles, "pass_met", lambda s, now: now),
    "of one instrument": (of_single, "pass_met", lambda s, now: now),
    "candles that are not kept": (of_candles, "replay_single", lambda s, f, c, limit: s.agenda.due[MARK]),
    "candles of one instrument": (of_candles, "is_single", lambda s, f, c: False),
    "closes of several instruments": (of_candles, "replay_closes", lambda s, *_: s.agenda.due[MARK]),
    "a position alone": (of_candles, "held_alone", lambda s: -1),
}


@pytest.mark.parametrize("way", CLOSED)
@settings(max_examples=draws(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenario=simple() | simple() | scenarios())
def test_a_longer_way_gives_the_same(way: str, scenario: Scenario) -> None:
    with accepted():
        instant = fast(scenario, interpret=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*CLOSED[way])
        longer = fast(scenario, interpret=True)
    assert dict(instant.digests) == dict(longer.digests)
    assert_same_columns(instant.state.tables(), longer.state.tables())
    kept = {name: table for name, table in longer.venue.tables().items() if name not in OWN_TABLES}
    assert_same_columns(instant.venue.tables(), kept)


def test_the_rules_agree_where_it_is_taken() -> None:
    with counted() as found:
        for seed in range(40):
            assert_agree(make_simple(Seeded(seed)), interpret=True)
    assert sum(found) > 10
    assert found.count(0) > 10


@pytest.mark.skipif(interprets(), reason="the compiler is switched off")
@pytest.mark.parametrize("seed", range(12))
def test_the_rules_agree_compiled(seed: int) -> None:
    assert_agree(make_simple(Seeded(seed)))


SOLD = ({"at": 10, "target": 2}, {"at": 20, "target": 0})


def test_of_several_targets_of_one_time_all_are_asked_for_first() -> None:
    """Shares of the equity before the first of them, whose fee would leave less for the second."""
    rows = ((0, 10, 100, 100, 100, 100), (10, 20, 100, 100, 100, 100))
    bars = candles(*((*row, name) for row in rows for name in ("a_usd", "b_usd")))
    with counted() as found:
        run(bars, schedule({"at": 10, "target": 2, "on": "b_usd"}, {"at": 10, "target": 2, "on": "a_usd"}), [A, B])
    assert found == [0]


@pytest.mark.parametrize(
    ("bars", "rows", "options", "filled"),
    [
        (BARS, SOLD, {}, [1, 1]),
        (BARS, SOLD, {"balances": {"usd": 1}}, [0]),  # nothing can be bought, and so nothing is missing afterwards
        (BARS, ({"at": 11, "target": 2}, {"at": 20, "target": 0}), {}, [0, 1]),
        (LATER, SOLD, {}, [0, 1]),  # no candle opens at the first one's close
        (BARS, ({"at": 10, "target": 2, "till": 15}, {"at": 20, "target": 0}), {}, [0, 1]),
        (BARS, ({"at": 10, "target": 2}, {"at": 10, "buy": 1}, {"at": 20, "target": 0}), {}, [0, 1]),
        (BARS, SOLD, {"venues": bt.Venue(latency=bt.Latency(0, 1))}, []),
        (BARS, SOLD, {"venues": bt.Venue(latency=bt.Latency(1, 0))}, []),
        (BARS, SOLD, {"venues": bt.Venue(slippage=bt.Slippage(ticks=1))}, []),
        (BARS, SOLD, {"venues": bt.Venue(candle_fill="next_close")}, []),
        (BARS, SOLD, {"mark_every": "5ns"}, []),
        (BARS, SOLD, {"audit": "actions"}, []),
        (BARS, SOLD, {"risk": bt.Limits(order_quantity=5)}, []),
    ],
)
def test_who_takes_it(bars: Any, rows: Any, options: dict[str, Any], filled: list[int]) -> None:
    with counted() as found:
        run(bars, schedule(*rows), **options)
    assert found == filled


def test_others_of_its_time_may_ask_for_nothing() -> None:
    rows = ((0, 10, 100, 100, 100, 100), (10, 20, 100, 100, 100, 100), (20, 30, 100, 100, 100, 100))
    bars = candles(*((*row, name) for row in rows for name in ("a_usd", "b_usd")))
    plan = [
        {"at": at, "target": target, "on": on} for at in (10, 20) for on, target in (("b_usd", at // 5), ("a_usd", 0))
    ]
    with counted() as found:
        result = run(bars, schedule(*plan), [A, B])
    assert found == [1, 1]
    assert result.state.engine.sequence[0] == 1 + 6 + 4 + 2 * 5


def test_one_that_listens_does_not() -> None:
    with counted() as found:
        run(BARS, [schedule(*SOLD), Watch(lambda state: None)])
    assert found == []


def test_targets_that_are_met_are_passed() -> None:
    """Of five rows that ask for nothing: the first and the last candle are left to the loop."""
    bars = candles(*((10 * k, 10 * (k + 1), 100, 100, 100, 100) for k in range(7)))
    rows = [{"at": 10 * (k + 1), "target": target} for k, target in enumerate((0, 2, 2, 2, 0, 0, 0))]
    passed: list[bool] = []
    real = of_single.pass_met

    def one(s: Any, now: int) -> int:
        planned = real(s, now)
        passed.append(planned > now)
        return planned

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of_single, "pass_met", one)
        result = run(bars, schedule(*rows))
    assert passed.count(True) == 3
    assert result.state.engine.sequence[0] == 1 + 7 + 7 + 2 * 5  # the first balances, candles, rows, orders


def test_candles_of_others_may_open_with_its_own() -> None:
    rows = ((0, 10, 100, 100, 100, 100), (10, 20, 101, 101, 101, 101), (20, 30, 99, 99, 99, 99))
    both = [candles(*rows, instrument=name) for name in ("a_usd", "b_usd")]
    with counted() as found:
        result = run(both, schedule({"at": 10, "target": 2, "on": "b_usd"}), [A, B])
    assert found == [1]
    assert result.trades["price"].to_list() == [101.0]


def test_data_that_is_still_to_be_read_is_read_first() -> None:
    """Of a stream in pieces, of which one ends at the order's time and the next may begin with a candle of then."""
    rows = ((0, 10, 100, 100, 100, 100), (10, 20, 101, 101, 101, 101), (20, 30, 99, 99, 99, 99))
    frame = candles(*rows).frame().collect()
    pieces = bt.data.candles(pl.concat([frame[k : k + 1] for k in range(3)], rechunk=False))
    with counted() as found:
        result = run(pieces, schedule({"at": 10, "target": 2}))
    assert sum(found) == 0
    assert result.trades["price"].to_list() == [101.0]


def test_an_order_below_the_minimum_is_rejected() -> None:
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1, quantity_min=3)
    result = run(BARS, schedule({"at": 10, "target": 2}), one)
    assert result.orders["reason"].to_list() == ["below_minimum"]


def test_a_target_that_is_nearly_there_is_left_alone() -> None:
    with counted() as found:
        result = run(BARS, schedule({"at": 10, "target": 20}, {"at": 20, "target": 21}, band=0.1))
    assert found[0] == sum(found) == 1
    assert result.orders["quantity"].to_list() == [20]


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize("names", [("a_usd",), ("a_usd", "b_usd")])
def test_a_command_comes_before_a_target_that_was_met(names: tuple[str, ...], *, validate: bool) -> None:
    """It closes the position, so that the target is missing again (rule 10)."""
    stop = bt.Commands(pl.DataFrame({"time": stamps([20]), "command": ["close_positions"]}))
    rows = [(10 * k, 10 * (k + 1), 100, 100, 100, 100, name) for k in range(4) for name in names]
    plan = schedule({"at": 10, "target": 2}, {"at": 20, "target": 2})
    result = run(candles(*rows, validate=validate), plan, [A, B][: len(names)], commands=stop)
    assert table(result.orders, "side", "time_sent") == [("buy", 10), ("sell", 20), ("buy", 20)]


def test_an_old_candle_marks_nothing() -> None:
    """A trade at 25 is known when the candle of 20 comes, at 26."""
    bars = candles(
        (0, 10, 100, 100, 100, 100), (10, 20, 50, 50, 50, 50), (30, 40, 100, 100, 100, 100), (40, 50, 9, 9, 9, 9)
    )
    frame = bars.frame().collect().with_columns(time_received=stamps([10, 26, 40, 50]))
    plan = schedule({"at": 10.5, "buy": 1})
    result = run([bt.data.candles(frame), trades((1, 100, 9), (11, 100, 9), (25, 200, 9))], plan)
    assert table(result.equity, "time", "equity")[2] == (26, 10_100)


@pytest.mark.parametrize("bad", [(100, 100, 100.5, 100.5), (100, 99, 98, 100), (100, 100, 100, -100)])
def test_a_malformed_candle_is_refused_though_nobody_checks_the_rows(bad: tuple[float, ...]) -> None:
    rows = [(10 * k, 10 * (k + 1), 100, 100, 100, 100) for k in range(5)]
    rows[2] = (20, 30, *bad)
    with pytest.raises(DataError):
        run(candles(*rows, validate=False), schedule({"at": 45, "target": 1}))


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("names", [("a_usd",), ("a_usd", "b_usd")])
def test_a_close_off_the_grid_is_refused_though_it_is_one_between_low_and_high(
    names: tuple[str, ...], target: int
) -> None:
    """Those who look at rows before a run do not go by the instrument's tick."""
    rows = [(10 * k, 10 * (k + 1), 100, 101, 100, 100.5 * (k == 2) or 100, name) for k in range(5) for name in names]
    with pytest.raises(DataError, match=f"row {2 * len(names)}"):
        run(candles(*rows), schedule({"at": 5, "target": target}), [A, B][: len(names)])


def test_of_each_instrument_the_last_candle_is_known() -> None:
    c_usd = bt.Instrument("x", "c_usd", price_increment=1, quantity_increment=1)
    last = {"a_usd": 5, "b_usd": 7, "c_usd": 6}  # numbers of their last candles
    rows = [
        (10 * k, 10 * k + 9, k + 1, k + 4, k + 1, k + 3, name, k + 5)
        for k in range(8)
        for name, end in last.items()
        if k <= end
    ]
    frame = (
        candles(*(row[:7] for row in rows))
        .frame()
        .collect()
        .with_columns(volume=pl.Series([float(row[7]) for row in rows]))
    )
    result = run(bt.data.candles(frame), schedule({"at": 5, "target": 1}), [A, B, c_usd])
    ins = result.state.instruments
    known = [[ins.array(name)[i] for name in ("open", "high", "low", "close", "volume")] for i in range(3)]
    assert known == [[k + 1, k + 4, k + 1, k + 3, k + 5] for k in last.values()]


def test_candles_that_arrive_at_one_time_leave_one_mark() -> None:
    closes = (100, 101, 102, 103, 104, 105, 106)
    rows = [(10 * k, 10 * (k + 1), close, close, close, close) for k, close in enumerate(closes)]
    frame = candles(*rows).frame().collect()
    late = frame.with_columns(time_received=stamps([10, 20, 45, 45, 55, 65, 75]))
    result = run(bt.data.candles(late), schedule({"at": 5, "buy": 1}))
    bought = result.trades["price"][0]
    held = [(at, 10_000 + close - bought) for at, close in ((45, 103), (55, 104), (65, 105), (75, 106))]
    assert table(result.equity, "time", "equity")[-4:] == held


def test_a_worth_that_floats_do_not_tell_is_worked_out_as_ever() -> None:
    rows = [(10 * k, 10 * (k + 1), *[100 + k] * 4) for k in range(6)]
    lots = 10**9
    result = run(candles(*rows), schedule({"at": 10, "target": lots}), balances={"usd": 10**12})
    assert table(result.equity, "time", "equity")[-3:] == [
        (at, 10**12 + lots * (k - 1)) for k, at in ((3, 40), (4, 50), (5, 60))
    ]
