"""Round trips by hand: each column of the table, with the numbers beside it."""

from __future__ import annotations

import pickle

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.testing import candles, quotes, run, run_prices, schedule, trades
from tests.engine import books

PERPETUAL = bt.Instrument("x", "a_usd", kind="perpetual", settlement="usd")
FEES = bt.Venue(fees=bt.Fees(taker="1%"))


def near(*values):
    """Equal but for the rounding of floats, null where null."""
    return tuple(each if each is None or isinstance(each, str) else pytest.approx(each, abs=1e-12) for each in values)


def rows(result, *columns):
    return result.round_trips.select(columns).rows()


def test_a_long_from_entry_to_exit():
    """5 bought at 10 (fee 0.5) and sold at 12 (fee 0.6), while a candle went from 9 to 14."""
    plan = schedule({"at": 60, "buy": 5}, {"at": 180, "sell": 5})
    result = run_prices([10, 10, (10, 14, 9, 12), 12], plan, venues=FEES)
    (trip,) = result.round_trips.to_dicts()
    assert {name: trip[name] for name in ("position_id", "exchange", "instrument", "strategy", "side")} == {
        "position_id": 0, "exchange": "x", "instrument": "a_usd", "strategy": "schedule", "side": "buy",
    }  # fmt: skip
    assert (trip["quantity"], trip["price_enter"], trip["price_exit"]) == (5.0, 10.0, 12.0)
    assert (trip["time_enter"].timestamp(), trip["time_exit"].timestamp()) == (60, 180)
    assert (trip["bars"], trip["duration"].total_seconds()) == (2, 120)  # closes at 120 and 180
    assert (trip["pnl"], trip["fees"]) == near(5 * 2 - 1.1, 1.1)
    assert (trip["return"], trip["mae"], trip["mfe"]) == near(8.9 / 50, -0.1, 0.4)
    assert trip["reason_exit"] == "signal"


def test_a_short_gains_as_the_price_falls():
    """5 sold at 10, bought back at 12: the range from 9 to 14 is 10 % for it and 40 % against it."""
    plan = schedule({"at": 60, "sell": 5}, {"at": 180, "buy": 5})
    result = run_prices([10, 10, (10, 14, 9, 12), 12], plan, PERPETUAL)
    assert rows(result, "side", "return", "mae", "mfe") == [near("sell", -0.2, -0.4, 0.1)]


def test_never_below_the_entry_there_is_no_adverse_excursion():
    result = run_prices([10, 10, 11, 12], schedule({"at": 60, "buy": 1}, {"at": 180, "sell": 1}))
    assert rows(result, "mae", "mfe") == [near(0.0, 0.2)]


@pytest.mark.parametrize(
    ("candle", "protection", "expected"),
    [
        ((100, 104, 90, 92), {"stop_loss": 95}, ("stop_loss", 95, -0.05, 0.0)),  # out before it was at 90
        ((100, 115, 99, 112), {"take_profit": 110}, ("take_profit", 110, 0.0, 0.1)),  # and before it was at 115
        ((90, 91, 89, 90), {"stop_loss": 95}, ("stop_loss", 90, -0.1, 0.0)),  # a gap
    ],
)
def test_of_the_candle_of_a_protected_exit_only_the_open_counts(candle, protection, expected):
    plan = schedule({"at": 60, "buy": 1, **protection}, protect_by="price")
    result = run_prices([100, 100, candle], plan, step=60)
    assert rows(result, "reason_exit", "price_exit", "mae", "mfe") == [near(*expected)]


def test_a_trailing_stop_gives_back_from_the_best_price():
    """Bought at 100; it follows the high of 110 at a distance of 5, and 105 is met in the next candle."""
    plan = schedule({"at": 60, "buy": 1, "trailing_stop": 5}, protect_by="distance")
    result = run_prices([100, 100, (100, 110, 99, 109), (109, 109, 100, 101)], plan)
    (trip,) = rows(result, "reason_exit", "price_exit", "bars", "mae", "mfe")
    assert trip == near("trailing_stop", 105, 3, -0.01, 0.1)


@pytest.mark.parametrize(
    ("order", "reason"),
    [({"stop": 95}, "stop_loss"), ({"if_touched": 105}, "take_profit"), ({"trailing": 5}, "trailing_stop")]
    + [({"limit": 105}, "signal"), ({}, "signal")],
)
def test_orders_without_a_parent_end_positions_by_their_trigger(order, reason):
    plan = schedule({"at": 60, "buy": 1}, {"at": 120, "sell": 1, "reduce_only": True, **order})
    result = run_prices([100, 100, 100, (100, 106, 100, 100), (100, 100, 94, 95)], plan)
    assert rows(result, "reason_exit") == [(reason,)]


def test_of_the_candle_of_a_limit_entry_nothing_counts():
    """The limit at 95 is met in a candle down to 90, at whose close it is stamped; the next goes from 94 to 98."""
    plan = schedule({"at": 60, "buy": 1, "limit": 95}, {"at": 180, "sell": 1})
    result = run_prices([100, (100, 101, 90, 97), (97, 98, 94, 97), 97], plan)
    assert rows(result, "price_enter", "bars", "mae", "mfe") == [near(95, 1, -1 / 95, 3 / 95)]


def test_a_candle_that_is_entered_in_the_middle_shows_its_close_and_one_that_is_left_its_open():
    """Trades fill, at 90 s and 200 s: the candles to 120 s and from 180 s are cut, that between them is whole."""
    bars = candles(
        (0, 60, 10, 10, 10, 10), (60, 120, 10, 30, 1, 11), (120, 180, 11, 13, 9, 12), (180, 240, 15, 30, 1, 12)
    )
    fills = trades((90, 10, 9), (200, 12, 9))
    plan = schedule({"at": 80, "buy": 1}, {"at": 190, "sell": 1})
    result = run([bars, fills], plan, venues=bt.Venue(taker_fills_on="trades"))
    assert rows(result, "price_enter", "price_exit", "bars", "mae", "mfe") == [near(10, 12, 2, -0.1, 0.5)]


def test_trades_count_between_entry_and_exit_and_own_fills_always():
    """99 comes with the entry and 120 with the exit: whether before or after is not certain. 101 is the entry."""
    market = trades((1, 100, 5), (2, 101, 5), (2, 99, 5), (3, 95, 5), (4, 105, 5), (5, 104, 5), (5, 120, 5), (6, 1, 5))
    result = run(market, schedule({"at": 1.5, "buy": 1}, {"at": 4.5, "sell": 1}))
    assert rows(result, "bars", "price_enter", "price_exit", "mae", "mfe") == [near(None, 101, 104, -6 / 101, 4 / 101)]


def test_quotes_show_their_mids():
    """Bought at the ask of 101, sold at the bid of 103; between them mids of 96 and 108; an empty side shows none."""
    market = quotes((1, 99, 5, 101, 5), (2, 95, 5, 97, 5), (3, 107, 5, 109, 5), (4, 50, 0, 60, 5), (5, 103, 5, 105, 5))
    result = run(market, schedule({"at": 1, "buy": 1}, {"at": 5, "sell": 1}))
    assert rows(result, "price_enter", "price_exit", "mae", "mfe") == [near(101, 103, -5 / 101, 7 / 101)]


def test_a_flip_ends_one_and_begins_another_which_is_still_open():
    """5 bought at 10; 7 sold at 12: 5 close, 2 open; 1 of these is bought back at 13."""
    plan = schedule({"at": 60, "buy": 5}, {"at": 180, "sell": 7}, {"at": 240, "buy": 1})
    result = run_prices([10, 10, 12, 12, 13, 11], plan, PERPETUAL)
    columns = ("position_id", "side", "quantity", "price_enter", "price_exit", "pnl", "return", "reason_exit")
    assert rows(result, *columns) == [
        near(0, "buy", 5, 10, 12, 10, 0.2, "signal"),
        near(1, "sell", 2, 12, None, -1, None, "end"),
    ]
    assert rows(result, "bars", "mae", "mfe") == [near(2, 0, 0.2), near(3, -1 / 12, 1 / 12)]
    still = result.round_trips.row(1, named=True)
    assert (still["time_exit"], still["duration"].total_seconds()) == (None, 360 - 180)


def test_averages_of_several_fills():
    """1 at 10 and 3 at 14 are 4 at 13; 1 leaves at 20 and 3 at 16, on average at 17."""
    plan = schedule({"at": 60, "buy": 1}, {"at": 120, "buy": 3}, {"at": 180, "sell": 1}, {"at": 240, "sell": 3})
    result = run_prices([10, 10, 14, 20, 16, 16], plan)
    assert result.trades["price"].to_list() == [10, 14, 20, 16]
    assert rows(result, "quantity", "price_enter", "price_exit", "pnl", "return") == [near(4, 13, 17, 16, 16 / 52)]
    assert rows(result, "mae", "mfe") == [near(10 / 13 - 1, 20 / 13 - 1)]


def test_a_position_that_is_still_open_after_a_part_of_it_was_sold():
    """1 at 10 and 3 at 14 are 4 at 13; 2 leave at 20, which made 14; the first fill was 3 / 13 below the average."""
    plan = schedule({"at": 60, "buy": 1}, {"at": 120, "buy": 3}, {"at": 180, "sell": 2})
    result = run_prices([10, 10, 14, 20, 12], plan)
    columns = ("quantity", "price_enter", "price_exit", "bars", "pnl", "return", "mae", "mfe", "reason_exit")
    assert rows(result, *columns) == [near(4, 13, None, 4, 14, None, -3 / 13, 7 / 13, "end")]
    assert result.summary().positions == 0


def test_inverse_contracts_are_held_against_their_cost_in_coins():
    """10 contracts of 100 usd: 0.1 coins at 10,000; at 12,500 they are 0.08, so 0.02 coins, or 20 %, were made."""
    one = bt.Instrument("x", "btc_usd", kind="perpetual", settlement="btc", contract_size=100, price_increment=1)
    market = candles(
        (0, 60, 10_000, 10_000, 10_000, 10_000), (60, 120, 10_000, 20_000, 8_000, 12_500),
        (120, 180, 12_500, 12_500, 12_500, 12_500), instrument="btc_usd",
    )  # fmt: skip
    plan = schedule({"at": 60, "buy": 10, "on": "btc_usd"}, {"at": 120, "sell": 10, "on": "btc_usd"})
    result = run(market, plan, one, balances={"btc": 10})
    (trip,) = rows(result, "price_exit", "pnl", "return", "mae", "mfe")
    assert trip == near(12_500, 0.02, 0.2, -0.25, 0.5)  # at 8,000: 0.125 coins, at 20,000: 0.05


def test_however_the_data_is_cut_into_pieces_they_are_the_same():
    """Also one position over all of them: its bars and extremes come from every piece."""
    frame = bt.data.generate.candles(300, instrument="a_usd")
    given = {"balances": {"usd": 1_000}, "interpret": True}
    stock = bt.Instrument("x", "a_usd", price_increment="0.0001")
    for strategy in (bt.strategy.builtin.BuyAndHold(), bt.strategy.builtin.SmaCross(3, 9)):
        whole, cut = (
            bt.backtest(bt.data.candles(each), stock, strategy, **given).round_trips
            for each in (frame, [frame[:7], frame[7:100], frame[100:]])
        )
        assert whole.equals(cut)
    assert whole.height > 10


def test_a_run_without_positions_has_no_rows():
    result = run_prices([10, 11], schedule({"at": 600, "buy": 1}))
    assert result.round_trips.height == 0
    assert result.round_trips.schema == run_prices([10, 10, 10], schedule({"at": 60, "buy": 1})).round_trips.schema


def test_they_are_saved_and_travel(tmp_path):
    plan = schedule({"at": 60, "buy": 5}, {"at": 180, "sell": 7}, {"at": 240, "buy": 1})
    result = run_prices([10, 10, (10, 14, 9, 12), 12, 13, 11], plan, PERPETUAL)
    assert pickle.loads(pickle.dumps(result)).round_trips.equals(result.round_trips)
    saved = bt.read(result.save(tmp_path / "run"))
    assert saved.round_trips.equals(result.round_trips)
    assert saved.summary(interval="annual_365").mfe == result.summary().mfe == pytest.approx(0.4)


def test_data_that_has_changed_since_shows_nothing(tmp_path):
    path = tmp_path / "prices.parquet"
    frame = bt.data.generate.candles(50, instrument="a_usd")
    frame.write_parquet(path)
    result = bt.backtest(
        bt.data.candles(path), bt.Instrument("x", "a_usd"), bt.strategy.builtin.BuyAndHold(),
        balances={"usd": 1_000}, interpret=True,
    )  # fmt: skip
    frame.head(40).write_parquet(path)
    (trip,) = rows(result, "reason_exit", "bars", "mae", "mfe")
    assert trip == ("end", None, None, None)
    assert result.summary().buy_and_hold is None
    assert result.summary().why("buy_and_hold").endswith("or the data has changed since")


def test_an_instrument_that_was_not_traded_is_held_too(tmp_path):
    """From 10 to 12 and from 50 to 40, in equal parts: 0."""
    result = run_prices({"a_usd": [10, 11, 12], "b_usd": [50, 60, 40]}, schedule({"at": 60, "buy": 1, "on": "a_usd"}))
    assert result.summary().buy_and_hold == pytest.approx((0.2 - 0.2) / 2)
    assert result.summary().sample("buy_and_hold") == 2
    saved = bt.read(result.save(tmp_path / "run"))
    assert saved.summary(sampling="1m").buy_and_hold == pytest.approx(0.0)
    assert saved.prices().filter(pl.col("instrument") == "b_usd")["price"].to_list() == [50.0, 40.0]


def test_a_book_alone_shows_the_mids_behind_its_messages():
    """1 bought at the ask of 101 at second 2, sold at the bid of 103 at 9: mids of 97.5 and 107 between them count."""
    shown = [
        books.snapshot(1, [(99, 5)], [(101, 5)]),
        books.message(2, [(98, 5)], after=1),
        books.message(3, [(99, 0), (98, 0), (94, 5)], after=2),  # (94 + 101) / 2
        books.message(4, [(120, 5)], after=3),  # crossed: no quote
        books.message(5, [(120, 0)], [(101, 0), (120, 1)], after=4),  # (94 + 120) / 2
        books.message(6, [(1, 1)], after=90),  # a gap: nothing is known
        books.snapshot(7, [(103, 9)], [(104, 9)]),
        books.message(8, [(102, 1)], after=7),
        books.message(9, [(101, 1)], after=8),
    ]
    plan = schedule({"at": books.DAY + 2, "buy": 1, "on": "abc_usd"}, {"at": books.DAY + 9, "sell": 1, "on": "abc_usd"})
    result = run(books.streams(shown), plan, books.ABC, balances={"usd": 1000})
    assert rows(result, "price_enter", "price_exit", "mae", "mfe", "bars") == [
        near(101, 103, 97.5 / 101 - 1, 107 / 101 - 1, None)
    ]
    assert result.prices()["price"].to_list() == [100, 100, 97.5, 107, 103.5, 103.5, 103.5]
