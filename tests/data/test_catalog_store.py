"""A catalog in a store of objects, here fsspec's memory and a directory: read alone, copied once, checked."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from barter_bt.backtest.config import load as load_config
from barter_bt.cli import main
from barter_bt.data import Catalog, generate, trades
from barter_bt.errors import ConfigError, ConnectionFailed, DataError, MissingPackageError

fsspec = pytest.importorskip("fsspec")

ROWS = generate.trades(60, instruments=1).with_columns(instrument=pl.lit("a_usd"))


@pytest.fixture
def local(tmp_path):
    made = Catalog(tmp_path / "catalog")
    made.add_stream(trades(ROWS.head(50)), exchange="x")
    return made


@pytest.fixture(params=["memory", "directory"])
def url(request, tmp_path):
    return f"memory://{uuid4().hex}/market" if request.param == "memory" else f"local://{tmp_path / 'store'}"


@pytest.fixture
def stored(local, url, tmp_path):
    assert local.copy_to(url) == 1
    return Catalog(url, copies=tmp_path / "copies")


def rows(catalog):
    return catalog.trades("a_usd").frame().collect()


def test_what_was_copied_is_read(local, stored, url):
    assert rows(stored).equals(rows(local))
    assert stored.files.equals(local.files)
    assert repr(stored) == f"Catalog({url!r})"
    assert rows(pickle.loads(pickle.dumps(stored))).equals(rows(local)), "another process finds it too"


def test_a_file_is_copied_when_it_is_needed_and_once(stored, url, tmp_path):
    assert stored.trades("a_usd").rows == 50
    assert not list((tmp_path / "copies").rglob("*.parquet")), "the manifest tells how many rows there are"
    first = rows(stored)
    files, root = fsspec.core.url_to_fs(url)
    for path in files.glob(f"{root}/**/*.parquet"):
        files.rm(path)
    assert rows(stored).equals(first)


def test_what_is_new_is_copied_and_seen(local, stored, url):
    local.add_stream(trades(ROWS.tail(10)), exchange="x")
    assert rows(stored).height == 50
    assert local.copy_to(url) == 1
    assert local.copy_to(url) == 0, "all is there"
    assert rows(stored).height == 60


def test_a_file_that_is_not_what_was_written_is_refused(stored, url, tmp_path):
    files, root = fsspec.core.url_to_fs(url)
    (path,) = files.glob(f"{root}/**/*.parquet")
    whole = bytearray(files.cat_file(path))
    whole[len(whole) // 2] ^= 1
    files.pipe_file(path, bytes(whole))
    with pytest.raises(DataError, match="its bytes are not those that were written"):
        rows(stored)
    files.rm(path)
    with pytest.raises(DataError, match=r"parquet: is missing"):
        rows(stored)
    assert not [one for one in (tmp_path / "copies").rglob("*") if one.is_file()]


def test_a_store_is_read_alone(stored):
    for change in (
        stored.verify,
        lambda: stored.add("csv_trades", "x.csv", exchange="x"),
        lambda: stored.copy_to("memory://y"),
    ):
        with pytest.raises(ConfigError, match=r"is in a store, which is read alone\nHint: .*\.copy_to\("):
            change()


def test_what_is_no_store_is_told(tmp_path):
    with pytest.raises(DataError, match="Protocol not known: nowhere"):
        Catalog("nowhere://x/y").files  # noqa: B018
    with pytest.raises(ConfigError, match=r"has no trades of 'a_usd'"):
        Catalog("memory://there/is/none").trades("a_usd")
    with pytest.raises(ConfigError, match="a URL that became a path, and lost a slash"):
        Catalog(Path("s3://bucket/market"))
    with pytest.raises(ConfigError, match="copies is 'x', and the catalog .* is a directory"):
        Catalog(tmp_path, copies="x")


def test_a_store_that_does_not_answer_is_told(stored, url, monkeypatch):
    files, _ = fsspec.core.url_to_fs(url)

    def refuses(*arguments, **options):
        raise ConnectionResetError("Connection reset by peer")

    monkeypatch.setattr(type(files), "cat_file", refuses)
    with pytest.raises(ConnectionFailed, match="could not be read or written: Connection reset by peer"):
        stored.files  # noqa: B018


def test_a_package_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(
        MissingPackageError, match=r"needs the package fsspec.*\nHint: pip install 'barter-bt\[stores\]'"
    ):
        Catalog("s3://bucket/market").trades("a_usd")


def test_commands_and_configuration_files_read_it(local, url, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("BARTER_BT_CACHE", str(tmp_path / "cache"))
    assert main(["data", "copy", str(local.path), url]) == 0
    assert f"{url}: 1 file(s) copied" in capsys.readouterr().out
    assert main(["data", "copy", str(local.path), url, "--json"]) == 0
    assert '"copied": 0' in capsys.readouterr().out
    assert main(["data", "list", url]) == 0
    assert "a_usd" in capsys.readouterr().out
    assert main(["data", "show", url, "trades", "a_usd", "--rows", "1"]) == 0
    assert "50 trades of a_usd" in capsys.readouterr().out
    file = tmp_path / "run.toml"
    file.write_text(
        f'[[data]]\nkind = "trades"\npath = "{url}"\ninstrument = "a_usd"\nseen_by = "all"\n'
        '[[instruments]]\nexchange = "x"\nname = "a_usd"\n[balances]\nusd = 10\n[strategy]\nname = "sma_cross"\n'
    )
    (stream,) = load_config(file).build_market()["data"]
    assert stream.frame().select(pl.len()).collect().item() == 50
