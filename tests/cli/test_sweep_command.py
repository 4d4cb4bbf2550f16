"""``barter-bt sweep``: a file's strategy with every set, a table of figures, and going on where it was ended."""

from __future__ import annotations

import json

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.run_directory import read
from barter_bt.cli import main
from barter_bt.cli.assignments import values_of
from barter_bt.errors import ConfigError
from barter_bt.research.configured import ConfiguredStrategy, configured_simulation

CONFIG = """
data = [{ kind = "candles", path = "candles.parquet" }]
instruments = [{ exchange = "x", name = "walk_usd", price_increment = "0.0001" }]
balances = { usd = 10_000 }
strategy = { object = "mine.py:make", parameters = { slow = 12 } }
"""
MINE = """
import polars as pl
import barter_bt as bt

def make(fast, slow, size="units"):
    mean = pl.col("close").rolling_mean
    return bt.Signals((mean(fast) > mean(slow)) * 10.0)
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setenv("BARTER_BT_INTERPRET", "1")
    bt.data.generate.candles(200).write_parquet(tmp_path / "candles.parquet")
    (tmp_path / "mine.py").write_text(MINE)
    path = tmp_path / "run.toml"
    path.write_text(CONFIG)
    return path


def test_a_sweep_is_a_table_of_figures(config, tmp_path, capsys):
    """Parameters of the file stand where none is set; a second run has nothing to do."""
    words = [
        "sweep",
        str(config),
        "--set",
        "fast=2:6",
        "--set",
        "size=units",
        "--out",
        str(tmp_path / "out"),
        "--quiet",
    ]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = bt.Sweep.read(tmp_path / "out" / "sweep.parquet")
    assert (told["sets"], told["trials"], found.frame["fast"].to_list()) == (4, 4, [2, 3, 4, 5])
    assert {name: told["best"][name] for name in found.parameters} == found.best()
    assert main([*words, "--set", "slow=8,20", "--where", "fast < 4", "--objective", "sortino"]) == 0
    out = capsys.readouterr().out
    assert "Sweep of 4 sets in 4 runs, 8 trials" in out
    assert (tmp_path / "out" / "heatmap.png").is_file()


def test_the_file_is_read_where_a_worker_is(config):
    """What it defines has no module: pickled is the path."""
    import pickle

    from barter_bt.research.configured import ConfiguredStrategy

    strategy = pickle.loads(pickle.dumps(ConfiguredStrategy(config)))
    assert str(strategy(fast=3).target) == str(ConfiguredStrategy(config)(fast=3, slow=12).target)


def test_an_unknown_parameter_is_refused(config, tmp_path, capsys):
    assert main(["sweep", str(config), "--set", "fats=2:6", "--out", str(tmp_path / "out"), "--quiet"]) == 2
    assert "did you mean 'fast'" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["fast", "fast=", "=3", "fast=5:x", "fast=9:5", "fast=1:2:3:4"])
def test_values_that_are_none_are_refused(text):
    with pytest.raises(ConfigError, match="--set"):
        values_of([text])


def test_other_keys_of_the_file_are_refused():
    with pytest.raises(ConfigError, match="parameters of the strategy") as caught:
        values_of(["venues.x.margin.rate=0.2"])
    assert "--set rate=..." in caught.value.hint


def test_values_are_numbers_truths_or_texts():
    assert values_of(["a=1:9:4", "b=1,2.5", "c=true,false", "d=x"]) == {
        "a": [1, 5],
        "b": [1, 2.5],
        "c": [True, False],
        "d": ["x"],
    }
    with pytest.raises(ConfigError, match="each parameter once"):
        values_of(["a=1", "a=2"])


def test_a_single_run_takes_parameters(config, tmp_path, capsys):
    """Those that are set stand in place of the file's; one that is set to several values is refused."""
    words = ["backtest", str(config), "--quiet", "--no-plot", "--set", "fast=4"]
    assert main([*words, "--set", "slow=20", "--out", str(tmp_path / "one")]) == 0
    own = bt.backtest(
        bt.data.candles(bt.data.generate.candles(200)), bt.Instrument("x", "walk_usd", price_increment="0.0001"),
        ConfiguredStrategy(config)(fast=4, slow=20), balances={"usd": 10_000},
    )  # fmt: skip
    assert read(tmp_path / "one").digest == own.digest
    capsys.readouterr()
    assert main([*words, "--set", "slow=20,30", "--out", str(tmp_path / "two")]) == 2
    assert "gives slow 2 values" in capsys.readouterr().err
    assert not (tmp_path / "two").exists()


def test_walking_forward_keeps_choices_and_the_run_over_all_tests(config, tmp_path, capsys):
    words = ["walk-forward", str(config), "--set", "fast=2:5", "--train", "1h", "--test", "45m", "--quiet"]
    assert main([*words, "--out", str(tmp_path / "out"), "--json", "--objective", "total_return"]) == 0
    told = json.loads(capsys.readouterr().out)
    chosen = pl.read_parquet(tmp_path / "out" / "chosen.parquet")
    assert (told["folds"], chosen.height, told["trials"]) == (4, 4, 3)
    sim = configured_simulation(config)
    folds = bt.research.walk_forward(*sim.span, train="1h", test="45m")
    again = bt.sweep(sim, ConfiguredStrategy(config), over={"fast": (2, 3, 4)}, folds=folds, objective="total_return")
    assert read(tmp_path / "out" / "stitched").digest == again.stitched().digest
    assert (tmp_path / "out" / "page.html").is_file()
