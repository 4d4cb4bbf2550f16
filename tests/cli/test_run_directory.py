"""A run directory is whole or not there."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from barter_bt.backtest.run_directory import TABLES, read, write, writing
from barter_bt.errors import ConfigError, EngineError
from barter_bt.statistic import summarise
from tests.statistic.fakes import FakeRun, crossing_run

FILES = 8


@pytest.fixture
def run():
    return crossing_run(300, 10)


def test_what_is_written_can_be_read(run, tmp_path):
    path = write(run, tmp_path / "runs" / "a")
    saved = read(path)
    assert sorted(each.name for each in path.iterdir()) == sorted(
        [*(f"{name}.parquet" for name in TABLES), "summary.json", "manifest.json", "warnings.txt"]
    )
    for name in TABLES:
        assert_frame_equal(getattr(saved, name), getattr(run, name))
    assert saved.figures == summarise(run) == summarise(saved)
    assert (saved.digest, saved.reporting, saved.config) == (run.digest, "usd", run.config)


def test_the_manifest_describes_the_run(run, tmp_path):
    manifest = read(write(replace(run, warnings=["late data"]), tmp_path / "a")).manifest
    assert {"digest", "version", "seed", "data"} <= set(manifest)
    assert manifest["partial"] is False
    assert manifest["warnings"] == ["late data"]
    assert set(manifest["software"]) == {"python", "numpy", "polars", "numba"}
    assert (tmp_path / "a" / "warnings.txt").read_text() == "late data\n"


def test_what_json_does_not_have_is_written_as_text(run, tmp_path):
    run.config["odd"] = [float("nan"), Path("x"), {1: pl.Series([2]).to_numpy()[0]}]
    assert read(write(run, tmp_path / "a")).config["odd"] == ["nan", "x", {"1": 2}]


@pytest.mark.parametrize(("result", "argument"), [(True, False), (False, True)])
def test_partial_is_marked(run, tmp_path, result, argument):
    path = write(replace(run, partial=result), tmp_path / "a", partial=argument)
    assert read(path).manifest["partial"] is True


def test_record_benchmark_and_picture_are_there_when_asked_for(run, tmp_path):
    path = write(replace(run, record=pl.DataFrame({"x": [1]})), tmp_path / "a", plot=True, benchmark=run)
    assert (path / "tearsheet.png").is_file()
    saved = read(path)
    assert saved.scan("record").collect()["x"].to_list() == [1]
    assert saved.benchmark == summarise(run)


def test_an_earlier_run_is_replaced_as_a_whole(run, tmp_path):
    write(replace(run, record=pl.DataFrame({"x": [1]})), tmp_path / "a")
    write(replace(run, seed=8), tmp_path / "a")
    assert read(tmp_path / "a").manifest["seed"] == 8
    assert not (tmp_path / "a" / "record.parquet").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_what_is_not_a_run_is_not_replaced(run, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "manifest.json").write_text('{"format": "something else"}')
    with pytest.raises(ConfigError, match="is not a run directory, so it is not replaced"):
        write(run, tmp_path / "a")
    with pytest.raises(ConfigError, match="is a file"):
        write(run, tmp_path / "a" / "manifest.json")
    assert len(list((tmp_path / "a").iterdir())) == 1


def test_an_empty_directory_is_used(run, tmp_path):
    (tmp_path / "a").mkdir()
    read(write(run, tmp_path / "a"))


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("kth", range(FILES))
def test_a_failure_at_any_file_leaves_everything_as_it_was(run, tmp_path, monkeypatch, *, kth, error, earlier):
    if earlier:
        write(replace(run, seed=1), tmp_path / "a")
    done = []
    flush = writing._flush

    def fail(path):
        if len(done) == kth:
            raise error
        done.append(path)
        flush(path)

    monkeypatch.setattr(writing, "_flush", fail)
    with pytest.raises(EngineError if isinstance(error, OSError) else KeyboardInterrupt):
        write(replace(run, seed=2), tmp_path / "a")
    assert len(done) == kth
    assert [each.name for each in tmp_path.iterdir()] == (["a"] if earlier else [])
    assert not earlier or read(tmp_path / "a").manifest["seed"] == 1


def test_the_failures_above_hit_every_file(run, tmp_path):
    assert len(list(write(run, tmp_path / "a").iterdir())) == FILES


@pytest.mark.parametrize("kth", [1, 2])
def test_a_failing_rename_puts_the_earlier_run_back(run, tmp_path, monkeypatch, kth):
    write(replace(run, seed=1), tmp_path / "a")
    rename, calls = Path.rename, []

    def fail(self, target):
        calls.append(target)
        if len(calls) == kth:
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(EngineError, match="is left as it was"):
        write(replace(run, seed=2), tmp_path / "a")
    assert read(tmp_path / "a").manifest["seed"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_killed_write_does_not_look_whole(run, tmp_path, monkeypatch):
    """Nothing is cleaned up after a kill; what stays is hidden and, without its manifest, no run."""
    monkeypatch.setattr(writing.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(writing, "_manifest", lambda *_, **__: {})
    monkeypatch.setattr(writing, "_swap", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(EngineError):
        write(run, tmp_path / "a")
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".a.")
    with pytest.raises(ConfigError, match="is not a run directory"):
        read(left)


def test_reading_what_is_not_there(run, tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        read(tmp_path / "no")
    with pytest.raises(ConfigError, match="did you mean 'trades'"):
        read(write(run, tmp_path / "a")).scan("trade")


def test_an_empty_run_is_written_too(tmp_path):
    assert read(write(FakeRun(), tmp_path / "a", plot=True)).figures.trades == 0


def test_summary_is_plain_json(run, tmp_path):
    figures = json.loads((write(run, tmp_path / "a") / "summary.json").read_text())
    assert figures["trades"] == 10


@pytest.mark.parametrize(("rows", "thinned"), [(3000, False), (9000, True)])
def test_prices_are_saved_as_many_as_pictures_need(tmp_path, rows, thinned):
    """Each is a price of the market at its own time; of few all are kept."""
    import barter_bt as bt

    market = bt.data.candles(bt.data.generate.candles(rows, instrument="btc_usd"))
    btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    run = bt.backtest(market, btc, bt.strategy.builtin.SmaCross(50, 200), balances={"usd": 1_000}, interpret=True)
    saved = read(run.save(tmp_path / "run"))
    assert (saved.prices_spacing_ns > 0) == thinned
    assert saved.prices().height <= 4000
    both = saved.prices().join(run.prices(), on=["time", "instrument", "price"], how="anti")
    assert both.height == 0
    assert saved.prices()["price"].max() == run.prices()["price"].max()
