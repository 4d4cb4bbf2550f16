"""A file that changes under a stream is noticed: no rows are lost in silence, and no other file's checksum is told."""

import hashlib
import os
from pathlib import Path

import polars as pl
import pytest
from frames import CODES, candle_frame, trade_frame

from barter_bt import Instrument, Signals, backtest
from barter_bt.backtest.describe import describe_data
from barter_bt.data import candles, generate, source, trades
from barter_bt.errors import DataError

CHANGED = "was changed or replaced after the stream was made"
WALKS = {f"walk{i}_usd": i for i in range(3)}


def replace(path: Path, frame: pl.DataFrame) -> None:
    """Put another file in the place of one, as writers do that write under another name first."""
    new = path.with_suffix(".new")
    frame.write_csv(new) if path.suffix == ".csv" else frame.write_parquet(new)
    new.rename(path)


@pytest.mark.parametrize("in_place", [True, False])
def test_a_file_that_is_cut_while_it_is_streamed_is_an_error(tmp_path, monkeypatch, in_place):
    monkeypatch.setattr(source, "BATCH_ROWS", 1_000)
    path = tmp_path / "t.parquet"
    frame = generate.trades(20_000)
    frame.write_parquet(path, row_group_size=1_000, compression="uncompressed")
    chunks = trades(path).chunks(WALKS)
    next(chunks)
    if in_place:
        os.truncate(path, path.stat().st_size // 2)
    else:
        replace(path, frame.head(10_000))
    with pytest.raises(DataError, match=rf"{CHANGED}|cannot be read as Parquet"):
        list(chunks)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_the_checksum_is_of_the_file_that_was_read_or_there_is_none(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    replace(path, trade_frame())
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    known, late = trades(path), trades(path)
    assert known.fingerprint()["sha256"] == checksum
    replace(path, trade_frame().head(2))
    assert known.fingerprint()["sha256"] == checksum
    with pytest.raises(DataError, match=CHANGED):
        late.fingerprint()
    (told,) = describe_data([late])
    assert (told["sha256"], told["rows"]) == (None, 4)
    assert CHANGED in told["changed"]
    assert trades(path).fingerprint()["rows"] == 2


def test_a_file_that_was_replaced_before_it_is_read_is_an_error(tmp_path):
    path = tmp_path / "t.parquet"
    replace(path, trade_frame())
    stream = trades(path)
    replace(path, trade_frame().with_columns(price=pl.col("price") * 2))
    for read in (lambda: list(stream.chunks(CODES)), stream.time_range, stream.frame, lambda: stream.instruments):
        with pytest.raises(DataError, match=CHANGED):
            read()
    path.unlink()
    with pytest.raises(DataError, match=CHANGED):
        list(stream.chunks(CODES))


def test_a_run_whose_file_is_replaced_afterwards_can_be_saved(tmp_path):
    path = tmp_path / "t.parquet"
    frame = candle_frame().filter(pl.col("instrument") == "a_usd")
    replace(path, frame)
    result = backtest(
        candles(path), Instrument("x", "a_usd"), Signals(pl.lit(0.0)), balances={"usd": 10}, interpret=True
    )
    replace(path, frame.head(1))
    result.save(tmp_path / "run")
    assert '"sha256": null' in (tmp_path / "run" / "manifest.json").read_text()


def test_files_of_one_name_are_told_apart(tmp_path):
    frame = trade_frame()
    for number, part in enumerate((frame.head(2), frame.tail(2))):
        (tmp_path / str(number)).mkdir()
        part.write_parquet(tmp_path / str(number) / "t.parquet")
    stream = trades([tmp_path / "0" / "t.parquet", tmp_path / "1" / "t.parquet"])
    assert [chunk.source for chunk in stream.chunks(CODES)] == ["t.parquet [0]", "t.parquet [1]"]
    assert len(set(stream.fingerprint()["files"].values())) == 2
