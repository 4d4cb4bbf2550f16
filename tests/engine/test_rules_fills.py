"""Rules 14 to 16: which market events fill which orders, at what price, on hand-made markets."""

import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from tests.engine.tiny import A, S, bars, candles, flat, quotes, run, schedule, table, trades

FILL = ("order_id", "time_exchange", "side", "price", "quantity", "liquidity")
ORDER = ("status", "reason", "filled")


def fills(result: bt.Result) -> list[tuple]:
    return table(result.trades, *FILL)


def orders(result: bt.Result) -> list[tuple]:
    return table(result.orders, *ORDER)


# Quotes


def test_rule_14_a_market_order_takes_the_standing_quote_at_once():
    """Rule 14: on arrival a taker fills at the opposite price; a buy at the ask, a sell at the bid."""
    result = run(quotes((1, 99, 5, 101, 5), (9, 90, 5, 91, 5)), schedule({"at": 2, "buy": 3}, {"at": 3, "sell": 2}))
    assert fills(result) == [(0, 2, "buy", 101, 3, "taker"), (1, 3, "sell", 99, 2, "taker")]
    assert orders(result) == [("filled", None, 3), ("filled", None, 2)]


def test_rule_14_the_rest_of_a_market_order_fills_at_following_quotes():
    """Rule 14: up to the amount on offer, the rest at each new quote in the same way."""
    data = quotes((1, 99, 5, 101, 2), (3, 99, 5, 102, 3), (4, 99, 5, 100, 9))
    result = run(data, schedule({"at": 2, "buy": 7}))
    assert fills(result) == [
        (0, 2, "buy", 101, 2, "taker"),
        (0, 3, "buy", 102, 3, "taker"),
        (0, 4, "buy", 100, 2, "taker"),
    ]
    assert table(result.orders, "filled", "price_average", "time_closed") == [(7, (202 + 306 + 200) / 7, 4)]


def test_rule_14_what_is_on_offer_is_used_once():
    """Rule 14: two takers share one quote's amount in order of arrival; a new quote renews it."""
    data = quotes((1, 99, 5, 101, 3), (3, 99, 5, 101, 3))
    result = run(data, schedule({"at": 2, "buy": 2}, {"at": 2, "buy": 2}))
    assert fills(result) == [
        (0, 2, "buy", 101, 2, "taker"),
        (1, 2, "buy", 101, 1, "taker"),
        (1, 3, "buy", 101, 1, "taker"),
    ]


def test_rule_14_a_limit_takes_while_its_price_allows_and_rests_with_the_rest():
    """Rule 14: a marketable GTC limit takes what is on offer at its price or better, the rest makes later."""
    data = quotes((1, 99, 5, 100, 2), (3, 99, 5, 101, 9), (4, 98, 5, 99, 9))
    result = run(data, schedule({"at": 2, "buy": 5, "limit": 100}))
    assert fills(result) == [(0, 2, "buy", 100, 2, "taker"), (0, 4, "buy", 100, 3, "maker")]


def test_rule_14_a_limit_beyond_the_market_does_not_take():
    """Rule 14: nothing on offer at its price: a GTC rests, an IOC and a FOK expire."""
    data = quotes((1, 99, 5, 101, 5), (3, 99, 5, 101, 5))
    rows = [{"at": 2, "buy": 1, "limit": 100, "tif": tif} for tif in ("gtc", "ioc", "fok")]
    result = run(data, schedule(*rows))
    assert fills(result) == []
    assert orders(result) == [("open", None, 0), ("expired", "not_filled", 0), ("expired", "not_filled", 0)]


@pytest.mark.parametrize("limit", [{}, {"limit": 101}])
def test_rule_14_ioc_takes_what_there_is_and_fok_all_or_nothing(limit):
    """Rule 14: the rest of an IOC expires, as limit or market; a FOK fills whole or expires."""
    data = quotes((1, 99, 5, 101, 3), (3, 99, 5, 101, 3), (5, 99, 5, 101, 9))
    rows = [{"at": 2, "buy": 4, "tif": "ioc"}, {"at": 4, "buy": 4, "tif": "fok"}, {"at": 4, "buy": 3, "tif": "fok"}]
    result = run(data, schedule(*(row | limit for row in rows)))
    assert fills(result) == [(0, 2, "buy", 101, 3, "taker"), (2, 4, "buy", 101, 3, "taker")]
    assert orders(result) == [("expired", "not_filled", 3), ("expired", "not_filled", 0), ("filled", None, 3)]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, [(0, 4, "buy", 101, 1, "taker")]),
        (3, [(0, 4, "buy", 101, 1, "taker")]),
        (2, [(0, 5, "buy", 103, 1, "taker")]),
    ],
)
def test_rule_14_a_stale_quote_is_not_usable(age, expected):
    """Rule 14: a quote older than max_age fills nothing; exactly as old, it does. The order waits for the next."""
    data = quotes((1, 99, 5, 101, 5), (5, 99, 5, 103, 5))
    result = run(data, schedule({"at": 4, "buy": 1}), venues=bt.Venue(max_age_ns=age * 10**9))
    assert fills(result) == expected


def test_rule_14_a_locked_book_and_an_empty_side_are_not_usable():
    """Rule 14: bid = ask fills nothing, nor does a side without amount; the market order waits."""
    data = quotes((1, 100, 5, 100, 5), (3, 100, 5, 101, 0), (4, 99, 0, 102, 5))
    result = run(data, schedule({"at": 2, "buy": 1}, {"at": 2, "sell": 1}), balances={"usd": 1000, "a": 5})
    assert fills(result) == [(1, 3, "sell", 100, 1, "taker"), (0, 4, "buy", 102, 1, "taker")]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("account", ["cash", "margin"])
def test_rule_14_of_several_streams_the_latest_quote_stands(order, account):
    """Rule 14: in whatever order they are given, also where the venue looked at none of them before."""
    data = [quotes((1, 99, 9, 101, 9), (3, 103, 9, 105, 9)), quotes((2, 89, 9, 91, 9), (4, 0, 0, 110, 0))][::order]
    for at, price in ((2, 91), (3, 105)):
        result = run(data, schedule({"at": at, "buy": 1, "tif": "ioc"}), venues=bt.Venue(account=account))
        assert fills(result) == [(0, at, "buy", price, 1, "taker")]


@pytest.mark.parametrize("order", [1, -1])
def test_rule_6_a_broken_book_leaves_the_mark_of_the_latest_quote_of_any_stream(order):
    """Rules 6 and 19: what the first position is worth at the venue decides what the second may be."""
    names = ("f_usd", "g_usd")
    listed = [bt.Instrument("x", name, kind="future", price_increment=1, quantity_increment=1) for name in names]
    one = quotes((1, 99, 9, 101, 9), (3, 119, 9, 121, 9), (9, 119, 9, 121, 9), instrument="f_usd")
    two = quotes((2, 79, 9, 81, 9), (4, 79, 0, 81, 9), instrument="f_usd")
    other = quotes((1, 9, 99, 11, 99), (9, 9, 99, 11, 99), instrument="g_usd")
    rows = [{"at": 1, "buy": 1, "on": "f_usd", "tif": "ioc"}, {"at": 5, "buy": 10, "on": "g_usd", "tif": "ioc"}]
    for balance, status in ((96, "filled"), (95, "rejected")):  # at 120: 96 + 19 is half of 120 + 110
        terms = {"balances": {"usd": balance}, "venues": bt.Venue(margin=bt.Margin(0.5))}
        result = run([*[one, two][::order], other], schedule(*rows), listed, **terms)
        assert table(result.orders, "status") == [("filled",), (status,)]


def test_rule_14_before_the_first_quote_a_market_order_waits():
    """Rule 14: there is no standing quote yet; an IOC expires, a GTC meets the first."""
    data = [trades((1, 50, 1)), quotes((3, 99, 5, 101, 5))]
    result = run(data, schedule({"at": 2, "buy": 1}, {"at": 2, "buy": 1, "tif": "ioc"}))
    assert fills(result) == [(0, 3, "buy", 101, 1, "taker")]
    assert orders(result)[1] == ("expired", "not_filled", 0)


def test_rule_15_resting_on_quotes_fills_when_the_opposite_side_reaches_the_price():
    """Rule 15: buy: ask ≤ limit, at the limit's price, at most the amount; the quote of its arrival does not count."""
    data = quotes((1, 99, 5, 102, 5), (3, 99, 5, 101, 5), (4, 99, 5, 100, 2), (5, 98, 5, 99, 9))
    result = run(data, schedule({"at": 2, "buy": 5, "limit": 100}))
    assert fills(result) == [(0, 4, "buy", 100, 2, "maker"), (0, 5, "buy", 100, 3, "maker")]


def test_rule_15_resting_orders_share_a_quote_by_price_then_arrival():
    """Rule 15: together at most the amount left, best price first, then first arrived; takers come before them."""
    data = quotes((1, 90, 5, 110, 0), (3, 90, 5, 100, 7), (4, 90, 5, 100, 4))
    rows = [
        {"at": 2, "buy": 2, "limit": 100},
        {"at": 2, "buy": 2, "limit": 101},
        {"at": 2, "buy": 2, "limit": 100},
        {"at": 2, "buy": 2},
    ]
    result = run(data, schedule(*rows))
    assert fills(result) == [  # settled by number
        (0, 3, "buy", 100, 2, "maker"),
        (1, 3, "buy", 101, 2, "maker"),
        (2, 3, "buy", 100, 1, "maker"),
        (3, 3, "buy", 100, 2, "taker"),
        (2, 4, "buy", 100, 1, "maker"),
    ]


# Trades


def test_rule_15_a_market_order_fills_whole_at_the_next_trade():
    """Rule 15: at the price of the next trade, whatever its amount; the trade before its arrival is past."""
    result = run(trades((1, 100, 1), (2, 101, 1), (3, 102, 1)), schedule({"at": 2, "buy": 9}))
    assert fills(result) == [(0, 3, "buy", 102, 9, "taker")]


def test_rule_15_an_ioc_or_fok_limit_meets_the_next_trade_once():
    """Rule 15: whole at that price if the limit allows, else it expires."""
    data = trades((1, 100, 1), (3, 102, 1), (4, 100, 1))
    rows = [{"at": 2, "buy": 3, "limit": limit, "tif": tif} for limit in (101, 102, 103) for tif in ("ioc", "fok")]
    result = run(data, schedule(*rows))
    assert fills(result) == [(k, 3, "buy", 102, 3, "taker") for k in (2, 3, 4, 5)]
    assert orders(result)[:2] == [("expired", "not_filled", 0)] * 2


def test_rule_15_a_gtc_limit_rests_at_once_and_fills_when_a_trade_goes_through():
    """Rule 15: buy: trade < limit, at the limit's price, together at most the trade's amount; a touch is not enough."""
    data = trades((1, 100, 1), (3, 99, 9), (4, 98, 2), (5, 97, 9))
    result = run(data, schedule({"at": 2, "buy": 5, "limit": 99}))
    assert fills(result) == [(0, 4, "buy", 99, 2, "maker"), (0, 5, "buy", 99, 3, "maker")]


def test_rule_15_a_sell_rests_until_a_trade_is_above():
    """Rule 15: sell: trade > limit."""
    data = trades((1, 100, 1), (3, 101, 9), (4, 102, 9))
    result = run(data, schedule({"at": 2, "sell": 5, "limit": 101}), balances={"a": 5})
    assert fills(result) == [(0, 4, "sell", 101, 5, "maker")]


def test_rule_15_with_touch_a_trade_at_the_limits_price_is_enough():
    """Rule 15: on both sides, up to the trade's amount, and no further: one tick away nothing fills."""
    touch = {"venues": bt.Venue(limit_fill="touch")}
    data = trades((1, 100, 1), (3, 99, 2), (4, 101, 9))
    result = run(data, schedule({"at": 2, "buy": 5, "limit": 99}, {"at": 2, "buy": 5, "limit": 98}), **touch)
    assert fills(result) == [(0, 3, "buy", 99, 2, "maker")]
    rows = [{"at": 2, "sell": 5, "limit": 101}, {"at": 2, "sell": 5, "limit": 102}]
    result = run(data, schedule(*rows), balances={"a": 10}, **touch)
    assert fills(result) == [(0, 4, "sell", 101, 5, "maker")]


def test_rule_15_resting_orders_share_a_trade_and_takers_come_first():
    """Rule 15: takers whole, then resting ones by best price, then first arrived, out of the trade's amount."""
    data = trades((1, 100, 1), (3, 95, 5))
    rows = [
        {"at": 2, "buy": 3, "limit": 98},
        {"at": 2, "buy": 3, "limit": 99},
        {"at": 2, "buy": 3, "limit": 98},
        {"at": 2, "buy": 50},
    ]
    result = run(data, schedule(*rows))
    assert fills(result) == [  # settled by number
        (0, 3, "buy", 98, 2, "maker"),
        (1, 3, "buy", 99, 3, "maker"),
        (3, 3, "buy", 95, 50, "taker"),
    ]


def test_rule_15_buys_come_before_sells_on_one_trade():
    """Rule 15: of own orders that cross one another, the buy takes the amount and the sell what is left of it."""
    rows = [{"at": 2, "sell": 5, "limit": 95}, {"at": 2, "buy": 5, "limit": 105}]
    for amount, filled in ((5, [(1, "buy", 5)]), (7, [(0, "sell", 2), (1, "buy", 5)])):
        result = run(trades((1, 100, 1), (3, 100, amount)), schedule(*rows), balances={"usd": 1000, "a": 5})
        assert table(result.trades, "order_id", "side", "quantity") == filled


def test_rule_15_the_amount_of_a_trade_counts_in_whole_lots():
    """Rule 15: a trade's amount is used in whole lots of the instrument."""
    data = trades((1, 100, 1), (3, 95, 2), (4, 95, 1))
    result = run(data, schedule({"at": 2, "buy": 5, "limit": 98}))
    assert table(result.trades, "quantity") == [(2,), (1,)]
    assert orders(result) == [("open", None, 3)]


def test_auto_takers_use_quotes_and_resting_orders_trades():
    """`auto`: takers the first of quotes, trades, candles; resting orders the first of trades, quotes, candles."""
    data = [quotes((1, 99, 9, 101, 9), (4, 98, 9, 99, 9)), trades((5, 98, 9), (6, 97, 9))]
    result = run(data, schedule({"at": 2, "buy": 1}, {"at": 2, "buy": 1, "limit": 98}))
    assert fills(result) == [(0, 2, "buy", 101, 1, "taker"), (1, 6, "buy", 98, 1, "maker")]
    # As asked: resting orders on quotes.
    result = run(data, schedule({"at": 2, "buy": 1, "limit": 99}), venues=bt.Venue(maker_fills_on="quotes"))
    assert fills(result) == [(0, 4, "buy", 99, 1, "maker")]
    # As asked: takers on trades.
    result = run(data, schedule({"at": 2, "buy": 1}), venues=bt.Venue(taker_fills_on="trades"))
    assert fills(result) == [(0, 5, "buy", 98, 1, "taker")]


def test_evidence_that_the_data_lacks_is_an_error():
    """A venue that shall fill on candles of an instrument without candles."""
    with pytest.raises(bt.errors.ConfigError, match="taker_fills_on of 'x.a_usd' is 'candles'"):
        run(trades((1, 100, 1)), schedule({"at": 1, "buy": 1}), venues=bt.Venue(taker_fills_on="candles"))


# Candles

OHLC = ((100, 104, 96, 101), (103, 107, 99, 102), (105, 109, 101, 106))  # opens at 0, 10, 20


@pytest.mark.parametrize(
    ("at", "time", "price"),
    [(10, 10, 103), (5, 10, 101), (10.5, 20, 102), (20, 20, 105), (20.1, 30, 106)],
)
def test_rule_16_a_market_order_fills_at_the_first_open_or_close_after_its_arrival(at, time, price):
    """Rule 16: whole, at the first of {open, close} stamped at or after its arrival, bearing that stamp.

    At 10 the close has happened (class 0) before the order arrives (class 7), the open has not (class 8).
    """
    assert fills(run(bars(*OHLC), schedule({"at": at, "buy": 50}))) == [(0, time, "buy", price, 50, "taker")]


def test_rule_16_with_latency_the_open_is_missed():
    """Rule 16: a request of one nanosecond arrives after the open of the same stamp and meets the next close."""
    venue = bt.Venue(latency=bt.Latency(request_ns=1))
    assert fills(run(bars(*OHLC), schedule({"at": 10, "buy": 1}), venues=venue)) == [(0, 20, "buy", 102, 1, "taker")]


def test_rule_16_an_ioc_or_fok_limit_meets_the_same_price():
    """Rule 16: whole if the limit allows, else it expires, at the price that a market order would have met."""
    rows = [{"at": 10, "buy": 2, "limit": limit, "tif": tif} for limit in (102, 103) for tif in ("ioc", "fok")]
    result = run(bars(*OHLC), schedule(*rows))
    assert fills(result) == [(2, 10, "buy", 103, 2, "taker"), (3, 10, "buy", 103, 2, "taker")]
    assert orders(result)[:2] == [("expired", "not_filled", 0)] * 2


def test_rule_16_a_gtc_limit_fills_at_an_open_that_reaches_it_at_the_opens_price():
    """Rule 16: buy: open ≤ limit: whole, at the open's price, as taker: a gap helps."""
    assert fills(run(bars(*OHLC), schedule({"at": 10, "buy": 9, "limit": 104}))) == [(0, 10, "buy", 103, 9, "taker")]
    assert fills(run(bars(*OHLC), schedule({"at": 10, "buy": 9, "limit": 103}))) == [(0, 10, "buy", 103, 9, "taker")]


def test_rule_16_a_limit_inside_the_candle_fills_when_the_range_goes_through():
    """Rule 16: known at the close and stamped there, at the limit's price, as maker; low = limit is not through."""
    assert fills(run(bars(*OHLC), schedule({"at": 10, "buy": 9, "limit": 100}))) == [(0, 20, "buy", 100, 9, "maker")]
    assert fills(run(bars(*OHLC), schedule({"at": 10, "buy": 9, "limit": 99}))) == []


def test_rule_16_touch_is_a_policy():
    """Rule 16: with limit_fill="touch" reaching the price is enough."""
    venue = bt.Venue(limit_fill="touch")
    result = run(bars(*OHLC), schedule({"at": 10, "buy": 9, "limit": 99}), venues=venue)
    assert fills(result) == [(0, 20, "buy", 99, 9, "maker")]
    assert fills(run(bars(*OHLC), schedule({"at": 10, "buy": 9, "limit": 98}), venues=venue)) == []


def test_rule_16_a_sell_is_the_mirror():
    """Rule 16: a sell fills at an open ≥ limit, or when high > limit."""
    hold = {"balances": {"a": 9}}
    assert fills(run(bars(*OHLC), schedule({"at": 10, "sell": 9, "limit": 102}), **hold)) == [
        (0, 10, "sell", 103, 9, "taker")
    ]
    assert fills(run(bars(*OHLC), schedule({"at": 10, "sell": 9, "limit": 106}), **hold)) == [
        (0, 20, "sell", 106, 9, "maker")
    ]
    assert fills(run(bars(*OHLC), schedule({"at": 10, "sell": 9, "limit": 107}), **hold)) == [
        (0, 30, "sell", 107, 9, "maker")
    ]
    assert fills(run(bars(*OHLC), schedule({"at": 10, "sell": 9, "limit": 109}), **hold)) == []


def test_rule_16_a_limit_waits_for_a_candle_that_opens_after_its_arrival():
    """Rule 16: sent inside a candle it ignores that candle's range and close."""
    assert fills(run(bars(*OHLC), schedule({"at": 5, "buy": 1, "limit": 98}))) == []
    assert fills(run(bars(*OHLC), schedule({"at": 5, "buy": 1, "limit": 102}))) == [(0, 20, "buy", 102, 1, "maker")]


def test_rule_16_a_limit_that_arrives_after_the_open_waits_though_it_was_sent_before_it():
    """Rule 16: with latency it is the arrival that counts; the range of the candle in between is not for it."""
    data = bars((100, 100, 100, 100), (100, 101, 90, 100), (100, 101, 94, 100))
    rows = ({"at": 9, "buy": 1, "limit": 92}, {"at": 9, "buy": 1, "limit": 95})
    for delay, filled in ((2, [(1, 30)]), (1, [(0, 20), (1, 20)])):
        result = run(data, schedule(*rows), venues=bt.Venue(latency=bt.Latency(request_ns=delay * S)))
        assert [(one[0], one[1]) for one in fills(result)] == filled


def test_rule_16_post_only_expires_at_its_first_open_and_makes_at_later_ones():
    """Rule 16: a first open that reaches its price ends it; a later one fills it at the limit's price, as maker."""
    data = bars((100, 104, 96, 101), (103, 107, 102, 105), (99, 109, 98, 106))
    result = run(data, schedule(*({"at": 10, "buy": 1, "limit": p, "post_only": True} for p in (103, 101))))
    assert fills(result) == [(1, 20, "buy", 101, 1, "maker")]
    assert orders(result)[0] == ("expired", "post_only", 0)
    # Without post-only the gap is the taker's: the open's price.
    result = run(data, schedule({"at": 10, "buy": 1, "limit": 101}))
    assert fills(result) == [(0, 20, "buy", 99, 1, "taker")]


def test_rule_16_orders_are_tried_in_order_of_arrival():
    """Rule 16: at one open or close the first arrived goes first, whatever its price: here it uses up the cash."""
    rows = [{"at": 10, "buy": 50, "limit": 101}, {"at": 10, "buy": 45}]
    result = run(bars(*OHLC), schedule(*rows))
    assert fills(result) == [(1, 10, "buy", 103, 45, "taker"), (0, 20, "buy", 101, 50, "maker")]
    rows = [{"at": 10, "buy": 60}, {"at": 10, "buy": 60}]
    result = run(bars(*OHLC), schedule(*rows))
    assert orders(result) == [("filled", None, 60), ("rejected", "insufficient_balance", 0)]


def test_rule_16_candles_with_a_gap():
    """Rule 16: an order sent between two candles meets the later one's open, stamped there."""
    data = candles((0, 10, 100, 100, 100, 100), (60, 70, 120, 120, 120, 120))
    assert fills(run(data, schedule({"at": 10, "buy": 1}))) == [(0, 60, "buy", 120, 1, "taker")]


def test_rule_8_signals_are_computed_over_the_whole_frame(tmp_path):
    """Rule 8: before anything is cut in chunks: row groups of one candle give the same targets."""
    import polars as pl

    target = pl.when(pl.col("close") > pl.col("close").rolling_mean(3)).then(1.0).otherwise(0.0)
    frame = bt.data.generate.candles(60)
    path = tmp_path / "candles.parquet"
    frame.write_parquet(path, row_group_size=1)
    one = bt.Instrument("x", "walk_usd")
    whole, pieces = (run(bt.data.candles(source), bt.Signals(target), one) for source in (frame, path))
    assert whole.orders.height > 10
    assert whole.digest == pieces.digest


def test_rule_8_a_target_is_known_at_the_close():
    """Rule 8 and 10: the signal of a candle is followed at its close and filled at the next open."""
    import polars as pl

    result = run(flat(5, 6, 7), bt.Signals(pl.when(pl.col("close") == 6).then(2.0)), A)
    assert table(result.orders, "time_sent") == [(20,)]
    assert fills(result) == [(0, 20, "buy", 7, 2, "taker")]


def test_terms_that_could_do_nothing_are_told():
    """Rules 36 and 39: a price of candles and a share of their range, where quotes fill and there is no candle."""
    venue = bt.Venue(candle_fill="next_close", slippage=bt.Slippage(range_share=0.5))
    market = quotes((1, 99, 5, 101, 5), (9, 90, 5, 91, 5))
    told = run(market, schedule({"at": 2, "buy": 3}), venues=venue).warnings
    assert "candle_fill has no effect on 'a_usd': other events than candles fill orders that take" in told
    assert [text for text in told if text.startswith("slippage by range and impact is 0 for 'a_usd'")]
    seen = run(bars((100, 110, 90, 100), 100, 100), schedule({"at": 10, "buy": 1}), venues=venue)
    assert not [text for text in seen.warnings if "candle_fill" in text or "slippage" in text]


@pytest.mark.parametrize("name", ["per_order", "minimum", "increment"])
@pytest.mark.parametrize("amount", ["1e-12", "0.6e-9", "0.999999999e-9"])
def test_rule_40_a_fee_of_less_than_a_unit_is_refused(name, amount):
    """It would be nothing, or a whole unit, in silence."""
    with pytest.raises(ConfigError, match="less than a unit of its money"):
        run(bars(100, 100), schedule({"at": 10, "buy": 1}), venues=bt.Venue(bt.Fees(**{name: amount})))


def test_rule_40_what_is_counted_of_a_fee_is_told():
    """Two and a half units are two; what floats are off by is not worth telling."""

    def told(**terms):
        data, order = bars(100, 100), schedule({"at": 10, "buy": 1})
        result = run(data, order, venues=bt.Venue(bt.Fees(**terms)), units={"usd": "0.01"})
        return [one for one in result.warnings if "of the fees" in one]

    assert told(per_order=0.025) == [
        "per_order of the fees of 'a_usd' is 0.025, of which 0.02 is counted: the unit of its money is 0.01"
    ]
    assert told(per_order=0.1 + 0.2, minimum=0.02, increment="0.01") == []


@pytest.mark.parametrize(
    "make",
    [
        lambda rate: bt.Fees(maker=-rate),
        lambda rate: bt.Fees(taker=rate),
        lambda rate: bt.Fees(maximum=rate),
        lambda rate: bt.Slippage(rate=rate),
        bt.Margin,
        lambda rate: bt.Margin(0.5, maintenance=rate),
        lambda rate: bt.Margin(liquidation_fee=rate),
        lambda rate: bt.FeeTiers([(1, rate, 0)], "usd"),
    ],
)
def test_rule_3_a_rate_of_less_than_a_billionth_is_refused(make):
    """Rates count in whole 1e-9."""
    make(1e-9)
    with pytest.raises(ConfigError, match="allowed: 0, or 1e-9 and more"):
        make(0.6e-9)
