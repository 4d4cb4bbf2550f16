"""Prepare once, run many: each run is what one backtest alone gives, whatever ran before or beside it."""

from __future__ import annotations

import copy
import json
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest import Result
from barter_bt.columns.block import tables_of
from barter_bt.engine.replica import differences
from barter_bt.errors import BarterBtError, ConfigError, InstrumentError, StrategyError
from tests.backtest.runs import arguments, frame
from tests.engine import pinned
from tests.engine.pinned import RUNS, TABLES, differing, expected, pin

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "all": {
        "risk": {"position_quantity": 30, "order_rate": (3, "1h"), "drawdown": 0.9},
        "commands": pl.DataFrame(
            {"time": [frame()["time_exchange"][150]], "command": ["close_positions"]},
        ),
        "record": {"columns": ["instruments.quantity", "assets.free"]},
        "audit": "full",
        "start": frame()["time_exchange"][10],
        "end": frame()["time_exchange"][280],
        "seed": 7,
        "venues": bt.Venue(bt.Fees(taker="0.1%"), latency=bt.Latency(request_ns=1, response_ns=1, feed_ns=7)),
    },
}


class Counting:
    """Remembers how often it was asked: each run has its own."""

    wake = "bar_close"

    def __init__(self) -> None:
        self.asked = 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.asked += 1
        return [], [bt.OrderRequest("a_usd", 1.0 if self.asked % 4 < 2 else -1.0)]


def targets(s: Any, my: Any) -> None:
    my.variables.seen[0] += 1
    if my.variables.seen[0] % 5 == 0:
        bt.strategy.api.target(s, 0, float(my.variables.seen[0] % 3))


MEAN = pl.col("close").rolling_mean(20)
EVERY_TENTH = frame().gather_every(10).select("instrument", time="time_exchange", target=pl.int_range(pl.len()) % 3.0)
STRATEGIES: dict[str, Any] = {
    "expression": lambda: bt.Signals((pl.col("close") > MEAN) * 2.0),
    "look-ahead": lambda: bt.Signals((pl.col("close").shift(-1) > pl.col("close")) * 2.0),
    "frame": lambda: bt.Signals(EVERY_TENTH, size="units"),
    "compiled": lambda: bt.Compiled(targets, variables={"seen": 0}, wake="bar_close"),
    "python": Counting,
    "several": lambda: [Counting(), bt.Signals(EVERY_TENTH, name="tenth")],
}


def described(run: Result) -> str:
    """The configuration, without where an object of the user's lies in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", json.dumps(run.config))


def same(one: Result, other: Result) -> None:
    """All that can be seen of two runs is equal, but for the time that they took."""
    assert dict(one.digests) == dict(other.digests)
    assert one.warnings == other.warnings
    assert described(one) == described(other)
    assert one.data == other.data
    for name in (*TABLES, "record", "audit"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None)
        assert mine is None or mine.equals(theirs), name
    assert {k: {n: f.rows() for n, f in v.items()} for k, v in one.own.items()} == {
        k: {n: f.rows() for n, f in v.items()} for k, v in other.own.items()
    }
    assert (one.partial, one.seed, one.version, one.strategies) == (
        other.partial,
        other.seed,
        other.version,
        other.strategies,
    )


def simulation(**options: Any) -> bt.Simulation:
    return bt.Simulation(**(arguments() | options))


@pytest.mark.parametrize("option", OPTIONS)
def test_each_of_many_runs_is_what_a_backtest_alone_gives(option: str) -> None:
    """Twice each strategy, one after the other: what one run does reaches no other."""
    many = simulation(**OPTIONS[option])
    alone = {name: bt.backtest(strategy=make(), **(arguments() | OPTIONS[option])) for name, make in STRATEGIES.items()}
    for name in [*STRATEGIES, *reversed(STRATEGIES)]:
        same(many.run(STRATEGIES[name]()), alone[name])
    assert any(len(run.trades) for run in alone.values())


@pytest.mark.parametrize("name", RUNS)
def test_a_third_run_of_a_pinned_scenario_is_the_pinned_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every driver, kind of stream, option and expiry that pinned runs have."""

    def third(data: Any, strategy: Any, instruments: Any, **options: Any) -> Result:
        made = bt.Simulation(data, instruments, **{"balances": {"usd": 10_000}} | options)
        first = made.run(copy.deepcopy(strategy))
        made.run(
            bt.Schedule(
                pl.DataFrame(
                    {"time": [datetime(2020, 1, 1, tzinfo=UTC)], "instrument": first.index.names[0], "target": [1.0]}
                )
            )
        )
        last = made.run(copy.deepcopy(strategy))
        same(last, first)
        return last

    monkeypatch.setattr(pinned, "run", third)
    assert differing(pin(RUNS[name](True)), expected()[name]) == []


def test_runs_in_threads_are_those_alone() -> None:
    """Interpreted, many at once, also the first ones on a simulation."""
    makes = [STRATEGIES[name] for name in STRATEGIES] * 3
    many = simulation()
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda make: many.run(make()), makes))
    alone = {name: bt.backtest(strategy=make(), **arguments()) for name, make in STRATEGIES.items()}
    for k, result in enumerate(runs):
        same(result, alone[list(STRATEGIES)[k % len(STRATEGIES)]])


def test_a_run_that_fails_leaves_the_next_one_alone() -> None:
    class Fails(Counting):
        def generate_algo_orders(self, state: Any) -> Any:
            if self.asked == 5:
                raise RuntimeError("enough")
            return super().generate_algo_orders(state)

    many = simulation()
    with pytest.raises(StrategyError) as caught:
        many.run(Fails())
    assert len(caught.value.result.orders) == 5
    with pytest.raises(StrategyError, match="strategy is"):
        many.run(3)
    same(many.run(Counting()), bt.backtest(strategy=Counting(), **arguments()))


def test_a_run_goes_on_from_a_checkpoint_of_another(tmp_path: Path) -> None:
    """A backtest goes on from where a simulation's run was saved, and the other way round."""
    whole = bt.backtest(strategy=Counting(), **arguments())
    for k, (save, resume) in enumerate([(bt.backtest, simulation().run), (simulation().run, bt.backtest)]):
        path = tmp_path / f"{k}.checkpoint"
        given = {"checkpoint": bt.Checkpoint(path, every_rows=100)}
        for run, options in ((save, given), (resume, {"resume": path})):
            more = arguments() if run is bt.backtest else {}
            last = run(strategy=Counting(), **more, **options)
        assert last.digest == whole.digest


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"trading": "on"}, "trading is 'on'"),
        ({"audit": "some"}, "audit is 'some'"),
        ({"balances": {}}, "balances is empty"),
        ({"start": datetime(2999, 1, 1)}, "no time zone"),
        ({"start": datetime(2200, 1, 1, tzinfo=UTC)}, "no rows between start and end"),
        ({"record": {"columns": ["instruments.quanity"]}}, "cannot record 'instruments.quanity'"),
        ({"mark_every": "0s"}, "mark_every is '0s'"),
        ({"risk": {"by_instrument": {"c_usd": {"order_quantity": 1}}}}, "'c_usd'"),
    ],
)
def test_what_is_asked_wrongly_is_told_before_the_first_run(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, InstrumentError), match=message):
        simulation(**wrong)


def test_what_is_odd_about_the_data_is_told_in_each_run() -> None:
    """Dates that are read as closes: no row is wrong, and yet all may be."""
    prices = {name: [1.0, 2.0] for name in ("open", "high", "low", "close")}
    daily = pl.DataFrame({"date": ["2024-01-02", "2024-01-03"], **prices}).with_columns(pl.col("date").str.to_date())
    options: dict[str, Any] = {"instrument": "a_usd", "interval": "1d", "time_zone": "UTC"}
    stream = bt.data.candles(daily, columns={"date": "time_exchange"}, **options)
    many = bt.Simulation(stream, bt.Instrument("x", "a_usd"), balances={"usd": 9}, interpret=True)
    for _ in range(2):
        assert any("a day too early" in line for line in many.run(bt.Signals(pl.lit(0.0))).warnings)


def test_bad_rows_behind_the_first_chunk_are_told_in_each_run() -> None:
    """They are checked as they are read: a run that meets them is refused, as is the next."""
    bad = frame().with_columns(close=pl.when(pl.int_range(pl.len()) == 299).then(-1.0).otherwise("close"))
    parts = [frame()[k : k + 50] for k in range(0, 250, 50)]
    data = bt.data.candles(pl.concat([*parts, bad[250:]], rechunk=False))
    many = simulation(data=data)
    messages = set()
    for _ in range(3):
        with pytest.raises(BarterBtError) as caught:
            many.run(Counting())
        messages.add(str(caught.value))
    assert len(messages) == 1
    assert "close" in messages.pop()


def test_a_result_has_no_part_that_a_later_run_changes() -> None:
    """Nor warnings, which are found when they are asked for."""
    many = simulation(**OPTIONS["all"])
    first = many.run(STRATEGIES["expression"]())
    timings, state = dict(first.timings), [table.to_polars() for table in tables_of(first.state)]
    many.run(STRATEGIES["python"]())
    assert first.timings == timings
    assert all(table.to_polars().equals(was) for table, was in zip(tables_of(first.state), state, strict=True))
    assert first.warnings == simulation(**OPTIONS["all"]).run(STRATEGIES["expression"]()).warnings != []


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("option", OPTIONS)
def test_a_result_can_be_pickled(name: str, option: str, tmp_path: Path) -> None:
    """Tables, digests, figures, warnings, manifest, pictures' prices and replica are those of the run."""
    run = simulation(**OPTIONS[option]).run(STRATEGIES[name]())
    other = pickle.loads(pickle.dumps(run))
    same(other, run)
    assert repr(other.summary()) == repr(run.summary())
    assert other.timings == run.timings
    assert other.prices_to_draw().equals(run.prices_to_draw())
    assert other.prices().equals(run.prices_to_draw().drop("thinned"))
    names, span = ["a_usd"], (0, 2**62)
    assert [len(price) for _, _, price in other.price_pieces(names, span)] == [run.prices_to_draw().height]
    assert (other.prices_spacing_ns, run.prices_spacing_ns) == (0, 0)
    if option == "all":
        assert differences(other.state, other.replica().state) == []
    saved = [bt.read(each.save(tmp_path / f"{k}")) for k, each in enumerate((run, other))]
    assert saved[0].manifest["files"] == saved[1].manifest["files"]
    same(pickle.loads(pickle.dumps(other)), run)


def test_what_a_failed_run_did_travels_with_its_error() -> None:
    class Fails(Counting):
        def generate_algo_orders(self, state: Any) -> Any:
            assert self.asked < 5, "enough"
            return super().generate_algo_orders(state)

    with pytest.raises(StrategyError) as caught:
        simulation().run(Fails())
    error = pickle.loads(pickle.dumps(caught.value))
    assert (str(error), error.hint) == (str(caught.value), caught.value.hint)
    assert error.result.partial
    assert error.result.digest == caught.value.result.digest


def test_signals_across_instruments_and_of_own_columns_are_the_same_in_each_run() -> None:
    """The candles are sorted in the first runs, and kept so from the second on; columns are read when one asks."""
    frame_of_two = frame(300, 2).with_columns(mood=pl.col("close").hash(seed=1) % 3)
    data = bt.data.candles(frame_of_two)
    best = bt.Signals((pl.col("close").pct_change(3).over("instrument").rank().over("time") > 1) * 2.0)
    moody = bt.Signals((pl.col("mood").cast(pl.Float64).mean().over("time") > 1) * 1.0)
    many = simulation(instruments=arguments(2)["instruments"], data=data)
    for one in (best, moody, best, moody, best):
        same(many.run(one), bt.backtest(strategy=one, **(arguments(2) | {"data": data})))
