"""Folds: tests are disjoint and cover the time, training keeps its distance, paths go through every group once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import comb

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from barter_bt.errors import ConfigError
from barter_bt.research import Span, combinatorial_purged, fold_table, plot_folds, purged_k_fold, walk_forward

START = datetime(2020, 1, 1, tzinfo=UTC)
END = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = st.integers(1, 5_000).map(lambda n: timedelta(hours=n))
GAPS = st.integers(0, 60).map(lambda n: timedelta(days=n))


@given(HOURS, HOURS, GAPS, st.booleans(), st.floats(0.01, 20.0))
def test_walk_forward_tests_what_comes_next(train, test, embargo, anchored, tests):
    """Tests follow each other without a gap until the end; training ends an embargo before its test and is as asked."""
    end = START + train + embargo + test * tests
    folds = walk_forward(START, end, train=train, test=test, anchored=anchored, embargo=embargo)
    tests = [fold.test[0] for fold in folds]
    assert tests[0].start == START + train + embargo
    assert tests[-1].end == end
    assert [one.end for one in tests[:-1]] == [one.start for one in tests[1:]]
    assert all(one.length == test for one in tests[:-1])
    for fold in folds:
        assert fold.train[0].end + embargo == fold.test[0].start
        assert fold.train[0].start == START if anchored else fold.train[0].length == train


def test_months_go_by_the_calendar_and_do_not_drift():
    """Each edge is counted from the first: a month that is short shortens no other."""
    folds = walk_forward(datetime(2022, 12, 31, tzinfo=UTC), END, train="1mo", test="1mo")
    spans = [[edge.strftime("%m-%d") for edge in (one.test[0].start, one.test[0].end)] for one in folds[:3]]
    assert spans == [["01-31", "02-28"], ["02-28", "03-31"], ["03-31", "04-30"]]
    assert folds[1].train[0].start.strftime("%m-%d") == "01-28"
    years = walk_forward(datetime(2016, 2, 29, tzinfo=UTC), END, train="1y", test="1y", anchored=True)
    assert [fold.test[0].end.date().isoformat() for fold in years[:2]] == ["2018-02-28", "2019-02-28"]


@given(st.integers(2, 9), st.integers(1, 4), GAPS, GAPS)
def test_training_keeps_its_distance_from_every_test(n, k, horizon, embargo):
    """No moment of training is within the horizon before a test, or the horizon and the embargo behind one."""
    assume(k < n)
    if (n - k) * (END - START) / n < (2 * horizon + embargo) * (n - k + 1):
        return  # nothing may be left to train on
    folds = combinatorial_purged(START, END, n=n, k=k, horizon=horizon, embargo=embargo)
    assert len(folds) == comb(n, k)
    for fold in folds:
        lost = (END - START) - sum((s.length for s in (*fold.train, *fold.test)), timedelta())
        assert timedelta(0) <= lost <= k * (2 * horizon + embargo)
        for train in fold.train:
            assert START <= train.start < train.end <= END
            for test in fold.test:
                assert train.end + horizon <= test.start or train.start >= test.end + horizon + embargo


def test_between_two_tests_that_are_near_nothing_is_left():
    """Five groups of 292 days: a horizon of 200 leaves nothing of one between two, and a part of the others."""
    fold = combinatorial_purged(START, END, n=5, k=2, horizon="200d")[1]
    assert [span.start for span in fold.test] == [START, START + 2 * (END - START) / 5]
    assert [(span.start - fold.test[1].end, span.end) for span in fold.train] == [(timedelta(days=200), END)]


@given(st.integers(2, 8), st.integers(1, 4))
def test_every_group_is_tested_by_so_many_folds_and_once_on_a_path(n, k):
    """C(n - 1, k - 1) times; a path covers the time and uses each of its folds for groups that the fold tests."""
    assume(k < n)
    folds = combinatorial_purged(START, END, n=n, k=k)
    times = comb(n - 1, k - 1)
    assert all(sum(group in chosen for chosen in folds.chosen) == times for group in range(n))
    paths = folds.paths
    assert paths["path"].n_unique() == times
    assert paths.select("group", "fold").n_unique() == paths.height == times * n
    for path in paths.partition_by("path"):
        assert path["start"].to_list() == [START, *path["end"].to_list()[:-1]]
        assert path["end"][-1] == END
    assert all(folds.groups[row["group"]] in folds[row["fold"]].test for row in paths.iter_rows(named=True))


@given(st.integers(2, 12))
def test_k_fold_tests_cover_the_time(n):
    """They are disjoint, in order, and each fold trains on all else."""
    folds = purged_k_fold(START, END, n=n)
    tests = [fold.test[0] for fold in folds]
    assert [one.start for one in tests] == [START, *(one.end for one in tests[:-1])]
    assert tests[-1].end == END
    assert all(sum((s.length for s in fold.train), fold.test[0].length) == END - START for fold in folds)


def test_the_paths_of_six_groups_by_two_are_those_of_the_literature():
    """López de Prado (2018), figures 12.1 and 12.2: 15 splits, 5 paths; numbers here from 0."""
    paths = combinatorial_purged(START, END, n=6, k=2).paths
    by_group = [paths.filter(group=g).sort("path")["fold"].to_list() for g in range(6)]
    assert by_group == [
        [0, 1, 2, 3, 4],
        [0, 5, 6, 7, 8],
        [1, 5, 9, 10, 11],
        [2, 6, 9, 12, 13],
        [3, 7, 10, 12, 14],
        [4, 8, 11, 13, 14],
    ]


def test_returns_are_put_in_the_order_of_paths():
    folds = combinatorial_purged(START, END, n=4, k=2)
    rows = [(f.number, s.end, f.number * 10 + i) for f in folds for i, s in enumerate(f.test)]
    tested = pl.DataFrame(rows, schema=["fold", "time", "value"], orient="row")
    found = folds.by_path(tested.sample(fraction=1.0, shuffle=True, seed=3))
    assert found.height == 12
    assert found.filter(path=0)["value"].to_list() == [0, 1, 11, 21]
    outside = tested.with_columns(time=pl.lit(START))
    with pytest.raises(ConfigError, match="row 0 of tested is of fold 0 at 2020-01-01"):
        folds.by_path(outside)
    with pytest.raises(ConfigError, match="they must have a zone"):
        folds.by_path(tested.with_columns(pl.col("time").dt.replace_time_zone(None)))
    with pytest.raises(ConfigError, match="no 'fold'"):
        folds.by_path(tested.drop("fold"))


def test_a_span_holds_its_end_and_not_its_start():
    times = pl.DataFrame({"at": [START, START + timedelta(days=1), END, END + timedelta(microseconds=1)]})
    assert times.filter(Span(START, END).holds("at"))["at"].to_list() == times["at"].to_list()[1:3]
    assert (
        times.with_columns(pl.col("at").cast(pl.Datetime("ns", "UTC"))).filter(Span(START, END).holds("at")).height == 2
    )


def test_a_test_of_another_unit_than_was_meant_is_told(monkeypatch):
    monkeypatch.setattr("barter_bt.research.folds.MOST_FOLDS", 50)
    assert len(walk_forward(START, START + timedelta(days=51), train="1d", test="1d")) == 50
    with pytest.raises(ConfigError, match="tests of '1d' are more than 50"):
        walk_forward(START, START + timedelta(days=52), train="1d", test="1d")


def test_a_picture_has_a_bar_for_each_span():
    folds = combinatorial_purged(START, END, n=4, k=2, horizon="1d")
    axes = plot_folds(folds)
    assert [len(bars) for bars in axes.containers] == [sum(len(f.train) for f in folds), 12]
    assert axes.yaxis_inverted()
    with pytest.raises(ConfigError, match="no folds"):
        plot_folds([])


def test_folds_as_a_table():
    table = fold_table(purged_k_fold(START, END, n=4, horizon="1d"))
    assert table.filter(fold=1)["part"].to_list() == ["train", "train", "test"]
    assert table.schema["start"] == pl.Datetime("ns", "UTC")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: Span(END, START), "start is 2024-01-01"),
        (lambda: Span(datetime(2020, 1, 1), END), "must be a datetime with a zone"),
        (lambda: walk_forward(START, END, train="5y", test="1y"), "leave nothing to test"),
        (lambda: walk_forward(START, END, train="1y", test="0mo"), "longer than nothing"),
        (lambda: walk_forward(START, END, train="1y", test=0), "test is 0; it must be at least"),
        (lambda: walk_forward(START, END, train="a year", test="1y"), "train is 'a year'"),
        (lambda: walk_forward(START, END, train="9000y", test="1y"), "out of the calendar"),
        (lambda: walk_forward(START, END, train="1y", test="1y", embargo="1mo"), "differ in length"),
        (lambda: walk_forward(START, END, train="1y", test="1y", warm_up="-1d"), "warm_up is '-1d'"),
        (lambda: walk_forward(START, END, train="1y", test="1500ns"), "whole microseconds"),
        (lambda: purged_k_fold(START, END, n=1), "n is 1"),
        (lambda: purged_k_fold(START, END, n=2, horizon="800d"), "leaves no training"),
        (lambda: combinatorial_purged(START, END, n=4, k=4), "k 4"),
        (lambda: combinatorial_purged(START, END, n=40, k=20), "100,000 choices"),
    ],
)
def test_what_cannot_be_split_is_told(call, told):
    with pytest.raises(ConfigError, match=told):
        call()
