"""Every importer against its answers: a file made by hand from the layout, and the rows that must come out."""

from __future__ import annotations

import gzip
import json
import re
import sys
import zipfile
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from frames import TIME

from barter_bt.data import IMPORTERS, Repair, Stream, load
from barter_bt.errors import ConfigError, DataError, MissingPackageError

ROOM = Path(__file__).parent / "importers"
NAMES = sorted(IMPORTERS)


def answers_of(name):
    return json.loads((ROOM / f"{name}.json").read_text("utf-8"))


def write(answers, folder, packing=""):
    """The file of an answers file, as it is or packed."""
    path = folder / answers["file"]
    if "members" in answers:
        with zipfile.ZipFile(path, "w") as archive:
            for member, lines in answers["members"].items():
                archive.writestr(member, "\n".join(lines) + "\n")
    elif path.suffix == ".npz":
        fields = [("ev", "u8"), ("exch_ts", "i8"), ("local_ts", "i8"), ("px", "f8"), ("qty", "f8")]
        fields += [("order_id", "u8"), ("ival", "i8"), ("fval", "f8")][: len(answers["records"][0]) - len(fields)]
        np.savez(path, data=np.array([tuple(row) for row in answers["records"]], fields))
    elif path.suffix == ".dbn":
        path.write_bytes(dbn_file(answers["schema"], answers["records"]))
    else:
        text = "\n".join(answers["lines"]).encode()
        path = path.with_name(path.name + packing)
        if packing == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(answers["file"], text)
        else:
            pack = {"": bytes, ".gz": gzip.compress, ".zst": lambda b: pa.compress(b, codec="zstd", asbytes=True)}
            path.write_bytes(pack[packing](text))
    return path


def dbn_file(schema, records):
    dbn = pytest.importorskip("databento_dbn")
    day = SimpleNamespace(start_date=date(2024, 1, 1), end_date=date(2024, 1, 2), symbol="1")
    mappings = [SimpleNamespace(raw_symbol="ESH4", intervals=[day])]
    metadata = dbn.Metadata(
        "GLBX.MDP3", 1704067200000000000, dbn.SType.RAW_SYMBOL, dbn.SType.INSTRUMENT_ID, dbn.Schema.from_str(schema),
        ["ESH4"], [], [], mappings, 1704153600000000000,
    )  # fmt: skip
    made = b"".join(bytes(dbn_record(dbn, schema, *record)) for record in records)
    return metadata.encode() + made


def dbn_record(dbn, schema, at, *rest):
    if schema == "trades":
        received, price, size, side = rest
        return dbn.TradeMsg(1, 1, at, price, size, dbn.Action.TRADE, dbn.Side.from_str(side), 0, received)
    if schema == "mbp-1":
        received, bid, bid_size, ask, ask_size = rest
        level = dbn.BidAskPair(bid, ask, bid_size, ask_size, 1, 1)
        return dbn.MBP1Msg(1, 1, at, bid, bid_size, dbn.Action.ADD, dbn.Side.BID, 0, received, levels=level)
    return dbn.OHLCVMsg(dbn.RType.from_str(schema), 1, 1, at, *rest)


def found(name, path, answers, **more):
    """Rows in the order and form of the answers, and notes."""
    loaded = load(name, path, **(answers["options"] | more))
    if not isinstance(loaded, Stream):
        return (loaded if isinstance(loaded, pl.DataFrame) else loaded.frame).select(answers["columns"]), None
    frame = loaded.frame().collect().with_columns(pl.col("instrument").cast(pl.String))
    if "side" in answers["columns"] and "side" not in frame.columns:
        frame = frame.with_columns(side=pl.lit(0, pl.Int8))
    return frame.select(answers["columns"]), list(next(iter(loaded.notes.values()), ()))


def expected(answers):
    frame = pl.DataFrame(answers["rows"], answers["columns"], orient="row", infer_schema_length=None)
    times = [name for name in answers["columns"] if name.startswith("time") or name in ("open", "close", "pay_date")]
    times = [name for name in times if frame.schema[name] == pl.String]
    frame = frame.with_columns(pl.col(name).str.to_datetime(time_unit="ns", time_zone="UTC") for name in times)
    frame = frame.with_columns(pl.col(times).cast(TIME), pl.col("^(side|snapshot)$").cast(pl.Int8))
    return frame.with_columns(pl.col("^date$").str.to_date())


@pytest.mark.parametrize("name", NAMES)
def test_what_must_come_out_comes_out(name, tmp_path):
    answers = answers_of(name)
    frame, notes = found(name, write(answers, tmp_path), answers)
    assert frame.to_dicts() == expected(answers).to_dicts()
    assert notes is None or notes == answers["notes"]


@pytest.mark.parametrize("packing", [".gz", ".zst", ".zip"])
@pytest.mark.parametrize("name", ["binance_usdm_trades", "metatrader5_candles", "barter_trades", "funding_history"])
def test_packed_files_give_the_same(name, packing, tmp_path):
    answers = answers_of(name)
    frame, _ = found(name, write(answers, tmp_path, packing), answers)
    assert frame.to_dicts() == expected(answers).to_dicts()


def test_every_importer_has_answers_and_says_where_its_layout_is_from():
    assert sorted(path.stem for path in ROOM.glob("*.json")) == NAMES
    for importer in IMPORTERS.values():
        assert importer.layout
        assert importer.source
        assert importer.quirks
        assert set(importer.needs) <= set(importer.takes) <= {"interval", "time_zone", "amount"}


@pytest.mark.parametrize("name", [name for name in NAMES if IMPORTERS[name].needs])
def test_what_is_needed_is_asked_for(name, tmp_path):
    answers = answers_of(name)
    path = write(answers, tmp_path)
    for option in IMPORTERS[name].needs:
        with pytest.raises(ConfigError, match=rf"{name}: {option} is needed.*\nHint: write for example {option}="):
            found(name, path, answers, **{option: None})


@pytest.mark.parametrize("name", [name for name in NAMES if "lines" in answers_of(name)])
def test_a_file_of_another_layout_is_refused(name, tmp_path):
    answers = answers_of(name)
    path = tmp_path / answers["file"]
    path.write_text("a|b\n1|2\n")
    if "_capture_" in name:  # it has no messages of this kind
        assert found(name, path, answers)[0].is_empty()
        return
    with pytest.raises((DataError, ConfigError), match=re.escape(path.name)):
        found(name, path, answers)


def test_an_option_without_effect_is_refused(tmp_path):
    answers = answers_of("binance_spot_trades")
    path = write(answers, tmp_path)
    with pytest.raises(ConfigError, match="interval has no effect"):
        load("binance_spot_trades", path, instrument="btc_usdt", interval="1m")
    with pytest.raises(ConfigError, match="the rows name no symbol\nHint: give instrument="):
        load("binance_spot_trades", path)
    with pytest.raises(ConfigError, match="no file is given"):
        load("binance_spot_trades", instrument="btc_usdt")
    with pytest.raises(
        ConfigError, match="there is no importer 'binance_spot_trade'.*\nHint: did you mean 'binance_spo"
    ):
        load("binance_spot_trade", path)
    with pytest.raises(DataError, match=r"there is no file"):
        load("binance_spot_trades", tmp_path / "no.csv", instrument="btc_usdt")
    funding = write(answers_of("binance_usdm_funding"), tmp_path)
    with pytest.raises(ConfigError, match="are for market data, and have no effect"):
        load("binance_usdm_funding", funding, instrument="btc_usdt", repair=Repair(sort=True))


def test_symbols_are_named_or_left_out(tmp_path):
    path = write(answers_of("polygon_trades"), tmp_path)
    stream = load("polygon_trades", path, instrument={"MSFT": "msft_usd"})
    assert stream.instruments == ("msft_usd",)
    assert stream.notes[path.name][-1] == "2 row(s) of other symbols left out"
    with pytest.raises(DataError, match="holds 2 symbols"):
        load("polygon_trades", path, instrument="msft_usd")
    with pytest.raises(DataError, match="has no rows of TSLA; there are AAPL, MSFT"):
        load("polygon_trades", path, instrument={"TSLA": "tsla_usd"})


@pytest.mark.parametrize(("good", "told"), [(True, "is"), (False, "is NOT")])
def test_a_checksum_beside_the_file_is_compared(good, told, tmp_path):
    from hashlib import sha256

    path = write(answers_of("binance_spot_trades"), tmp_path, ".zip")
    told_sum = sha256(path.read_bytes()).hexdigest() if good else "0" * 64
    path.with_name(path.name + ".CHECKSUM").write_text(f"{told_sum}  {path.name}\n")
    stream = load("binance_spot_trades", path, instrument="btc_usdt")
    assert stream.notes[path.name] == (f"its SHA-256 {told} that of {path.name}.CHECKSUM",)


def test_a_value_that_does_not_fit_names_the_file(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("1,abc,2,3,1583709433583,True,True\n")
    with pytest.raises(DataError, match=r"x\.csv: could not parse `abc`"):
        load("binance_spot_trades", path, instrument="btc_usdt")


def test_a_column_that_nobody_needs_tells_the_layout_too(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("1,100.5,2,abc,1583709433583,True,True\n")
    with pytest.raises(DataError, match=r"x\.csv: could not parse `abc`"):
        load("binance_spot_trades", path, instrument="btc_usdt")


def test_a_package_that_is_missing_is_named(tmp_path, monkeypatch):
    path = tmp_path / "x.dbn"
    path.write_bytes(b"DBN")
    monkeypatch.setitem(sys.modules, "databento_dbn", None)
    with pytest.raises(MissingPackageError, match=r"need the package databento-dbn\nHint: pip install"):
        load("databento_trades", path)


def test_a_binary_file_of_something_else_is_refused(tmp_path):
    pytest.importorskip("databento_dbn")
    answers = answers_of("databento_mbp1")
    path = write(answers, tmp_path)
    with pytest.raises(DataError, match="holds records of 'mbp-1', not of 'trades'"):
        load("databento_trades", path)
    path.write_bytes(b"no DBN at all")
    with pytest.raises(DataError, match="cannot be read as DBN"):
        load("databento_trades", path)
    np.savez(tmp_path / "x.npz", other=np.zeros(3))
    with pytest.raises(DataError, match="no array 'data' with the fields"):
        load("hftbacktest_trades", tmp_path / "x.npz", instrument="a_usd")


def test_files_without_rows(tmp_path):
    for name, text in (("binance_spot_trades", ""), ("tardis_trades", answers_of("tardis_trades")["lines"][0])):
        path = tmp_path / "x.csv"
        path.write_text(text)
        found = load(name, path, instrument="btc_usdt")
        assert (found.rows, found.notes) == (0, {"x.csv": ("it has no rows",)})
