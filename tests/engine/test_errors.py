"""What goes wrong, and what is said about it; interrupted runs; data in many pieces."""

from __future__ import annotations

import traceback
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.drive import Drive
from barter_bt.data import generate
from barter_bt.engine.fault import FILL_IN_PAST
from barter_bt.errors import BarterBtError, ConfigError, DataError, EngineError, InstrumentError, StrategyError
from barter_bt.simulation import loop
from barter_bt.strategy.api import buy, limit_buy, limit_sell, target
from tests.engine.tiny import A, B, Watch, candles, flat, quotes, run, schedule, stamps, table, trades

MARKET = trades((1, 100, 9), (2, 101, 9), (3, 102, 9))
WALKS = [bt.Instrument("x", f"walk{k}_usd", price_increment="0.01", quantity_increment="0.001") for k in range(3)]
MODES = pytest.mark.parametrize("interpret", [True, False])


# Strategies


def divide(s: Any, my: Any) -> None:
    """A compiled strategy with a mistake."""
    my.variables.ratio[0] = 1.0 / table_that_is_not_there[0]  # noqa: F821


class Mistaken:
    """A Python strategy with a mistake."""

    wake = "trade"

    def generate_algo_orders(self, state: Any) -> Any:
        return (), [state.price(0) / (state.time - state.time)]


def users_lines(error: BaseException) -> list[tuple[str, str]]:
    frames = traceback.extract_tb(error.__traceback__)
    return [(frame.name, frame.line) for frame in frames if frame.filename == __file__]


@MODES
def test_a_python_strategy_that_raises_keeps_its_own_line(interpret):
    """The traceback of what it raised ends in the user's own line, in both modes."""
    with pytest.raises(StrategyError) as caught:
        run(MARKET, Mistaken(), interpret=interpret)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert users_lines(caught.value.__cause__)[-1] == (
        "generate_algo_orders",
        "return (), [state.price(0) / (state.time - state.time)]",
    )


def test_an_interpreted_strategy_that_raises_keeps_its_own_line():
    """A compiled strategy run with interpret=True is ordinary Python for a traceback."""
    with pytest.raises(StrategyError) as caught:
        run(MARKET, bt.Compiled(divide, variables={"ratio": 1.0}, wake="trade"))
    assert isinstance(caught.value.__cause__, NameError)
    name, line = users_lines(caught.value.__cause__)[-1]
    assert (name, "table_that_is_not_there" in line) == ("divide", True)


def uses_text(s: Any, my: Any) -> None:
    """Not in the subset that can be compiled."""
    my.variables.n[0] += len(type(s).__name__)


def misspells(s: Any, my: Any) -> None:
    """A column that is not there."""
    my.variables.n[0] += s.instruments.quantitty[0]


@pytest.mark.parametrize("generate", [uses_text, misspells])
def test_a_strategy_that_does_not_compile_is_named_by_its_own_line(generate):
    """File and line of the user's, the interpreted mode as a way out, and no dump of the compiler's."""
    strategy = bt.Compiled(generate, variables={"n": 0}, wake="trade")
    with pytest.raises(StrategyError) as caught:
        run(MARKET, strategy, interpret=False)
    message = str(caught.value)
    first = generate.__code__.co_firstlineno
    assert __file__ in message
    line = int(message.split(f"{__file__}, line ")[1].split(")", maxsplit=1)[0])
    assert first <= line <= first + 2
    assert "interpret=True" in caught.value.hint
    assert len(message) < 700
    for noise in ("nopython", "numba.core", "Traceback", "BlockType", "resolving"):
        assert noise not in message
    if generate is misspells:
        assert "quantitty" in message
    else:
        run(MARKET, strategy)


def bad_price(s: Any, my: Any) -> None:
    """Asks for what cannot be."""
    limit_buy(s, 0, 1.0, 100.5)


@MODES
def test_an_order_off_the_grid_is_an_error_that_names_the_instrument(interpret):
    """From a compiled strategy, in both modes."""
    with pytest.raises(StrategyError, match="'a_usd'.*grid") as caught:
        run(MARKET, bt.Compiled(bad_price, wake="trade"), interpret=interpret)
    assert "round_price" in caught.value.hint


def test_an_order_of_an_unknown_instrument_is_an_error():
    """By name: the nearest is named."""
    with pytest.raises(InstrumentError, match="a_usdd") as caught:
        run(MARKET, Watch(lambda s: 0, lambda s, n: ((), [bt.OrderRequest("a_usdd", 1)]), "trade"))
    assert "'a_usd'" in caught.value.hint


@pytest.mark.parametrize("number", [1, -1, 7, 0.0, True, None])
def test_an_order_of_an_instrument_number_that_is_not_there_is_an_error(number):
    """By number: an error of the package's own, not the last instrument and not a raw IndexError."""
    with pytest.raises(BarterBtError, match=str(number)):
        run(MARKET, Watch(lambda s: 0, lambda s, n: ((), [bt.OrderRequest(number, 1)]), "trade"))


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        (bt.OrderRequest(0, 1, time_in_force="moc"), "time_in_force.*'moc'.*gtc, ioc, fok"),
        (bt.OrderRequest(0, 0.0), "quantity is 0.0; allowed: multiples of .* other than 0"),
        (bt.OrderRequest(0, 1, price=0.0), "price is 0.0; allowed: multiples of .* above 0"),
        (bt.OrderRequest(0, float("nan")), "grid"),
        (bt.OrderRequest(0, 1, time_in_force=7), "time_in_force is 7"),
        (bt.OrderRequest(0, "1"), "quantity is '1'; it must be a number"),
        (bt.OrderRequest(0, None), "quantity is None"),
        (bt.OrderRequest(0, True), "quantity is True"),
        (bt.OrderRequest(0, 1, price="100"), "price is '100'"),
        (bt.OrderRequest(0, 1, price=100, post_only=7), "post_only is 7"),
        (bt.OrderRequest(0, 1, resize="yes"), "resize is 'yes'"),
    ],
)
def test_a_request_that_cannot_be_is_an_error(request_, match):
    """The message shows the request and what is allowed."""
    with pytest.raises(StrategyError, match=match):
        run(MARKET, Watch(lambda s: 0, lambda s, n: ((), [request_]), "trade"))


@pytest.mark.parametrize(
    ("answer", "match"),
    [
        (([1.5], []), "cancels 1.5; an order is cancelled by its number"),
        (([True], []), "cancels True"),
        ((["1"], []), "cancels '1'"),
        (([], [(0, 1)]), r"opens \(0, 1\); it must be an OrderRequest"),
        (([], bt.OrderRequest(0, 1)), "where a list belongs"),
        (bt.OrderRequest(0, 1), "must return two things"),
        (([], [], []), "must return two things"),
        (7, "must return two things"),
    ],
)
def test_an_answer_that_cannot_be_is_an_error(answer, match):
    """Neither a raw error nor silence."""
    with pytest.raises(StrategyError, match=match):
        run(MARKET, Watch(lambda s: 0, lambda s, n: answer, "trade"))


@pytest.mark.parametrize("quantity", [Decimal(2), np.float32(2), np.int64(2), 2])
def test_a_quantity_may_be_any_number(quantity):
    """Of NumPy, or a Decimal."""
    ask = lambda s, n: ((), [bt.OrderRequest(0, quantity, quantity * 100)] if n == 1 else ())  # noqa: E731
    assert run(MARKET, Watch(lambda s: 0, ask, "trade")).orders["quantity"].to_list() == [2.0]


@pytest.mark.parametrize(
    "given", [[], None, MARKET.frame().collect(), [MARKET, "file.parquet"]], ids=["empty", "none", "frame", "text"]
)
def test_data_that_is_no_stream_is_an_error(given):
    """It says what to wrap the frame in."""
    with pytest.raises((ConfigError, TypeError)):
        run(given, schedule({"at": 1, "buy": 1}))


def test_names_in_settings_are_checked():
    """Unknown assets in balances, exchanges in venues, instruments in limits and in a schedule."""
    rows = schedule({"at": 1, "buy": 1})
    for options, match in (
        ({"balances": {"usdt": 1}}, "usdt"),
        ({"venues": {"y": bt.Venue()}}, "'y'"),
        ({"risk": bt.Limits(by_instrument={"b_usd": bt.Limits(order_quantity=1)})}, "b_usd"),
    ):
        with pytest.raises(InstrumentError, match=match):
            run(MARKET, rows, **options)
    with pytest.raises(StrategyError, match="b_usd"):
        run(MARKET, schedule({"at": 1, "buy": 1, "on": "b_usd"}))
    with pytest.raises(ConfigError, match="must not be negative"):
        run(MARKET, rows, balances={"usd": -1})
    odd = run(MARKET, rows, balances={"usd": "0.0000000001"}, units={"usd": "1e-9"})
    assert any("of which 0.0 is counted" in warning for warning in odd.warnings)


# Endless strategies


def again(s: Any, my: Any) -> None:
    """Answers each of its own order events with another order."""
    limit_sell(s, 0, 1.0, 500.0)


class Again:
    """The same in Python; it gives up in the end, so that the test does."""

    wake = ("order", "trade")

    def __init__(self, most: int) -> None:
        self.calls, self._most = 0, most

    def generate_algo_orders(self, state: Any) -> Any:
        self.calls += 1
        if self.calls > self._most:
            raise RecursionError("woken without end")
        return (), [bt.OrderRequest(0, -1, price=500.0)]


def test_a_strategy_that_answers_itself_without_end_is_stopped(monkeypatch):
    """Without latency an order on each order event never lets time go on: an error says so and what to do."""
    monkeypatch.setattr(loop, "MOST_AT_ONE_TIME", 500)
    with pytest.raises(StrategyError, match="without end") as caught:
        run(MARKET, bt.Compiled(again, wake=("order", "trade")), balances={"a": 10**6})
    assert "latency" in caught.value.hint


def test_a_python_strategy_that_answers_itself_without_end_is_stopped(monkeypatch):
    """The same error for a Python strategy, whose every wake-up leaves the loop."""
    monkeypatch.setattr(loop, "MOST_AT_ONE_TIME", 500)
    with pytest.raises(StrategyError, match="without end"):
        run(MARKET, Again(1_500), balances={"a": 10**6})


def test_with_latency_time_goes_on(monkeypatch):
    """The same strategy with latency is allowed: it ends with the data and what is in flight."""
    monkeypatch.setattr(loop, "MOST_AT_ONE_TIME", 500)
    venue = bt.Venue(latency=bt.Latency(request_ns=10**8))

    class Polite(Again):
        def generate_algo_orders(self, state: Any) -> Any:
            return super().generate_algo_orders(state) if state.time < 3 * 10**9 else ((), ())

    result = run(MARKET, Polite(1_500), balances={"a": 10**6}, venues=venue)
    assert 20 < result.orders.height < 200


# Data


def parquet(tmp_path: Any, frame: pl.DataFrame, rows: int = 7) -> Any:
    path = tmp_path / "market.parquet"
    frame.write_parquet(path, row_group_size=rows)
    return path


@MODES
@pytest.mark.parametrize(
    ("column", "wrong"), [("price", float("nan")), ("price", -1.0), ("amount", 0.0), ("price", float("inf"))]
)
def test_bad_data_is_named_by_file_column_row_and_count(tmp_path, interpret, column, wrong):
    """Found in the middle of a run: the file, the column, the first rows and how many there are."""
    frame = generate.trades(40).with_columns(
        pl.when(pl.int_range(pl.len()).is_in([20, 30, 33])).then(wrong).otherwise(pl.col(column)).alias(column)
    )
    with pytest.raises(DataError) as caught:
        run(bt.data.trades(parquet(tmp_path, frame)), Watch(lambda s: 0, wake="fill"), WALKS, interpret=interpret)
    message = str(caught.value)
    for part in ("market.parquet", f"'{column}'", "3 of 40 rows", "row 20, 30, 33"):
        assert part in message


def test_a_high_below_the_close_is_found():
    """Candles that contradict themselves."""
    frame = generate.candles(20)
    frame = frame.with_columns(high=pl.when(pl.int_range(pl.len()) == 11).then(1.0).otherwise(pl.col("high")))
    one = bt.Instrument("x", "walk_usd")
    with pytest.raises(DataError, match=r"'high'.*row 11"):
        run(bt.data.candles(frame), bt.Signals(pl.lit(None, pl.Float64)), one)


def test_an_undeclared_instrument_in_the_data_is_an_error():
    """It names the instrument and what is declared."""
    with pytest.raises((DataError, InstrumentError), match="b_usd"):
        run([MARKET, trades((1, 5, 1, "b_usd"))], schedule({"at": 1, "buy": 1}))


# Interruption


def test_an_interrupt_ends_a_run_with_what_it_has():
    """Ctrl-C in a Python strategy: the result is partial, says so, and holds everything up to there."""

    def ask(state: Any, n: int) -> Any:
        if n == 3:
            raise KeyboardInterrupt
        return (), [bt.OrderRequest(0, 1)]

    result = run(trades(*((k, 100, 9) for k in range(1, 9))), Watch(lambda s: s.time, ask, wake="trade"))
    assert result.partial
    assert any("interrupted" in warning for warning in result.warnings)
    assert table(result.trades, "time_exchange") == [(2,), (3,)]
    assert not run(MARKET, schedule({"at": 1, "buy": 1})).partial


# Pieces


def buy_low(s: Any, my: Any) -> None:
    """Rests an order now and then."""
    my.variables.n[0] += 1
    if my.variables.n[0] % 10 == 0:
        buy(s, s.event.instrument[0], 0.25)
        limit_buy(s, s.event.instrument[0], 0.5, 99.97)


def low(wake: str = "trade") -> bt.Compiled:
    return bt.Compiled(buy_low, variables={"n": 0}, wake=wake, name="low")


DELAYS = {
    "none": bt.Latency(),
    "short": bt.Latency(request_ns=1_000_000, response_ns=2_000_000),
    "longer than a chunk": bt.Latency(request_ns=400_000_000, response_ns=900_000_000, feed_ns=300_000_000),
}


@MODES
@pytest.mark.parametrize("rows", [1, 7, 64])
@pytest.mark.parametrize("delay", DELAYS)
def test_streaming_from_parquet_is_the_run_in_memory(tmp_path, delay, rows, interpret):
    """However many row groups, and however far the venue lags behind the engine: one digest."""
    one, two = generate.trades(150), generate.quotes(125)
    for name, frame in (("trades", one), ("quotes", two)):
        frame.write_parquet(tmp_path / f"{name}.parquet", row_group_size=rows)
    venue = bt.Venue(latency=DELAYS[delay], fees=bt.Fees(taker=0.001))
    options = {"balances": {"usd": 1_000_000}, "venues": venue, "interpret": interpret}
    streams = [bt.data.trades(tmp_path / "trades.parquet"), bt.data.quotes(tmp_path / "quotes.parquet")]
    whole = bt.backtest([bt.data.trades(one), bt.data.quotes(two)], WALKS, low(), **options)
    pieces = bt.backtest(streams, WALKS, low(), **options)
    assert pieces.digests == whole.digests
    assert whole.trades.height >= 15


@pytest.mark.parametrize("rows", [1, 7])
def test_streaming_candles_is_the_run_in_memory(tmp_path, rows):
    """Opens are a third cursor over the same chunks."""
    frame = generate.candles(300)
    one, path = bt.Instrument("x", "walk_usd"), parquet(tmp_path, frame, rows)
    target = pl.when(pl.int_range(pl.len()) % 11 == 0).then(1.0).when(pl.int_range(pl.len()) % 11 == 5).then(0.0)
    results = [
        bt.backtest(bt.data.candles(source), one, bt.Signals(target), balances={"usd": 1_000}, interpret=True)
        for source in (frame, path)
    ]
    assert results[0].digests == results[1].digests
    assert results[0].trades.height > 50


def test_a_stream_of_frames_is_their_concatenation():
    """Pieces of any length, among them empty ones."""
    frame = generate.trades(400)
    pieces = [frame[:1], frame[1:1], frame[1:399], frame[399:]]
    venue = bt.Venue(latency=DELAYS["short"])
    results = [
        bt.backtest(bt.data.trades(data), WALKS, low(), balances={"usd": 1_000}, venues=venue, interpret=True)
        for data in (frame, pieces)
    ]
    assert results[0].digest == results[1].digest


def test_progress_counts_all_rows():
    """The function is told the rows done and the rows in all; the last call has both equal."""
    calls = []
    data = [MARKET, flat(1, 2, instrument="b_usd")]
    run(data, schedule({"at": 1, "buy": 1}), [A, B], progress=lambda done, rows: calls.append((done, rows)))
    assert calls[-1] == (5, 5)
    assert calls == sorted(calls)


def test_nothing_changes_when_nothing_is_asked():
    """A strategy that gives None, and one that is never woken, leave an empty run."""
    for strategy in (Watch(lambda s: 0, lambda s, n: None), Watch(lambda s: 0, wake="fill")):
        result = run(quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9)), strategy)
        assert (result.orders.height, result.trades.height, result.positions.height) == (0, 0, 0)
        assert result.balances.height == 2


def test_a_candle_that_does_not_last_is_an_error():
    """Its open must come before its close: an order sent at the close would fill at an open that is gone."""
    with pytest.raises(DataError, match=r"not before time_exchange in 1 of 2 rows.*row 1"):
        run(candles((0, 10, 5, 6, 4, 5), (20, 20, 5, 6, 4, 5)), schedule({"at": 1, "buy": 1}))


def test_a_frame_is_not_a_stream():
    with pytest.raises(ConfigError, match="data is DataFrame; it must be a stream"):
        bt.backtest(pl.DataFrame({"price": [1.0]}), A, bt.strategy.builtin.BuyAndHold(), balances={"usd": 1})
    with pytest.raises(ConfigError, match="data.check takes a stream, and this is a DataFrame"):
        bt.data.check(pl.DataFrame())


def test_a_name_is_not_an_instrument():
    with pytest.raises(ConfigError, match="instruments has 'a_usd'; it must be an Instrument"):
        run(trades((1, 5, 1)), bt.strategy.builtin.BuyAndHold(), "a_usd")


def test_a_latency_is_a_whole_number():
    with pytest.raises(ConfigError, match=r"request_ns is 1000000\.0"):
        bt.Latency(1e6)


def test_a_strategy_returns_two_things():
    class Forgetful:
        def generate_algo_orders(self, state):
            return [bt.OrderRequest("a_usd", 1)]

    with pytest.raises(StrategyError, match="must return two things: orders to cancel, and orders to open"):
        run(trades((1, 5, 1), (2, 5, 1)), Forgetful(), A)


def test_a_column_that_the_candles_do_not_have():
    with pytest.raises(StrategyError, match=r"(?s)names column 'clos'.*did you mean 'close'"):
        run(flat(1, 2), bt.Signals(pl.col("clos") * 1.0), A)


@pytest.mark.parametrize("number", [1, -1, 100_000_000])
@pytest.mark.parametrize("interpret", [False, True])
def test_a_compiled_strategy_s_wrong_instrument_number(number, interpret):
    """Nothing else checks it: the columns of a compiled strategy are bare memory."""

    def wrong(s, my):
        target(s, int(my.parameters.number[0]), 1.0)

    strategy = bt.Compiled(wrong, {"number": number}, wake="trade")
    with pytest.raises(StrategyError, match=rf"of instrument {number} at .* there are 1, from 0"):
        run(trades((1, 5, 1), (2, 5, 1)), strategy, A, interpret=interpret)


def test_arguments_of_another_kind():
    market, hold = trades((1, 5, 1)), bt.strategy.builtin.BuyAndHold()
    for options, message in (
        ({"balances": 1000}, "balances is 1000; it must say of which asset"),
        ({"start": "2024-01-02"}, "start is '2024-01-02'; it must be a datetime"),
        ({"venues": 0.001}, "venues is 0.001"),
    ):
        with pytest.raises(ConfigError, match=message):
            run(market, hold, A, **options)
    for strategy in (print, bt.Signals):
        with pytest.raises(StrategyError, match="strategy is"):
            run(market, strategy, A)
    with pytest.raises(StrategyError, match="target is float; it must be a Polars expression"):
        bt.Signals(1.0)
    with pytest.raises(StrategyError, match="cannot be computed over the candles"):
        run(flat(1, 2), bt.Signals(pl.lit("buy")), A)


def test_orders_that_became_something_else_are_told():
    poor = run(trades((1, 5, 9), (2, 5, 9)), schedule({"at": 1, "buy": 3}), A, balances={"usd": 5})
    assert poor.warnings == ["the only order was rejected by the venue: insufficient_balance 1"]
    targets = pl.DataFrame({"time": stamps([1]), "instrument": ["a_usd"], "target": [3.0]})
    cut = run(trades((1, 5, 9), (2, 5, 9)), bt.Signals(targets), A, balances={"usd": 5})
    assert cut.warnings == ["the only order was cut to what could be paid"]


@pytest.mark.parametrize("interpret", [False, True])
def test_a_candle_that_comes_twice_is_refused_by_a_run_too(interpret):
    """As by a check of the data; whatever drives it."""
    market = candles((0, 10, 5, 5, 5, 5), (10, 20, 6, 6, 6, 6), (10, 20, 6, 6, 6, 6))
    assert bt.data.check(market).errors
    for strategy in (bt.strategy.builtin.BuyAndHold(), Watch(lambda s: None)):
        with pytest.raises(DataError, match="equal to that of the candle before of the same instrument"):
            run(market, strategy, A, interpret=interpret)


def test_a_candle_that_comes_twice_in_a_row_is_refused_though_nobody_checks_the_rows():
    """The loop looks for itself where a stream is not to be checked, as for prices off the grid."""
    market = candles((0, 10, 5, 5, 5, 5), (10, 20, 6, 6, 6, 6), (10, 20, 6, 6, 6, 6), validate=False)
    with pytest.raises(DataError, match="equal to that of the candle before of the same instrument"):
        run(market, Watch(lambda s: None))


def test_a_fault_of_this_package_has_no_result(monkeypatch):
    """Nobody should see results that a fault of ours has made."""

    def stop(drive):
        drive._v.fault.code[0] = FILL_IN_PAST
        drive._raise()

    monkeypatch.setattr(Drive, "run", stop)
    with pytest.raises(EngineError, match="a fault of barter_bt") as raised:
        run(flat(1, 2), schedule({"at": 1, "buy": 1}))
    assert raised.value.result is None
