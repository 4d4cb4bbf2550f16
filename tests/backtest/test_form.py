"""The forms of the loop: interpreted, linked, merged. All give the same tables."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest import form, warm
from barter_bt.columns import cache, workers
from barter_bt.engine.event import BAR_CLOSE
from barter_bt.engine.wake import wake
from barter_bt.strategy.driver import Driver

CANDLES = bt.data.generate.candles(400, instrument="a_usd", seed=3)
ONE = bt.Instrument("x", "a_usd", price_increment="0.0001")


def follow(s, my):
    """Trade with the last candle, by what the strategy remembers and a parameter."""
    my.variables.bars[0] += 1
    for i in range(len(s.instruments)):
        rises = s.instruments.close[i] > s.instruments.open[i]
        my.per_instrument.rises[i] += int(rises)
        if my.variables.bars[0] % 3 == 0:
            bt.strategy.api.target(s, i, my.parameters.lots[0] if rises else 0.0)


def following(lots=1.0):
    return bt.Compiled(follow, {"lots": lots}, {"bars": 0}, {"rises": 0}, wake="bar_close", name="follow")


def picky(s, my, order):
    """Refuse every fifth order and make every third smaller; where asked to, look at an order that is not there."""
    my.variables.asked[0] += 1
    asked = my.variables.asked[0]
    if my.parameters.wrong[0] == asked:
        return int(s.orders.price[1_000_000])
    if asked % 5 == 0:
        return 1
    return -1 if asked % 3 == 0 else 0


class Talkative:
    """Refuses every seventh, in Python."""

    def __init__(self):
        self.asked = 0

    def check(self, state, order):
        self.asked += 1
        return None if self.asked % 7 else "the seventh"


def managers(wrong=0):
    return [bt.risk.CompiledRisk(picky, ("the fifth",), {"wrong": wrong}, {"asked": 0}), Talkative()]


def simulation(**settings):
    return bt.Simulation(bt.data.candles(CANDLES), ONE, balances={"usd": 1_000}, **settings)


@pytest.fixture
def calls(monkeypatch):
    """What is started in the background; nothing is, and the cache is empty."""
    started = []
    monkeypatch.setattr(workers, "start_apart", started.append)
    monkeypatch.setattr(warm, "_begun", [])
    monkeypatch.setattr(warm, "is_cold", lambda: True)
    monkeypatch.setattr(form, "is_cold", lambda: True)
    monkeypatch.setattr(form, "is_empty", lambda: True)
    monkeypatch.setattr(form, "_interpreted", [form.FEW_ROWS])
    monkeypatch.delenv("BARTER_BT_INTERPRET", raising=False)
    return started


def test_the_forms_give_the_same_tables():
    """Of one strategy and of another with the same code; what it remembers is equal, too."""
    plain = simulation(interpret=True)
    compiled = simulation(interpret=False)
    expected = [plain.run(following(lots)) for lots in (1.0, 2.0)]
    linked = [compiled.run(following(lots)) for lots in (1.0, 2.0)]
    compiled.compile(following())
    merged = [compiled.run(following(lots)) for lots in (1.0, 2.0)]
    for wanted, *others in zip(expected, linked, merged, strict=True):
        assert wanted.trades.height > 50
        for other in others:
            assert other.digest == wanted.digest
            assert other.own["follow"]["per_instrument"].equals(wanted.own["follow"]["per_instrument"])


def test_the_forms_give_the_same_tables_with_risk_managers():
    """Also where one of them raises, up to there, in each of the three."""
    found = []
    for form_of, interpret in (("interpreted", True), ("linked", False), ("merged", False)):
        sim = simulation(interpret=interpret, risk=managers())
        if form_of == "merged":
            sim.compile(following())
        fine = sim.run(following(2.0))
        with pytest.raises(bt.errors.StrategyError, match="row 1000000 of orders.price") as raised:
            simulation(interpret=interpret, risk=managers(wrong=9)).run(following(2.0))
        found.append((fine.digest, raised.value.result.digest))
    assert found[0] == found[1] == found[2]
    assert set(fine.orders["reason"]) == {None, "the fifth", "the seventh"}
    assert (fine.orders["quantity"] < fine.orders["quantity_requested"]).any()
    assert 0 < raised.value.result.orders.height < fine.orders.height


class Following:
    """The decision of ``follow`` in Python."""

    wake = "bar_close"
    bars = 0

    def generate_algo_orders(self, state):
        self.bars += 1
        candle, have = state.raw.instruments, state.position("a_usd") + state.working("a_usd")
        wish = 1.0 if candle.close[0] > candle.open[0] else 0.0
        return [], [bt.OrderRequest("a_usd", wish - have, resize=True)] if self.bars % 3 == 0 and wish != have else []


@pytest.mark.parametrize("strategy", [following, Following, lambda: bt.Signals(pl.col("close") > pl.col("open"))])
@pytest.mark.parametrize("risk", [lambda: managers()[:1], lambda: managers()[1:]], ids=["compiled", "python"])
def test_strategies_of_every_kind_are_linked_with_managers_of_every_kind(strategy, risk):
    """A strategy in Python, and one that is no function, with a compiled manager, and the other way round."""
    one, other = (simulation(interpret=interpret, risk=risk()).run(strategy()) for interpret in (True, False))
    assert one.digest == other.digest
    assert one.orders["reason"].drop_nulls().n_unique() == 1


def test_what_is_merged_is_taken_and_what_is_not_is_linked(monkeypatch):
    """Merging asks for no other result: it is the form that later runs find."""
    taken = []
    monkeypatch.setattr(form, "_linked_step", lambda *given: taken.append("linked") or (lambda: 0))
    monkeypatch.setattr(form, "merge_step", lambda *given: taken.append("merged") or (lambda: 0))
    for is_compiled in (False, True):
        monkeypatch.setattr("barter_bt.columns.entry.is_compiled", lambda *given, known=is_compiled: known)
        sim = simulation()
        state, venue = sim._setup.begin()
        form.make_step(state, venue, form.Feed(cursors=sim._setup.feeder().cursors), Driver(), interpret=False)
    assert taken == ["linked", "merged"]


def test_a_small_first_run_is_interpreted_while_others_compile(calls):
    """Once a process; with the result that it would have had."""
    first = simulation().run(bt.Signals(pl.lit(1.0)))
    second = simulation().run(bt.Signals(pl.lit(1.0)))
    assert len(calls) == 1
    assert "linked()" in calls[0]
    assert first.digest == second.digest == simulation(interpret=True).run(bt.Signals(pl.lit(1.0))).digest


@pytest.mark.parametrize(
    ("driver", "rows", "interpret", "expected"),
    [
        (Driver(), 100, None, True),
        (Driver(), form.SMALL_ROWS + 1, None, False),
        (Driver(), 100, False, False),
        (Driver(wake=wake), 100, None, False),  # a hook of the user's
        (Driver(wake=wake, decide=lambda s: None), 100, None, True),
        (Driver(wake=wake, source=(__file__, 1), asked=BAR_CLOSE), 100, None, False),
        (Driver(wake=wake, source=(form.__file__, 1)), 100, None, True),
    ],
)
def test_what_runs_interpreted_at_first(calls, driver, rows, interpret, expected):
    """Small runs without a function of the user's: what cannot be compiled is told at once."""
    assert form.runs_interpreted(driver, rows, interpret) is expected
    assert len(calls) == int(expected)


def test_a_run_is_compiled_where_the_loop_is(calls, monkeypatch):
    monkeypatch.setattr(form, "is_cold", lambda: False)
    assert not form.runs_interpreted(Driver(), 100, None)
    assert calls == []


@pytest.mark.parametrize(("loaded", "expected"), [(False, [True, True, False]), (True, [False, False, False])])
def test_the_first_rows_are_interpreted_where_the_compiler_is_not_loaded(calls, monkeypatch, loaded, expected):
    """A few in all, so that many runs of one process do not go on so."""
    monkeypatch.setattr(form, "is_cold", lambda: False)
    monkeypatch.setattr(form, "is_empty", lambda: False)
    monkeypatch.setattr(form, "_interpreted", [0])
    monkeypatch.setattr(form.sys, "modules", {"numba": None} if loaded else {})
    rows = form.FEW_ROWS // 2
    found = [form.runs_interpreted(Driver(), rows, None) for _ in range(3)]
    monkeypatch.undo()
    assert found == expected
    assert calls == []


def test_an_empty_cache_is_cold_and_is_told_without_the_compiler(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTER_BT_CACHE", str(tmp_path))
    assert cache.cache_directory() == tmp_path
    assert warm.is_cold()


def test_nothing_is_started_where_no_process_may_help(monkeypatch):
    monkeypatch.setenv("BARTER_BT_COMPILE_JOBS", "0")
    monkeypatch.setattr(workers.subprocess, "Popen", lambda *given, **named: pytest.fail("started"))
    workers.start_apart("pass")


def test_what_is_started_apart_runs(tmp_path, monkeypatch):
    """It is not waited for here, but leaves its mark."""
    monkeypatch.setenv("BARTER_BT_COMPILE_JOBS", "1")
    started = []
    popen = workers.subprocess.Popen
    monkeypatch.setattr(workers.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    workers.start_apart(f"open({str(tmp_path / 'mark')!r}, 'w').close()")
    (process,) = started
    process.returncode = None
    assert process.wait(timeout=600) == 0
    assert (tmp_path / "mark").exists()
