"""What can be asked of a sweep: the best, its neighbours, pictures, files, another sweep."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import ConfigError
from barter_bt.research.neighbours import around, stability

SETS = bt.grid(fast=(5, 10, 20), slow=(50, 100))


def found(values=(1.0, 2.0, 5.0, 3.0, None, 0.5), objective="sharpe", sets=SETS):
    """A sweep that nobody has run."""
    done = pl.DataFrame({"run": range(len(values)), objective: list(values)}).with_columns(
        digest=pl.lit(None, pl.String), way=pl.lit("run"), warnings=pl.lit(None), error=pl.lit(None, pl.String)
    )
    return bt.Sweep(sets, done, objective, trials=len(values))


def test_the_best_is_the_highest_or_the_lowest():
    """Which of them, the figure says; sets without a value are none."""
    assert found().best() == {"fast": 10, "slow": 50}
    assert found(objective="max_drawdown").best() == {"fast": 20, "slow": 100}
    assert found().ranked()["sharpe"].to_list() == [5.0, 3.0, 2.0, 1.0, 0.5]
    with pytest.raises(ConfigError, match="no set has a value"):
        found([None] * 6).best()
    with pytest.raises(ConfigError, match="did you mean 'sharpe'"):
        found().best("sharp")


def test_neighbours_are_steps_of_the_grid_away():
    near = found().neighbours()
    assert near.select("fast", "slow", "distance").row(0) == (10, 50, 0)
    assert near.height == 6
    assert found().neighbours({"fast": 5, "slow": 50}).height == 4
    with pytest.raises(ConfigError, match="reach is 0"):
        found().neighbours(reach=0)
    with pytest.raises(ConfigError, match="has no set"):
        found().neighbours({"fast": 1, "slow": 1})


@given(st.data())
def test_stability_is_what_each_neighbour_gives(data):
    """Against going through all pairs of sets; texts are steps in the order in which they come."""
    sets = bt.grid(a=range(data.draw(st.integers(1, 4))), b=["x", "y", "z"][: data.draw(st.integers(1, 3))])
    keep = data.draw(st.lists(st.booleans(), min_size=sets.height, max_size=sets.height))
    sets = sets.filter(pl.Series(keep))
    if not sets.height:
        return
    number = st.none() | st.integers(-5, 5).map(float)
    values = pl.Series("sharpe", data.draw(st.lists(number, min_size=sets.height, max_size=sets.height)), pl.Float64)
    reach = data.draw(st.integers(1, 2))
    rows = stability(sets, values, reach).rows(named=True)
    for k, row in enumerate(rows):
        near = [values[int(j)] for j, _ in around(sets, k, reach) if j != k and values[int(j)] is not None]
        assert row["neighbours"] == len(near)
        if near:
            assert row["neighbour_mean"] == pytest.approx(np.mean(near))
            assert row["neighbour_worst"] == min(near)
            assert row["neighbour_std"] == pytest.approx(np.std(near), abs=1e-7)
        else:
            assert row["neighbour_mean"] is None


def test_stability_stands_beside_the_sets():
    frame = found().stability()
    assert frame.columns == ["set", "fast", "slow", "sharpe", *frame.columns[4:]]
    assert frame.filter(fast=10, slow=50)["neighbour_worst"].item() == 0.5
    assert found(objective="max_drawdown").stability()["neighbour_worst"][0] == 5.0


def test_what_is_saved_is_read_back(tmp_path):
    sweep = found()
    sweep.notes.append("something")
    back = bt.Sweep.read(sweep.save(tmp_path / "sweep.parquet"))
    assert back.frame.equals(sweep.frame)
    assert (back.digest, back.best(), back.trials, back.notes) == (sweep.digest, sweep.best(), 6, ["something"])
    with pytest.raises(ConfigError, match="has no strategy"):
        back.run()
    sweep.frame.write_parquet(tmp_path / "other.parquet")
    with pytest.raises(ConfigError, match="no file of a sweep"):
        bt.Sweep.read(tmp_path / "other.parquet")


def test_sweeps_are_compared_set_by_set():
    other = found([2.0] * 4, sets=SETS.head(4))
    both = found().compare(other)
    assert both.columns == ["fast", "slow", "sharpe", "sharpe_other"]
    assert both["sharpe_other"].to_list() == [2.0] * 4
    with pytest.raises(ConfigError, match="cannot be told alike"):
        found().compare(found([1.0], sets=bt.grid(fast=[1])))


def test_pictures_show_every_set():
    heat = found().heatmap()
    image = heat.get_images()[0].get_array()
    assert image.shape == (2, 3)
    assert (image[0].tolist(), heat.get_xlabel(), heat.get_ylabel()) == ([1.0, 5.0, None], "fast", "slow")
    lines = found().parallel_coordinates().collections[0]
    assert len(lines.get_segments()) == 5
    assert lines.get_array()[-1] == 5.0
    with pytest.raises(ConfigError, match="over two parameters"):
        found().heatmap("fast", "fast")


def test_a_heat_map_is_a_mean_over_what_it_does_not_show():
    sets = bt.grid(fast=(5, 10), slow=(50, 100), size=["units", "equity"])
    heat = found(range(8), sets=sets).heatmap("fast", "slow")
    assert heat.get_images()[0].get_array()[0].tolist() == [0.5, 4.5]


def test_it_prints_the_best():
    assert "Sweep of 6 sets in 6 runs, 6 trials" in repr(found())


def test_pictures_say_what_the_figure_is_stated_for(tmp_path):
    assert found().heatmap().get_title("left") == "Sharpe ratio (annual)"
    daily = replace(found(), interval="daily")
    assert daily.parallel_coordinates().get_title("left") == "Sharpe ratio (daily)"
    assert bt.Sweep.read(daily.save(tmp_path / "daily.parquet")).interval == "daily"
