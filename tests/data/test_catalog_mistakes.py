"""What a newcomer gets wrong with files and catalogs: nothing of it is silent, and each says what to do."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.data import Catalog, delisted, download, load
from barter_bt.errors import ConfigError, DataError

TRADES = "1,100.5,2,201,1704067200000,True,True\n2,100.6,1,100.6,1704067260000,False,True\n"
TARDIS = """exchange,symbol,timestamp,local_timestamp,id,side,price,amount
b,BTCUSDT,1704067200000000,1704067200000001,1,buy,1,1
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text(TRADES)
    Path("t.csv").write_text(TARDIS)
    Path("d.csv").write_text("time,instrument,amount\n2024-05-10,aapl,0.25\n")
    return tmp_path


@pytest.fixture
def market(here):
    made = Catalog("market")
    made.add("binance_spot_trades", "a.csv", exchange="binance_spot", instrument="btc_usdt")
    return made


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (lambda c: Catalog("nowhere").trades("btc_usdt"), "has no trades of 'btc_usdt'; nothing was imported there"),
        (lambda c: c.trades("btc_usdt", exchange="Binance_spot"), "Hint: did you mean 'binance_spot'"),
        (lambda c: c.trades("BTC_USDT"), "Hint: did you mean 'btc_usdt'"),
        (lambda c: c.trades(["btc_usdt", "eth_usdt"]), "Hint: several are streams beside each other"),
        (lambda c: c.trades(None), "trades of a catalog are those of one instrument, and None is no name"),
        (lambda c: c.add("trades", pl.DataFrame({"a": [1]}), exchange="x"), "trades: a DataFrame is no path\nHint: a"),
        (lambda c: c.book("btc_usdt"), "Hint: of 'btc_usdt' it has trades"),
        (lambda c: c.trades("btc_usdt", date(2024, 1, 1)), "must be a datetime with a zone"),
        (lambda c: c.trades("btc_usdt", datetime(2024, 1, 1)), "must be a datetime with a zone"),
        (lambda c: c.trades("btc_usdt", seen_by="me"), "allowed: all, strategy, venue"),
        (lambda c: bt.trades("market"), r"Hint: is it a catalog\? bt\.Catalog\('market'\)"),
        (lambda c: c.add("binance_spot_trades", ["a.csv"], exchange="x", instrument="a"), r"with \* before a list"),
        (lambda c: c.add("binance_spot_trades", "*.csv", exchange="x", instrument="a"), r"\*sorted\(Path\(\)\.glob"),
        (lambda c: load("csv_dividends", "d.csv", time_zone="New York"), "time_zone 'New York' is not known"),
        (lambda c: download("binance_spot_trades", "B/U", "2024-01-01", "2024-01-02", "raw"), "symbol is 'B/U'"),
        (lambda c: download("binance_spot_trades", "BTC", "2024-01-01", "2024-01-02", "raw", host="x"), "host is 'x'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_what_to_do(market, mistake, text):
    with pytest.raises(ConfigError, match=text):
        mistake(market)


def test_a_directory_that_is_no_catalog_is_not_as_it_should_be(here):
    (problem,) = Catalog("markt").verify()
    assert "no import was ever finished there" in problem


def test_an_exchange_that_is_almost_another_is_told(market):
    def added(exchange):
        return market.add("binance_spot_trades", "a.csv", exchange=exchange, instrument="btc_usdt").notes

    assert added("binance_spott") == ("exchange 'binance_spott' is new here, where 'binance_spot' is known",)
    assert added("kraken") == ()


def test_symbols_that_are_not_in_a_file_are_told(here):
    assert load("tardis_trades", "t.csv", instrument={"BTCUSDT": "a", "ETHUSDT": "b"}).notes == {
        "t.csv": ("no rows of ETHUSDT",)
    }


def test_dates_of_dividends_need_a_zone_and_the_error_says_who_takes_one(here):
    with pytest.raises(DataError, match="a time without a zone\nHint: say which zone"):
        load("csv_dividends", "d.csv")
    with pytest.raises(DataError, match=r"Hint: importers such as csv_dividends read dates"):
        bt.data.dividends("d.csv")


def test_one_instrument_is_delisted_too():
    rows = pl.DataFrame({"time": [datetime(2024, 1, 1, tzinfo=UTC)], "instrument": ["a_usd"]})
    (one,) = delisted(bt.Instrument("x", "a_usd"), rows)
    assert (one.expiry, one.settlement_price) == (1_704_067_200 * 10**9, None)
    with pytest.raises(DataError, match="must be a Datetime with a time zone"):
        delisted([], rows.with_columns(pl.col("time").dt.replace_time_zone(None)))
    with pytest.raises(DataError, match="there is no column 'time'"):
        delisted([], rows.drop("time"))
