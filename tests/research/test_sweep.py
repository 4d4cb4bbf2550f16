"""Sweeps: a row is what a run of its own gives, whoever runs it, in whatever order, and however often it was ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, EngineError, StrategyError
from barter_bt.research import packing
from barter_bt.research.kept import KeptRows
from barter_bt.research.one_pass.figures import Run
from barter_bt.research.runs import Runs

BTC = bt.Instrument("x", "btc_usd", price_increment="0.0001")
WALK = bt.data.generate.candles(400, instrument="btc_usd", seed=2)
GRID = bt.grid(fast=(3, 5, 8), slow=(10, 20), where="fast < slow")


def simulation(fee="0.1%", data=WALK, **settings):
    given = {"balances": {"usd": 1_000}, "venues": bt.Venue(fees=fee), "interpret": True} | settings
    return bt.Simulation(bt.data.candles(data), BTC, **given)


def crossing(fast, slow, size="units"):
    mean = pl.col("close").rolling_mean
    return bt.Signals((mean(fast) > mean(slow)) * (1.0 if size == "units" else 0.5), size=size)


class Every:
    """In Python: in and out every so many bars."""

    name, wake = "every", "bar_close"

    def __init__(self, bars):
        self.bars, self.seen = bars, 0

    def generate_algo_orders(self, state):
        self.seen += 1
        if self.seen % self.bars:
            return [], []
        return [], [bt.OrderRequest("btc_usd", -1.0 if state.position("btc_usd") else 1.0)]


def in_and_out(s, my):
    my.variables.seen[0] += 1
    if my.variables.seen[0] % my.parameters.bars[0] == 0:
        if bt.strategy.api.position(s, 0) > 0:
            bt.strategy.api.close(s, 0)
        else:
            bt.strategy.api.buy(s, 0, 1.0)


def compiled(bars):
    return bt.Compiled(in_and_out, parameters={"bars": bars}, variables={"seen": 0}, wake="bar_close")


DRIVERS = {
    "signals": (crossing, {"fast": (3, 5), "slow": (10, 20)}),
    "a frame": (
        lambda bars: bt.Signals(
            WALK.select(time="time_exchange", instrument="instrument", target=pl.int_range(pl.len()) // bars % 2 * 1.0)
        ),
        {"bars": (5, 9)},
    ),
    "compiled": (compiled, {"bars": (5, 9)}),
    "python": (Every, {"bars": (5, 9)}),
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_n_sets_are_n_runs(driver):
    """Every figure and digest, for each of the drivers."""
    strategy, over = DRIVERS[driver]
    sim = simulation()
    found = bt.sweep(sim, strategy, over=over, figures=["sharpe", "trades", "fees"], workers=2)
    assert found.frame.height == bt.grid(**over).height
    for row in found.frame.rows(named=True):
        result = sim.run(strategy(**{name: row[name] for name in over}))
        summary = result.summary()
        assert {name: row[name] for name in found.figures} == {name: summary[name] for name in found.figures}
        assert row["digest"] in (result.digest, None)
    assert found.frame["trades"].min() > 0
    assert (found.frame["way"] == "one_pass").all() == (driver == "signals")
    assert found.run().digest == sim.run(strategy(**found.best())).digest


def test_results_do_not_depend_on_who_runs_them():
    """One thread or three, one pass or runs."""
    asked = {"over": GRID, "figures": ["sharpe", "total_return", "trades"]}
    found = [
        bt.sweep(simulation(), crossing, workers=workers, one_pass=one_pass, **asked)
        for workers, one_pass in ((1, True), (3, True), (2, False))
    ]
    assert len({each.digest for each in found}) == 1
    assert found[2].frame["way"].unique().to_list() == ["run"]
    assert found[2].frame["digest"].null_count() == 0


def test_processes_give_the_same():
    """Workers are started anew and map the data."""
    big = bt.data.generate.candles(3_000, instrument="btc_usd", seed=2)
    asked = {"over": {"fast": (3, 5), "slow": (10, 20)}, "figures": ["sharpe", "trades"], "workers": 2}
    threads, processes = (
        bt.sweep(simulation(data=big), bt.strategy.builtin.SmaCross, executor=kind, **asked)
        for kind in ("threads", "processes")
    )
    assert threads.digest == processes.digest


def test_processes_cannot_be_given_what_cannot_be_imported():
    with pytest.raises(StrategyError, match=r"define strategy .* in a module"):
        bt.sweep(simulation(), lambda fast: crossing(fast, 20), over={"fast": (3, 5)}, executor="processes")


def test_terms_are_dimensions():
    """A simulation made of parameters; those that are equal share one."""
    made = []

    def with_fee(fee):
        made.append(fee)
        return simulation(fee)

    found = bt.sweep(with_fee, crossing, over={"fee": ("0", "1%"), "fast": (3, 5), "slow": (20,)}, workers=1)
    assert made == ["0", "1%"]
    paid = found.frame.group_by("fee").agg(pl.col("fees").sum()).sort("fee")["fees"].to_list()
    assert paid[0] == 0 < paid[1]


def test_what_strategies_draw_depends_on_the_set_alone():
    """On the seed and the set, not on workers or order."""
    seeds = {}

    def drawing(bars, seed):
        seeds[bars] = seed
        return Every(bars)

    for workers in (1, 2):
        before = dict(seeds)
        bt.sweep(simulation(), drawing, over={"bars": (5, 9)}, seed=7, workers=workers)
        assert before in ({}, seeds)
    assert len(set(seeds.values())) == 2
    bt.sweep(simulation(), drawing, over={"bars": (9,)}, seed=7, workers=1)
    assert before[9] == seeds[9]


def test_a_sweep_goes_on_where_it_was_ended(tmp_path, monkeypatch):
    """Ctrl-C keeps what is done; the next sweep runs the rest, and both count as trials once."""
    whole = bt.sweep(simulation(), crossing, over=GRID)
    rows, ran = Runs.rows, []

    def some(plan, numbers):
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.extend(numbers)
        return rows(plan, numbers)

    monkeypatch.setattr(Runs, "rows", some)
    monkeypatch.setattr(Runs, "at_once", 1)
    first = bt.sweep(simulation(), crossing, over=GRID, workers=1, out=tmp_path / "kept")
    assert first.partial
    assert first.frame.height == 2
    ran.clear()
    monkeypatch.setattr(Runs, "rows", lambda plan, numbers: ran.extend(numbers) or rows(plan, numbers))
    second = bt.sweep(simulation(), crossing, over=GRID, workers=1, out=tmp_path / "kept")
    assert ran == [2, 3, 4, 5]
    assert (second.digest, second.partial, second.trials) == (whole.digest, False, GRID.height)
    more = bt.sweep(simulation(), crossing, over=bt.grid(fast=(3,), slow=(20, 30)), out=tmp_path / "kept")
    assert more.trials == GRID.height + 1


@pytest.mark.parametrize("other", ["fee", "data", "strategy", "figures"])
def test_kept_rows_are_not_taken_for_what_is_not_the_same(tmp_path, other):
    """Terms, data and code are in the key; other figures are computed again and are no new trial."""
    asked = {"over": {"fast": (3,), "slow": (10, 20)}, "workers": 1, "figures": ["sharpe"]}
    bt.sweep(simulation(), crossing, out=tmp_path, **asked)
    sims = {"fee": simulation("0.2%"), "data": simulation(data=WALK.head(300))}
    strategy = partial(crossing, size="equity") if other == "strategy" else crossing
    asked |= {"figures": ["calmar", "sharpe"]} if other == "figures" else {}
    found = bt.sweep(sims.get(other, simulation()), strategy, out=tmp_path, **asked)
    assert found.trials == (2 if other == "figures" else 4)
    assert found.frame["sharpe"].null_count() == 0


def test_a_damaged_file_is_told_of(tmp_path):
    (tmp_path / "part-1.parquet").write_text("no")
    with pytest.raises(ConfigError, match="computed again"):
        KeptRows(tmp_path)


def test_a_set_of_which_no_strategy_can_be_made_is_a_row():
    """What the user's function raises names the set; the others are there."""

    def scaled(n):
        return bt.Signals(pl.lit(1.0 / (n - 5)))

    found = bt.sweep(simulation(), scaled, over={"n": (6, 5)}, workers=1)
    assert any("the strategy of n=5 cannot be made: ZeroDivisionError" in note for note in found.notes)
    assert found.frame["total_return"].is_null().to_list() == [False, True]


def test_what_fails_is_a_row(tmp_path):
    """A set whose run raises has its error; the others are there."""

    def sometimes(fast):
        return bt.Signals(pl.col("close" if fast > 3 else "closed") > 1.0)

    found = bt.sweep(simulation(), sometimes, over={"fast": (3, 5)}, workers=1)
    assert "closed" in found.frame["error"][0]
    assert found.frame["error"][1] is None
    assert any("1 of 2 runs failed" in note for note in found.notes)
    with pytest.raises(ConfigError, match="the only run failed"):
        bt.sweep(simulation(), sometimes, over={"fast": (3,)})


def test_a_difference_between_pass_and_run_is_told(monkeypatch):
    """The first set is run both ways."""
    value = Run.value
    monkeypatch.setattr(Run, "value", lambda run, name: value(run, name) + 1 if name == "trades" else value(run, name))
    with pytest.raises(EngineError, match="a fault of barter_bt"):
        bt.sweep(simulation(), crossing, over={"fast": (3,), "slow": (10, 20)}, workers=1)


def test_a_sweep_from_a_start_is_one_pass():
    """Where one order is asked for at the start; where another follows at that very time, a run says what is filled."""
    start = datetime(2020, 1, 1, 4, tzinfo=UTC)

    def held(switch):
        return bt.Signals(pl.when(pl.int_range(pl.len()) < switch).then(2.0).otherwise(1.0))

    sets = {"over": {"switch": (900, 10, 239)}, "workers": 1, "figures": ["orders", "equity_end"]}
    asked = {"start": start, "end": start + timedelta(hours=2)}
    passed, whole = (bt.sweep(simulation(**asked), held, one_pass=one, **sets) for one in (True, False))
    assert passed.frame["way"].to_list() == ["one_pass", "one_pass", "run"]
    assert passed.frame["orders"].to_list() == [1, 1, 2]
    assert passed.digest == whole.digest


def test_what_one_pass_gives_up_is_told():
    """Targets that Polars cannot compute together are computed alone, by runs that say so."""

    def large(lots):
        return bt.Signals(pl.lit(lots), resize=False)

    found = bt.sweep(simulation(), large, over={"lots": (1.0, 1e9)}, workers=1)
    assert found.frame["way"].to_list() == ["one_pass", "run"]
    told = "not in one pass: a target or an amount is too large for it, or an order at the start"
    assert found.frame["warnings"][1].to_list()[0] == told
    assert any("not in one pass" in note for note in found.notes)


def test_look_ahead_is_told():
    """By the run of the first set."""

    def ahead(by):
        return bt.Signals((pl.col("close").shift(-by) > pl.col("close")) * 1.0)

    found = bt.sweep(simulation(), ahead, over={"by": (1, 2)})
    assert any(note.startswith("run 0: the signal looks ahead") for note in found.notes)


def test_why_sets_were_run_as_a_whole_is_told():
    found = bt.sweep(simulation(), crossing, over={"fast": (3,), "slow": (10,)}, figures=["skew"])
    assert found.notes[0] == "1 of 1 runs were whole ones: figure 'skew' needs the tables of a run"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"over": {"fast": (3,), "slow": (9,), "slower": (1,)}}, "'slower': .*\n.*there are: fast, slow, size$"),
        ({"over": pl.DataFrame({"fast": [3, 3], "slow": [9, 9]})}, "more than once"),
        ({"over": pl.DataFrame({"fast": [3, None], "slow": [9, 9]})}, "nulls"),
        ({"over": 3}, "a frame with a row for each set"),
        ({"objective": "sharp"}, "did you mean 'sharpe'"),
        ({"figures": ["start"]}, "those that are numbers"),
        ({"workers": 0}, "whole number from 1"),
        ({"executor": "dask"}, "allowed: threads, processes, ray"),
        ({"over": {"set": (1,), "fast": (1,), "slow": (2,)}}, "a column of the result is"),
    ],
)
def test_bad_input_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        bt.sweep(simulation(), crossing, **{"over": {"fast": (3,), "slow": (10,)}} | change)


def test_a_strategy_that_takes_no_parameters_is_refused():
    with pytest.raises(ConfigError, match="strategy is Signals; a sweep takes a function"):
        bt.sweep(simulation(), bt.Signals(pl.lit(1.0)), over={"fast": (3,)})


def test_what_is_no_simulation_is_refused():
    with pytest.raises(ConfigError, match="simulation is dict; allowed: a Simulation, or a function"):
        bt.sweep({}, crossing, over={"fast": (3,)})


def test_rows_are_kept_in_a_directory(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="cannot be made: File exists"):
        KeptRows(tmp_path / "file")


def test_several_instruments_are_one_sweep():
    """A portfolio that ranks across instruments, in one pass."""
    frame = bt.data.candles(bt.data.sample("stocks_daily")).frame().collect()
    sample = bt.data.candles(frame.sort("time_exchange", maintain_order=True).head(600))
    names = ("aapl_usd", "ibm_usd", "msft_usd")
    stocks = [bt.Instrument("xnas", name, quantity_increment=1) for name in names]
    sim = bt.Simulation(sample, stocks, balances={"usd": 100_000}, interpret=True)

    def momentum(days, best):
        change = pl.col("close").pct_change(days).over("instrument")
        target = (change.rank(descending=True).over("time") <= best) * (0.9 / best)
        return bt.Signals(target, size="equity", rebalance="always")

    found = bt.sweep(sim, momentum, over={"days": (20,), "best": (1, 2)}, workers=1)
    assert found.frame["way"].unique().to_list() == ["one_pass"]
    for row in found.frame.rows(named=True):
        summary = sim.run(momentum(row["days"], row["best"])).summary()
        assert {name: row[name] for name in found.figures} == {name: summary[name] for name in found.figures}
    assert found.frame["trades"].min() > 50


def test_a_study_takes_a_sweep_as_it_is(tmp_path):
    """Parameters are what is neither a figure nor says how a set was run."""
    study = bt.research.Study(tmp_path / "crosses.study")
    found = bt.sweep(simulation(), crossing, over=GRID)
    assert (study.add(found.frame), study.add(found.frame)) == (GRID.height, 0)


def test_progress_counts_sets(capsys):
    seen = []
    bt.sweep(simulation(), crossing, over=GRID, progress=True)
    assert f"{GRID.height}/{GRID.height}" in capsys.readouterr().err
    bt.sweep(simulation(), crossing, over=GRID, progress=lambda done, sets: seen.append((done, sets)))
    assert seen[-1] == (GRID.height, GRID.height)


def test_frames_of_some_size_travel_in_files(tmp_path):
    """Each once, mapped by whoever reads it."""
    frame = pl.DataFrame({"a": range(20_000)})
    plan = Runs(simulation(), crossing, GRID, ["sharpe"], {"sampling": None}, 0, True)
    vars(plan)["extra"] = [frame, frame]
    packing.write(packing.packed(plan), tmp_path)
    assert len(list(tmp_path.glob("*.arrow"))) == 1
    one, other = vars(packing.read(tmp_path))["extra"]
    assert one.equals(frame)
    assert one is other
