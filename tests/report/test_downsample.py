"""Thinning of lines keeps what can be seen."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.report.downsample import extremes, thin

LINES = st.lists(st.tuples(st.integers(0, 1000), st.floats(-1e6, 1e6)), min_size=1, max_size=80).map(sorted)


@settings(deadline=None)
@given(LINES, st.integers(1, 10))
def test_every_column_keeps_first_last_lowest_and_highest(line, columns):
    times, values = np.array([time for time, _ in line]), np.array([value for _, value in line])
    rows = extremes(times, values, columns)
    assert len(rows) <= max(4 * columns, 4)
    assert (np.diff(rows) > 0).all()
    assert {0, len(times) - 1} <= set(rows.tolist())
    if len(times) <= 4 * columns:
        return
    edges = np.linspace(times[0], times[-1], columns + 1)[:-1].astype(np.int64)
    column = np.searchsorted(edges, times, side="right")
    for each in np.unique(column):
        inside, kept = values[column == each], values[rows][column[rows] == each]
        assert (kept.min(), kept.max(), kept[0], kept[-1]) == (inside.min(), inside.max(), inside[0], inside[-1])


def test_a_million_points_keep_a_single_spike():
    values = np.zeros(1_000_000)
    values[123_457], values[777_771] = 5.0, -5.0
    rows = extremes(np.arange(1_000_000), values, 1000)
    assert len(rows) <= 4000
    assert {123_457, 777_771} <= set(rows.tolist())


def test_times_that_are_all_equal_are_one_column():
    assert extremes(np.zeros(100, np.int64), np.arange(100.0), 10).tolist() == [0, 99]


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), max_size=50).map(sorted), st.integers(1, 20))
def test_thinned_marks_are_few_and_the_first_stays(times, columns):
    rows = thin(np.array(times, dtype=np.int64), columns)
    assert len(rows) <= columns
    assert not times or rows[0] == 0
