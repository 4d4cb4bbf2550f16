"""A study: trials are counted once, across sessions and processes, and judge the best of them."""

from __future__ import annotations

import threading

import numpy as np
import polars as pl
import pytest

from barter_bt.errors import ConfigError, DataError
from barter_bt.research import SharpeEstimate, Study, deflated_sharpe

GRID = pl.DataFrame({"fast": [5, 10, 20], "slow": [50, 60, 70], "sharpe": [1.0, 2.0, None]})


def test_a_trial_counts_once_in_all_sessions(tmp_path):
    """The same parameters again, in other order, of another type and with other figures beside them, are no trial."""
    path = tmp_path / "cross.study"
    assert Study(path).add(GRID, periods=4) == 3
    again = GRID.select("slow", pl.col("fast").cast(pl.Float64), "sharpe", total_return=pl.lit(0.1))
    assert Study(path).add(again, periods=4) == 0
    assert Study(path).add(GRID.with_columns(slow=pl.col("slow") + 1), periods=4) == 3
    assert Study(path).add(GRID, periods=4, label="other data") == 3
    study = Study(path)
    assert study.trials == 9
    assert repr(study).endswith("9 trials)")
    assert study.table["sharpe"].drop_nulls().unique().sort().to_list() == [0.5, 1.0]


def test_folds_are_one_trial_with_a_mean_ratio(tmp_path):
    folds = pl.DataFrame(
        {"fast": [5, 5, 7, 7], "fold": [0, 1, 0, 1], "sharpe": [2.0, 4.0, 1.0, float("nan")], "periods": [4.0] * 4}
    )
    study = Study(tmp_path / "a")
    assert study.add(folds) == 2
    assert study.table["sharpe"].to_list() == [1.5, 0.5]


def test_a_sweep_says_which_columns_are_parameters(tmp_path):
    """Whatever figures of its own stand beside them."""

    class Sweep:
        frame = GRID.with_columns(own_figure=pl.Series([0.3, 0.1, 0.2]))
        parameters = ["fast", "slow"]  # noqa: RUF012

    study = Study(tmp_path / "a")
    assert study.add(Sweep(), periods=1) == 3
    assert study.add(GRID, periods=1) == 0


def test_the_newer_ratio_of_a_trial_counts(tmp_path):
    study = Study(tmp_path / "a")
    study.add(GRID, periods=1)
    study.add(GRID.with_columns(sharpe=pl.lit(7.0)).head(1), periods=1)
    assert sorted(study.table["sharpe"].drop_nulls()) == [2.0, 7.0]


def test_the_deflated_ratio_is_that_of_all_trials(tmp_path):
    """Trials without a ratio count as trials, and for nothing in the deviation."""
    study, best = Study(tmp_path / "a"), SharpeEstimate(0.1, 500)
    assert study.deflated_sharpe(best) is None
    study.add(GRID.head(1), periods=1)
    assert study.deflated_sharpe(best) == deflated_sharpe(best, 1, 0.0)
    assert study.expected_maximum_sharpe() == 0.0
    study.add(GRID.with_columns(sharpe=pl.col("sharpe") / 50), periods=1)
    deviation = float(np.std([0.02, 0.04], ddof=1))
    assert study.sharpe_deviation == pytest.approx(deviation)
    assert study.deflated_sharpe(best) == pytest.approx(deflated_sharpe(best, 3, deviation))
    assert study.deflated_sharpe(best, trials=2.5) == pytest.approx(deflated_sharpe(best, 2.5, deviation))


def test_the_more_was_tried_the_less_the_best_is_worth(tmp_path):
    study, random, found = Study(tmp_path / "a"), np.random.default_rng(1), []
    for session in range(4):
        tried = pl.DataFrame({"x": range(session * 50, session * 50 + 50), "sharpe": random.normal(0, 0.04, 50)})
        study.add(tried, periods=1)
        found.append(study.deflated_sharpe(SharpeEstimate(0.1, 500)))
    assert study.trials == 200
    assert found[-1] < found[0]


def _add(path, first):
    Study(path).add(pl.DataFrame({"x": range(first, first + 5), "sharpe": [0.1] * 5}), periods=1)


def test_who_adds_at_the_same_time_loses_nothing(tmp_path):
    """Threads, each with a descriptor of its own: a lock holds between those as between processes."""
    threads = [threading.Thread(target=_add, args=(tmp_path / "a", 5 * k)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Study(tmp_path / "a").trials == 40


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda study: study.add(GRID), "nothing says what the Sharpe ratio is stated for"),
        (lambda study: study.add(GRID, periods=0), "periods is 0"),
        (lambda study: study.add(GRID.drop("sharpe"), periods=1), "no column 'sharpe'"),
        (lambda study: study.add(GRID.select("sharpe"), periods=1), "is a parameter"),
        (lambda study: study.add(GRID, parameters=["quick"], periods=1), "no column 'quick'"),
        (lambda study: Study(study.path.parent / "none" / "a").add(GRID, periods=1), "does not exist"),
    ],
)
def test_what_cannot_be_added_is_told(tmp_path, call, told):
    study = Study(tmp_path / "a")
    with pytest.raises(ConfigError, match=told):
        call(study)
    assert not study.path.exists()


def test_another_file_is_no_study_and_stays(tmp_path):
    path = tmp_path / "a"
    path.write_text("notes")
    with pytest.raises(DataError, match="could not be read as a study"):
        Study(path)
    GRID.write_parquet(path)
    with pytest.raises(DataError, match="its columns are fast, slow, sharpe"):
        Study(path)
    assert pl.read_parquet(path).equals(GRID)
