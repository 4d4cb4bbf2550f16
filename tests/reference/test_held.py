"""Orders held for a trigger, by hand: each test names the sentences of rules 28 to 30 that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.errors import StrategyError
from barter_bt.testing.scenario import Conditions

from .compare import fast
from .engine import run
from .tiny import (
    BTC,
    ETH,
    FUTURE,
    UNIT,
    agreed,
    cancel,
    candle,
    each_filled,
    ends,
    fills,
    held,
    limit,
    market,
    moves,
    quote,
    scenario_of,
    simulate,
    t,
    trade,
    triggered,
)

# Rule 28: the trigger


@pytest.mark.parametrize(
    ("quantity", "conditions", "fill"),
    [
        (1, {"stop": 103}, (3, 103)),  # at its trigger
        (1, {"stop": 102}, (3, 103)),  # beyond it
        (1, {"stop": 99}, (2, 101)),  # what is beyond already is reached by the next price
        (-1, {"stop": 97}, (4, 97)),
        (-1, {"stop": 98}, (4, 97)),
        (1, {"if_touched": 97}, (4, 97)),
        (1, {"if_touched": 98}, (4, 97)),
        (-1, {"if_touched": 101}, (2, 101)),
        (-1, {"if_touched": 102}, (3, 103)),
        (1, {"stop": 104}, None),
        (-1, {"stop": 95}, None),
        (1, {"if_touched": 95}, None),
        (-1, {"if_touched": 104}, None),
    ],
)
def test_what_reaches_a_trigger(quantity: int, conditions: Any, fill: tuple[int, int] | None) -> None:
    tables = simulate("trades", moves(100, 100, 101, 103, 97, 96), [held(1.5, quantity, **conditions)], btc="1")
    assert fills(tables) == ([(*fill, 1, "taker")] if fill else [])
    assert triggered(tables) == [fill[0] if fill else None]
    assert ends(tables) == [("filled" if fill else "open", "")]


@pytest.mark.parametrize(
    ("streams", "setting", "time"),
    [
        (("trades", "candles", "quotes"), "auto", 30),
        (("candles", "quotes"), "auto", 20),
        (("quotes",), "auto", 15),
        (("trades", "candles", "quotes"), "quotes", 15),
        (("trades", "candles", "quotes"), "candles", 20),
    ],
)
def test_which_events_show_prices(streams: tuple[str, ...], setting: Any, time: int) -> None:
    rows = {
        "trades": [trade(0, 100, 9), trade(30, 105, 9)],
        "candles": [candle(0, (100, 100, 100, 100)), candle(10, (100, 105, 100, 100)), candle(20, (100,) * 4)],
        "quotes": [quote(0, 99, 9, 101, 9), quote(15, 104, 9, 105, 9), quote(16, 99, 9, 101, 9)],
    }
    some = {kind: rows[kind] for kind in streams}
    assert triggered(agreed(some, [held(1, 1, stop=105)], triggers_on=setting)) == [time]


@pytest.mark.parametrize(
    ("quantity", "conditions", "time"),
    [
        (1, {"stop": 105}, 4),  # the ask, not the bid; not without an amount, not of a locked book
        (1, {"if_touched": 98}, 8),
        (-1, {"stop": 97}, 8),
        (-1, {"if_touched": 104}, 5),
    ],
)
def test_a_quote_shows_a_buy_the_ask_and_a_sell_the_bid(quantity: int, conditions: Any, time: int) -> None:
    rows = [
        quote(0, 99, 9, 101, 9),
        quote(2, 100, 9, 105, 0),
        quote(3, 105, 9, 105, 9),
        quote(4, 103, 9, 105, 9),
        quote(5, 104, 9, 106, 9),
        quote(6, 96, 0, 100, 9),
        quote(7, 97, 9, 97, 9),
        quote(8, 97, 9, 98, 9),
    ]
    tables = simulate("quotes", rows, [held(1, quantity, **conditions)], btc="1")
    assert triggered(tables) == [time]


@pytest.mark.parametrize(("max_age", "time"), [(0, 2), (2, 2), (1, 5)])
def test_the_standing_quote_triggers_on_arrival_unless_it_is_too_old(max_age: int, time: int) -> None:
    """It is acknowledged, then triggered: event 0, two quotes, the row, two reports, a fill of four."""
    rows = [quote(0, 99, 9, 101, 9), quote(5, 99, 9, 101, 9)]
    tables = simulate("quotes", rows, [held(2, 1, stop=101)], max_age_ns=max_age * UNIT)
    assert triggered(tables) == [time]
    assert fills(tables) == [(time, 101, 1, "taker")]
    assert tables.orders[0]["time_exchange"] == t(2)
    assert tables.sequence == 1 + 2 + 1 + 2 + 4


def test_the_standing_quote_shows_nothing_where_quotes_do_not_trigger() -> None:
    streams = {"trades": [trade(0, 90, 9), trade(9, 90, 9)], "quotes": [quote(0, 99, 9, 101, 9)]}
    assert triggered(agreed(streams, [held(1, 1, stop=101)])) == [None]


def test_a_held_order_is_checked_on_arrival_and_reserves_nothing() -> None:
    item = replace(BTC, quantity_min="2", notional_min="150", price_min="60")
    rows = [held(1, 1, stop=105), held(1, 9, 50, stop=105), held(1, 2, 70, stop=105), held(1, 99, 110, stop=105)]
    tables = simulate("trades", moves(100, 100, 100), rows, item=item)
    assert [reason for _, reason in ends(tables)] == ["below_minimum", "below_price_min", "below_minimum", ""]
    assert len(tables.balances) == 2  # those of the start
    assert tables.sequence == 1 + 3 + 4 + 4


def test_a_cancel_and_an_expiry_end_what_is_held() -> None:
    item = replace(FUTURE, expiry=t(3))
    rows = [held(0, 1, stop=105), held(0, 1, 110, stop=105), cancel(1, 0)]
    tables = simulate("trades", moves(100, 100, 100, 100, 110), rows, item=item)
    assert ends(tables) == [("cancelled", "requested"), ("cancelled", "expired")]
    # event 0, five trades, three rows, two acknowledgements, two ends: nothing was reserved
    assert tables.sequence == 1 + 5 + 3 + 2 + 2
    assert triggered(tables) == [None, None]


def test_post_only_and_a_trigger_are_an_error() -> None:
    """Both say so, each in its way."""
    scenario = scenario_of({"trades": moves(100, 100)}, [(*limit(0, 1, 99, post_only=True), Conditions(stop=98))])
    with pytest.raises(AssertionError, match="rule 28"):
        run(scenario)
    with pytest.raises(StrategyError, match="a trigger and post_only"):
        fast(scenario, interpret=True)


def test_prices_that_rise_then_prices_that_fall_then_trailing_stops() -> None:
    """A quote of 97 to 105, five on each side; each order wants two, but for a market order's rest, which is first."""
    rows = [quote(0, 99, 9, 101, 1), quote(5, 97, 5, 105, 5), quote(6, 97, 0, 101, 0)]
    schedule = [
        held(1, 2, trailing=2),  # from 101, at 103
        held(1, 2, stop=104),
        held(1, 2, stop=103),
        held(1, 2, stop=103),
        held(1, -2, stop=97),
        held(1, -2, stop=98),
        held(1, -2, stop=98),
        market(1, 2),  # one at once, one at 5
    ]
    tables = simulate("quotes", rows, schedule, usd="2000", btc="9")
    assert triggered(tables) == [5] * 7 + [None]
    # bought: 1 by the market order, 2 and 2 by the stops at 103; sold: 2 and 2 by those at 98, 1 by that at 97
    assert each_filled(tables) == {7: 2, 2: 2, 3: 2, 5: 2, 6: 2, 4: 1}


def test_what_needs_the_same_offer_takes_it_by_trigger_and_then_by_arrival() -> None:
    rows = [quote(0, 99, 9, 101, 9), quote(5, 105, 5, 106, 5), quote(6, 105, 0, 106, 0)]
    schedule = [
        held(1, 2, stop=106),
        held(1, 2, stop=103),
        held(1, -2, if_touched=105),
        held(1, -2, if_touched=103),
        held(1, 2, stop=102),
        held(1, -2, if_touched=104),
    ]
    tables = simulate("quotes", rows, schedule, usd="2000", btc="9")
    assert each_filled(tables) == {4: 2, 1: 2, 0: 1, 3: 2, 5: 2, 2: 1}
    assert [order["status"] for order in tables.orders] == ["open", "filled", "open", "filled", "filled", "filled"]


def test_what_is_triggered_reserves_then_and_the_engine_is_told() -> None:
    """Response latency of half a second; the limit of 99 lies below the trade that triggers it."""
    tables = simulate("trades", moves(100, 100, 105, 105), [held(1, 2, 99, stop=104)], response_ns=UNIT // 2)
    assert triggered(tables) == [2]
    usd = [(row["time_exchange"], row["free"]) for row in tables.balances if row["asset"] == 1]
    assert usd == [(t(0), 1000 * UNIT), (t(2), 802 * UNIT)]
    # event 0, four trades, the row, the acknowledgement, that it was triggered and the balance
    assert tables.sequence == 1 + 4 + 1 + 1 + 2


def test_what_cannot_reserve_when_it_is_triggered_is_rejected() -> None:
    tables = simulate("trades", moves(100, 100, 105, 105), [held(1, 20, 99, stop=104)])
    assert ends(tables) == [("rejected", "insufficient_balance")]
    assert triggered(tables) == [2]
    assert tables.sequence == 1 + 4 + 1 + 1 + 2


@pytest.mark.parametrize("time", [0.5, 1.5])
def test_what_is_rejected_takes_nothing_of_the_offer(time: float) -> None:
    """Triggered by the quote at 1, or by the same on arrival."""
    rows = [quote(0, 99, 9, 100, 5), quote(1, 99, 9, 101, 5), quote(9, 99, 9, 101, 0)]
    tables = simulate("quotes", rows, [held(time, 20, 101, stop=101), market(2, 5)])
    assert ends(tables) == [("rejected", "insufficient_balance"), ("filled", "")]


def test_a_triggered_limit_waits_for_what_the_same_settlement_releases() -> None:
    """A sale at 100 pays for a purchase at 100 that the same trade triggers and that was sent before."""
    schedule = [held(1, 1, 100, stop=102), limit(1, -1, 100)]
    tables = simulate("trades", moves(99, 99, 102, 102), schedule, usd="0", btc="1")
    assert ends(tables) == [("open", ""), ("filled", "")]
    assert triggered(tables) == [2, None]
    assert tables.balances[-1]["free"] == 0


def test_on_arrival_it_waits_too() -> None:
    """The standing quote of 99 to 101 triggers it at once; the sale was sent behind it."""
    schedule = [held(1, 1, 101, stop=100), market(1, -2)]
    tables = simulate("quotes", [quote(0, 99, 9, 101, 9), quote(2, 99, 9, 101, 9)], schedule, usd="0", btc="2")
    assert fills(tables) == [(1, 99, 2, "taker"), (1, 101, 1, "taker")]
    assert triggered(tables) == [1, None]


def test_a_triggered_limit_reserves_before_what_is_settled_is_paid() -> None:
    """As one that arrives: the market order was sent before and meets the same trade."""
    tables = simulate("trades", moves(90, 90, 100), [market(1, 1), held(1, 1, 100, stop=100)], usd="150")
    assert ends(tables) == [("rejected", "insufficient_balance"), ("filled", "")]


@pytest.mark.parametrize("names", [("btc_usd", "eth_usd"), ("eth_usd", "btc_usd")])
def test_of_what_is_triggered_at_one_time_the_first_number_reserves(names: tuple[str, str]) -> None:
    """Rule 17: whatever the order of rows."""
    rows = [trade(0, 90, 9, name) for name in names] + [trade(2, 100, 9, name) for name in names]
    schedule = [held(1, 1, 100, stop=100), held(1, 1, 100, name="eth_usd", stop=100)]
    tables = simulate("trades", rows, schedule, item=(BTC, ETH), usd="150")
    assert ends(tables) == [("filled", ""), ("rejected", "insufficient_balance")]
    assert triggered(tables) == [2, 2]


@pytest.mark.parametrize(
    ("price", "tif", "sale", "end"),
    [
        (100, "gtc", 60, ("filled", "")),
        (99, "ioc", 60, ("expired", "not_filled")),
        (99, "ioc", 40, ("rejected", "insufficient_balance")),
        (100, "gtc", 40, ("rejected", "insufficient_balance")),
    ],
)
def test_the_second_waits_for_what_is_released(price: float, tif: str, sale: float, end: tuple[str, str]) -> None:
    """150, of which the first takes 100; a sale of the same time gives 40 or 60 more."""
    rows = [trade(time, price, 9, name) for time, price in ((0, 30), (2, 100)) for name in ("btc_usd", "eth_usd")]
    schedule = [held(1, 1, 100, stop=100), held(1, 1, price, tif, "eth_usd", stop=100), limit(1, -1, sale)]
    tables = simulate("trades", rows, schedule, item=(BTC, ETH), usd="150", btc="1")
    assert ends(tables) == [("filled", ""), end, ("filled", "")]
    assert triggered(tables) == [2, 2, None]


def test_in_a_margin_account_what_is_triggered_reserves_nothing() -> None:
    """There are 500 less than nothing free."""
    rows = [market(0, 15), held(2, 1, 90, stop=101)]
    tables = simulate("trades", moves(100, 100, 100, 101), rows, account="margin", item=replace(BTC, margin="0.5"))
    assert triggered(tables) == [None, 3]
    assert ends(tables) == [("filled", ""), ("open", "")]


def test_there_is_no_latency_between_a_trigger_and_its_order() -> None:
    tables = simulate(
        "trades", moves(100, 100, 100, 105, 106, 107), [held(0, 1, stop=104)], request_ns=UNIT, response_ns=2 * UNIT
    )
    assert fills(tables) == [(3, 105, 1, "taker")]


def test_it_is_first_come_from_when_it_is_triggered() -> None:
    """Held before another arrived at its price, triggered after."""
    rows = [trade(0, 100, 9), trade(3, 105, 9), trade(4, 102, 1), trade(9, 105, 1)]
    tables = simulate("trades", rows, [held(1, 1, 103, stop=105), limit(2, 1, 103)])
    assert each_filled(tables) == {1: 1}


# Rule 29: inside a candle


@pytest.mark.parametrize(
    ("time", "quantity", "conditions", "fill"),
    [
        (10, 1, {"stop": 102}, (10, 102)),  # there when the candle opens, at its trigger
        (10, 1, {"stop": 101}, (10, 102)),  # beyond it
        (10, 1, {"stop": 105}, (20, 105)),  # inside, at its trigger
        (10, 1, {"stop": 112}, (20, 112)),  # the very end of the range
        (10, -1, {"stop": 95}, (20, 95)),
        (10, 1, {"if_touched": 95}, (20, 95)),
        (10, -1, {"if_touched": 112}, (20, 112)),
        (10, 1, {"stop": 113}, None),
        (10.5, 1, {"stop": 98}, (20, 101)),  # neither the range nor the close of a candle that was open already
        (10.5, -1, {"stop": 100}, (30, 100)),
        (5, -1, {"stop": 96}, (20, 96)),
        (5, -1, {"stop": 103}, (10, 102)),  # the open is a price
    ],
)
def test_what_a_candle_shows(time: float, quantity: int, conditions: Any, fill: tuple[int, int] | None) -> None:
    rows = [candle(0, (100, 120, 80, 105)), candle(10, (102, 112, 95, 98)), candle(20, (101, 103, 99, 102))]
    tables = simulate("candles", rows, [held(time, quantity, **conditions)], btc="1")
    assert fills(tables) == ([(*fill, 1, "taker")] if fill else [])
    assert triggered(tables) == [fill[0] if fill else None]


@pytest.mark.parametrize(("later", "fill"), [((106, 107, 104, 106), None), ((106, 107, 102, 106), (30, 103, "maker"))])
def test_a_limit_that_rests_inside_a_candle_does_not_fill_in_the_rest_of_it(later: Any, fill: Any) -> None:
    """Triggered at 105, limit 103: the candle went down to 100 but perhaps before."""
    rows = [candle(0, (102, 107, 100, 106)), candle(10, (106, 107, 104, 106)), candle(20, later)]
    tables = simulate("candles", rows, [held(0, 1, 103, stop=105)])
    assert triggered(tables) == [10]
    assert fills(tables) == ([(fill[0], fill[1], 1, fill[2])] if fill else [])


def test_a_limit_that_is_triggered_at_an_open_sees_the_candle() -> None:
    rows = [candle(0, (100, 100, 100, 100)), candle(10, (106, 107, 100, 106)), candle(20, (106,) * 4)]
    tables = simulate("candles", rows, [held(1, 1, 103, stop=105)])
    assert triggered(tables) == [10]
    assert fills(tables) == [(20, 103, 1, "maker")]


def test_a_limit_sees_candles_that_open_after_it_was_triggered() -> None:
    """Triggered by a trade at 15, it rests on candles: that from 10 to 20 is none of its own."""
    streams = {
        "trades": [trade(0, 100, 9), trade(15, 105, 9)],
        "candles": [candle(0, (104,) * 4), candle(10, (104, 105, 100, 104)), candle(20, (104, 105, 100, 104))],
    }
    tables = agreed(streams, [held(1, 1, 103, stop=105)], maker_fills_on="candles")
    assert triggered(tables) == [15]
    assert fills(tables) == [(30, 103, 1, "maker")]


# Rule 30: the price of what is triggered


@pytest.mark.parametrize(
    ("price", "tif", "end", "fill"),
    [
        (None, "gtc", ("filled", ""), (2, 105, 4, "taker")),  # whole, whatever the trade's amount
        (None, "fok", ("filled", ""), (2, 105, 4, "taker")),
        (105, "gtc", ("filled", ""), (2, 105, 4, "taker")),
        (106, "ioc", ("filled", ""), (2, 105, 4, "taker")),
        (104, "ioc", ("expired", "not_filled"), None),
        (104, "fok", ("expired", "not_filled"), None),
        (104, "gtc", ("filled", ""), (4, 104, 4, "maker")),  # rests; the trade at 104 only touches it
    ],
)
def test_on_trades_it_meets_the_trade_that_triggered_it(price: Any, tif: str, end: Any, fill: Any) -> None:
    rows = [trade(0, 100, 9), trade(2, 105, 1), trade(3, 104, 9), trade(4, 103, 9)]
    tables = simulate("trades", rows, [held(1, 4, price, tif, stop=104)])
    assert ends(tables) == [end]
    assert fills(tables) == ([fill] if fill else [])


@pytest.mark.parametrize(
    ("price", "tif", "end", "found"),
    [
        (None, "gtc", ("filled", ""), [(2, 105, 3, "taker"), (3, 106, 1, "taker")]),
        (None, "ioc", ("expired", "not_filled"), [(2, 105, 3, "taker")]),
        (None, "fok", ("expired", "not_filled"), []),
        (105, "gtc", ("filled", ""), [(2, 105, 3, "taker"), (4, 105, 1, "maker")]),
        (104, "gtc", ("filled", ""), [(5, 104, 4, "maker")]),
        (104, "ioc", ("expired", "not_filled"), []),
    ],
)
def test_on_quotes_it_takes_up_to_the_amount_on_offer(price: Any, tif: str, end: Any, found: Any) -> None:
    rows = [
        quote(0, 99, 9, 101, 9),
        quote(2, 104, 9, 105, 3),
        quote(3, 105, 9, 106, 9),
        quote(4, 103, 9, 105, 9),
        quote(5, 103, 9, 104, 9),
    ]
    tables = simulate("quotes", rows, [held(1, 4, price, tif, stop=104)])
    assert ends(tables) == [end]
    assert fills(tables) == found


@pytest.mark.parametrize(
    ("price", "tif", "end", "found"),
    [
        (None, "gtc", ("filled", ""), [(2, 101, 3, "taker"), (4, 102, 1, "taker")]),
        (None, "ioc", ("expired", "not_filled"), [(2, 101, 3, "taker")]),
        (100, "ioc", ("expired", "not_filled"), []),
        (101, "gtc", ("filled", ""), [(2, 101, 3, "taker"), (5, 101, 1, "maker")]),  # rests on trades: gone through
    ],
)
def test_triggered_by_a_trade_it_takes_the_standing_quote(price: Any, tif: str, end: Any, found: Any) -> None:
    streams = {
        "trades": [trade(0, 100, 9), trade(2, 105, 9), trade(5, 100, 9)],
        "quotes": [quote(1, 99, 9, 101, 3), quote(4, 99, 9, 102, 9)],
    }
    tables = agreed(streams, [held(1, 4, price, tif, stop=104)])
    assert ends(tables) == [end]
    assert fills(tables) == found


@pytest.mark.parametrize(
    ("price", "tif", "end", "found"),
    [
        (None, "gtc", ("filled", ""), [(3, 103, 4, "taker")]),  # the next trade
        (102, "fok", ("expired", "not_filled"), []),
        (103, "ioc", ("filled", ""), [(3, 103, 4, "taker")]),
        (104, "gtc", ("filled", ""), [(3, 104, 4, "maker")]),  # rests at once, and is gone through
        (103, "gtc", ("open", ""), []),
    ],
)
def test_triggered_by_a_quote_it_meets_the_next_trade(price: Any, tif: str, end: Any, found: Any) -> None:
    streams = {
        "quotes": [quote(0, 99, 9, 101, 9), quote(2, 104, 9, 105, 9)],
        "trades": [trade(0, 100, 9), trade(3, 103, 9), trade(9, 103, 9)],
    }
    settings: Any = {"triggers_on": "quotes", "taker_fills_on": "trades"}
    tables = agreed(streams, [held(1, 4, price, tif, stop=104)], **settings)
    assert triggered(tables) == [2]
    assert ends(tables) == [end]
    assert fills(tables) == found
