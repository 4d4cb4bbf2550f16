"""Whether later data changed what came before it: leaks are caught, honest strategies pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.backtest.truncated import FullData
from barter_bt.errors import ConfigError
from barter_bt.strategy.api import target
from barter_bt.testing.scenario import Scenario, to_backtest
from barter_bt.testing.strategies import accepted, scenarios
from tests.backtest.runs import arguments, frame
from tests.draws import draws

CLOSE = pl.col("close")
START = datetime(2020, 1, 1, tzinfo=UTC)
MINUTE_NS = 60_000_000_000

LEAKS = {
    "next close": (CLOSE.shift(-1) > CLOSE, 'col("close").shift('),
    "next close, no null": (pl.when(CLOSE.shift(-1) > CLOSE).then(1.0).otherwise(0.0), 'col("close").shift('),
    "next open": (pl.col("open").shift(-1) > CLOSE, 'col("open").shift('),
    "centred mean": (CLOSE > CLOSE.rolling_mean(21, center=True), "with window 21, centred"),
    "z-score": ((CLOSE - CLOSE.mean()) / CLOSE.std() < 0, 'col("close").mean()'),
    "rank": (CLOSE.rank() < 100, 'col("close").rank('),
    "quantile": (CLOSE < CLOSE.quantile(0.3), 'col("close").quantile('),
    "from the end": (CLOSE.reverse().cum_max().reverse() > CLOSE * 1.001, 'col("close").reverse('),
    "filled backward": (
        pl.when(pl.int_range(pl.len()) % 50 == 49).then(CLOSE).fill_null(strategy="backward") > CLOSE,
        "fill_null",
    ),
}
HONEST = {
    "averages": CLOSE.rolling_mean(5) > CLOSE.rolling_mean(20),
    "exponential": CLOSE.ewm_mean(span=5) > CLOSE.ewm_mean(span=20),
    "z-score so far": CLOSE < CLOSE.cum_sum() / (pl.int_range(pl.len()) + 1),
    "bands": CLOSE > CLOSE.rolling_mean(20) + CLOSE.rolling_std(20),
    "first bar": pl.int_range(pl.len()) == 0,
    "filled forward": pl.when(pl.int_range(pl.len()) % 50 == 0).then(CLOSE).fill_null(strategy="forward") > CLOSE,
}


def signals(target: pl.Expr) -> bt.Signals:
    return bt.Signals(target.cast(pl.Float64))


def check(strategy: Any, *, at: list[datetime] | None = None, n: int = 3, **others: Any) -> Any:
    return bt.check_causality(strategy=strategy, at=at, n=n, **arguments(**others))


# Signals


@pytest.mark.parametrize("instruments", [1, 2])
@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_caught_and_named(leak: str, instruments: int) -> None:
    target, part = LEAKS[leak]
    report = check(signals(target), instruments=instruments)
    assert not report.ok
    first = report.findings[0].divergence
    assert first.table == "signals"
    assert part in first.column
    assert first.values[0] != first.values[1]
    assert first.time_ns <= report.findings[0].until_ns
    assert "without what came later" in repr(report)


@pytest.mark.parametrize("instruments", [1, 2])
@pytest.mark.parametrize("target", HONEST.values(), ids=HONEST)
def test_an_honest_signal_passes(target: pl.Expr, instruments: int) -> None:
    report = check(signals(target), instruments=instruments)
    assert report.ok
    assert "ok" in repr(report)


def test_the_first_row_that_looked_ahead_is_named() -> None:
    cut = START + timedelta(minutes=100)
    (first, *_) = check(signals(CLOSE.shift(-3) > CLOSE), at=[cut]).findings
    closes = frame()["close"]
    assert (first.divergence.row, first.divergence.values) == (97, (closes[100], None))
    assert first.divergence.time_ns == (START_NS := int(START.timestamp()) * 10**9) + 98 * MINUTE_NS
    assert first.until_ns == START_NS + 100 * MINUTE_NS


def test_the_first_output_that_changed_is_named() -> None:
    report = check(signals(CLOSE.shift(-1) > CLOSE), at=[START + timedelta(minutes=m) for m in range(100, 110)])
    found = {one.divergence.table: one.divergence for one in report.findings}
    assert found["orders"].rows[0]["instrument"] == "a_usd"
    assert found["orders"].time_ns == max(one.until_ns for one in report.findings if one.divergence.table == "orders")


WINDOWS = st.integers(1, 40)
PARTS: st.SearchStrategy[pl.Expr] = st.one_of(
    st.builds(CLOSE.rolling_mean, WINDOWS),
    st.builds(CLOSE.rolling_max, WINDOWS),
    st.builds(CLOSE.shift, WINDOWS),
    st.builds(lambda w: CLOSE.ewm_mean(span=w), WINDOWS),
    st.builds(lambda w: CLOSE.diff(w).cum_sum() + 100, WINDOWS),
)


@settings(max_examples=draws(15), deadline=None)
@given(PARTS, PARTS, st.integers(0, 3), st.integers(1, 2), st.integers(0, 90))
def test_a_causal_signal_is_ok_whatever_the_latency(
    one: pl.Expr, two: pl.Expr, n: int, instruments: int, seconds: int
) -> None:
    venue = bt.Venue(bt.Fees(taker=0.001), bt.Latency(seconds * 10**9, seconds * 10**9, seconds * 10**9))
    assert check(signals(one > two), n=n + 1, instruments=instruments, venues=venue).ok


@settings(max_examples=draws(10), deadline=None)
@given(PARTS, st.integers(1, 20))
def test_a_shift_into_the_future_is_never_ok(one: pl.Expr, bars: int) -> None:
    assert not check(signals(one > CLOSE.shift(-bars))).ok


# Other strategies, other data


@settings(max_examples=draws(15), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_any_schedule_on_any_data_is_ok(scenario: Scenario) -> None:
    """Trades, quotes, candles, latencies and limits: taking later data away changes nothing before."""
    # How finely undeclared prices are counted depends on the range of all of them.
    assume(all(item.declares_tick and item.declares_lot for item in scenario.instruments))
    given_ = to_backtest(scenario, 1)
    strategy = given_.pop("strategy")
    with accepted():
        report = bt.check_causality(strategy=lambda _: strategy, n=4, interpret=True, **given_)
    assert report.ok, report


class Counting:
    """Remembers how often it was asked: two runs of one object would differ."""

    wake = "candle"

    def __init__(self) -> None:
        self.asked = 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.asked += 1
        return [], [bt.OrderRequest("a_usd", 1.0 if self.asked % 20 == 10 else -1.0)] if self.asked % 10 == 0 else []


class Peeking(Counting):
    """Holds all the data, and looks one candle ahead."""

    def __init__(self, data: bt.data.Stream) -> None:
        super().__init__()
        self.closes = data.frame().collect()["close"].to_list()

    def generate_algo_orders(self, state: Any) -> Any:
        self.asked += 1
        ahead = self.closes[self.asked] if self.asked < len(self.closes) else 0.0
        return [], [bt.OrderRequest("a_usd", 1.0)] if ahead > self.closes[self.asked - 1] else []


def test_a_strategy_in_python_starts_afresh_in_each_run() -> None:
    strategy = Counting()
    assert check(strategy).ok
    assert strategy.asked == 0


def test_a_strategy_made_from_the_data_is_made_again() -> None:
    report = check(Peeking)
    assert not report.ok
    assert report.findings[0].divergence.table == "orders"


def test_nothing_is_asked_after_the_cut() -> None:
    """A strategy that has exactly the bars until the cut is not woken once more."""

    class Exact(Peeking):
        def generate_algo_orders(self, state: Any) -> Any:
            self.asked += 1
            return [], [bt.OrderRequest("a_usd", 1.0)] if self.closes[self.asked - 1] > 100 else []

    assert check(Exact).ok


def test_commands_until_the_cut_are_followed() -> None:
    times = [START + timedelta(minutes=m, microseconds=1) for m in range(20, 280, 20)]
    commands = pl.DataFrame({"time": times, "command": ["close_positions"] * len(times)})
    assert check(signals(HONEST["averages"]), commands=commands).ok
    assert check(signals(HONEST["averages"]), commands=bt.Commands(commands)).ok
    assert not check(signals(LEAKS["next close"][0]), commands=commands).ok


def targets(lead: int) -> Callable[[bt.data.Stream], bt.Signals]:
    def make(data: bt.data.Stream) -> bt.Signals:
        target = (CLOSE.shift(lead) > CLOSE).cast(pl.Float64)
        return bt.Signals(data.frame().select("instrument", time="time_exchange", target=target).collect())

    return make


def test_targets_as_a_frame_are_compared_if_a_function_makes_them() -> None:
    assert check(targets(1)).ok
    report = check(targets(-1))
    assert (report.findings[0].divergence.table, report.findings[0].divergence.column) == ("signals", "target")


def made(lead: int, form: str, stamp: str = "time_exchange") -> Callable[[bt.data.Stream], Any]:
    """What makes a frame of targets of two instruments from the data, looking so many candles ahead."""

    def make(data: bt.data.Stream) -> Any:
        target = (CLOSE.shift(lead) > CLOSE).cast(pl.Float64).over("instrument")
        frame = data.frame().select(pl.col("instrument").cast(pl.String), time=stamp, target=target).collect()
        wide = frame.pivot("instrument", index="time", values="target")
        if form == "schedule":
            return bt.Schedule(frame.with_columns(action=pl.lit("target")), name="schedule")
        pandas = wide.to_pandas().set_index("time") if form == "pandas" else None
        return bt.Signals({"long": frame, "wide": wide, "pandas": pandas}[form])

    return make


FORMS = pytest.mark.parametrize("form", ["long", "wide", "pandas", "schedule"])


@FORMS
def test_a_frame_of_any_form_that_is_made_from_the_data_is_compared(form: str) -> None:
    assert check(made(1, form), instruments=2).ok
    found = check(made(-1, form), instruments=2).findings[0].divergence
    assert (found.table, found.column) == ("signals", "target")


@FORMS
@pytest.mark.parametrize("several", [False, True])
def test_a_frame_that_is_given_is_checked_for_times_of_opens(form: str, several: bool) -> None:
    """It is the same with and without later data; the report says that nothing more can be seen."""
    data = bt.data.candles(frame(300, 2))
    good, bad = made(1, form)(data), made(1, form, "time_open")(data)
    others = [Counting()] if several else []
    report = check([good, *others] if several else good, instruments=2)
    assert report.ok
    assert f"strategy {good.name!r} is a frame of decisions" in repr(report)
    report = check([bad, *others] if several else bad, instruments=2)
    assert not report.ok
    found = report.findings[0].divergence
    assert (found.table, found.column, found.time_ns % MINUTE_NS) == ("signals", "time", 0)
    assert "when a candle opens that closes at" in repr(report)
    assert json.loads(json.dumps(report.to_dict()))["notes"]


def test_a_given_frame_of_orders_is_ok() -> None:
    orders = pl.DataFrame({"time": [START + timedelta(minutes=5)], "instrument": ["a_usd"], "quantity": [1.0]})
    assert check(bt.Schedule(orders.with_columns(action=pl.lit("open")))).ok


def test_a_look_ahead_across_instruments_is_named() -> None:
    """Inside windows, in one stream and in several."""
    best = (CLOSE.pct_change(5).over("instrument").rank().over("time") > 1) * 1.0
    cheat = (CLOSE.shift(-1) / CLOSE).over("instrument").rank().over("time") > 1
    parts = [bt.data.candles(frame(300, 2).filter(pl.col("instrument") == name)) for name in ("a_usd", "b_usd")]
    for data in (parts, bt.data.candles(frame(300, 2))):
        assert check(signals(best), instruments=2, data=data).ok
        report = check(signals(cheat), instruments=2, data=data)
        assert not report.ok
        assert 'col("close").shift(' in report.findings[0].divergence.column


def test_a_look_ahead_in_a_column_of_the_user_s_own_is_seen_if_the_expression_looks_ahead() -> None:
    data = bt.data.candles(frame().with_columns(score=CLOSE.diff()))
    assert check(signals(pl.col("score") > 0), data=data).ok
    report = check(signals(pl.col("score").shift(-1) > 0), data=data)
    assert 'col("score").shift(' in report.findings[0].divergence.column


def rising(s: Any, my: Any) -> None:
    target(s, 0, 1.0 if s.instruments.close[0] > s.instruments.open[0] else 0.0)


def test_a_compiled_strategy_is_ok() -> None:
    assert check(bt.Compiled(rising, wake="bar_close")).ok


def test_a_threshold_fitted_on_the_whole_data_is_caught() -> None:
    def fitted(data: bt.data.Stream) -> bt.Signals:
        return signals(CLOSE > data.frame().collect()["close"].mean())

    assert not check(fitted).ok


def test_several_strategies() -> None:
    others = [bt.strategy.builtin.SmaCross(5, 20), Counting()]
    assert check(others).ok
    two = {"instruments": 2}
    assert not check([bt.Signals((CLOSE.shift(-1) > CLOSE).cast(pl.Float64), name="leak"), Counting()], **two).ok


def test_a_run_that_fails_on_less_data_is_a_finding() -> None:
    report = check(signals(pl.when(pl.len() < 250).then(float("nan")).otherwise(1.0)), n=2)
    assert {one.divergence.table for one in report.findings} >= {"run"}
    assert "NaN" in str(report.findings[-1].divergence.values[1])


def test_what_cannot_be_made_from_less_data_is_a_finding() -> None:
    def late(data: bt.data.Stream) -> bt.Signals:
        return signals(pl.col("close") > data.frame().collect()["close"][250])

    assert {one.divergence.table for one in check(late, n=1).findings} == {"run"}


@pytest.mark.parametrize("kind", ["trades", "quotes"])
def test_trades_and_quotes(kind: str) -> None:
    rows = getattr(bt.data.generate, kind)(500, instruments=2)
    stream = getattr(bt.data, kind)(rows)
    instruments = [bt.Instrument("x", name) for name in stream.instruments]

    class Buying:
        wake = "market"

        def generate_algo_orders(self, state: Any) -> Any:
            return [], [bt.OrderRequest(state.instrument, 1.0)] if state.next_order < 20 else []

    report = bt.check_causality(stream, instruments, Buying(), balances={"usd": 10**6}, interpret=True)
    assert report.ok
    assert len(report.times_ns) == 5


# The data until a time


def test_a_candle_that_is_open_at_the_cut_shows_its_open() -> None:
    whole = FullData([bt.data.candles(frame())])
    cut = int(START.timestamp()) * 10**9 + 10 * MINUTE_NS
    (known,), (dealt,) = whole.known(cut), whole.dealt(cut)
    assert (known.rows, dealt.rows) == (10, 11)
    last = dealt.frame().collect().row(-1, named=True)
    assert last["open"] == last["high"] == last["low"] == last["close"] == frame()["open"][10]
    assert known.instruments == ("a_usd",)
    assert known.price_range() == whole.streams[0].price_range()


# Arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": [datetime(2020, 1, 1, 1)]}, "has no time zone"),
        ({"at": [START - timedelta(days=1)]}, "at holds 2019-12-31"),
        ({"at": [START + timedelta(days=1)]}, "at holds 2020-01-02"),
        ({"at": [START + timedelta(hours=4)], "end": START + timedelta(hours=3)}, "at holds 2020-01-01 04:00:00 UTC"),
        ({"n": 0}, "n is 0"),
    ],
)
def test_bad_times(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check(signals(HONEST["averages"]), **options)


def test_what_cannot_be_copied_is_told() -> None:
    class Open(Counting):
        def __init__(self) -> None:
            super().__init__()
            self.rows = (row for row in ())

    with pytest.raises(ConfigError, match="cannot be copied"):
        check(Open())


def test_chosen_times_lie_within_start_and_end() -> None:
    start, end = START + timedelta(hours=1), START + timedelta(hours=2)
    report = check(bt.strategy.builtin.SmaCross(3, 9), start=start, end=end, n=8)
    assert report.ok
    assert len(report.times_ns) == 8
    assert start.timestamp() * 1e9 <= report.times_ns[0] < report.times_ns[-1] < end.timestamp() * 1e9


def test_a_report_is_json() -> None:
    told = json.loads(json.dumps(check(signals(LEAKS["next close"][0])).to_dict()))
    assert told["ok"] is False
    assert told["findings"][0]["table"] == "signals"
    assert "<pre>" in check(signals(HONEST["averages"]))._repr_html_()


def test_a_look_ahead_that_earns_more_than_can_be_counted_is_named() -> None:
    """The run fails, since its equity leaves the range; what looked ahead is found all the same."""
    prices = bt.data.candles(bt.data.sample("stocks_daily"))
    names = ("aapl", "fb", "goog", "ibm", "msft")
    stocks = [bt.Instrument("xnas", f"{name}_usd", quantity_increment=1) for name in names]
    cheat = bt.Signals((CLOSE.shift(-1) > CLOSE) * 0.2, size="equity")
    report = bt.check_causality(prices, stocks, cheat, balances={"usd": 100_000}, n=2)
    assert not report.ok
    assert "shift" in report.findings[0].divergence.column
