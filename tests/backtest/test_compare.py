"""Runs side by side: their figures, curves and tests, and where two of them part."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.backtest import paired
from barter_bt.backtest.difference import Difference, difference
from barter_bt.backtest.divergence import first_divergence
from barter_bt.backtest.run_directory import write
from barter_bt.errors import ConfigError
from barter_bt.statistic import summarise
from tests.backtest.runs import crossed
from tests.draws import draws
from tests.statistic.fakes import DAY_NS, NS, FakeRun, crossing_run, equity_of

windows = st.tuples(st.integers(2, 8), st.integers(9, 30))
few = settings(max_examples=draws(10), deadline=None)


# Figures


def test_figures_are_those_of_the_summaries(tmp_path):
    a, b = crossed(5, 20), crossed(8, 30)
    b.save(tmp_path / "b")
    both = bt.compare([a, tmp_path / "b"])
    assert both.figures["run"].to_list() == ["sma_cross", "b"]
    for row, run in zip(both.figures.to_dicts(), (a, b), strict=True):
        assert row == {"run": row["run"], **summarise(run).to_dict()}
    assert "Sharpe" in repr(both)
    assert "<th>b</th>" in both._repr_html_()


def test_many_runs_are_one_line_each():
    told = repr(bt.compare({f"run {k}": crossing_run(50, 4, seed=k) for k in range(30)}))
    assert "run 19" in told
    assert "run 20" not in told
    assert "and 10 more" in told


def test_names_tell_runs_apart(tmp_path):
    run = crossing_run(50, 4)
    for folder in ("x/a", "y/a"):
        write(run, tmp_path / folder)
    assert list(bt.compare([tmp_path / "x/a", tmp_path / "y/a"]).runs) == ["x/a", "y/a"]
    assert list(bt.compare([run, run, tmp_path / "x/a"]).runs)[:2] == ["run (1)", "run (2)"]
    assert len(set(bt.compare([tmp_path / "x/a"] * 3).runs)) == 3


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "there are no runs"),
        (["no_such_run"], "does not exist"),
        ("no_such_run", "takes a list of runs"),
        ({"time": "x"}, "cannot be called 'time'"),
    ],
)
def test_bad_input(runs, message):
    with pytest.raises(ConfigError, match=message):
        bt.compare(runs)


def test_one_run_is_no_list():
    with pytest.raises(ConfigError, match="takes a list of runs"):
        bt.compare(crossing_run(50, 4))


def test_a_thousand_saved_runs_are_a_table_without_reading_tables(tmp_path):
    write(crossing_run(50, 4), tmp_path / "r0")
    for k in range(1, 1000):
        shutil.copytree(tmp_path / "r0", tmp_path / f"r{k}", copy_function=os.link)
    began = time.process_time()
    figures = bt.compare(sorted(tmp_path.iterdir())).figures
    assert time.process_time() - began < 5  # about half a second
    assert figures.height == 1000


# Curves


def test_curves_are_joined_by_time():
    a, b = FakeRun(equity=equity_of([1.0, 2.0, 3.0])), FakeRun(equity=equity_of([5.0, 6.0], 2 * DAY_NS))
    both = bt.compare({"a": a, "b": b}).equity
    assert both.columns == ["time", "a", "b"]
    assert both["a"].to_list() == [1.0, 2.0, 3.0]
    assert both["b"].to_list() == [5.0, None, 6.0]


def test_returns_are_between_the_same_times():
    a = FakeRun(equity=equity_of([100.0, 110.0, 121.0, 121.0]))
    b = FakeRun(equity=equity_of([100.0, 50.0], 2 * DAY_NS))
    both = bt.compare({"a": a, "b": b}).returns
    assert both["a"].round(9).to_list() == [0.1, 0.1]
    assert both["b"].to_list() == [0.0, -0.5]


@pytest.mark.parametrize(
    "curve",
    [equity_of([]), equity_of([1.0]), equity_of([1.0, 2.0]).with_columns(pl.col("time") + pl.duration(days=90))],
)
def test_without_a_time_in_common_there_is_no_return(curve):
    both = bt.compare({"a": FakeRun(equity=equity_of([1.0, 2.0, 3.0])), "b": FakeRun(equity=curve)})
    assert both.returns.height == 0
    assert both.correlation["b"].to_list() == [None, None]
    assert both.sharpe_tests["p_value"].to_list() == [None]


def test_an_equity_that_is_not_positive_has_no_return():
    assert bt.compare({"a": FakeRun(equity=equity_of([1.0, -1.0, 2.0, 3.0]))}).returns["a"].to_list() == [
        -2.0,
        None,
        0.5,
    ]


def test_the_sharpe_ratio_is_that_of_the_summary():
    run, other = crossing_run(5_000, 100), crossing_run(5_000, 90, seed=2)
    tested = bt.compare({"a": run, "b": other}).sharpe_tests
    assert tested["sharpe"].item() == pytest.approx(summarise(run).sharpe)
    assert tested["sharpe_other"].item() == pytest.approx(summarise(other).sharpe)


# The test of Sharpe ratios


def changes(**columns: np.ndarray) -> pl.DataFrame:
    days = pl.Series(np.arange(1 + len(next(iter(columns.values())))) * DAY_NS).cast(NS)
    return pl.DataFrame({"time_start": days[:-1], "time": days[1:], **columns})


def test_correlation_and_statistic_by_hand():
    random = np.random.default_rng(0)
    a = random.normal(0.001, 0.01, 250)
    b = 0.5 * a + random.normal(0, 0.01, 250)
    tested = paired.sharpe_tests(changes(a=a, b=b)).row(0, named=True)
    r = np.corrcoef(a, b)[0, 1]
    one, two = a.mean() / a.std(ddof=1), b.mean() / b.std(ddof=1)
    variance = (2 - 2 * r + (one**2 + two**2 - 2 * one * two * r**2) / 2) / 250
    assert tested["z"] == pytest.approx((one - two) / math.sqrt(variance))
    assert tested["p_value"] == pytest.approx(math.erfc(abs(tested["z"]) / math.sqrt(2)))
    assert tested["difference"] == pytest.approx((one - two) * math.sqrt(365))
    assert paired.correlation(changes(a=a, b=b))["b"][0] == pytest.approx(r)


def test_equal_ratios_are_rejected_as_often_as_the_level_says():
    """Of 2,000 correlated pairs with the same true ratio, about 5 % have a p-value below 5 %."""
    random = np.random.default_rng(3)
    common = random.normal(0.05, 1.0, (2_000, 500))
    pairs = [common + random.normal(0.0, 1.0, common.shape) for _ in range(2)]
    few_p = [
        paired.sharpe_tests(changes(a=a, b=b))["p_value"].item() < 0.05 for a, b in zip(pairs[0], pairs[1], strict=True)
    ]
    assert 0.035 < np.mean(few_p) < 0.065


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([0.1, 0.2], [0.2, 0.1]),
        ([0.1, 0.1, 0.1], [0.2, 0.1, 0.3]),
        ([0.1, 0.2, 0.4], [0.2, 0.4, 0.8]),
        ([], []),
    ],
)
def test_undefined_is_null(a, b):
    tested = paired.sharpe_tests(changes(a=np.array(a, float), b=np.array(b, float)))
    assert tested["z"].to_list() == tested["p_value"].to_list() == [None]


def test_one_run_has_no_pairs():
    assert bt.compare({"a": crossing_run(500, 4)}).sharpe_tests.height == 0


# Where two runs part


@few
@given(windows)
def test_a_run_has_no_difference_from_itself(window):
    run = crossed(*window)
    assert difference(run, run).same
    assert difference(run, run, ("x", "y")).only[0].is_empty()


@few
@given(windows, windows)
def test_difference_is_symmetric(one, two):
    a, b = crossed(*one), crossed(*two)
    there, back = difference(a, b, ("a", "b")), difference(b, a, ("b", "a"))
    assert there.same == back.same == (a.digest == b.digest)
    assert [frame.to_dicts() for frame in there.only] == [frame.to_dicts() for frame in reversed(back.only)]
    if there.first and back.first:
        assert (there.first.table, there.first.row, there.first.column) == (
            back.first.table,
            back.first.row,
            back.first.column,
        )
        assert there.first.values == tuple(reversed(back.first.values))
        assert there.first.time_ns == back.first.time_ns


def test_a_saved_run_is_the_run(tmp_path):
    run = crossed(5, 20)
    assert bt.compare([run, run.save(tmp_path / "a")]).difference().same


def test_the_name_of_a_strategy_is_a_label():
    assert difference(crossed(5, 20), crossed(5, 20, "other")).same


def changed(run: FakeRun, table: str, row: int, **values: object) -> FakeRun:
    frame = getattr(run, table)
    at = pl.int_range(pl.len()) == row
    cells = [pl.when(at).then(pl.lit(v)).otherwise(pl.col(k)).cast(frame.schema[k]).alias(k) for k, v in values.items()]
    return replace(run, **{table: frame.with_columns(cells)})


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("orders", "quantity", 7.0), ("trades", "price", 7.0), ("positions", "pnl_realised", None)],
)
def test_the_first_changed_cell_is_named(table, column, value):
    run = crossing_run(300, 10)
    other = changed(changed(run, table, 4, **{column: value}), table, 2, **{column: value})
    first = difference(run, other).first
    assert first is not None
    assert (first.table, first.row, first.column) == (table, 2, column)
    assert first.values == (getattr(run, table)[column][2], value)
    assert str(getattr(run, table)[column][2]) in repr(first)


def test_the_earliest_of_all_tables_is_the_first():
    run = crossing_run(300, 10)
    other = changed(changed(run, "trades", 3, price=1.0), "orders", 6, quantity=1.5)
    first = difference(run, other).first
    assert first is not None
    assert first.table == "trades"


def test_a_row_that_only_one_has():
    run = crossing_run(300, 10)
    other = replace(run, orders=run.orders.head(9), trades=run.trades.head(9))
    found = difference(run, other, ("long", "short"))
    assert found.first is not None
    assert (found.first.table, found.first.row, found.first.column) == ("orders", 9, "row")
    assert "there in long, not there in short" in repr(found)
    assert (found.only[0].height, found.only[1].height) == (1, 0)


def test_what_became_of_an_order_counts_when_it_was_closed():
    def orders(*statuses: tuple[str, int | None]) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "order_id": range(len(statuses)),
                "side": "buy",
                "time_sent": pl.Series(range(len(statuses))).cast(NS),
                "status": [status for status, _ in statuses],
                "time_closed": pl.Series([time for _, time in statuses], dtype=pl.Int64).cast(NS),
            }
        )

    a = orders(("filled", 90), ("filled", 50), ("open", None))
    b = orders(("expired", 80), ("expired", 60), ("open", None))
    first = first_divergence({"orders": a}, {"orders": b})
    assert first is not None
    assert (first.row, first.column, first.values, first.time_ns) == (1, "status", ("filled", "expired"), 50)
    open_ended = first_divergence(
        {"orders": a}, {"orders": a.with_columns(status=pl.lit("open"), time_closed=pl.lit(None, NS))}
    )
    assert open_ended is not None
    assert (open_ended.row, open_ended.time_ns) == (1, 50)


def test_equal_orders_are_counted():
    run = crossing_run(300, 10)
    twice = replace(run, orders=pl.concat([run.orders.head(1), run.orders]))
    found = difference(run, twice)
    assert (found.only[0].height, found.only[1].height) == (0, 1)


def test_a_difference_is_json():
    found = bt.compare({"a": crossed(5, 20), "b": crossed(8, 30)}).difference()
    told = json.loads(json.dumps(found.to_dict()))
    assert told["same"] is False
    assert told["first"]["table"] == "orders"
    assert len(told["orders_only"]["a"]) == found.only[0].height
    assert "<pre>" in found._repr_html_()
    assert isinstance(found, Difference)


def test_a_difference_is_that_of_two():
    with pytest.raises(ConfigError, match="there are 3 runs"):
        bt.compare([crossing_run(50, 4)] * 3).difference()


def test_curves_are_drawn_together():
    curves = {f"run {k}": FakeRun(equity=equity_of([100.0, 100.0 + k])) for k in range(14)}
    axes = bt.compare(curves).plot()
    assert [line.get_label() for line in axes.get_lines()][:2] == ["run 13", "run 12"]
    assert (len(axes.get_lines()), axes.get_title("right")) == (12, "the best 12 of 14")
    assert axes.get_lines()[0].get_ydata().tolist() == [1.0, 1.13]


def test_labels_say_what_figures_are_stated_for():
    runs = {"a": crossing_run(300, 10), "b": crossing_run(300, 10, seed=2)}
    page = bt.compare(runs)._repr_html_()
    assert "Sharpe ratio (annual)" in page
    assert "{per}" not in page + repr(bt.compare({str(k): run for k, run in enumerate([*runs.values()] * 5)}))
