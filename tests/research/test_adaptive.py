"""An adaptive search: its course depends on seed and batch, on nothing else, and it counts what it tries."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import ConfigError, MissingPackageError
from barter_bt.research import walk_forward
from barter_bt.research.runs import Runs
from barter_bt.research.searching import Search
from tests.draws import draws
from tests.research.importable import Every, crossing, simulation

pytest.importorskip("optuna", reason="Optuna is not installed: pip install 'barter-bt[optuna]'")

PAIRS = {"fast": (2, 9), "slow": (5, 30), "where": "fast < slow"}


def swept(over, **asked):
    asked = {"figures": ["sharpe", "trades"], "workers": 1} | asked
    return bt.sweep(simulation(), crossing, over=over, **asked)


def course(search, value):
    """All sets of a search that is told the same value of the same set."""
    found = []
    while (sets := search.ask()) is not None:
        found.append(sets)
        search.tell([value(**row) for row in sets.iter_rows(named=True)])
    return found


def test_its_course_does_not_depend_on_who_runs_it():
    """On seed and batch alone: not on workers, processes, or one pass."""
    over = bt.adaptive(12, batch=4, seed=5, **PAIRS)
    found = [swept(over), swept(over, workers=3), swept(over, one_pass=False, workers=2, executor="processes")]
    assert len({each.digest for each in found}) == 1
    others = [swept(bt.adaptive(24, **more, **PAIRS)) for more in ({"batch": 4, "seed": 6}, {"batch": 6, "seed": 5})]
    assert len({found[0].digest, *(each.digest for each in others)}) == 3
    one = found[0]
    assert (one.sets.height, one.trials, one.frame["way"].to_list()) == (12, 12, ["one_pass"] * 12)
    assert one.frame["digest"].null_count() == 11  # the first set of all is run both ways
    assert one.run(one.best()).summary().sharpe == one.ranked()["sharpe"][0]


@settings(max_examples=draws(10))
@given(seed=st.integers(0, 99), batch=st.integers(1, 9), trials=st.integers(1, 25))
def test_sets_are_in_their_ranges_and_each_once(seed, batch, trials):
    """Whole numbers, floats, steps and names; what where excludes is not there."""
    ranges = {"fast": (5, 9), "share": (0.25, 0.75), "days": [1, 2, 4], "size": ["units", "equity"]}
    asked = bt.adaptive(trials, batch=batch, seed=seed, where="fast + days < 12", **ranges)
    batches = course(Search(asked, False), lambda fast, share, days, size: None if days == 4 else fast * share)
    assert [each.height for each in batches] == [batch] * (trials // batch) + [trials % batch] * (trials % batch > 0)
    sets = pl.concat(batches)
    assert sets.schema == {"fast": pl.Int64, "share": pl.Float64, "days": pl.Int64, "size": pl.String}
    assert sets.n_unique() == trials
    assert sets["fast"].is_between(5, 9).all()
    assert sets["share"].is_between(0.25, 0.75).all()
    assert set(sets["days"]) <= {1, 2, 4}
    assert set(sets["size"]) <= {"units", "equity"}
    assert (sets["fast"] + sets["days"] < 12).all()


@pytest.mark.parametrize("lower", [True, False])
def test_it_finds_what_is_good(lower):
    """Of a bowl, or a hill: the last batches lie much nearer to its middle than the first; sets without a value far."""

    def value(x, y):
        far = (x - 70) ** 2 + (100 * y - 30) ** 2
        return None if x > 90 else far if lower else -far

    asked = bt.adaptive(80, batch=8, seed=1, x=(0, 100), y=(0.0, 1.0))
    batches = course(Search(asked, lower), value)
    far = [((each["x"] - 70) ** 2 + (100 * each["y"] - 30) ** 2).mean() for each in batches]
    assert max(far[-3:]) < far[0] / 4
    assert pl.concat(batches[-3:])["x"].max() <= 90


def test_less_is_better_of_some_objectives():
    """Fees are looked for where they are small, trades where they are many."""
    over = bt.adaptive(30, batch=5, seed=2, **PAIRS)
    few, many = (swept(over, objective=name).frame["trades"].tail(15).mean() for name in ("fees", "trades"))
    assert few < many


def test_with_folds_it_is_told_the_mean_of_training(monkeypatch):
    """Tests are not told: the same whatever they give."""
    told = []
    tell = Search.tell
    monkeypatch.setattr(Search, "tell", lambda search, values: told.extend(values) or tell(search, values))
    start = datetime(2020, 1, 1, tzinfo=UTC)
    folds = walk_forward(start, start + timedelta(hours=6), train="2h", test="1h")
    found = swept(bt.adaptive(4, batch=2, **PAIRS), folds=folds, sampling="5m")
    assert found.frame.height == 4 * 2 * len(folds)
    assert found.frame["set"].to_list() == [0, 1, 2, 3] * 2 * len(folds)
    assert told == pytest.approx(found.by_set["sharpe"].to_list(), nan_ok=True)


def test_a_search_goes_on_where_it_was_ended(tmp_path, monkeypatch):
    """Kept rows are told in place of runs: the same sets, the same end."""
    over = bt.adaptive(9, batch=3, seed=4, **PAIRS)
    whole = swept(over)
    rows, ran = Runs.rows, []

    def some(plan, numbers):
        if len(ran) == 5:
            raise KeyboardInterrupt
        ran.extend(numbers)
        return rows(plan, numbers)

    monkeypatch.setattr(Runs, "rows", some)
    monkeypatch.setattr(Runs, "at_once", 1)
    first = swept(over, out=tmp_path / "kept")
    assert (first.partial, first.frame.height, first.sets.height) == (True, 5, 6)
    assert first.frame.select("fast", "slow").equals(whole.frame.select("fast", "slow").head(5))
    ran.clear()
    monkeypatch.setattr(Runs, "rows", lambda plan, numbers: ran.extend(numbers) or rows(plan, numbers))
    second = swept(over, out=tmp_path / "kept")
    assert len(ran) == 4
    assert (second.digest, second.partial, second.trials) == (whole.digest, False, 9)


def test_a_space_that_is_used_up_ends_the_search():
    found = swept(bt.adaptive(9, fast=[3, 5], slow=[9, 20]))
    assert (found.sets.height, found.trials, found.partial) == (4, 4, False)
    assert found.notes[0].startswith("the search has ended after 4 of 9 trials")


def test_what_fails_is_a_row_and_no_end():
    """A set that fails counts as worse than all others; where all of the first batch do, the sweep is refused."""

    def sometimes(fast):
        return bt.Signals((pl.col("close" if fast < 20 else "closed") > 1.0) * 1.0)

    found = bt.sweep(simulation(), sometimes, over=bt.adaptive(8, batch=4, fast=(2, 30)), workers=1)
    assert 0 < found.frame["error"].null_count() < 8
    with pytest.raises(ConfigError, match="all 4 runs failed"):
        bt.sweep(simulation(), sometimes, over=bt.adaptive(8, batch=4, fast=(20, 30)), workers=1)


def test_progress_counts_all_trials():
    seen = []
    swept(bt.adaptive(5, batch=2, **PAIRS), progress=lambda done, runs: seen.append((done, runs)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_python_strategies_are_searched_too():
    found = bt.sweep(simulation(), Every, over=bt.adaptive(3, batch=2, bars=(2, 40)), workers=2)
    assert found.frame["way"].to_list() == ["run"] * 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bt.adaptive(0, a=(1, 2)), "trials is 0"),
        (lambda: bt.adaptive(5, batch=2.5, a=(1, 2)), "batch is 2.5"),
        (lambda: bt.adaptive(5, seed=-1, a=(1, 2)), "seed is -1"),
        (lambda: bt.adaptive(5), "nothing to search"),
        (lambda: bt.adaptive(5, a=(2, 1)), "a pair"),
        (lambda: swept(bt.adaptive(5, where="fast < slower", fast=(2, 3), slow=(4, 5))), "cannot be computed"),
        (lambda: swept(bt.adaptive(5, fast=(2, 3), slow=(4, 5), idle=(1, 2))), "nothing takes parameter 'idle'"),
        (lambda: swept(bt.adaptive(5, fast=(2, 3), slow=(4, 5), run=(1, 2))), "a column of the result is"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_without_optuna_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingPackageError, match="an adaptive search needs Optuna"):
        swept(bt.adaptive(5, **PAIRS))
