"""Rule 45: splits and reverse splits of shares, on hand-made markets."""

from __future__ import annotations

import pickle

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.engine.replica import differences
from barter_bt.errors import BarterBtError, DataError
from barter_bt.report.series import exposures
from tests.engine.test_rules_flows import flows, frame, paid
from tests.engine.tiny import FUTURE, TIME, A, S, Watch, candles, quotes, run, schedule, table, trades

MARGIN = bt.Venue(account="margin", margin=bt.Margin(0.5))
SLOW = bt.Venue(latency=bt.Latency(response_ns=2 * S))
ENDED = ("status", "reason", "filled")


def split(*rows: tuple, name: str = "a_usd") -> object:
    return bt.data.splits(frame(*((time, name, ratio) for time, ratio in rows), columns=("instrument", "ratio")))


def told(result: bt.Result) -> list[tuple]:
    return table(result.splits, "time_exchange", "ratio", "quantity_before", "quantity_after", "amount")


def marks(result: bt.Result) -> dict[int, float]:
    return dict(table(result.equity, "time", "equity"))


def test_rule_45_what_is_held_doubles_and_its_worth_stays():
    """3 bought at 100 are 6, bought at 50; they are worth 312 before it and after it."""
    market = trades((0, 100, 9), (2, 100, 9), (3, 104, 9), (5, 52, 9), (6, 60, 9))
    plan = schedule({"at": 1, "buy": 3}, {"at": 5, "sell": 6})
    result = run(market, plan, cash_flows=split((4, "2:1")), mark_every="1s")
    assert told(result) == [(4, 2, 3, 6, 0)]
    assert flows(result) == []
    assert [marks(result)[time] for time in (3, 4, 5)] == [10_012] * 3
    assert table(result.positions, "quantity_abs_max", "price_entry_average", "pnl_realised") == [(6, 50, 60)]
    assert table(result.round_trips, "price_enter", "price_exit", "return", "mae", "mfe") == [(50, 60, 0.2, 0, 0.2)]
    assert table(result.balances, "time_exchange", "total")[-4:-2] == [(4, 9_700), (4, 6)]  # quote, then base
    assert not [text for text in result.warnings if "adjusted" in text]


def test_rule_45_a_fraction_of_a_lot_is_paid_for_and_takes_its_part_of_the_cost():
    """3 at 1:2 are 1 and a half; the half is worth 100 at the mark of 200, and cost a third of the 300."""
    market = trades((0, 100, 9), (2, 100, 9), (5, 210, 9), (6, 220, 9))
    plan = schedule({"at": 1, "buy": 3}, {"at": 5, "sell": 1})
    result = run(market, plan, cash_flows=split((4, "1:2")), mark_every="1s")
    assert told(result) == [(4, 0.5, 3, 1, 100)]
    assert flows(result) == [(4, "usd", "a_usd", "split", 100)]
    assert [marks(result)[time] for time in (2, 4, 5)] == [10_000, 10_000, 10_010]
    (closed,) = table(result.positions, "quantity_abs_max", "price_entry_average", "pnl_realised")
    assert closed == (1, 200, -100 + 20)
    assert result.equity["equity"][-1] == 10_000 - 80 + 100


def test_rule_45_a_position_that_loses_its_stop_is_told_of():
    """The stop goes with the split, and at 30 nothing sells; an entry that has not filled has nothing to protect."""
    market = trades((0, 100, 9), (2, 100, 9), (3, 104, 9), (5, 52, 9), (6, 30, 9))
    bought = run(market, schedule({"at": 1, "buy": 3, "stop_loss": 80.0}), cash_flows=split((4, "2:1")))
    assert table(bought.orders, *ENDED) == [("filled", None, 3), ("cancelled", "split", 0)]
    (text,) = (text for text in bought.warnings if "split" in text)
    assert text.startswith("1 stop(s) and other orders that only reduce in 'a_usd' were ended by a split")
    waiting = run(market, schedule({"at": 1, "buy": 3, "limit": 20, "stop_loss": 10.0}), cash_flows=split((4, "2:1")))
    assert not [text for text in waiting.warnings if "split" in text]


def test_rule_45_who_is_short_pays_for_the_fraction():
    """3 sold short at 100 are 1 and a half; the half costs 100, for which a third of the 300 had come in."""
    market = trades((0, 100, 9), (2, 100, 9), (5, 200, 9), (6, 220, 9))
    plan = schedule({"at": 1, "sell": 3}, {"at": 5, "buy": 1})
    result = run(market, plan, venues=MARGIN, cash_flows=split((4, 0.5)), mark_every="1s")
    assert told(result) == [(4, 0.5, -3, -1, -100)]
    assert marks(result)[4] == 10_000
    assert table(result.positions, "price_entry_average", "pnl_realised") == [(200, 100 - 20)]
    assert result.equity["equity"][-1] == 10_000 + 80 - 100


def test_rule_45_a_position_of_which_no_lot_is_left_ends_in_the_units_before():
    market = trades((0, 100, 9), (2, 100, 9), (5, 1000, 9))
    result = run(market, schedule({"at": 1, "buy": 3}), cash_flows=split((4, "1:10")), audit="full")
    assert told(result) == [(4, 0.1, 3, 0, 300)]
    assert table(result.positions, "quantity_abs_max", "price_entry_average", "pnl_realised", "time_exit") == [
        (3, 100, -300, 4)
    ]
    assert result.positions["trade_id_exit"].to_list() == [None]
    assert table(result.round_trips, "reason_exit", "price_exit") == [("split", None)]
    assert result.equity["equity"][-1] == 10_000
    assert result.summary()["positions"] == 1
    assert differences(result.replica().state, result.state) == []


def test_rule_45_what_was_there_from_the_start_and_what_is_held_are_floored_apart():
    """5 from the start and 2 bought are 7, at 3:2 10 and a half: 10, of them the position's 3."""
    market = trades((0, 100, 9), (2, 100, 9), (5, 66, 9))
    plan = schedule({"at": 1, "buy": 2})
    result = run(market, plan, balances={"usd": 1_000, "a": 5}, cash_flows=split((4, "3:2")), mark_every="1s")
    assert told(result) == [(4, 1.5, 2, 3, 33.5)]  # half of 67, which is 66 and two thirds, rounded
    assert result.state.assets.total[0] * 1.0 == 10
    assert marks(result)[4] == 1_000 - 200 + 33.5 + 10 * 67


def test_rule_45_orders_end_and_give_back_what_they_reserved():
    """By number, also what waits for its parent; those of other instruments stay."""
    other = bt.Instrument("x", "b_usd", price_increment=1, quantity_increment=1)
    market = [trades((0, 100, 9), (2, 100, 9), (9, 50, 9)), trades((0, 100, 9), (9, 100, 9), instrument="b_usd")]
    plan = schedule(
        {"at": 1, "buy": 2, "limit": 90, "stop_loss": 80.0},
        {"at": 1, "buy": 2, "limit": 90, "on": "b_usd"},
        {"at": 1, "sell": 3, "limit": 120},
        {"at": 1, "sell": 1, "stop": 70.0},
    )
    watch = split((4, "2:1"))
    result = run(market, plan, [A, other], balances={"usd": 1_000, "a": 4}, cash_flows=watch)
    assert table(result.orders, "instrument", "status", "reason") == [
        ("a_usd", "cancelled", "split"),
        ("a_usd", "cancelled", "split"),
        ("b_usd", "open", None),
        ("a_usd", "cancelled", "split"),
        ("a_usd", "cancelled", "split"),
    ]
    assert table(result.balances, "time_exchange", "asset", "total", "free")[-2:] == [
        (4, "usd", 1_000, 820),
        (4, "a", 8, 8),
    ]


@pytest.mark.parametrize(("at", "reason"), [(4.5, "split"), (6, None), (7, None)])
def test_rule_45_orders_sent_before_the_engine_knew_are_rejected(at, reason):
    """It is told at 6 of what happened at 4: an order sent then or later counts in new units."""
    market = trades((0, 100, 9), (2, 100, 9), (8, 50, 9))
    result = run(market, schedule({"at": at, "buy": 1}), venues=SLOW, cash_flows=split((4, "2:1")))
    assert table(result.orders, "status", "reason") == [("rejected" if reason else "filled", reason)]


def test_rule_45_an_order_under_way_at_the_split_is_rejected():
    """Sent at 3, it arrives at 5; and what protects it ends with it."""
    late = bt.Venue(latency=bt.Latency(request_ns=2 * S))
    market = trades((0, 100, 9), (2, 100, 9), (8, 50, 9))
    plan = schedule({"at": 3, "buy": 1, "stop_loss": 80.0})
    result = run(market, plan, venues=late, cash_flows=split((4, "2:1")))
    assert table(result.orders, "status", "reason") == [("rejected", "split"), ("rejected", "parent_ended")]


def test_rule_45_the_standing_quote_is_divided_until_the_next():
    """99 and 101 at 2:1: the bid is rounded down, the ask up; of the 9 on offer 18 are left."""
    market = quotes((0, 99, 9, 101, 9), (8, 49, 9, 51, 9))
    result = run(market, schedule({"at": 5, "buy": 20}), cash_flows=split((4, "2:1")))
    assert table(result.trades, "time_exchange", "price", "quantity") == [(5, 51, 18), (8, 51, 2)]


def test_rule_45_a_book_is_not_locked_by_it():
    """99 and 100 at 2:1 would both be 50: they are 49 and 50, and have a price."""
    market = quotes((0, 99, 9, 100, 9), (9, 49, 9, 50, 9))
    watch = Watch(lambda s: (s.time // S, s.event, s.price("a_usd")))
    run(market, watch, cash_flows=split((4, "2:1")))
    assert (4, "balance", 49) in watch.seen  # the middle, a half to even


def test_rule_45_a_strategy_is_told_once_and_sees_all():
    """One balance event, behind which each of the orders ends."""
    watch = Watch(
        lambda s: (s.event, s.time // S, s.position("a_usd"), s.price("a_usd")),
        lambda s, n: ((), (bt.OrderRequest("a_usd", 3), bt.OrderRequest("a_usd", 1, price=90)) if n == 1 else ()),
    )
    run(trades((0, 100, 9), (2, 100, 9), (8, 50, 9)), watch, cash_flows=split((4, "2:1")))
    assert [seen for seen in watch.seen if seen[1] == 4] == [
        ("balance", 4, 6, 50),
        ("order", 4, 6, 50),
    ]


def test_rule_45_a_close_stamped_at_the_split_is_in_old_units():
    """Rule 10: the candle closes at 4, then comes the split, of which the engine knows before it sees the candle."""
    market = candles((0, 2, 100, 100, 100, 100), (2, 4, 100, 110, 100, 110), (4, 6, 55, 56, 55, 56))
    result = run(market, schedule({"at": 1, "buy": 2}), cash_flows=split((4, "2:1")))
    assert marks(result) == {0: 10_000, 2: 10_000, 4: 10_020, 6: 10_000 + 4 * 56 - 200}


def test_rule_45_prices_that_came_before_the_news_are_in_new_units():
    """The engine hears at 6 of what happened at 4, and has seen the price of 52 at 5."""
    market = trades((0, 100, 9), (2, 100, 9), (5, 52, 9), (9, 53, 9))
    result = run(market, schedule({"at": 1, "buy": 3}), venues=SLOW, cash_flows=split((4, "2:1")), mark_every="1s")
    assert [marks(result)[time] for time in (6, 9)] == [10_012, 10_018]


def test_rule_45_prices_that_came_after_the_news_are_in_old_units():
    """Data takes 2 s: the engine hears at 4, and sees at 5 what was stamped 3; then what is stamped 6."""
    late = bt.Venue(latency=bt.Latency(feed_ns=2 * S))
    market = trades((0, 100, 9), (2, 100, 9), (3, 110, 9), (6, 56, 9))
    result = run(market, schedule({"at": 1, "buy": 3}), venues=late, cash_flows=split((4, "2:1")), mark_every="1s")
    assert [marks(result)[time] for time in (4, 5, 8)] == [10_000, 10_030, 10_036]


def test_rule_45_several_flows_of_one_time_as_given():
    """A dividend of 1 on 3, or on the 6 that they become."""
    market = trades((0, 100, 9), (2, 100, 9), (5, 50, 9))
    given = [split((4, "2:1")), paid((4, 1.0))]
    amounts = [
        flows(run(market, schedule({"at": 1, "buy": 3}), cash_flows=each))[0][4] for each in (given, given[::-1])
    ]
    assert amounts == [6, 3]


def test_adjusted_prices_are_told():
    """They do not jump: what is held doubles in number, and in worth."""
    market, plan = trades((0, 100, 9), (2, 100, 9), (5, 101, 9)), schedule({"at": 1, "buy": 3})
    result = run(market, plan, cash_flows=split((4, "2:1")))
    assert [text for text in result.warnings if "adjusted" in text] == [
        "the price of 'a_usd' goes from 100 to 101 at its split of 2:1, 1970-01-01 00:00:04 UTC: prices that are "
        "adjusted for splits count them twice"
    ]
    assert not [text for text in run(market, plan, cash_flows=split((4, 1.05))).warnings if "adjusted" in text]


def test_round_trips_and_figures_over_several_splits(tmp_path):
    """3 at 100, 6 at 50, of which 2 are sold at 60, 4 become 12 at 20; 12 are sold at 15. The low was 12."""
    market = trades(
        (0, 100, 9), (2, 100, 9), (3, 99, 9), (5, 60, 9), (7, 60, 9), (9, 12, 99), (10, 15, 99), (12, 15, 99)
    )
    plan = schedule({"at": 1, "buy": 3}, {"at": 6, "sell": 2}, {"at": 9.5, "sell": 12})
    result = run(market, plan, cash_flows=split((4, "2:1"), (8, "3:1")), mark_every="1s")
    enter, quantity = 100 / 6, 18
    (trip,) = table(result.round_trips, "quantity", "price_enter", "price_exit", "mae", "pnl")
    assert trip == pytest.approx((quantity, enter, (6 * 20 + 12 * 15) / 18, 12 / enter - 1, 0))
    assert exposures(result)["a_usd"].values.tolist() == [300, 300, 240, 240, 0]
    result.save(tmp_path / "run")
    saved = bt.read(tmp_path / "run")
    assert table(saved.splits, "ratio") == [(2,), (3,)] == table(pickle.loads(pickle.dumps(result)).splits, "ratio")
    assert saved.summary() == result.summary()
    seconds = 300 * 5 + 240 * 3  # of 12, and of 10,000
    assert bt.statistic.figures_by(result, "instrument")["exposure_notional"].to_list() == [seconds / 12 / 10_000]
    assert saved.summary()["exposure"] == 8 / 12


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        ("2", None),
        ("3 : 2", None),
        ("0:1", r"row 0 of the split .* has ratio '0:1'"),
        ("one", r"has ratio 'one'"),
        ("1:1", r"has ratio '1:1'"),
        ("1:20000", r"from 1:10000 to 10000:1"),
        (1.0000001, r"in whole numbers of at most a million"),
        (True, r"column 'ratio' is Boolean"),
        (None, r"has a null|column 'ratio' is Null"),
    ],
)
def test_bad_ratios_are_told(ratio, said):
    if said is None:
        assert split((1, ratio)).frame.height == 1
        return
    with pytest.raises(DataError, match=said):
        split((1, ratio))


@pytest.mark.parametrize(
    ("name", "instruments", "options", "said"),
    [
        ("f_usd", [A, FUTURE], {}, "only what is held splits"),
        ("a_usd", [A, bt.Instrument("x", "a_eur", base="a")], {}, "is of 'x.a_eur', too|is of 'a_eur', too"),
        ("a_usd", [A, bt.Instrument("x", "c_a", base="c", quote="a")], {}, "is of"),
        ("a_usd", [A], {"reporting": "a"}, "in whose base equity is measured"),
    ],
)
def test_splits_that_are_not_simulated_are_refused(name, instruments, options, said):
    market = [trades((0, 100, 9), instrument=one.name) for one in instruments]
    with pytest.raises(BarterBtError, match=said):
        run(market, schedule(), instruments, cash_flows=split((1, "2:1"), name=name), **options)


def test_files_say_ratios_as_text_or_numbers(tmp_path):
    one = pl.DataFrame({"time": [4], "instrument": ["a_usd"], "ratio": [1.5]}).with_columns(pl.col("time").cast(TIME))
    one.write_parquet(tmp_path / "splits.parquet")
    assert bt.data.splits(tmp_path / "splits.parquet").frame["ratio"].to_list() == ["3:2"]


def test_rule_45_a_locked_quote_gives_no_price_behind_a_split_either():
    """Both sides at 100 are 67 each at 3:2; 66 and 67, as each by itself would be, made a price of what had none."""
    result = run(
        quotes((0, 100, 9, 100, 9), (8, 100, 9, 100, 9)),
        schedule(),
        balances={"usd": 1_000, "a": 4},
        cash_flows=split((4, "3:2")),
        mark_every="1s",
    )
    assert result.equity["equity"].null_count() == result.equity.height
    assert flows(result) == []
