"""Runs on books: resumed, replayed from their audit, held against the future, from a file, over a real capture."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.backtest.config import load
from barter_bt.engine.replica import differences
from tests.book.captures import binance
from tests.engine.books import ABC, DAY, fills, message, snapshot, streams, trade

MARKET = (
    [
        snapshot(1, [(99, 10), (98, 20)], [(101, 5), (102, 7)]),
        message(2, [(99, 15)], [(101, 3)]),
        message(4, [(99, 8)], [(101, 9)]),
        message(7, [(100, 2)], [(101, 0)]),
        message(9, [(99, 1)]),
    ],
    [trade(3, 99, 16, -1), trade(5, 99, 5, -1), trade(6, 101, 9, 1), trade(8, 98, 1, -1)],
)


def arguments() -> dict[str, object]:
    return {"balances": {"usd": 1_000_000, "abc": 10_000}, "interpret": True}


def schedule() -> bt.Schedule:
    orders = {"time": [1, 2, 4], "quantity": [6.0, 3.0, 4.0], "price": [99.0, None, 100.0]}
    time = ((pl.col("time") + DAY) * 10**9).cast(pl.Datetime("ns", "UTC"))
    return bt.Schedule(pl.DataFrame(orders).with_columns(time, instrument=pl.lit("abc_usd"), action=pl.lit("open")))


@pytest.mark.parametrize("every_rows", [1, 3, 6])
def test_a_run_that_goes_on_from_a_checkpoint_is_the_run_that_was_never_interrupted(tmp_path, every_rows):
    """The book, what was taken of it and places in its queues are remembered."""
    whole = bt.backtest(streams(*MARKET), ABC, schedule(), **arguments())
    assert fills(whole) == [(2, 101, 3, "taken"), (3, 99, 6, "queue"), (5, 100, 4, "traded_through")]
    saved = bt.Checkpoint(tmp_path / "saved", every_rows=every_rows)
    bt.backtest(streams(*MARKET), ABC, schedule(), checkpoint=saved, **arguments())
    again = bt.backtest(streams(*MARKET), ABC, schedule(), resume=tmp_path / "saved", **arguments())
    assert again.digest == whole.digest
    assert fills(again) == fills(whole)


def test_a_replica_has_the_quotes_of_a_book_and_nothing_knows_the_future():
    full = bt.backtest(streams(*MARKET), ABC, schedule(), audit="full", **arguments())
    assert differences(full.state, full.replica().state) == []
    found = bt.check_causality(streams(*MARKET), ABC, schedule(), **arguments())
    assert "ok" in str(found)


def test_a_file_describes_a_run_on_a_book(tmp_path):
    rows = [row for one in MARKET[0] for row in one]
    names = ["time_exchange", "side", "price", "amount", "snapshot", "sequence", "previous_sequence"]
    pl.DataFrame(rows, names, orient="row").write_parquet(tmp_path / "book.parquet")
    (tmp_path / "run.toml").write_text(
        """
        [[data]]
        kind = "book"
        path = "book.parquet"
        instrument = "abc_usd"
        time_unit = "s"

        [[instruments]]
        exchange = "x"
        name = "abc_usd"

        [balances]
        usd = 100000

        [venues.x]
        queue = "power"
        queue_power = 2

        [strategy]
        name = "buy_and_hold"
        parameters = { quantity = 6 }
        """
    )
    built = load(tmp_path / "run.toml").build()
    assert [stream.kind for stream in built["data"]] == ["book"]
    assert (built["venues"]["x"].queue, built["venues"]["x"].queue_power) == ("power", 2)
    built["strategy"] = schedule()
    result = bt.backtest(**built | {"interpret": True})
    assert fills(result)[0] == (2, 101, 3, "taken")


def test_the_quotes_of_a_run_over_a_capture_are_the_best_of_its_rebuilt_book():
    """At each message: what woke the strategy is what ``rebuild_books`` shows."""
    rows, _ = binance("usdm_btcusdt_20240718", 1_500)
    book = bt.data.book(
        bt.data.complete_snapshots(rows.rename({"time": "time_exchange"})), instrument="btc_usdt", time_unit="ns"
    )
    seen = []

    class Watching:
        wake = "book"

        def generate_algo_orders(self, state):
            ins = state.raw.instruments
            seen.append((state.time, ins.bid[0], ins.bid_amount[0], ins.ask[0], ins.ask_amount[0]))
            return [], []

    btc = bt.Instrument("x", "btc_usdt", price_increment="0.1", quantity_increment="0.001")
    bt.backtest(book, btc, Watching(), balances={"usdt": 1}, interpret=True)
    shown = bt.data.rebuild_books(book, price_increment="0.1", quantity_increment="0.001", interpret=True)
    prices = [(pl.col(name) * 10).round().cast(pl.Int64) for name in ("bid_price_1", "ask_price_1")]
    best = shown.select(
        pl.col("time_exchange").to_physical(), prices[0], "bid_amount_1", prices[1], "ask_amount_1"
    ).fill_null(0)
    assert len(seen) == best.height > 200
    assert seen == best.rows()
