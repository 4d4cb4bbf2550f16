"""A run directory is whole or not there."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from barter_bt import files
from barter_bt.backtest.run_directory import TABLES, read, write, writing
from barter_bt.errors import ConfigError, EngineError
from barter_bt.statistic import summarise
from tests.killing import Killed, kill_at
from tests.statistic.fakes import FakeRun, crossing_run

FILES = 8
FLUSHED = FILES + 1  # and the directory itself


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
    saved = read(write(replace(run, warnings=["late data"]), tmp_path / "a"))
    manifest = saved.manifest
    assert saved.warnings == ["late data"]
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
@pytest.mark.parametrize("kth", range(FLUSHED))
def test_a_failure_at_any_file_leaves_everything_as_it_was(run, tmp_path, monkeypatch, *, kth, error, earlier):
    if earlier:
        write(replace(run, seed=1), tmp_path / "a")
    done = []
    flush = writing.flush

    def fail(path):
        if len(done) == kth:
            raise error
        done.append(path)
        flush(path)

    monkeypatch.setattr(writing, "flush", fail)
    with pytest.raises(EngineError if isinstance(error, OSError) else KeyboardInterrupt):
        write(replace(run, seed=2), tmp_path / "a")
    assert len(done) == kth
    assert [each.name for each in tmp_path.iterdir()] == (["a"] if earlier else [])
    assert not earlier or read(tmp_path / "a").manifest["seed"] == 1


def test_the_failures_above_hit_every_file(run, tmp_path):
    assert len(list(write(run, tmp_path / "a").iterdir())) == FILES


@pytest.mark.parametrize("kth", [1, 2])
def test_a_failing_rename_puts_the_earlier_run_back(run, tmp_path, monkeypatch, kth):
    """Where two names cannot be exchanged in one step."""
    write(replace(run, seed=1), tmp_path / "a")
    rename, calls = Path.rename, []

    def fail(self, target):
        calls.append(target)
        if len(calls) == kth:
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    with pytest.raises(EngineError, match="is left as it was"):
        write(replace(run, seed=2), tmp_path / "a")
    assert read(tmp_path / "a").manifest["seed"] == 1
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(("earlier", "exchanges"), [(True, True), (True, False), (False, True)])
def test_a_kill_at_any_file_operation_leaves_a_whole_run(run, tmp_path, monkeypatch, *, earlier, exchanges):
    """The older one or the newer one, if there was an older one; and nothing else after the next save."""
    seeds, done, k = set(), False, 0
    if not exchanges:
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    while not done:
        target = tmp_path / str(k) / "a"
        target.parent.mkdir()
        if earlier:
            write(replace(run, seed=1), target)
        with monkeypatch.context() as patch:
            kill_at(patch, k)
            try:
                write(replace(run, seed=2), target)
                done = True
            except Killed:
                pass
        if earlier or target.exists():
            saved = read(target)
            seeds.add(saved.manifest["seed"])
            assert saved.trades.equals(run.trades)
        else:
            with pytest.raises(ConfigError, match="does not exist"):
                read(target)
        write(replace(run, seed=3), target)
        assert read(target).manifest["seed"] == 3
        assert [each.name for each in target.parent.iterdir()] == ["a"]
        k += 1
    assert k > FLUSHED + 3
    assert seeds == ({1, 2} if earlier else {2})


def test_a_kill_between_the_two_steps_leaves_the_older_run_readable(run, tmp_path, monkeypatch):
    """It has stepped aside; a save that fails after that does not delete it."""
    write(replace(run, seed=1), tmp_path / "a")
    monkeypatch.setattr(files, "_exchange", lambda *_: False)
    with monkeypatch.context() as patch:
        kill_at(patch, 0, only=("rename",), when=lambda source: source.endswith(".writing"))
        with pytest.raises(Killed):
            write(replace(run, seed=2), tmp_path / "a")
    assert not (tmp_path / "a").exists()
    assert read(tmp_path / "a").manifest["seed"] == 1
    with monkeypatch.context() as patch:
        patch.setattr(writing, "flush", lambda _: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(EngineError, match="disk full"):
            write(replace(run, seed=2), tmp_path / "a")
    assert read(tmp_path / "a").manifest["seed"] == 1
    write(replace(run, seed=2), tmp_path / "a")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


PROGRAM = """
import os, sys
from barter_bt import files
from barter_bt.backtest.run_directory import write
from tests.statistic.fakes import crossing_run
files._exchange = lambda *_: False
rename = os.rename
def die(source, target):
    if str(source).endswith(".writing"):
        os._exit(9)
    rename(source, target)
os.rename = die
write(crossing_run(300, 10), sys.argv[1])
"""


def test_a_process_that_is_really_killed_leaves_a_whole_run(run, tmp_path):
    """Its locks end with it: the next save deletes what it left."""
    root = Path(__file__).parents[2]
    write(replace(run, seed=1), tmp_path / "a")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "a")]
    done = subprocess.run(command, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, check=False)
    assert done.returncode == 9
    assert len(list(tmp_path.iterdir())) == 2, "the older run and the newer one, both hidden"
    assert read(tmp_path / "a").manifest["seed"] == 1
    write(replace(run, seed=2), tmp_path / "a")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["trades.parquet", "summary.json", "manifest.json"])
@pytest.mark.parametrize("seed", range(5))
def test_a_damaged_file_is_refused(run, tmp_path, name, seed):
    """A flipped bit, wherever it is; the error names the file."""
    file = write(run, tmp_path / "a") / name
    whole, random = file.read_bytes(), Random(seed)
    for _ in range(6):
        changed, bit = bytearray(whole), random.randrange(8 * len(whole))
        changed[bit // 8] ^= 1 << bit % 8
        file.write_bytes(changed)
        if name == "manifest.json" and _same_values(changed, whole):
            continue
        with pytest.raises(ConfigError, match=name):
            read(tmp_path / "a").trades.height  # noqa: B018
    file.write_bytes(whole)
    assert read(tmp_path / "a").trades.equals(run.trades)


def _same_values(changed: bytes, whole: bytes) -> bool:
    """Whether only spaces differ."""
    try:
        return json.loads(changed) == json.loads(whole)
    except ValueError:
        return False


@pytest.mark.parametrize("name", ["trades.parquet", "equity.parquet", "summary.json"])
@pytest.mark.parametrize("length", [0, 1, 100, -1, None])
def test_a_file_that_is_cut_or_missing_is_refused_at_once(run, tmp_path, name, length):
    file = write(run, tmp_path / "a") / name
    if length is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(ConfigError, match=f"{name} (has .* bytes, the manifest says|is missing)"):
        read(tmp_path / "a")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"format": 1}'])
def test_a_manifest_that_is_none_is_refused(run, tmp_path, damage):
    (write(run, tmp_path / "a") / "manifest.json").write_bytes(damage)
    with pytest.raises(ConfigError, match="is not a run directory"):
        read(tmp_path / "a")


def test_a_run_of_another_format_is_refused_but_replaced(run, tmp_path):
    """Its name says that it is a run."""
    manifest = write(run, tmp_path / "a") / "manifest.json"
    manifest.write_text('{"format": "barter_bt run 1"}')
    with pytest.raises(ConfigError, match="is a run of format 'barter_bt run 1'; this version reads"):
        read(tmp_path / "a")
    assert read(write(run, tmp_path / "a")).trades.height == 10


def test_a_table_of_another_run_is_refused(run, tmp_path):
    """Each of them, at the latest when it is opened."""
    one, other, refused = write(run, tmp_path / "a"), write(crossing_run(300, 12), tmp_path / "b"), []
    for name in TABLES:
        mine, theirs = (folder / f"{name}.parquet" for folder in (one, other))
        whole = mine.read_bytes()
        if theirs.read_bytes() != whole:
            shutil.copy(theirs, mine)
            with pytest.raises(ConfigError, match=f"{name}.parquet .*of another run"):
                read(one).scan(name)
            mine.write_bytes(whole)
            refused.append(name)
    assert set(refused) >= {"orders", "trades", "positions"}


def test_a_run_that_is_replaced_while_it_is_read_is_told(run, tmp_path):
    """Tables are read late: those of a newer run are not taken for those of the older."""
    saved = read(write(run, tmp_path / "a"))
    assert saved.trades.height == 10
    write(crossing_run(300, 12), tmp_path / "a")
    with pytest.raises(ConfigError, match="if the run was saved anew meanwhile, read it again"):
        saved.equity.height  # noqa: B018


@pytest.mark.parametrize(
    "table", ["../b/trades", "/etc/passwd", "..", "", "*", "trades.parquet", None, "manifest.json"]
)
def test_what_is_no_table_of_the_run_is_not_opened(run, tmp_path, table):
    """A name is none of the paths that lead out of the directory, and no pattern."""
    write(run, tmp_path / "b")
    with pytest.raises(ConfigError, match="has no table"):
        read(write(run, tmp_path / "a")).scan(table)


def test_a_table_that_somebody_laid_beside_is_none_of_the_run(run, tmp_path):
    (write(run, tmp_path / "a") / "mine.parquet").write_bytes(b"")
    with pytest.raises(ConfigError, match="has no table 'mine'"):
        read(tmp_path / "a").scan("mine")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_an_error_of_ours_whatever_is_written(run, tmp_path):
    """Polars has errors of its own for it."""
    with pytest.raises(OSError, match="No space left"):
        files.write_parquet(run.equity, Path("/dev/full"))


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


def test_what_saves_and_draws_a_run_never_holds_all_prices(tmp_path, monkeypatch):
    """They are thinned while they are read, so memory does not grow with the data."""
    import barter_bt as bt
    from barter_bt.backtest.prices import MarketPrices

    market = bt.data.candles(bt.data.generate.candles(9000, instrument="btc_usd"))
    btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    run = bt.backtest(market, btc, bt.strategy.builtin.SmaCross(50, 200), balances={"usd": 1_000}, interpret=True)
    monkeypatch.setattr(MarketPrices, "frame", lambda prices: pytest.fail("all prices were held"))
    write(run, tmp_path / "run", plot=True)
    run.report(tmp_path / "report.html")


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
