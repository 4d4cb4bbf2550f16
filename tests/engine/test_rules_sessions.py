"""Rules 35 and 36: orders that are held back for a time, that choose their price, and that know sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, StrategyError
from barter_bt.strategy import OrderRequest, api
from tests.engine.tiny import TIME, A, B, S, bars, candles, quotes, run, schedule, stamps, table, trades

ORDER = ("status", "reason", "filled", "time_closed")
FILL = ("time_exchange", "price", "quantity")


def orders(result: bt.Result) -> list[tuple]:
    return table(result.orders, *ORDER)


def fills(result: bt.Result) -> list[tuple]:
    return table(result.trades, *FILL)


def within(*spans: tuple[float, float]) -> bt.data.Sessions:
    """Sessions from and to so many seconds after 1970."""
    return bt.data.sessions(pl.DataFrame({"open": stamps(o for o, _ in spans), "close": stamps(c for _, c in spans)}))


# Good after (rule 35)


def test_rule_35_it_enters_behind_the_market_of_its_time():
    """Rule 35: held back until 3, so the trade at 3 goes by; the limit rests from then on, and fills at 4."""
    market = trades((0, 100, 9), (2, 98, 9), (3, 98, 9), (4, 98, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "limit": 99, "after": 3}))
    assert fills(result) == [(4, 99, 2)]
    assert table(result.orders, "time_exchange") == [(1,)]  # acknowledged when it arrived


def test_rule_35_it_reserves_nothing_before():
    """Rule 35: 198 of 10,000 are reserved from 3 on, not from 1 on."""
    market = trades((0, 100, 9), (2, 100, 9), (4, 100, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "limit": 99, "after": 3}))
    assert table(result.balances, "time_exchange", "free")[-1] == (3, 9_802)


def test_rule_35_checks_are_those_of_its_entry():
    """Rules 17 and 32: reduce-only without a position, and a limit that cannot reserve, are told when they enter."""
    market = trades((0, 100, 9), (4, 100, 9))
    late = run(market, schedule({"at": 1, "sell": 1, "limit": 120, "after": 3, "reduce_only": True}))
    assert orders(late) == [("rejected", "reduce_only", 0, 3)]
    poor = run(market, schedule({"at": 1, "buy": 200, "limit": 99, "after": 3}))
    assert orders(poor) == [("rejected", "insufficient_balance", 0, 3)]


def test_rule_35_post_only_is_held_against_the_quote_of_its_entry():
    market = quotes((0, 89, 9, 91, 9), (2, 99, 9, 101, 9), (5, 99, 9, 101, 9))
    row = {"at": 1, "buy": 1, "post_only": True, "after": 3}
    result = run(market, schedule(row | {"limit": 101}, row | {"limit": 100}))
    assert [row[:2] for row in orders(result)] == [("rejected", "post_only"), ("open", None)]


def test_rule_35_each_enters_at_its_own_time():
    """Rule 35: at 3, 2 and 4, whatever the order in which they were sent."""
    plan = schedule(*({"at": 1, "buy": 1, "after": after} for after in (3, 2, 4)))
    market = trades((0, 100, 9), (2.5, 101, 9), (3.5, 102, 9), (4.5, 103, 9))
    assert table(run(market, plan).trades, "order_id", "price") == [(1, 101), (0, 102), (2, 103)]


def test_rule_35_it_can_be_cancelled_and_ends_in_time():
    """Rule 35: a cancel at 2; good till 3, held back until 2.5; an expiry at 3, before which nothing enters."""
    market = trades((0, 100, 9), (2, 100, 9), (4, 90, 9))
    cancelled = run(market, schedule({"at": 1, "buy": 1, "limit": 95, "after": 3}, {"at": 2, "cancel": 0}))
    assert orders(cancelled) == [("cancelled", "requested", 0, 2)]
    over = run(market, schedule({"at": 1, "buy": 1, "limit": 95, "after": 2.5, "till": 3}))
    assert orders(over) == [("expired", "time_over", 0, 3)]
    future = bt.Instrument("x", "f_usd", kind="future", price_increment=1, quantity_increment=1, expiry=3 * S)
    ended = run(
        trades((0, 100, 9), (4, 90, 9), instrument="f_usd"),
        schedule({"at": 1, "buy": 1, "after": 3, "on": "f_usd"}),
        future,
    )
    assert orders(ended) == [("cancelled", "expired", 0, 3)]


def test_rule_35_by_instrument_then_number():
    """Rule 35: all enter at 3; the first instrument's by number, whatever they ask for, then the other's."""
    plan = schedule(
        {"at": 1, "buy": 1, "limit": 9, "after": 3, "on": "b_usd"},
        {"at": 1, "buy": 1, "limit": 90, "after": 3},
        {"at": 1, "buy": 1, "limit": 95, "after": 3},
    )
    seen: list[int] = []

    class Watch:
        wake = "order"

        def generate_algo_orders(self, state: Any) -> None:
            if state.time == 3 * S:
                seen.append(state.order)

    market = [trades((0, 100, 9), (5, 100, 9)), trades((0, 10, 9), (5, 10, 9), instrument="b_usd")]
    run(market, [plan, Watch()], [A, B])
    assert seen == [1, 2, 0]


def test_rule_35_a_stop_is_held_from_then_on():
    """Rule 28: the price that would trigger it at 2 goes by; it is triggered at 5."""
    market = trades((0, 100, 9), (2, 105, 9), (4, 100, 9), (5, 106, 9), (6, 107, 9))
    result = run(market, schedule({"at": 1, "buy": 1, "stop": 104, "after": 3}))
    assert table(result.orders, "time_triggered", "status") == [(5, "filled")]
    assert fills(result) == [(5, 106, 1)]


def test_rule_35_a_standing_quote_meets_what_enters():
    """Rules 14 and 28: at 3 a market order takes the standing quote, and a stop that it reaches is triggered."""
    market = quotes((0, 99, 9, 101, 9), (2, 104, 9, 106, 9), (5, 99, 9, 101, 9))
    plan = schedule({"at": 1, "buy": 1, "after": 3}, {"at": 1, "buy": 1, "stop": 105, "after": 3})
    assert fills(run(market, plan)) == [(3, 106, 1), (3, 106, 1)]


def test_rule_35_an_entry_that_is_refused_at_its_time_ends_what_protects_it():
    market = trades((0, 100, 9), (4, 100, 9))
    result = run(market, schedule({"at": 1, "buy": 200, "limit": 99, "after": 3, "stop_loss": 80}))
    assert [row[:2] for row in orders(result)] == [("rejected", "insufficient_balance"), ("cancelled", "parent_ended")]


def test_rule_35_an_entry_that_enters_is_protected():
    market = trades((0, 100, 9), (4, 100, 9), (5, 79, 9), (6, 78, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "after": 3, "stop_loss": 80}))
    assert fills(result) == [(4, 100, 2), (5, 79, 2)]


def test_rule_35_what_arrives_after_its_time_enters_at_once_but_ioc_has_missed_it():
    venue = bt.Venue(latency=bt.Latency(request_ns=3 * S))
    market = trades((0, 100, 9), (5, 98, 9), (6, 97, 9))
    rests = run(market, schedule({"at": 1, "buy": 2, "limit": 99, "after": 2}), venues=venue)
    assert fills(rests) == [(5, 99, 2)]
    missed = run(market, schedule({"at": 1, "buy": 2, "after": 2, "tif": "ioc"}), venues=venue)
    assert orders(missed) == [("rejected", "time_over", 0, 4)]
    in_time = run(market, schedule({"at": 1, "buy": 2, "after": 4, "tif": "ioc"}), venues=venue)
    assert fills(in_time) == [(5, 98, 2)]


def test_rule_12_behind_the_last_market_event_nothing_enters():
    market = trades((0, 100, 9), (5, 100, 9))
    plan = schedule({"at": 1, "buy": 1, "limit": 99, "after": 5}, {"at": 1, "buy": 200, "limit": 99, "after": 6})
    assert [row[:2] for row in orders(run(market, plan))] == [("open", None), ("open", None)]


# The price of a candle, by order (rule 36)

MARKET = candles((0, 10, 100, 104, 96, 101), (10, 20, 102, 106, 98, 103), (20, 30, 104, 108, 100, 105))


@pytest.mark.parametrize("venue", ["next_open", "next_close", "this_close"])
def test_rule_36_an_order_chooses_its_price_whatever_its_exchange_does(venue):
    """Sent at 10, when a candle has closed at 101: the open at 10 is 102, the close at 20 is 103."""
    terms = bt.Venue(candle_fill=venue)
    for fill, found in (("next_open", (10, 102)), ("next_close", (20, 103)), ("this_close", (10, 101))):
        for force in ("gtc", "ioc", "fok"):
            result = run(MARKET, schedule({"at": 10, "buy": 1, "fill": fill, "tif": force}), venues=terms)
            assert fills(result) == [(*found, 1)]


def test_rule_36_hindsight_is_counted_of_orders_that_have_it():

    saw = run(MARKET, schedule({"at": 10, "buy": 1, "fill": "this_close"}))
    assert any("this_close" in text for text in saw.warnings)
    before = run(MARKET, schedule({"at": 5, "buy": 1, "fill": "this_close", "after": 10}))
    assert fills(before) == [(10, 101, 1)]
    assert not any("this_close" in text for text in before.warnings)


def test_rule_36_on_trades_this_close_meets_the_last_trade():
    """Rule 36: also one that came by while the exchange held no order; before the first trade it waits for one."""
    market = trades((0, 100, 9), (2, 98, 9), (2, 97, 5), (5, 103, 9))
    assert fills(run(market, schedule({"at": 4, "buy": 1, "fill": "this_close"}))) == [(4, 97, 1)]
    assert fills(run(market, schedule({"at": 1, "buy": 1, "fill": "this_close", "after": 2}))) == [(2, 97, 1)]
    assert fills(run(market, schedule({"at": 1, "buy": 1, "fill": "next_close"}))) == [(2, 98, 1)]
    late = trades((2, 98, 9), instrument="b_usd"), trades((3, 99, 9))
    assert fills(run(list(late), schedule({"at": 2, "buy": 1, "fill": "this_close"}), [A, B])) == [(3, 99, 1)]


def test_rule_36_on_quotes_a_next_event_is_no_earlier_quote():
    """Rule 36: at 3 the quote of 0 stands: an order that wants the next event meets that of 5, and that alone."""
    market = quotes((0, 99, 9, 101, 9), (5, 103, 9, 105, 2), (6, 103, 9, 105, 9))
    for fill in ("next_open", "next_close"):
        assert fills(run(market, schedule({"at": 3, "buy": 1, "fill": fill}))) == [(5, 105, 1)]
        ioc = run(market, schedule({"at": 3, "buy": 4, "fill": fill, "tif": "ioc"}))
        assert (fills(ioc), orders(ioc)) == ([(5, 105, 2)], [("expired", "not_filled", 2, 5)])
        fok = run(market, schedule({"at": 3, "buy": 4, "limit": 110, "fill": fill, "tif": "fok"}))
        assert orders(fok) == [("expired", "not_filled", 0, 5)]
    twice = quotes((0, 99, 9, 101, 9), (5, 103, 9, 105, 2), (5, 103, 9, 105, 9))
    both = schedule({"at": 3, "buy": 4, "fill": "next_open", "tif": "ioc"}, {"at": 3, "buy": 9, "fill": "next_open"})
    assert orders(run(twice, both)) == [("expired", "not_filled", 2, 5), ("filled", None, 9, 5)]
    assert fills(run(market, schedule({"at": 3, "buy": 1, "fill": "this_close"}))) == [(3, 101, 1)]
    now = schedule({"at": 5, "buy": 1, "fill": "next_open", "tif": "ioc"})
    assert fills(run(market, now)) == [(5, 105, 1)]


# Sessions (rule 35)

DAYS = within((0, 10), (20, 30), (30, 40))


def test_rule_35_an_order_for_the_day_is_good_through_the_close():
    """Rule 35: what is stamped at the close is in time, a nanosecond later it is over; at the close the next begins."""
    market = trades((0, 100, 9), (10, 98, 1), (11, 98, 9), (29, 98, 9), (31, 98, 9))
    one = {"buy": 2, "limit": 99, "tif": "day"}
    result = run(market, schedule({"at": 1, **one}), sessions=DAYS)
    assert orders(result) == [("expired", "time_over", 1, 10.000000001)]
    for at in (10, 15):
        late = run(market, schedule({"at": at, "buy": 1, "limit": 80, "tif": "day"}), sessions=DAYS)
        assert orders(late) == [("expired", "time_over", 0, 30.000000001)]
    assert table(result.orders, "time_in_force") == [("gtc",)]


def test_rule_35_at_the_open():
    """Rule 35: the first open at or after its sending; the trade of that time goes by, the next fills."""
    market = trades((0, 100, 9), (12, 101, 9), (20, 102, 9), (21, 103, 9), (31, 105, 9))
    for at in (1, 15, 20):
        assert fills(run(market, schedule({"at": at, "buy": 1, "tif": "at_open"}), sessions=DAYS)) == [(21, 103, 1)]
    limit = run(market, schedule({"at": 1, "buy": 1, "limit": 102, "tif": "at_open"}), sessions=DAYS)
    assert orders(limit) == [("expired", "not_filled", 0, 21)]
    day = candles((0, 10, 100, 104, 96, 101), (20, 30, 102, 106, 98, 103))
    assert fills(run(day, schedule({"at": 10, "buy": 1, "tif": "at_open"}), sessions=DAYS)) == [(20, 102, 1)]
    stale = quotes((0, 99, 9, 101, 9), (21, 103, 9, 105, 9))
    assert fills(run(stale, schedule({"at": 1, "buy": 1, "tif": "at_open"}), sessions=DAYS)) == [(21, 105, 1)]


def test_rule_35_at_the_close():
    """Rule 35: the close of the present session, at the very close that of the next; no hindsight."""
    market = candles((0, 10, 100, 104, 96, 101), (20, 30, 102, 106, 98, 103), (30, 40, 102, 106, 98, 104))
    for at, found in ((0, (10, 101)), (9, (10, 101)), (10, (30, 103)), (20, (30, 103)), (30, (40, 104))):
        result = run(market, schedule({"at": at, "buy": 1, "tif": "at_close"}), sessions=DAYS)
        assert fills(result) == [(*found, 1)]
        assert not result.warnings
    for price, ends in ((101, "filled"), (100, "expired")):
        limit = run(market, schedule({"at": 5, "buy": 1, "limit": price, "tif": "at_close"}), sessions=DAYS)
        assert limit.orders["status"].to_list() == [ends]
    last = trades((0, 100, 9), (9, 97, 9), (12, 90, 9))
    assert fills(run(last, schedule({"at": 1, "buy": 1, "tif": "at_close"}), sessions=DAYS)) == [(10, 97, 1)]


@pytest.mark.parametrize("limit", [{}, {"limit": 101}])
def test_rule_36_without_a_candle_at_the_close_it_expires(limit):
    """The candle of the close is missing: it does not wait for one of the next session. One that may wait does."""
    market = candles((0, 5, 100, 104, 96, 101), (20, 30, 52, 56, 48, 53))
    result = run(market, schedule({"at": 1, "buy": 1, "tif": "at_close"} | limit), sessions=DAYS)
    assert orders(result) == [("expired", "not_filled", 0, 10)]
    assert any("met too little, or nothing" in text for text in result.warnings) == (not limit)
    own = {"at": 1, "buy": 1, "fill": "this_close"}
    assert fills(run(market, schedule(own | {"after": 10}))) == [(30, 53, 1)]
    assert fills(run(market, schedule(own | {"tif": "ioc"}))) == [(5, 101, 1)]
    assert orders(run(market, schedule(own | {"tif": "ioc", "after": 10}))) == [("expired", "not_filled", 0, 10)]


def test_rule_35_what_comes_late_for_its_session_is_rejected():
    venue = bt.Venue(latency=bt.Latency(request_ns=3 * S))
    market = trades((0, 100, 9), (9, 97, 9), (12, 90, 9), (25, 90, 9))
    plan = schedule(
        {"at": 8, "buy": 1, "tif": "at_close"},
        {"at": 8, "buy": 1, "limit": 9, "tif": "day"},
        {"at": 18, "buy": 1, "tif": "at_open"},
    )
    result = run(market, plan, sessions=DAYS, venues=venue)
    assert orders(result) == [("rejected", "time_over", 0, at) for at in (11, 11, 21)]


def test_rule_35_sessions_of_the_instrument_count():
    market = [trades((0, 100, 9), (10, 98, 9)), trades((0, 10, 9), (10, 9, 9), instrument="b_usd")]
    rows = [{"at": 1, "buy": 1, "limit": 5, "tif": "day", "on": name} for name in ("a_usd", "b_usd")]
    given = {"x": within((0, 3)), "b_usd": within((0, 5))}
    assert [row[3] for row in orders(run(market, schedule(*rows), [A, B], sessions=given))] == [
        3.000000001,
        5.000000001,
    ]


def test_without_sessions_it_says_so():
    plan = schedule({"at": 1, "buy": 1, "tif": "day"})
    with pytest.raises(StrategyError, match="sessions of 'a_usd' are asked for at 1970-01-01 00:00:01 UTC, and none"):
        run(bars(100, 100), plan)
    with pytest.raises(StrategyError, match="after the last that is given"):
        run(bars(100, 100), plan, sessions=within((0, 1)))


# How it is asked for

ALL = trades((0, 100, 9), (5, 97, 9), (12, 103, 9), (25, 104, 9))


class Asks:
    wake = "trade"

    def __init__(self, **terms: Any) -> None:
        self.terms, self.done = terms, False

    def generate_algo_orders(self, state: Any) -> Any:
        asked = [] if self.done else [OrderRequest("a_usd", 1, **self.terms)]
        self.done = True
        return [], asked


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ({"time_in_force": "at_open", "candle_fill": None}, (0, 5, 97)),
        ({"time_in_force": "at_close"}, (0, 10, 97)),
        ({"good_after": 10 * S}, (0, 12, 103)),
        ({"good_after": datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC), "candle_fill": "this_close"}, (0, 10, 97)),
        ({"time_in_force": "day"}, (0, 5, 97)),
    ],
)
def test_python_and_commands_ask_for_it(terms, found):
    result = run(ALL, Asks(**terms), sessions=DAYS)
    assert table(result.trades, "order_id", "time_exchange", "price") == [found]
    after = terms.get("good_after")
    when = {"good_after": [datetime(1970, 1, 1, 0, 0, 10, tzinfo=UTC)]} if after else {}
    texts = {name: [value] for name, value in terms.items() if name != "good_after"}
    frame = pl.DataFrame({"command": ["open"], "instrument": ["a_usd"], "quantity": [1.0], **texts, **when})
    told = bt.Commands(frame.with_columns(time=pl.lit(0).cast(TIME)))
    assert table(run(ALL, schedule(), commands=told, sessions=DAYS).trades, "order_id", "time_exchange", "price") == [
        found
    ]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"good_after": 0}, "good_after is 1970-01-01 00:00:00 UTC, which is not after 1970"),
        (
            {"good_after": 3 * S, "good_till": 3 * S},
            "good_till is 1970-01-01 00:00:03 UTC, which is not after good_after",
        ),
        ({"time_in_force": "day", "good_till": 3 * S}, "good_till and time_in_force 'day'"),
        ({"time_in_force": "at_open", "candle_fill": "next_open"}, "candle_fill and time_in_force 'at_open'"),
        ({"time_in_force": "at_close", "stop": 90}, "a trigger and time_in_force 'at_close'"),
        ({"candle_fill": "close"}, "candle_fill is 'close'; allowed: next_open, next_close, this_close"),
        ({"candle_fill": "next_open", "price": 90}, "candle_fill has no effect"),
        ({"candle_fill": "next_open", "stop": 90}, "candle_fill has no effect"),
        ({"time_in_force": "moc"}, "allowed: gtc, ioc, fok, day, at_open, at_close"),
    ],
)
def test_what_cannot_be_is_told(terms, said):
    with pytest.raises(StrategyError, match=said):
        run(ALL, Asks(**terms), sessions=DAYS)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"buy": 1, "after": 1}, "a good_after that is not after its time"),
        ({"buy": 1, "limit": 9, "after": 3, "till": 3}, "a good_till that is not after its good_after"),
        ({"buy": 1, "limit": 9, "tif": "day", "till": 3}, "beside a time_in_force of sessions"),
        ({"buy": 1, "tif": "at_open", "fill": "next_open"}, "beside a time_in_force of sessions"),
        ({"buy": 1, "tif": "at_close", "stop": 90}, "beside a time_in_force of sessions"),
        ({"buy": 1, "fill": "close"}, "an unknown candle_fill"),
        ({"buy": 1, "limit": 9, "fill": "next_open"}, "candle_fill where it has no effect"),
        ({"buy": 1, "tif": "moc"}, "an unknown time_in_force"),
        ({"target": 1, "post_only": True}, "post_only where it has no effect"),
    ],
)
def test_schedules_tell_what_cannot_be(row, said):
    with pytest.raises(BarterBtError, match=said):
        run(bars(100, 100), schedule({"at": 1, **row}), sessions=DAYS)


def day(s, my):
    if s.engine.time[0] == 0:
        api.day(s, api.limit_buy(s, 0, 1.0, 50.0))
        api.at_open(s, api.buy(s, 0, 1.0))
        api.at_close(s, api.limit_buy(s, 0, 1.0, 100.0))
        api.candle_fill(s, api.good_after(s, api.sell(s, 0, 2.0), 11_000_000_000), api.THIS_CLOSE)
    my.variables.opens[0] = api.session_open(s, 0)
    my.variables.closes[0] = api.session_close(s, 0)
    my.variables.is_open[0] = my.variables.is_open[0] * 10 + api.is_open(s, 0)


@pytest.mark.parametrize("interpret", [True, False])
def test_a_compiled_strategy_asks_for_it(interpret):
    """Fills at the open, at the close and at the last trade; sessions are open at 0 and 5, not at 12, and at 25."""
    one = bt.Compiled(day, variables={"opens": 0, "closes": 0, "is_open": 0}, wake="trade")
    market = trades((0, 100, 9), (5, 97, 9), (12, 103, 9), (25, 104, 9))
    result = bt.backtest(market, A, one, balances={"usd": 10_000}, sessions=DAYS, interpret=interpret)
    assert fills(result) == [(5, 97, 1), (10, 97, 1), (11, 97, 2)]
    assert orders(result)[0] == ("expired", "time_over", 0, 10.000000001)
    found = result.own["compiled"]["variables"]
    assert found.select("opens", "closes", "is_open").row(0) == (20 * S, 30 * S, 1_101)


def misused(terms):
    def generate(s, my):
        terms(s)

    return generate


@pytest.mark.parametrize(
    "terms",
    [
        lambda s: api.good_after(s, api.buy(s, 0, 1.0), 0),
        lambda s: api.good_after(s, api.good_till(s, api.buy(s, 0, 1.0), 5), 5),
        lambda s: api.good_after(s, api.day(s, api.buy(s, 0, 1.0)), 5),
        lambda s: api.day(s, api.limit_buy(s, 0, 1.0, 9.0, api.IOC)),
        lambda s: api.at_close(s, api.candle_fill(s, api.buy(s, 0, 1.0), api.NEXT_OPEN)),
        lambda s: api.at_open(s, api.stop_buy(s, 0, 1.0, 120.0)),
        lambda s: api.candle_fill(s, api.at_open(s, api.buy(s, 0, 1.0)), api.NEXT_OPEN),
        lambda s: api.candle_fill(s, api.limit_buy(s, 0, 1.0, 9.0), api.NEXT_OPEN),
        lambda s: api.candle_fill(s, api.buy(s, 0, 1.0), 0),
    ],
)
def test_compiled_strategies_are_told_what_cannot_be(terms):
    with pytest.raises(StrategyError, match="with times or a candle_fill that cannot be"):
        run(ALL, bt.Compiled(misused(terms), wake="trade"), sessions=DAYS)


def test_strategies_read_sessions():
    """The present one, else the next; at its close a session is over, and the one that opens then is there."""
    market = trades((0, 100, 9), (10, 100, 9), (20, 100, 9), (30, 100, 9), (40, 100, 9))
    seen = []

    class Reads:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> None:
            seen.append((state.session_open("a_usd"), state.session_close("a_usd"), state.is_open("a_usd")))

    run(market, Reads(), sessions=DAYS)
    later = (20 * S, 30 * S)
    last = (30 * S, 40 * S, True)
    assert seen == [(0, 10 * S, True), (*later, False), (*later, True), last, (None, None, False)]
    with pytest.raises(StrategyError, match="sessions of 'a_usd' are asked for at 1970-01-01 00:00:00 UTC, and none"):
        run(market, Reads())
    with pytest.raises(StrategyError, match="sessions of 'a_usd' are asked for at 1970-01-01 00:00:00 UTC, and none"):
        run(market, bt.Compiled(misused(lambda s: api.is_open(s, 0)), wake="trade"))
