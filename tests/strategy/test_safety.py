"""What a strategy may not do, and what is left of a run when it does it: in both modes alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import cache
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.backtest.drive import Drive
from barter_bt.errors import InstrumentError, StrategyError
from barter_bt.strategy import api
from barter_bt.strategy.api import (
    FRACTION,
    amend,
    balance,
    buy,
    candle_fill,
    cash,
    entry_average,
    equity,
    free_cash,
    good_till,
    limit_buy,
    mark,
    now,
    price,
    protect,
    realised,
    round_price,
    round_quantity,
    stop_buy,
    trailing_stop_sell,
    trigger_by,
    unrealised,
)
from tests.engine.test_commands import commands
from tests.engine.tiny import A, B, Watch, run, table, trades

MODES = pytest.mark.parametrize("interpret", [True, False])
MARKET = trades((1, 100, 9), (2, 101, 9), (3, 102, 9), (4, 100, 9))
VENUE = bt.Venue(fees=bt.Fees(taker=0.001))
NUMBERS = ("equity", "cash", "free", "average", "mark", "price", "unrealised", "realised")
NAN = float("nan")
FINE, PRICE, FORCE, OWN_ROW, ORDER_ROW, ENDLESS, RAISES, ASSET, POST_ONLY = range(9)
TILL, TRAIL, TICKS, SHARE, GROW, CHOICE, WHICH, ROUNDS = range(9, 17)


def misbehave(s: Any, my: Any) -> None:
    """Buys at the first trade, notes its numbers, and does one thing of many at the third: one compile for all."""
    n = my.variables
    n.calls[0] += 1
    for i in range(len(s.instruments)):
        my.per_instrument.seen[i] += 1
    if n.calls[0] == 1:
        buy(s, 0, 2.0)
    if n.calls[0] == 2 and my.parameters.what[0] == GROW:
        limit_buy(s, 0, 1.0, 50.0)
    n.equity[0], n.cash[0], n.free[0], n.average[0] = equity(s), cash(s, 0), free_cash(s, 0), entry_average(s, 0)
    n.mark[0], n.price[0], n.unrealised[0], n.realised[0] = mark(s, 0), price(s, 0), unrealised(s, 0), realised(s, 0)
    if n.calls[0] == 3:
        what, far = my.parameters.what[0], my.parameters.far[0]
        if what == PRICE:
            n.price[0] = price(s, far)
        elif what == FORCE:
            limit_buy(s, 0, 1.0, 50.0, far)
        elif what == POST_ONLY:
            limit_buy(s, 0, 1.0, 50.0, post_only=far)
        elif what == OWN_ROW:
            my.per_instrument.seen[far] = 1
        elif what == ORDER_ROW:
            n.price[0] = s.orders.price[far]
        elif what == RAISES:
            raise ValueError("mine")
        elif what == ASSET:
            n.price[0] = balance(s, far)
        elif what == TILL:
            good_till(s, far, now(s) + 10**9)
        elif what == TRAIL:
            trailing_stop_sell(s, 0, 1.0, far * 1e-12, at=90.0)
        elif what == TICKS:
            trailing_stop_sell(s, 0, 1.0, ticks=far)
        elif what == SHARE:
            protect(s, buy(s, 0, 1.0), far * 0.5, 0.1, unit=FRACTION)
        elif what == GROW:
            amend(s, 1, 51.0, far * 1e-12)
        elif what == CHOICE:
            candle_fill(s, buy(s, 0, 1.0), far)
        elif what == WHICH:
            trigger_by(s, stop_buy(s, 0, 1.0, 120.0), far)
        elif what == ROUNDS:
            n.price[0], n.mark[0] = round_price(s, 0, 1e300 * far), round_quantity(s, 0, NAN * far)
        while what == ENDLESS:
            n.calls[0] += 1


def misbehaving(what: int, far: int = 7) -> bt.Compiled:
    shared = dict.fromkeys(NUMBERS, 0.0) | {"calls": 0}
    return bt.Compiled(misbehave, {"what": what, "far": far}, shared, {"seen": 0}, wake="trade")


def ran(what: int, interpret: bool, far: int = 7) -> bt.Result:
    return run(MARKET, misbehaving(what, far), interpret=interpret, venues=VENUE)


def numbers(result: bt.Result) -> dict[str, float]:
    row = result.own["compiled"]["variables"].row(0, named=True)
    return {name: row[name] for name in NUMBERS}


@cache
def fine() -> bt.Result:
    return ran(FINE, True)


@MODES
@pytest.mark.parametrize(
    ("what", "far", "says"),
    [
        (PRICE, 7, "something of instrument 7 at 1970-01-01 00:00:03 UTC"),
        (PRICE, -1, "something of instrument -1 at 1970-01-01 00:00:03 UTC"),
        (ASSET, 9, "asset 9 at 1970-01-01 00:00:03 UTC"),
        (FORCE, 7, "'a_usd' at 1970-01-01 00:00:03 UTC whose time in force"),
        (FORCE, -1, "'a_usd' at 1970-01-01 00:00:03 UTC whose time in force"),
        (POST_ONLY, 7, "'a_usd' at 1970-01-01 00:00:03 UTC whose time in force or post-only"),
        (TILL, 0, "number 0 of what it asks for at 1970-01-01 00:00:03 UTC"),
        (TILL, 7, "number 7 of what it asks for at 1970-01-01 00:00:03 UTC"),
        (TILL, -2, "number -2 of what it asks for at 1970-01-01 00:00:03 UTC"),
        (TRAIL, 1, "'a_usd' at 1970-01-01 00:00:03 UTC with a trigger that cannot be"),
        (TICKS, (1 << 63) - 1, "'a_usd' at 1970-01-01 00:00:03 UTC with a trigger that cannot be"),
        (SHARE, 2, "'a_usd' at 1970-01-01 00:00:03 UTC with a trigger that cannot be"),
        (CHOICE, 1 << 40, "'a_usd' at 1970-01-01 00:00:03 UTC with times or a candle_fill that cannot be"),
        (WHICH, 1 << 40, "'a_usd' at 1970-01-01 00:00:03 UTC with a trigger that cannot be"),
        (GROW, 1, "'a_usd' is to be amended at 1970-01-01 00:00:03 UTC to what it cannot be"),
        (
            OWN_ROW,
            1,
            r"IndexError: row 1 of per_instrument.seen, which has 1 row\(s\).*1970.* 00:00:03 UTC.*'trade' of 'a_usd'",
        ),
        (OWN_ROW, -1, r"IndexError: row -1 of per_instrument.seen, which has 1 row"),
        (ORDER_ROW, 1, r"IndexError: row 1 of orders.price, which has 1 row"),
        (ORDER_ROW, 1 << 62, r"IndexError: row 4611686018427387904 of orders.price"),
        (RAISES, 0, "ValueError: mine.*1970-01-01 00:00:03 UTC.*'trade' of 'a_usd'"),
    ],
)
def test_what_is_not_there_ends_the_run_at_that_event_and_keeps_what_was_done(what, far, says, interpret):
    """The error says what, when and at which event; its result holds everything up to there and nothing after."""
    with pytest.raises(StrategyError, match=says) as caught:
        ran(what, interpret, far)
    kept = caught.value.result
    assert kept is not None
    assert kept.partial
    assert any("ended with an error" in warning for warning in kept.warnings)
    assert kept.trades.equals(fine().trades)
    assert kept.state.engine.time[0] == 3 * 10**9
    assert kept.own["compiled"]["variables"]["calls"].to_list() == [3]
    if "Error" in says:
        assert isinstance(caught.value.__cause__, IndexError if what != RAISES else ValueError)


@MODES
def test_what_cannot_be_rounded_stays_as_it_is(interpret):
    """No number, and more than can be counted: compiled code would make another number of it."""
    found = numbers(run(trades((1, 100, 9), (2, 101, 9), (3, 102, 9)), misbehaving(ROUNDS, 1), interpret=interpret))
    assert found["price"] == 1e300
    assert found["mark"] != found["mark"]


@MODES
def test_the_numbers_of_position_and_account_are_floats(interpret):
    """After a buy of 2 at 101 with fees of 0.202, at 100: hand-computed, and those of a Python strategy."""
    result = ran(FINE, interpret)
    found = numbers(result)
    assert found == {
        "equity": 9997.798,
        "cash": 9797.798,
        "free": 9797.798,
        "average": 101.0,
        "mark": 100.0,
        "price": 100.0,
        "unrealised": -2.202,
        "realised": -0.202,
    }
    assert found["equity"] == result.equity["equity"][-1]


def test_a_python_strategy_reads_the_same_numbers():
    """Methods of the state by name; on its own fill the price is the market's and the mark the fill's."""

    def see(s: Any) -> tuple[float, ...]:
        own = (s.entry_average("a_usd"), s.mark("a_usd"), s.price("a_usd"), s.unrealised(0), s.realised(0))
        return (
            s.equity,
            s.cash("a_usd"),
            s.free_cash(0),
            s.balance("usd"),
            s.free_balance("usd"),
            s.balance("a"),
            *own,
        )

    ask = lambda s, n: ((), [bt.OrderRequest(0, 2), bt.OrderRequest(0, 1, 90)] if n == 1 else ())  # noqa: E731
    watch = Watch(see, ask, wake=("trade", "fill"))
    run(MARKET, watch, venues=VENUE)
    assert watch.seen[0] == (10_000, 10_000, 10_000, 10_000, 10_000, 0, 0, 100, 100, 0, 0)
    reserved = 9797.798 - 90.09
    assert watch.seen[1] == (9999.798, 9797.798, reserved, 9797.798, reserved, 2, 101, 101, 100, 0, -0.202)
    assert watch.seen[-1] == (9997.798, 9797.798, reserved, 9797.798, reserved, 2, 101, 100, 100, -2.202, -0.202)


def interrupt(ended: threading.Event) -> None:
    """Send Ctrl-C once the first thread has computed for a while in a run: then it is in the endless loop."""
    computed = None
    while not ended.wait(0.001) and (computed is None or time.process_time() - computed < 0.2):
        frame = sys._current_frames()[threading.main_thread().ident]  # type: ignore[index]
        if computed is None and frame.f_code is Drive._advance.__code__:
            computed = time.process_time()
    if not ended.is_set():
        os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_an_endless_compiled_loop():
    """The run is partial and holds what was done."""
    ran(FINE, False)  # compiled, so that the signal comes into the loop
    ended = threading.Event()
    thread = threading.Thread(target=interrupt, args=(ended,))
    thread.start()
    try:
        result = ran(ENDLESS, False)
    finally:
        ended.set()
        thread.join()
    assert result.partial
    assert result.trades.equals(fine().trades)
    assert any("interrupted" in warning for warning in result.warnings)


def grows_rich(s: Any, my: Any) -> None:
    s.assets.total[0] += 1_000_000


def moves_the_clock(s: Any, my: Any) -> None:
    s.engine.time[0] = 1


def sends_by_hand(s: Any, my: Any) -> None:
    s.actions.append()


def sets_a_parameter(s: Any, my: Any) -> None:
    my.parameters.x = 3


def sets_a_column(s: Any, my: Any) -> None:
    s.instruments.last = 3


def cuts_a_float(s: Any, my: Any) -> None:
    my.variables.n[0] = 1.5


def cancels_a_half(s: Any, my: Any) -> None:
    api.cancel(s, 1.5)


def buys_of_half_an_instrument(s: Any, my: Any) -> None:
    api.buy(s, 0.5, 1.0)


def ends_at_a_half(s: Any, my: Any) -> None:
    api.good_till(s, api.limit_buy(s, 0, 1.0, 50.0), 1e18)


def reads_a_column_of_columns(s: Any, my: Any) -> None:
    my.variables.n[0] += s.limits.sent[0][0]


@MODES
@pytest.mark.parametrize(
    ("generate", "says"),
    [
        (grows_rich, "is the engine's"),
        (moves_the_clock, "is the engine's"),
        (sends_by_hand, "append"),
        (sets_a_parameter, "the strategy sets"),
        (sets_a_column, "the strategy sets"),
        (cuts_a_float, "whole number|TypeError"),
        (reads_a_column_of_columns, "cannot read"),
    ],
)
def test_a_strategy_cannot_write_what_is_not_its_own(generate, says, interpret):
    """Refused in the user's words, by file and line, before it changes anything: compiled and interpreted."""
    with pytest.raises(StrategyError, match=says) as caught:
        run(MARKET, bt.Compiled(generate, {"x": 1}, {"n": 0}, wake="trade"), interpret=interpret)
    if not interpret:
        assert f"{__file__}, line {generate.__code__.co_firstlineno + 1}" in str(caught.value)
        assert caught.value.result is None


def reads_too_far(s: Any, my: Any) -> None:
    my.variables.n[0] += s.orders.price[1_000_000]


@pytest.mark.parametrize("hook", ["on_disconnect", "on_trading_disabled", "close_positions", "on_event"])
@pytest.mark.parametrize(
    ("does", "says"), [(grows_rich, "assets.total is the engine's"), (reads_too_far, "IndexError")]
)
def test_a_hook_cannot_write_or_read_what_is_not_there_either(hook, does, says):
    told = commands(
        {"at": 1, "do": "market_disconnect", "link": "x"},
        {"at": 2, "do": "close_positions"},
        {"at": 3, "do": "disable_trading"},
    )
    idle = bt.Compiled(lambda s, my: None, variables={"n": 0}, wake="trade", hooks=bt.Hooks(**{hook: does}))
    with pytest.raises(StrategyError, match=says):
        run(MARKET, idle, commands=told)


@pytest.mark.parametrize("asks", [cancels_a_half, buys_of_half_an_instrument, ends_at_a_half])
def test_what_is_asked_for_has_whole_numbers(asks):
    """An order, an instrument, a time: compiled code would cut them in silence, also where it is called by address."""
    with pytest.raises(StrategyError, match="whole number"):
        run(MARKET, bt.Compiled(asks, wake="trade"), interpret=False)


def test_a_python_strategy_cannot_write_the_raw_columns():
    """It reads them, also as arrays."""

    class Thief:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> Any:
            assert state.raw.instruments.array("last")[0] == state.raw.instruments.last[0] == 100
            with pytest.raises(ValueError, match="read-only"):
                state.raw.instruments.array("last")[0] = 5
            state.raw.assets.total[0] = 10**15

    with pytest.raises(StrategyError, match="assets.total is the engine's"):
        run(MARKET, Thief())


@MODES
def test_what_a_python_strategy_raises_leaves_a_partial_run(interpret):
    """With the traceback as the cause, the time and the event."""

    def ask(state: Any, n: int) -> Any:
        if n == 3:
            raise KeyError("gone")
        return (), [bt.OrderRequest(0, 1)]

    with pytest.raises(StrategyError, match=r"KeyError: 'gone'.*00:00:03.*'trade' of 'a_usd'") as caught:
        run(MARKET, Watch(lambda s: 0, ask, "trade"), interpret=interpret)
    assert isinstance(caught.value.__cause__, KeyError)
    assert __file__ in str(caught.value)
    assert table(caught.value.result.trades, "time_exchange") == [(2,), (3,)]


def test_which_of_several_strategies_raised_is_said():
    """By its name."""

    def ask(state: Any, n: int) -> Any:
        raise RuntimeError("no")

    pair = [bt.Compiled(lambda s, my: None, name="calm"), Watch(lambda s: 0, ask, "trade")]
    with pytest.raises(StrategyError, match="strategy 'Watch' raised RuntimeError"):
        run(MARKET, pair)


def test_bad_data_leaves_a_partial_run_too():
    """What was done before the row that is refused."""
    rows = trades((1, 100, 9), (2, 101, 9), (3, 100.5, 9))
    with pytest.raises(bt.errors.BarterBtError) as caught:
        run(rows, Watch(lambda s: 0, lambda s, n: ((), [bt.OrderRequest(0, 1)] if n == 1 else ()), "trade"))
    assert caught.value.result is None or table(caught.value.result.trades, "price") == [(101,)]


def test_an_instrument_may_be_a_parameter_by_name():
    """It reads as the index, which is not the order in which instruments were given."""

    def generate(s: Any, my: Any) -> None:
        if my.variables.n[0] == 0:
            buy(s, my.parameters.second[0], 1.0)
        my.variables.n[0] += 1

    both = [trades((1, 100, 9), (3, 100, 9)), trades((2, 50, 9), (4, 50, 9), instrument="b_usd")]
    strategy = bt.Compiled(generate, {"second": "b_usd"}, {"n": 0}, wake="trade")
    result = run(both, strategy, [B, A])
    assert table(result.orders, "instrument") == [("b_usd",)]
    with pytest.raises(InstrumentError, match="c_usd"):
        run(both, bt.Compiled(generate, {"second": "c_usd"}, {"n": 0}), [B, A])


def test_switching_numba_off_runs_interpreted(monkeypatch):
    """NUMBA_DISABLE_JIT is what people set to debug: also with the built-in strategy, and with interpret=False."""
    import numba

    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    candles = bt.data.candles(bt.data.generate.candles(200, instrument="a_usd"))
    one = bt.Instrument("x", "a_usd")
    for options in ({}, {"interpret": False}):
        result = bt.backtest(candles, one, bt.strategy.builtin.SmaCross(5, 15), balances={"usd": 1_000}, **options)
        assert result.trades.height > 3


def test_whether_numba_is_off_waits_for_a_thread_that_is_importing_it():
    """The built-in crossing of several instruments is computed in several threads, and each asks."""
    code = """
import sys, threading
from barter_bt.columns.kernel import is_numba_off
other = threading.Thread(target=__import__, args=("numba",))
other.start()
while "numba" not in sys.modules:
    pass
print(is_numba_off())
other.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "False\n", done.stderr
