"""What a run warns of: everything that a user would otherwise have to find out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from tests.engine.tiny import FUTURE, A, B, Watch, flat, quotes, run, schedule, trades


def told(result: bt.Result, *parts: str) -> bool:
    """Whether one of the warnings has all these parts."""
    return any(all(part in warning for part in parts) for warning in result.warnings)


def test_a_run_in_which_all_went_as_asked_has_no_warning() -> None:
    """Whatever is warned of is the exception."""
    assert run(flat(100, 100, 100), schedule({"at": 10, "buy": 1})).warnings == []


def test_a_market_order_that_ends_at_once_and_is_not_filled_whole_is_told() -> None:
    """A limit may expire, which is what limits are for."""
    thin = [quotes((0, 99, 9, 101, 2), (5, 99, 9, 101, 9))]
    too_much = run(thin, schedule({"at": 1, "buy": 3, "tif": "ioc"}))
    assert told(too_much, "only order was not filled whole", "met too little")
    for enough in ({"buy": 2, "tif": "ioc"}, {"buy": 3}, {"buy": 3, "tif": "ioc", "limit": 101}):
        assert not run(thin, schedule({"at": 1} | enough)).warnings


def test_a_target_of_before_the_start_that_needs_a_price_is_told() -> None:
    """Of ten candles of a minute none comes before the start: half of the equity has no size there, two units have."""
    market, start = flat(*[100] * 9), {"start": datetime(1970, 1, 1, 0, 0, 45, tzinfo=UTC)}
    half = run(market, bt.Signals(pl.lit(0.5), size="equity"), **start)
    assert half.orders["reason"].to_list() == ["no_price"]
    assert told(half, "1 target(s) of before the run's start ('a_usd') were not followed", "rebalance='always'")
    again = run(market, bt.Signals(pl.lit(0.5), size="equity", rebalance="always"), **start)
    assert again.orders["status"].to_list()[:2] == ["refused", "filled"]
    assert told(again, "were not followed")
    for other, options in ((bt.Signals(pl.lit(2.0)), start), (bt.Signals(pl.lit(0.5), size="equity"), {})):
        assert not told(run(market, other, **options), "before the run's start")


def test_what_an_insurance_pays_is_told_though_nothing_was_liquidated() -> None:
    """Nine sold short at 100 are bought back at 1,000 when the share is delisted."""
    ends = datetime(1970, 1, 1, 0, 0, 45, tzinfo=UTC)
    share = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1, expiry=ends, settlement_price=1_000)
    venue = bt.Venue(account="margin", margin=bt.Margin("50%"))
    options = {"venues": venue, "balances": {"usd": 1_000}}
    result = run(flat(*[100] * 9), schedule({"at": 10, "sell": 9}), share, **options)
    assert result.cash_flows["amount"].to_list() == [7_100]
    assert told(result, "the account was bankrupt 1 time(s): an insurance paid what it owed")


@pytest.mark.parametrize(
    ("terms", "price", "part"),
    [
        ({"participation": 0.5}, [], "participation gives orders of 'a_usd' nothing at candles"),
        (
            {"slippage": bt.Slippage(volume_share=0.1)},
            [110],
            "counts each order of 'a_usd' as all of a candle",
        ),
        ({"slippage": bt.Slippage(impact=0.1)}, [100], "counts each order of 'a_usd' as all of a candle"),
    ],
)
def test_terms_that_go_by_a_volume_that_candles_have_not_are_told(
    terms: dict[str, Any], price: list[float], part: str
) -> None:
    """With volumes, by ticks, and where trades fill, there is nothing to say."""
    plan, venue = schedule({"at": 15, "buy": 2}), {"venues": bt.Venue(**terms)}
    result = run(flat(100, 100, 100), plan, **venue)
    assert (result.trades["price"].to_list(), told(result, part)) == (price, True)
    frame = flat(100, 100, 100).frame().collect().with_columns(volume=pl.lit(50.0))
    assert not told(run(bt.data.candles(frame), plan, **venue), "volume")
    assert not told(run(flat(100, 100, 100), plan, venues=bt.Venue(slippage=bt.Slippage(ticks=1))), "volume")
    assert not told(run([trades((0, 100, 9), (20, 100, 9)), flat(100, 100, 100)], plan, **venue), "volume")
    lacking = [flat(100, 100, 100, seen_by="strategy"), bt.data.candles(frame, seen_by="venue")]
    assert not told(run(lacking, plan, **venue), "volume")


def test_limit_fill_is_told_where_quotes_fill_what_rests() -> None:
    plan, venue = schedule({"at": 1, "buy": 2}), bt.Venue(limit_fill="touch")
    market = quotes((0, 99, 9, 101, 9), (5, 99, 9, 101, 9))
    assert told(run(market, plan, venues=venue), "limit_fill has no effect on 'a_usd'")
    for other in (flat(100, 100), trades((0, 100, 9), (5, 100, 9))):
        assert not told(run(other, plan, venues=venue), "limit_fill")
    assert not told(run(market, plan), "limit_fill")


def test_what_is_held_back_until_after_the_end_is_told() -> None:
    back = run(flat(100, 100), schedule({"at": 1, "buy": 2, "after": 99}))
    assert told(back, "still open at the end; 1 of them were held back for a time behind the last market event")
    assert not told(run(flat(100, 100), schedule({"at": 1, "buy": 2, "limit": 5, "after": 3})), "held back")


# Equity


def test_equity_at_or_below_zero_is_told_with_its_first_time() -> None:
    """A short of ten times the deposit while the price triples."""
    margin = {"balances": {"usd": 1_000}, "venues": bt.Venue(margin=bt.Margin(0.1))}
    short = schedule({"at": 10, "sell": 10, "on": "f_usd"})
    ruined = run(flat(100, 100, 105, 110, 330, instrument="f_usd"), short, FUTURE, **margin)
    # 10 contracts of 10 at 100: worth nothing at 110, 22,000 below that at 330
    assert told(ruined, "equity is at or below zero at 2 of 6 marks, first at 1970-01-01 00:00:40 UTC (0 usd)")
    assert not told(run(flat(100, 100, 105, 109, instrument="f_usd"), short, FUTURE, **margin), "zero")


def test_an_account_that_holds_nothing_is_told() -> None:
    """Zero is not above zero."""
    assert told(run(flat(5, 6), schedule({"at": 10, "buy": 1}), balances={"usd": 0}), "zero at 3 of 3 marks")


def test_equity_that_is_unknown_says_which_asset_nothing_converts() -> None:
    """Without a path from an asset to the reporting asset."""
    jpy = bt.Instrument("x", "c_jpy", price_increment=1, quantity_increment=1)
    data = [flat(100, 100), flat(7, 7, instrument="c_jpy")]
    result = run(data, schedule({"at": 10, "buy": 1}), [A, jpy], balances={"usd": 500, "jpy": 5}, reporting="usd")
    assert result.equity["equity"].null_count() == 3
    assert told(result, "null", "3 of 3 marks, first at 1970-01-01 00:00:00 UTC", "no instrument", "'jpy' to 'usd'")


def test_equity_that_is_unknown_says_which_price_was_missing() -> None:
    """Until the first price of what converts an asset; afterwards it is known."""
    result = run(flat(100, 100), schedule({"at": 10, "buy": 1}), balances={"usd": 500, "a": 5})
    assert result.equity["equity"].is_null().to_list() == [True, False, False]
    assert told(result, "null", "at 1 of 3 marks", "'a' is converted by 'a_usd', without a price then")
    assert not told(run(flat(100, 100), schedule({"at": 10, "buy": 1})), "null")


# Orders


def test_no_order_at_all_is_told() -> None:
    """Whatever drives the run."""
    never: list[Any] = [schedule({"at": 10, "target": 0}), bt.Signals(pl.lit(0.0)), Watch(lambda state: None)]
    for strategy in never:
        assert run(flat(5, 6), strategy).warnings == ["no order was sent"]


def test_targets_that_are_all_below_a_lot_are_told_by_instrument() -> None:
    """In each size; not of an instrument that gets its lots at some time, nor of a target of nothing."""
    data = [flat(100, 100, 100), flat(100, 100, 100, instrument="b_usd")]
    for size, small, large in (("units", 0.5, 2.0), ("notional", 50.0, 250.0), ("equity", 0.009, 0.2)):
        rows = [
            {"at": at, "target": wish, "on": on} for at in (10, 20) for on, wish in (("a_usd", small), ("b_usd", 0))
        ]
        result = run(data, schedule(*rows, size=size), [A, B])
        assert told(result, "every target of 'a_usd' is less than one lot, 2 in all")
        assert told(result, "no order was sent")
        rows[2]["target"] = large
        assert not told(run(data, schedule(*rows, size=size), [A, B]), "less than one lot")
    rows = [{"at": 10, "target": 0.5}, {"at": 10, "target": 3, "on": "b_usd"}, {"at": 99, "target": 3}]
    assert told(run(data, schedule(*rows), [A, B]), "every target of 'a_usd' is less than one lot, 1 in all")


def test_orders_that_end_the_run_open_are_told() -> None:
    """And those that no event came by to fill: too late, or of an instrument without data."""
    data = trades((1, 100, 5), (3, 100, 5))
    result = run(data, schedule({"at": 1, "buy": 1, "limit": 50}, {"at": 1, "buy": 1}))
    assert result.warnings == ["1 of 2 orders was still open at the end"]
    late = run(data, schedule({"at": 1, "buy": 1}, {"at": 3, "buy": 1}, {"at": 3, "buy": 1, "limit": 99}))
    assert late.warnings == [
        "2 of 3 orders were still open at the end; 2 of them met no event that could fill them ('a_usd')"
    ]
    without = run(data, schedule({"at": 1, "buy": 1, "on": "b_usd"}), [A, B])
    assert without.warnings[1:] == [
        "orders of 'b_usd' can never fill: the exchange sees no stream of what they are in",
        "the only order was still open at the end",
    ]
    rows = {"at": 1, "buy": 1, "limit": 5, "on": "b_usd"}, {"at": 2, "cancel": 0}
    assert told(run(data, schedule(*rows), [A, B]), "'b_usd' can never fill")


def test_a_limit_that_no_candle_opened_for_met_nothing() -> None:
    """One that came inside a candle waits for the next; one that saw an open did meet the market."""
    resting = [schedule({"at": at, "buy": 1, "limit": 50}) for at in (10, 15)]
    met, unmet = (run(flat(100, 100), strategy).warnings for strategy in resting)
    assert met == ["the only order was still open at the end"]
    assert unmet == ["the only order was still open at the end; 1 of them met no event that could fill them ('a_usd')"]


def test_locked_quotes_are_told_where_orders_waited_for_them() -> None:
    """As many as stood in the way: of an order that waits, of one that arrives, and of one that rests."""
    locked = [(time, 100, 9, 100, 9) for time in (1, 2, 3)]
    waits = run(quotes(*locked), schedule({"at": 1, "buy": 1}))
    assert told(waits, "3 quote(s) of 'a_usd' were locked (bid = ask) while orders waited")
    assert told(run(quotes(*locked), schedule({"at": 3, "buy": 1, "tif": "ioc"})), "1 quote(s) of 'a_usd'")
    rests = run(quotes((1, 99, 9, 101, 9), *locked[1:]), schedule({"at": 1, "buy": 1, "limit": 100}))
    assert told(rests, "2 quote(s) of 'a_usd'")
    for unconcerned in (Watch(lambda state: None), schedule({"at": 1, "buy": 1, "limit": 90})):
        assert not told(run(quotes((1, 99, 9, 101, 9), *locked[1:]), unconcerned), "locked")


def test_targets_that_locked_quotes_leave_without_a_price_are_told() -> None:
    """A locked quote is no price (rule 6), so a notional cannot be sized."""
    result = run(quotes((1, 100, 9, 100, 9), (2, 100, 9, 100, 9)), schedule({"at": 1, "target": 500}, size="notional"))
    assert told(result, "refused by the risk check: no_price 1")
    assert told(result, "the quotes of 'a_usd' are locked")


def test_commands_after_the_end_are_told() -> None:
    """As rows of a schedule are."""
    late = pl.DataFrame({"time": [datetime(1970, 1, 2, tzinfo=UTC)], "command": ["disable_trading"]})
    result = run(flat(100, 100), schedule({"at": 10, "buy": 1}), commands=late)
    assert result.warnings == ["1 row(s) of the commands lie after the last market event and were not reached"]


def test_a_queue_without_a_book_is_told():
    venue = bt.Venue(queue="logarithmic")
    assert told(run(flat(100, 100), schedule({"at": 10, "buy": 1}), venues=venue), "queue has no effect on 'a_usd'")


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"margin": "10%"}, "margin has no effect on 'a_usd': spot in a cash account is not margined"),
        ({"mark": "closing"}, "mark has no effect on 'a_usd'"),
        ({"mark": "mid"}, "mark has no effect on 'a_usd'"),
        ({"locked_quotes": "fill"}, "locked_quotes has no effect on 'a_usd': no quotes fill orders"),
        ({"beyond_size": "one_tick_worse"}, "beyond_size has no effect on 'a_usd': no quotes fill orders"),
        ({"fees": "0.1"}, "fees of 'a_usd' are up to 0.1 of what is traded"),
        ({"fees": bt.Fees(maker=0.02)}, "fees of 'a_usd' are up to 0.02 of what is traded"),
    ],
)
def test_terms_that_cannot_be_meant_are_told(terms: dict[str, Any], expected: str) -> None:
    """On candles, in a cash account; where quotes fill, in a margin account, at usual fees nothing is said."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    plan, told_of = schedule({"at": 10, "buy": 1}), expected.partition(" ")[0]
    candles = run(flat(100, 100), plan, one, balances={"usd": 1_000}, venues=bt.Venue(**terms))
    assert told(candles, expected)
    terms = {"account": "margin", **terms} | ({"fees": "0.1%"} if "fees" in terms else {})
    quoted = run(
        quotes((1, 100, 9, 101, 9), (20, 100, 9, 101, 9)), plan, one, balances={"usd": 1_000}, venues=bt.Venue(**terms)
    )
    assert quoted.trades.height == 1
    assert not any(text.startswith(told_of) for text in quoted.warnings)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"buy": 1, "stop_loss": 105}, "wrong side"),
        ({"buy": 1, "stop_loss": 100}, "wrong side"),
        ({"buy": 1, "take_profit": 95}, "wrong side"),
        ({"buy": 1, "stop_loss": 9}, "further from the market than a factor of ten"),
        ({"buy": 1, "stop_loss": 90, "take_profit": 5_000}, None),
        ({"buy": 1, "stop": 101, "stop_loss": 100}, None),
        ({"sell": 1, "stop_loss": 95}, "wrong side"),
        ({"sell": 1, "take_profit": 105}, "wrong side"),
        ({"sell": 1, "stop_loss": 1_001}, "further from the market than a factor of ten"),
        ({"sell": 1, "stop_loss": 1_000, "take_profit": 95}, None),
    ],
)
def test_protection_at_a_level_that_is_hardly_meant_is_told(order: dict[str, Any], expected: str | None) -> None:
    """A fraction that is taken for a price, or the two levels of a bracket the wrong way round."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    venue = bt.Venue(account="margin")
    result = run(flat(100, 100, 100), schedule({"at": 10, **order}), one, balances={"usd": 9_000}, venues=venue)
    found = [text for text in result.warnings if "that protect entries in 'a_usd'" in text]
    assert len(found) == (expected is not None)
    assert expected is None or expected in found[0]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"target": 2, "limit": 98, "stop_loss": 99}, "a stop loss at 99 of a purchase at 98, order 0"),
        ({"target": 2, "limit": 98, "stop_loss": 98}, "a stop loss at 98 of a purchase at 98, order 0"),
        ({"target": 2, "limit": 98, "take_profit": 97}, "a take profit at 97 of a purchase at 98, order 0"),
        ({"target": -2, "stop": 97, "stop_loss": 96}, "a stop loss at 96 of a sale at 97, order 0"),
        ({"target": -2, "stop": 97, "limit": 95, "take_profit": 96}, "a take profit at 96 of a sale at 95, order 0"),
        ({"target": 2, "limit": 98, "stop_loss": 97, "take_profit": 99}, None),
        ({"target": -2, "stop": 97, "stop_loss": 98, "take_profit": 96}, None),
    ],
)
def test_protection_on_the_wrong_side_of_an_entry_of_a_target_is_told(target: dict[str, Any], told: str | None) -> None:
    """What an order may not say (rule 98), a target may: it may reduce, and then all of it has no effect."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    options = {"balances": {"usd": 9_000}, "venues": bt.Venue(account="margin")}
    result = run(flat(100, 100, 100), schedule({"at": 10, **target}), one, **options)
    found = [text for text in result.warnings if "wrong side of their entry's own price" in text]
    assert len(found) == (told is not None)
    assert told is None or f"the first is {told}, sent at 1970-01-01 00:00:10 UTC" in found[0]


def test_protection_by_expressions_beside_a_limit_by_fraction_is_told():
    """The limit is known when the target is followed: 98; of 99 and 97 as stops the first is told."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    for stop, count in ((99, 1), (97, 0)):
        signals = bt.Signals(
            pl.lit(1.0), order="limit", price=0.02, price_by="fraction", stop_loss=pl.lit(stop), protect_by="price"
        )
        result = run(flat(100, 100, 100), signals, one, balances={"usd": 9_000})
        assert sum("a stop loss at 99 of a purchase at 98" in text for text in result.warnings) == count


class PulledUp:
    """Buys with a stop, and pulls that up beyond the entry once there is a gain."""

    wake = "bar_close"

    def generate_algo_orders(self, state: Any) -> Any:
        if not len(state.raw.orders):
            return [], [bt.OrderRequest("a_usd", 1, stop_loss=90)]
        stops = [state.read_order(number) for number in state.open_orders("a_usd")]
        if state.price("a_usd") == 120 and stops and stops[0].trigger == 90:
            return [], [state.amend(stops[0].number, trigger=110)]
        return None


def test_protection_that_was_amended_into_a_gain_is_not_told() -> None:
    """It is on the right side of the market that was there then."""
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    kept = run(flat(100, 100, 120, 120, 120), PulledUp(), one, balances={"usd": 1_000})
    assert kept.orders["trigger"].to_list() == [None, 110.0]
    assert not told(kept, "protect entries")


def test_an_instrument_that_the_data_does_not_have_is_told() -> None:
    both = [bt.Instrument("x", name, price_increment=1, quantity_increment=1) for name in ("a_usd", "b_usd")]
    result = run(flat(100, 100), schedule({"at": 10, "buy": 1, "on": "a_usd"}), both, balances={"usd": 1_000})
    assert result.warnings == ["the data has no price of 'b_usd'"]


def test_a_strategy_that_nothing_wakes_is_told():
    """And one that only sent nothing is not said to have waited."""
    never = bt.Compiled(lambda s, my: None, wake=("book", "quote"))
    waits = "no order was sent: the strategy waits for quote or book, which the data has none of"
    assert run(flat(100, 100), never).warnings == [waits]
    assert run(quotes((1, 100, 9, 101, 9)), never).warnings == ["no order was sent"]
    assert run(flat(100, 100), bt.Compiled(lambda s, my: None, wake=("book", "fill"))).warnings == ["no order was sent"]


def test_a_path_and_a_maintenance_without_effect_are_told():
    """Trades fill everything, and nothing is margined; where they have an effect nothing is said."""
    plan = bt.testing.schedule({"at": 1, "buy": 1})
    rows = bt.testing.trades((0, 100, 9), (2, 100, 9))
    one = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    for account, told in (("cash", 2), ("margin", 1)):
        venue = bt.Venue(account=account, margin=bt.Margin(0.5, maintenance=0.1), candle_path="adaptive")
        result = bt.testing.run(rows, plan, one, balances={"usd": 1_000}, venues=venue)
        assert sum("has no effect on 'a_usd'" in text for text in result.warnings) == told
