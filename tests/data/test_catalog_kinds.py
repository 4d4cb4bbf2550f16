"""Books, and what happens to instruments, in a catalog: as they went in, by time, and whole whenever it was killed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import polars as pl
import pytest
from frames import times

import barter_bt as bt
from barter_bt.backtest.config import load as load_config
from barter_bt.data import Catalog, book, book_orders, check, dividends, load, rebuild_books, rename_symbols
from barter_bt.errors import ConfigError, DataError
from tests.killing import Killed, kill_at

SECOND, DAY = 1_000_000_000, 86_400_000_000_000
NAMES = ("time_exchange", "side", "price", "amount", "snapshot", "sequence")


def levels(*seconds: int) -> pl.DataFrame:
    """A message of two levels at each of some seconds; the first is a snapshot."""
    rows = [
        (at, side, price, float(at + 1), at == 0, at + 1) for at in seconds for side, price in ((1, 99.0), (-1, 101.0))
    ]
    frame = pl.DataFrame(rows, NAMES, orient="row")
    return frame.with_columns(times(*(at * SECOND for at in frame["time_exchange"])).alias("time_exchange"))


def file(folder, name, *lines):
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_book_comes_out_as_it_went_in(tmp_path):
    direct = book(levels(0, 1, 2, 86_400), instrument="a_usd")
    catalog = Catalog(tmp_path / "catalog")
    assert catalog.add_stream(direct, exchange="x").files == 2, "a file for each day"
    kept = catalog.book("a_usd")
    assert kept.frame().collect().equals(direct.frame().collect())
    assert rebuild_books(kept).equals(rebuild_books(direct))
    assert not check(kept).warnings
    part = catalog.book("a_usd", "2020-01-01T00:00:01Z", "2020-01-02")
    assert part.rows == 4
    assert [one.code for one in check(part).warnings] == ["no_snapshot"]
    assert catalog.verify() == ()


def test_books_with_and_without_snapshots_have_the_same_columns(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    catalog.add_stream(book(levels(0), instrument="a_usd"), exchange="x")
    catalog.add_stream(book(levels(1).drop("snapshot"), instrument="a_usd"), exchange="x")
    assert catalog.book("a_usd").frame().collect()["snapshot"].to_list() == [1, 1, 0, 0]
    with pytest.raises(DataError, match="do not go with those of the catalog"):
        catalog.add_stream(book(levels(2).drop("sequence"), instrument="a_usd"), exchange="x")


def orders(*seconds: int) -> pl.DataFrame:
    """The book is empty at 0, and gets an order at each of some seconds."""
    rows = [(0, "clear", 0, 0, 0.0, 0.0, 1)] if 0 in seconds else []
    rows += [(at, "add", at + 7, 1 if at % 2 else -1, 99.0 if at % 2 else 101.0, 2.0, at + 1) for at in seconds if at]
    names = ("time_exchange", "action", "order_id", "side", "price", "amount", "sequence")
    frame = pl.DataFrame(rows, names, orient="row")
    return frame.with_columns(times(*(at * SECOND for at in frame["time_exchange"])).alias("time_exchange"))


def test_a_book_by_order_comes_out_as_it_went_in(tmp_path):
    direct = book_orders(orders(0, 1, 2, 3, 86_400), instrument="a_usd")
    catalog = Catalog(tmp_path / "catalog")
    assert catalog.add_stream(direct, exchange="x").files == 2, "a file for each day"
    kept = catalog.book_orders("a_usd")
    assert kept.kind == "book_orders"
    assert kept.frame().drop("snapshot").collect().equals(direct.frame().collect())
    assert kept.frame().collect().schema["order_id"] == pl.Int64
    assert rebuild_books(kept, levels=2).equals(rebuild_books(direct, levels=2))
    assert not check(kept).warnings
    part = catalog.book_orders("a_usd", "2020-01-01T00:00:01Z", "2020-01-02")
    assert (part.rows, [one.code for one in check(part).warnings]) == (3, ["no_snapshot"])
    assert catalog.verify() == ()
    with pytest.raises(ConfigError, match="of 'a_usd' it has book_orders"):
        catalog.book("a_usd")


@pytest.mark.parametrize(("make", "rows", "queue"), [(book, levels, "conservative"), (book_orders, orders, "fifo")])
def test_a_run_on_a_book_of_a_catalog_is_that_on_the_stream(tmp_path, make, rows, queue):
    direct = make(rows(0, 1, 2, 86_400), instrument="a_usd")
    catalog = Catalog(tmp_path / "catalog")
    catalog.add_stream(direct, exchange="x")
    sent = {"time": times(2 * SECOND), "instrument": ["a_usd"], "action": ["open"], "quantity": [1.0]}
    buy = bt.Schedule(pl.DataFrame(sent))
    options = {"balances": {"usd": 1_000}, "interpret": True, "venues": {"x": bt.Venue(queue=queue)}}
    instrument = bt.Instrument("x", "a_usd", price_increment="0.01", quantity_increment="0.01")
    runs = [bt.backtest(data, instrument, buy, **options) for data in (direct, getattr(catalog, direct.kind)("a_usd"))]
    assert runs[0].digest == runs[1].digest
    assert runs[0].trades.height == 1


DIVIDENDS = ("time,instrument,amount", "2024-02-09T14:30Z,aapl_usd,0.24", "2024-05-10T13:30Z,aapl_usd,0.25")
MORE = (
    "time,instrument,amount,withholding",
    "2024-05-10T13:30Z,aapl_usd,0.25,",
    "2024-08-12T13:30Z,aapl_usd,0.25,0.15",
)


def test_dividends_come_by_instrument_and_time(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    catalog.add("csv_dividends", file(tmp_path, "one.csv", *DIVIDENDS), exchange="xnas")
    later = file(tmp_path, "two.csv", *MORE)
    with pytest.raises(DataError, match=r"dividend of aapl_usd at xnas: two\.csv has rows from 2024-05-10"):
        catalog.add("csv_dividends", later, exchange="xnas")
    added = catalog.add("csv_dividends", later, exchange="xnas", overlap="merge")
    assert (added.rows, added.known) == (1, 1)
    found = catalog.dividends("aapl_usd").frame
    assert found["amount"].to_list() == [0.24, 0.25, 0.25]
    assert found["withholding"].to_list() == [0.0, 0.0, 0.15]
    assert catalog.dividends("aapl_usd", "2024-03-01", "2024-08-01").frame["amount"].to_list() == [0.25]
    assert catalog.verify() == ()


def test_all_instruments_are_one_table_in_order_of_time(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    rows = (
        "time,symbol,ratio",
        "2024-06-10T13:30Z,nvda_usd,10:1",
        "2024-07-15T13:30Z,mstr_usd,10",
        "2025-01-02T14:30Z,nvda_usd,1:2",
    )
    path = file(tmp_path, "splits.csv", *rows)
    catalog.add("csv_splits", path, exchange="xnas")
    assert catalog.splits().frame.equals(load("csv_splits", path).frame)
    assert catalog.splits("mstr_usd").frame["ratio"].to_list() == ["10:1"]
    catalog.add("csv_splits", path, exchange="other")
    with pytest.raises(ConfigError, match="has split at other, xnas\nHint: say which: exchange='other'"):
        catalog.splits()


def test_sessions_are_those_of_a_calendar(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    rows = ("open,close", "2024-07-03T13:30Z,2024-07-03T17:00Z", "2024-07-05T13:30Z,2024-07-05T20:00Z")
    path = file(tmp_path, "sessions.csv", *rows)
    catalog.add("csv_sessions", path, exchange="xnys", instrument="XNYS")
    found = catalog.sessions("XNYS")
    assert found.frame.equals(load("csv_sessions", path, instrument="XNYS").frame)
    assert found.name == "XNYS"
    assert catalog.sessions("XNYS", "2024-07-04").frame.height == 1


def test_two_calendars_of_one_file_are_told_apart(tmp_path):
    rows = (
        "calendar,open,close",
        "XNYS,2024-07-03T13:30Z,2024-07-03T17:00Z",
        "XLON,2024-07-03T07:00Z,2024-07-03T15:30Z",
    )
    path = file(tmp_path, "sessions.csv", *rows)
    with pytest.raises(DataError, match="sessions of 2 calendars: XNYS, XLON\nHint: say which"):
        load("csv_sessions", path)
    assert load("csv_sessions", path, instrument={"XLON": "XLON"}).frame["open"].dt.hour().to_list() == [7]


def test_changes_of_symbols_are_followed(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    path = file(tmp_path, "names.csv", "time,before,after", "2020-01-01T00:00:02Z,fb_usd,meta_usd")
    catalog.add("csv_symbol_changes", path, exchange="xnas")
    data = pl.DataFrame({"time_exchange": times(0, 3 * SECOND), "instrument": ["fb_usd", "meta_usd"]})
    renamed = rename_symbols(data, catalog.symbol_changes())
    assert renamed["instrument"].to_list() == ["meta_usd"] * 2
    with pytest.raises(ConfigError, match="instrument has no effect on changes of symbols"):
        catalog.add("csv_symbol_changes", path, exchange="xnas", instrument="a")


def test_what_is_delisted_ends(tmp_path):
    """Its position is paid for, and others go on."""
    catalog = Catalog(tmp_path / "catalog")
    rows = ("time,instrument,price", "2020-01-01T00:00:30Z,a_usd,0.5")
    catalog.add("csv_delistings", file(tmp_path, "ends.csv", *rows), exchange="x")
    named = [bt.Instrument("x", name, price_increment="0.01") for name in ("a_usd", "b_usd")]
    ended = bt.data.delisted(named, catalog.delistings())
    assert ended[0].expiry == datetime(2020, 1, 1, 0, 0, 30, tzinfo=UTC).timestamp() * SECOND
    assert (float(ended[0].settlement_price), ended[1]) == (0.5, named[1])
    with pytest.raises(ConfigError, match="'a_usd' is delisted at .* and expires at"):
        bt.data.delisted([bt.Instrument("x", "a_usd", expiry="2021-01-01T00:00Z")], catalog.delistings())


@pytest.mark.parametrize(
    ("kind", "lines", "options", "text"),
    [
        ("csv_splits", ("time,instrument", "2024-01-01T00:00Z,a"), {}, "there is no column 'ratio'"),
        ("csv_splits", ("time,instrument,ratio", "2024-01-01,a,2:1"), {}, "a time without a zone"),
        ("csv_splits", ("time,instrument,ratio", "2024-01-01T00:00Z,a,2:1"), {"time_zone": "UTC"}, "no effect"),
        ("csv_splits", ("time,instrument,ratio", "2024-01-01T00:00Z,a,0"), {}, "has ratio"),
        ("csv_funding", ("time,instrument,rate", "5,a,0.1"), {}, "integers"),
        ("csv_dividends", ("time,instrument,amount", "2024-01-01T00:00Z,a,-1"), {}, "has amount -1"),
        ("csv_symbol_changes", ("time,before,after", "2024-01-01T00:00Z,a,a"), {}, "changes nothing"),
        ("csv_delistings", ("time,instrument,price", "2024-01-01T00:00Z,a,-1"), {}, "price below 0"),
        ("csv_delistings", ("time,instrument", *["2024-01-01T00:00Z,a"] * 2), {}, "comes a second time"),
        ("csv_delistings", ("time,instrument", "2024-01-01T00:00Z,"), {}, "has a null"),
        ("csv_sessions", ("open,close", "2024-03-31 02:30:00,2024-03-31 09:00:00"),
         {"time_zone": "Europe/Berlin", "instrument": "XETR"}, "came twice or not at all"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_and_changes_nothing(tmp_path, kind, lines, options, text):
    catalog = Catalog(tmp_path / "catalog")
    with pytest.raises((ConfigError, DataError), match=text):
        catalog.add(kind, file(tmp_path, "x.csv", *lines), exchange="x", **options)
    assert catalog.files.is_empty()


def test_a_configuration_file_takes_them_of_a_catalog(tmp_path):
    catalog = Catalog(tmp_path / "market")
    catalog.add("csv_dividends", file(tmp_path, "one.csv", *DIVIDENDS), exchange="xnas")
    prices = bt.data.generate.candles(9, instrument="aapl_usd")
    catalog.add_stream(bt.candles(prices), exchange="xnas")
    start = (
        '[[data]]\nkind = "candles"\npath = "market"\ninstrument = "aapl_usd"\n[balances]\nusd = 10\n'
        '[[instruments]]\nexchange = "xnas"\nname = "aapl_usd"\n[strategy]\nname = "sma_cross"\n[[cash_flows]]\n'
    )

    def flows(*lines):
        return load_config(file(tmp_path, "run.toml", start, *lines)).build_market()["cash_flows"]

    (found,) = flows('kind = "dividend"', 'path = "market"', 'instrument = "aapl_usd"')
    assert found.frame["amount"].to_list() == [0.24, 0.25]
    for lines, text in (
        (('kind = "deposit"', 'path = "market"'), "a catalog holds no deposit"),
        (('kind = "dividend"', 'path = "market"', 'cash = "4%"'), "cash: it has no effect on dividend of a catalog"),
        (('kind = "dividend"', 'path = "market"', 'exchange = "xnys"'), "has no dividend at xnys"),
        (('kind = "dividend"', 'path = "one.csv"', 'exchange = "xnys"'), "dividend has a file that says all"),
    ):
        with pytest.raises(ConfigError, match=text):
            flows(*lines)


def test_what_a_catalog_does_not_hold_is_told(tmp_path):
    flows = bt.data.deposits(pl.DataFrame({"time": times(0), "asset": ["usd"], "amount": [5.0]}))
    with pytest.raises(ConfigError, match="a catalog holds no deposit; it holds trades, quotes,"):
        Catalog(tmp_path).add_stream(flows, exchange="x")
    with pytest.raises(ConfigError, match="takes a stream or cash flows, and this is a DataFrame"):
        Catalog(tmp_path).add_stream(pl.DataFrame(), exchange="x")


def test_cash_flows_of_memory_go_in(tmp_path):
    catalog = Catalog(tmp_path / "catalog")
    given = dividends(pl.DataFrame({"time": times(0), "instrument": ["a_usd"], "amount": [0.5]}))
    catalog.add_stream(given, exchange="x")
    assert catalog.dividends("a_usd").frame["amount"].to_list() == [0.5]


def _book(catalog, *seconds, **options):
    catalog.add_stream(book(levels(*seconds), instrument="a_usd"), exchange="x", **options)


def _order(catalog, *seconds, **options):
    catalog.add_stream(book_orders(orders(*seconds), instrument="a_usd"), exchange="x", **options)


def _dividend(catalog, *days, **options):
    rows = {
        "time": times(*(day * DAY for day in days)),
        "instrument": "a_usd",
        "amount": [float(day + 1) for day in days],
    }
    catalog.add_stream(dividends(pl.DataFrame(rows)), exchange="x", **options)


def _book_is(catalog):
    return catalog.book("a_usd").frame().collect()["sequence"].unique().to_list()


def _orders_are(catalog):
    return catalog.book_orders("a_usd").frame().collect()["sequence"].to_list()


def _dividends_are(catalog):
    return catalog.dividends("a_usd").frame["amount"].to_list()


@pytest.mark.parametrize(
    ("put", "read"),
    [(_book, _book_is), (_order, _orders_are), (_dividend, _dividends_are)],
    ids=["book", "book_orders", "dividends"],
)
def test_a_merge_that_is_killed_leaves_the_old_state_or_the_new(put, read, tmp_path):
    """What is merged lies between, behind and upon what is there; killed before each operation on files."""
    before = Catalog(tmp_path / "before")
    put(before, 0, 1)
    put(before, 5, 6)
    old, new, seen = [1, 2, 6, 7], [1, 2, 3, 4, 6, 7, 9], []
    finished = k = 0
    while not finished:
        catalog = Catalog(shutil.copytree(before.path, tmp_path / f"catalog{k}"))
        with pytest.MonkeyPatch.context() as patch:
            kill_at(patch, k)
            try:
                put(catalog, 1, 2, 3, 5, 6, 8, overlap="merge")
                finished = True
            except Killed:
                pass
        seen.append(read(catalog))
        assert seen[-1] in (old, new)
        put(catalog, 20)
        assert catalog.verify() == ()
        assert sum(1 for _ in catalog.path.rglob("*.parquet")) == catalog.files.height
        assert not list(catalog.path.glob(".import.*"))
        k += 1
    assert (seen[0], seen[-1]) == (old, new)
    assert k > 8, "there were operations to be killed at"
