"""Exchanges as the oracle of the book: their checksums, their books behind each event, their best quotes.

The whole captures are gone through where ``BARTER_BT_FUZZ`` is set; else their beginnings are.
"""

import os
import zlib

import polars as pl
import pytest

from barter_bt.data import book, check, complete_snapshots, rebuild_books
from tests.book.captures import LOBSTER, binance, kraken, lobster

WHOLE = "BARTER_BT_FUZZ" in os.environ
OPTIONS = {"instrument": "x", "columns": {"time": "time_exchange"}, "time_unit": "ns"}
BEST = ["bid_price_1", "bid_amount_1", "ask_price_1", "ask_amount_1"]
DIFFERS = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_quoted") for name in BEST)


def test_kraken_has_the_same_checksum_of_the_top_ten_levels_in_each_message():
    """The checksum is of the digits of prices and amounts, which are ticks and lots of as many decimals."""
    checked = 0
    for rows, sums, price_digits, amount_digits in kraken().values():
        steps = {"price_increment": f"1e-{price_digits}", "quantity_increment": f"1e-{amount_digits}"}
        books = rebuild_books(book(rows, **OPTIONS), levels=10, **steps, interpret=not WHOLE or None)
        digits = {"price": price_digits, "amount": amount_digits}
        names = [(f"{side}_{what}_{n}", what) for side in ("ask", "bid") for n in range(1, 11) for what in digits]
        text = [(pl.col(name) * 10 ** digits[what]).round().cast(pl.Int64).cast(pl.String) for name, what in names]
        shown = books.select(pl.col("time_exchange").to_physical(), pl.concat_str(text, ignore_nulls=True))
        for time, top in shown.iter_rows():
            if time in sums:
                assert zlib.crc32(top.encode()) == sums[time]
                checked += 1
    assert checked == 4_269


def test_lobster_has_the_same_five_levels_behind_each_event():
    rows, from_outside, expected = lobster(None if WHOLE else 12_000)
    books = rebuild_books(book(rows, **OPTIONS), levels=5, price_increment=1, quantity_increment=1)
    assert books.height == expected.height == (112_673 if WHOLE else 12_000)
    assert books.select(LOBSTER).equals(expected.select(pl.col(LOBSTER).cast(pl.Float64)))
    assert from_outside < expected.height / 2, "most levels follow from events alone"


@pytest.mark.parametrize(
    ("names", "tick", "lot", "quotes", "left_out"),
    [
        (["spot_btcusdt_20240808", "spot_btcusdt_20240809"], "0.01", "0.00001", 6_000, 2),
        (["usdm_btcusdt_20240718", "usdm_btcusdt_20240719"], "0.1", "0.001", 8_500, 0),
    ],
    ids=["spot", "perpetual"],
)
def test_binance_has_the_same_best_quote_behind_each_message_and_no_number_is_missing(
    names, tick, lot, quotes, left_out
):
    """Each depth message is held against the quote of its number, and the last whose number is not above its own.

    Some quotes of the spot market were left out: that of two messages is not told.
    """
    files = [binance(name, None if WHOLE else 6_000) for name in (names if WHOLE else names[:1])]
    frames = [complete_snapshots(rows.rename({"time": "time_exchange"})) for rows, _ in files]
    stream = book(frames, instrument="x", time_unit="ns")
    assert not (check(stream).errors + check(stream).warnings)
    books = rebuild_books(stream, price_increment=tick, quantity_increment=lot)
    numbers = pl.concat(frames).unique(["time_exchange", "sequence"], keep="last", maintain_order=True)["sequence"]
    known = books.with_columns(sequence=numbers).filter(pl.col("state") != "stale")
    assert set(known["state"]) == {"normal"}
    best = pl.concat([quoted for _, quoted in files]).select("sequence", *BEST).set_sorted("sequence")
    same = known.select("sequence", *BEST).join(best, on="sequence", suffix="_quoted")
    assert same.height > (quotes // 20 if WHOLE else 30)
    assert not same.filter(DIFFERS).height
    before = known.select("sequence", *BEST).join_asof(best, on="sequence", suffix="_quoted").drop_nulls()
    assert before.height > (quotes if WHOLE else 300)
    assert before.filter(DIFFERS).height <= left_out


def test_numbers_of_the_inverse_perpetual_have_no_gap():
    rows, _ = binance("cm_btcusd_perp_20240809", None if WHOLE else 4_000)
    report = check(book(rows, **OPTIONS))
    assert [finding.code for finding in report.warnings] == ["no_snapshot"]


def test_a_message_that_is_missing_makes_the_rest_stale():
    """The same capture without one of its messages."""
    rows, _ = binance("usdm_btcusdt_20240718", 1_000)
    frame = complete_snapshots(rows.rename({"time": "time_exchange"}))
    numbers = frame["sequence"].unique().sort()
    lost = frame.filter(pl.col("sequence") != numbers[len(numbers) // 2])
    stream = book(lost, instrument="x", time_unit="ns")
    assert [finding.code for finding in check(stream).warnings] == ["gap"]
    states = rebuild_books(stream, price_increment="0.1", quantity_increment="0.001")["state"]
    assert states[-1] == "stale"
    assert "normal" in set(states)
