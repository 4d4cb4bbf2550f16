"""A window over the last candles: at every wake-up it is the tail of what has arrived, however the data is cut."""

from __future__ import annotations

from itertools import pairwise
from math import isnan
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt import protocol
from barter_bt.data import generate
from barter_bt.engine.replica import StateReplica, differences
from barter_bt.errors import StrategyError
from barter_bt.strategy import api
from barter_bt.system import Engine
from barter_bt.testing import bars
from tests.engine.tiny import S, Watch, run, trades

NAMES = ("walk0_usd", "walk1_usd")
WALKS = [bt.Instrument("x", name) for name in NAMES]
WALK = [generate.candles(30, instrument=name, seed=k) for k, name in enumerate(NAMES)]
FRAME = pl.concat(one.with_columns(pl.col("instrument").cast(pl.String)) for one in WALK)
FRAME = FRAME.sort("time_exchange", maintain_order=True)
COLUMNS = ("time_open", "time", "open", "high", "low", "close", "volume")


class Looks:
    """Keeps each window of each instrument as rows."""

    def __init__(self, history: int, n: int | None = None, wake: str = "bar_close") -> None:
        self.wake, self.candle_history, self.n, self.seen = wake, history, n, []

    def generate_algo_orders(self, state: Any) -> None:
        self.seen.append((state.time, [state.candles(name, self.n).frame().rows() for name in state.instruments]))


def arrived(frame: pl.DataFrame, name: str, time: int, n: int) -> list[Any]:
    own = frame.filter(pl.col("instrument") == name, pl.col("time_exchange").to_physical() <= time)
    return own.rename({"time_exchange": "time"}).select(COLUMNS).tail(n).rows()


def cut(frame: pl.DataFrame, places: list[int]) -> pl.DataFrame:
    """The same rows in so many chunks."""
    ends = [0, *sorted(places), frame.height]
    return pl.concat([frame[a:b] for a, b in pairwise(ends)], rechunk=False)


@settings(max_examples=25, deadline=None)
@given(
    history=st.integers(1, 70),
    wish=st.integers(0, 70) | st.none(),
    places=st.lists(st.integers(0, FRAME.height), max_size=5),
)
def test_the_window_is_the_tail_of_what_has_arrived(history, wish, places):
    n = None if wish is None else min(wish, history)
    looks = Looks(history, n)
    bt.testing.run(bt.data.candles(cut(FRAME, places)), looks, WALKS, balances={"usd": 1})
    assert len(looks.seen) == FRAME["time_exchange"].n_unique()
    for time, windows in looks.seen:
        assert windows == [arrived(FRAME, name, time, history if n is None else n) for name in NAMES]


def test_candles_of_several_streams_stand_in_order_of_arrival():
    """Ten seconds and twenty: of one close the stream that was given first, and each says how long it is."""
    looks = Looks(4)
    run([bars(1, 2, 3, 4, step=10), bars(1, 2, step=20)], looks)
    last = [(opened.timestamp(), closed.timestamp()) for opened, closed, *_ in looks.seen[-1][1][0]]
    assert last == [(0, 20), (20, 30), (30, 40), (20, 40)]


def test_a_candle_behind_a_trade_leaves_no_gap():
    """The last price is the trade's (rule 13); the window has each candle all the same."""
    looks = Looks(3, wake="candle")
    late = bars(1, 2, 3).frame().collect().with_columns(time_received=pl.col("time_exchange").dt.offset_by("5s"))
    run([trades((1, 7, 1), (12, 7, 1), (22, 7, 1), (32, 7, 1)), bt.data.candles(late)], looks)
    assert [row[5] for row in looks.seen[-1][1][0]] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("asked", "kept"), [(5, 3), (-1, 3), (1, 0), (None, 0)])
def test_more_than_is_kept_is_told(asked, kept):
    with pytest.raises(StrategyError, match=f"{kept} are kept"):
        run(bars(1, 2), Looks(kept, asked))


@pytest.mark.parametrize("wrong", [-1, True, 2.0, [1]])
def test_a_history_is_a_number_of_candles(wrong):
    with pytest.raises(StrategyError, match="candle_history is"):
        bt.Compiled(reads, candle_history=wrong)
    with pytest.raises(StrategyError, match="candle_history is"):
        run(bars(1, 2), Looks(wrong))


@pytest.mark.parametrize("wrong", [1.0, True, "1"])
def test_a_number_of_candles_is_whole(wrong):
    with pytest.raises(StrategyError, match="must be a whole number of them"):
        run(bars(1, 2), Looks(3, wrong))


def test_several_strategies_have_the_longest_history():
    few, many = Looks(1, 1), Looks(3)
    run(bars(1, 2, 3, 4), [bt.strategy.Python(few, "few"), bt.strategy.Python(many, "many")])
    assert [len(windows[0]) for _, windows in few.seen] == [1, 1, 1, 1]
    assert [len(windows[0]) for _, windows in many.seen] == [1, 2, 3, 3]


def reads(s, my):
    """Buys where the last close is the lowest of three; keeps what it read."""
    v = my.variables
    v.count[0] = api.candle_count(s, 1)
    v.open[0], v.high[0], v.low[0] = api.candle_open(s, 1, 2), api.candle_high(s, 1, 1), api.candle_low(s, 1)
    v.volume[0], v.close[0] = api.candle_volume(s, 1, 2), api.candle_close(s, 1, 2)
    v.time[0], v.opened[0] = api.candle_time(s, 1, 2), api.candle_time_open(s, 1, 2)
    lowest = 1
    for back in range(1, 3):
        if not api.candle_close(s, 1, back) > api.candle_close(s, 1):
            lowest = 0
    api.target(s, 1, float(lowest))


READS = {"count": 0, "open": 0.0, "high": 0.0, "low": 0.0, "close": 0.0, "volume": 0.0, "time": 0, "opened": 0}


def of_reads(frame: pl.DataFrame, **settings: Any) -> bt.Result:
    one = bt.Compiled(reads, variables=READS, wake="bar_close", candle_history=3, name="reads")
    return bt.backtest(bt.data.candles(frame), WALKS, one, balances={"usd": 1_000}, **settings)


def test_a_compiled_strategy_reads_the_same(tmp_path):
    """Interpreted, compiled and gone on with from a checkpoint, over data in pieces."""
    path = tmp_path / "run"
    plain = of_reads(FRAME, interpret=True)
    own = plain.own["reads"]["variables"].row(0, named=True)
    want = FRAME.filter(pl.col("instrument") == NAMES[1]).tail(3)
    assert own["count"] == 3
    assert [own["open"], own["close"], own["volume"]] == [want[name][0] for name in ("open", "close", "volume")]
    assert [own["high"], own["low"]] == [want["high"][1], want["low"][2]]
    closed, opened = (want[name].to_physical()[0] for name in ("time_exchange", "time_open"))
    assert (own["time"], own["opened"]) == (closed, opened)
    assert plain.trades.height > 4
    saved = of_reads(cut(FRAME, [7, 31]), interpret=False, checkpoint=bt.Checkpoint(path, every_rows=50))
    again = of_reads(FRAME, interpret=True, resume=path)
    assert plain.digest == saved.digest == again.digest


@pytest.mark.parametrize("back", [3, -1])
def test_further_back_than_is_kept_ends_the_run(back):
    def far(s: Any, my: Any) -> None:
        api.candle_close(s, 0, int(my.parameters.back[0]))

    one = bt.Compiled(far, parameters={"back": back}, candle_history=3)
    with pytest.raises(StrategyError, match=rf"the candle {back} before the last; 3 are kept"):
        run(bars(1, 2), one)


def test_what_has_not_come_yet_is_not_a_number():
    seen = []

    def early(s: Any, my: Any) -> None:
        seen.append((api.candle_count(s, 0), api.candle_close(s, 0, 1), api.candle_time(s, 0, 1)))

    run(bars(1, 2), bt.Compiled(early, wake="candle", candle_history=2))
    count, close, time = seen[0]
    assert (count, time) == (1, api.NO_TIME)
    assert isnan(close)
    assert seen[1] == (2, 1.0, 60 * S)


def test_a_look_back_is_causal():
    def make() -> bt.Compiled:
        return bt.Compiled(reads, variables=READS, wake="bar_close", candle_history=3)

    report = bt.check_causality(bt.data.candles(FRAME), WALKS, make(), balances={"usd": 1_000}, n=3, interpret=True)
    assert report.ok


def test_a_window_is_what_it_was_when_it_was_read():
    kept: list[Any] = []
    watch = Watch(lambda state: kept.append(state.candles("a_usd")), wake="bar_close")
    watch.candle_history = 2
    run(bars(1, 2, 3), watch)
    assert [one.close.tolist() for one in kept] == [[1.0], [1.0, 2.0], [2.0, 3.0]]


def test_the_event_engine_keeps_candles_and_saves_them(tmp_path):
    def engine(history: int) -> Engine:
        return Engine([bt.Instrument("x", name) for name in ("a_usd", "b_usd")], candle_history=history)

    one, again = engine(2), engine(2)
    for k, name in enumerate(("b_usd", "a_usd", "b_usd", "b_usd")):
        candle = protocol.Candle(k, 1.0, 9.0, 1.0, 1.0 + k, 5.0, 1)
        one.process(protocol.Market(protocol.Item(protocol.MarketEvent(k, k, "x", name, candle))))
    one.save(tmp_path / "engine")
    again.load(tmp_path / "engine")
    for each in (one, again):
        assert each.candles("b_usd").frame().select("time_open", "close").rows() == [(None, 3.0), (None, 4.0)]
        assert each.candles("a_usd").close.tolist() == [2.0]
    with pytest.raises(StrategyError, match="asked for 3 candles .* 2 are kept"):
        one.candles("b_usd", 3)
    with pytest.raises(StrategyError, match="candle_history is -1"):
        engine(-1)


def test_the_audit_does_not_tell_of_windows_and_a_replica_does_without():
    run_of = {"balances": {"usd": 1_000}, "interpret": True, "audit": "full"}
    one = bt.Compiled(reads, variables=READS, wake="bar_close", candle_history=3)
    result = bt.backtest(bt.data.candles(FRAME), WALKS, one, **run_of)
    replica = StateReplica(result.snapshot)
    replica.follow(result.state)
    assert differences(replica.state, result.state) == []


def test_a_look_back_where_there_are_no_candles_is_warned_of():
    told = "looks back at candles (candle_history=3), and the data has none"
    for one in (Looks(3, wake="trade"), bt.Compiled(reads, variables=READS, wake="bar_close", candle_history=3)):
        result = run(trades((1, 7, 1)), one)
        assert any(told in text for text in result.warnings)
    assert not any("look" in text for text in run(bars(1, 2), Looks(3)).warnings)
