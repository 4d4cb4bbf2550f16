"""Shipped data sets are valid, small, as documented, and can be made again."""

import hashlib
import importlib.util
from pathlib import Path

import polars as pl
import pytest

from barter_bt.data import candles, check, quotes, sample, trades

ROOM = Path(__file__).parents[2] / "datasets"
KINDS = {"trades": trades, "quotes": quotes, "candles_1m": candles, "stocks_daily": candles}


def builder():
    spec = importlib.util.spec_from_file_location("build", ROOM / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", KINDS)
def test_a_data_set_is_valid_and_its_checksum_documented(name):
    stream = KINDS[name](sample(name))
    report = check(stream, {instrument: i for i, instrument in enumerate(stream.instruments)})
    assert (report.errors, report.warnings) == ((), ())
    readme = (ROOM / "README.md").read_text(encoding="utf-8")
    assert f"{hashlib.sha256(sample(name).read_bytes()).hexdigest()}  {name}.parquet" in readme
    assert f"{stream.rows:,}" in readme
    assert sample(name).stat().st_size < 1_000_000
    assert stream.fingerprint()["sha256"] in readme


@pytest.mark.parametrize("name", ["trades", "quotes", "candles_1m"])
def test_generated_data_sets_can_be_made_again(name):
    assert builder().BUILDERS[name]().equals(pl.read_parquet(sample(name)))


def test_stocks_can_be_made_again():
    if importlib.util.find_spec("bokeh_sampledata") is None:
        pytest.skip("needs the package bokeh_sampledata")
    assert builder().stocks_daily().equals(pl.read_parquet(sample("stocks_daily")))


def test_stock_sessions_are_in_new_york():
    frame = pl.read_parquet(sample("stocks_daily"))
    assert frame["time_open"].dt.time().unique().to_list()[0].isoformat() == "09:30:00"
    assert frame["time_exchange"].dt.time().n_unique() == 1
    assert frame["instrument"].cast(pl.String).unique().sort()[0] == "aapl_usd"
