"""A user's own columns: a strategy reads the last value that has arrived, whatever the chunks and streams."""

from __future__ import annotations

from decimal import Decimal
from math import isnan, nan
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.data import Repair
from barter_bt.errors import ConfigError, DataError, StrategyError
from barter_bt.strategy import api
from tests.engine.tiny import A, B, quotes, run, trades
from tests.strategy.test_candle_history import cut

MOODS = pl.DataFrame({"mood": [None, 2.0, nan, 4.0, 5.0, None], "calm": [1, None, 3, 4, None, 6]})


def ticks(own: pl.DataFrame = MOODS, start: int = 0, names: str = "ab") -> pl.DataFrame:
    """A trade a second, of the instruments in turn, with columns of one's own."""
    rows = [(start + k + 1, 100, 9, f"{names[k % len(names)]}_usd") for k in range(own.height)]
    frame = trades(*rows).frame().collect()
    return frame.with_columns(own)


class Reads:
    """Notes each column of each instrument at each trade."""

    wake = "trade"

    def __init__(self, *columns: str, wake: str = "trade") -> None:
        self.data_columns, self.wake, self.seen = columns, wake, []

    def generate_algo_orders(self, state: Any) -> None:
        self.seen.append([[state.column(name, one) for one in self.data_columns] for name in state.instruments])


def shown(rows: list[Any]) -> list[Any]:
    """The same with None for what is no number, so that it equals itself."""
    return [shown(row) if isinstance(row, list) else None if isnan(row) else row for row in rows]


def expected(frame: pl.DataFrame, *columns: str) -> list[Any]:
    """By hand: the last value of each instrument that was there."""
    now: dict[Any, Any] = {}
    found = []
    for row in frame.iter_rows(named=True):
        for one in columns:
            if row[one] is not None and not isnan(row[one]):
                now[row["instrument"], one] = float(row[one])
        found.append([[now.get((name, one)) for one in columns] for name in ("a_usd", "b_usd")])
    return found


@settings(max_examples=20, deadline=None)
@given(
    values=st.lists(st.tuples(st.none() | st.floats(-9, 9) | st.just(nan), st.none() | st.integers()), min_size=1),
    places=st.lists(st.integers(0, 9), max_size=4),
)
def test_the_last_value_that_was_there_is_read(values, places):
    small = [None if count is None else count % 1000 for _, count in values]
    frame = ticks(pl.DataFrame({"mood": pl.Series([mood for mood, _ in values], dtype=pl.Float64), "calm": small}))
    reads = Reads("calm", "mood")
    bt.testing.run(bt.data.trades(cut(frame, [min(k, frame.height) for k in places])), reads, [A, B])
    assert shown(reads.seen) == expected(frame, "calm", "mood")


def test_equal_names_in_two_streams_are_one_column():
    """What arrives last counts, whichever stream it is of; a stream without the column changes nothing."""
    first, second = ticks(MOODS[["mood"]], names="a"), ticks(pl.DataFrame({"mood": [30.0, 50.0]}), 2, "a")
    reads = Reads("mood")
    run([bt.data.trades(first), bt.data.trades(second), quotes((2, 99, 1, 101, 1))], reads, [A])
    assert shown(reads.seen) == [[[x]] for x in (None, 2.0, 2.0, 30.0, 4.0, 50.0, 5.0, 5.0)]


def test_a_value_is_known_when_its_row_arrives():
    frame = ticks(names="a").with_columns(time_received=pl.col("time_exchange").dt.offset_by("10s"))
    reads = Reads("mood", wake="timer:1s")
    run(bt.data.trades(frame), reads, [A])
    known = [row[0][0] for row in shown(reads.seen)]
    assert known[:12] == [None] * 11 + [2.0]
    assert known[-1] == 5.0


def test_only_rows_of_the_time_of_the_run_count():
    reads, frame = Reads("mood"), ticks(names="a")
    start, end = frame["time_exchange"].gather([2, 3])
    run(bt.data.trades(frame), reads, [A], start=start, end=end)
    assert shown(reads.seen) == [[[None]], [[4.0]]]


def test_columns_follow_the_rows_of_a_repaired_stream():
    """Rows of one time and instrument keep their own values; what two equal trades differ in does not make them two."""
    frame = ticks(pl.DataFrame({"mood": [1.0, 2.0, 3.0, 4.0]}), names="a")
    times, prices = frame["time_exchange"].gather([0, 0, 0, 1]), pl.Series([7.0, 7.0, 8.0, -1.0])
    frame = frame.with_columns(time_exchange=times, price=prices)
    repair = Repair(sort=True, drop_duplicates=True, drop_invalid=True)
    stream, reads = bt.data.trades(frame[[3, 0, 1, 2]], repair=repair), Reads("mood")
    run(stream, reads, [A])
    assert shown(reads.seen) == [[[1.0]], [[3.0]]]
    assert stream.repairs == {"invalid": 1, "sorted": 0, "duplicates": 1}
    assert stream.frame(["mood"]).collect()["mood"].to_list() == [1.0, 3.0]


def test_truths_and_exact_numbers_are_read():
    own = pl.DataFrame(
        {"up": [True, None], "d": [Decimal("0.1"), Decimal("2")], "n": pl.Series([7, 8], dtype=pl.UInt8)}
    )
    reads = Reads("up", "d", "n")
    run(bt.data.trades(ticks(own, names="a")), reads, [A])
    assert reads.seen == [[[1.0, 0.1, 7.0]], [[1.0, 2.0, 8.0]]]


@pytest.mark.parametrize(
    ("column", "asked", "error", "says"),
    [
        (pl.lit("good"), "mood", DataError, "column 'mood', which the strategy reads, is text, not a number"),
        (pl.lit(2**60), "mood", DataError, "'mood', which the strategy reads, is not exact .* from row 0 on: 1152"),
        (pl.lit(1.0), "moood", StrategyError, "asks for a column 'moood' of the data; the data has mood"),
        (pl.lit(1.0), "price", StrategyError, "'price' .*\n?.*which the state shows anyway"),
    ],
)
def test_what_cannot_be_read_is_told(column, asked, error, says):
    frame = ticks(names="a").select("time_exchange", "instrument", "price", "amount", mood=column)
    with pytest.raises(error, match=says):
        run(bt.data.trades(frame), Reads(asked), [A])


def test_columns_are_asked_for_as_a_tuple_of_names():
    reads = Reads()
    for wrong in ("mood", 7, (1,)):
        reads.data_columns = wrong
        with pytest.raises(StrategyError, match="data_columns is .* must be a tuple of names"):
            run(bt.data.trades(ticks(names="a")), reads, [A])


def test_what_was_not_asked_for_is_told():
    class Forgot:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> None:
            state.column("a_usd", "mood")

    with pytest.raises(StrategyError, match=r"reads column 'mood'; it asked for none"):
        run(bt.data.trades(ticks(names="a")), Forgot(), [A])

    def forgot(s: Any, my: Any) -> None:
        api.column(s, 0, 3)

    with pytest.raises(StrategyError, match="for column 3 of the data, which no strategy asked for"):
        run(bt.data.trades(ticks(names="a")), bt.Compiled(forgot, wake="trade"), [A])


def test_a_name_that_compiled_code_cannot_write_is_told():
    frame = ticks(names="a").rename({"mood": "my mood"})
    with pytest.raises(StrategyError, match=r"my\.columns\.my mood is no name"):
        run(bt.data.trades(frame), bt.Compiled(follows, data_columns=("my mood",)), [A])


def follows(s, my):
    """Holds as much as the mood says; adds up what it sees of the calm."""
    for i in range(len(s.instruments)):
        mood, calm = api.column(s, i, my.columns.mood[0]), api.column(s, i, my.columns.calm[0])
        if not isnan(mood):
            api.target(s, i, mood)
        if not isnan(calm):
            my.variables.sum[0] += calm * (i + 1)


def of_follows(frame: pl.DataFrame, **options: Any) -> bt.Result:
    one = bt.Compiled(follows, variables={"sum": 0.0}, wake="trade", data_columns=("mood", "calm"), name="follows")
    both = [one, bt.strategy.Python(Reads("calm"), "reads")]
    return bt.backtest(bt.data.trades(frame), [A, B], both, balances={"usd": 10_000}, **options)


def test_a_compiled_strategy_reads_the_same(tmp_path):
    """Beside one in Python that reads another column; interpreted, compiled and gone on with from a checkpoint."""
    frame, path = ticks(pl.concat([MOODS] * 4)), tmp_path / "run"
    plain = of_follows(frame, interpret=True)
    rows = expected(frame, "calm")
    total = sum((row[0][0] or 0.0) + 2 * (row[1][0] or 0.0) for row in rows)
    assert plain.own["follows"]["variables"]["sum"].item() == total
    assert list(plain.own["follows"]) == ["variables"]
    assert plain.trades.height > 4
    saved = of_follows(cut(frame, [5, 11]), interpret=False, checkpoint=bt.Checkpoint(path, every_rows=10))
    again = of_follows(frame, interpret=True, resume=path)
    assert plain.digest == saved.digest == again.digest
    assert again.own["follows"]["variables"]["sum"].item() == total
    with pytest.raises(ConfigError, match=r"of another run:\n  columns.mood\[0\]: was"):
        of_follows(frame.with_columns(mood=pl.col("mood") + 1), interpret=True, resume=path)


def test_several_strategies_read_each_what_it_asked_for():
    frame, each = ticks(), [Reads("mood"), Reads("calm")]
    run(bt.data.trades(frame), [bt.strategy.Python(one, one.data_columns[0]) for one in each], [A, B])
    assert [shown(one.seen) for one in each] == [expected(frame, "mood"), expected(frame, "calm")]


def test_runs_of_one_simulation_read_what_each_asks_for():
    frame = ticks()
    simulation = bt.Simulation(bt.data.trades(frame), [A, B], balances={"usd": 1}, interpret=True)
    for columns in (("mood",), (), ("calm", "mood"), ("mood",), ("mood",)):
        reads = Reads(*columns)
        simulation.run(reads)
        assert shown(reads.seen) == expected(frame, *columns)


def test_what_was_known_does_not_change_with_what_comes_later():
    def make() -> bt.Compiled:
        return bt.Compiled(follows, variables={"sum": 0.0}, wake="trade", data_columns=("mood", "calm"))

    stream = bt.data.trades(ticks(pl.concat([MOODS] * 3)))
    report = bt.check_causality(stream, [A, B], make(), balances={"usd": 10_000}, n=3, interpret=True)
    assert report.ok


def test_sources_of_one_stream_may_have_the_column_or_not(tmp_path):
    """A Parquet file with it, a frame without, and a CSV file with whole numbers."""
    plain, again = ticks(MOODS[["mood"]][:2], 6, "a").drop("mood"), ticks(pl.DataFrame({"mood": [8, 9]}), 8, "a")
    ticks(MOODS[["mood"]], names="a").write_parquet(tmp_path / "ticks.parquet")
    again.write_csv(tmp_path / "ticks.csv")
    reads = Reads("mood")
    run(bt.data.trades([tmp_path / "ticks.parquet", plain, tmp_path / "ticks.csv"]), reads, [A])
    assert [row[0][0] for row in shown(reads.seen)] == [None, 2.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0, 8.0, 9.0]
