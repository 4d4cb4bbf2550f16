"""Rules 35 and 36 by hand, of orders that enter at a time and that choose a price: both engines say the same."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from barter_bt.testing.scenario import Row

from .tables import Tables
from .tiny import (
    BTC,
    ETH,
    FUTURE,
    UNIT,
    agreed,
    balances,
    bar,
    cancel,
    candle,
    ends,
    fills,
    held,
    limit,
    market,
    moves,
    paid,
    quote,
    simulate,
    t,
    trade,
    triggered,
)

FILLED, OPEN, EXPIRED = ("filled", ""), ("open", ""), ("expired", "not_filled")
OVER, LATE, ENDED = ("expired", "time_over"), ("rejected", "time_over"), ("cancelled", "expired")
SESSIONS = ("btc_usd", ((t(0), t(10)), (t(10), t(20)), (t(25), t(1000))))
CANDLES = {"candles": [candle(0, (100, 101, 99, 100)), candle(10, (95, 101, 94, 98)), candle(20, (90, 99, 89, 92))]}
TRADES = {"trades": [trade(0, 100, 9), trade(9, 101, 9), trade(11, 102, 9), trade(30, 103, 9)]}
QUOTES = {
    "quotes": [quote(0, 99, 9, 100, 9), quote(9, 99, 9, 101, 2), quote(11, 99, 9, 102, 2), quote(30, 9, 9, 103, 9)]
}

on_days = partial(agreed, sessions=(SESSIONS,))


def column(tables: Tables, name: str) -> list[Any]:
    return [order[name] for order in tables.orders]


# Orders that are held back


def test_it_enters_behind_the_market_of_its_time() -> None:
    """The trades before 4, and that at 4, go by; one that has no time fills at 1."""
    rows = [held(0, 1, 99, good_after=t(4)), limit(0, 1, 99)]
    tables = simulate("trades", moves(100, 98, 98, 98, 98, 98), rows)
    assert fills(tables) == [(1, 99, 1, "maker"), (5, 99, 1, "maker")]
    assert column(tables, "time_exchange") == [t(0)] * 2, "it is acknowledged when it arrives"


def test_priority_goes_by_the_entry() -> None:
    """Of three that are traded at 3 two go to who came at 1, one to who was let in at 2, before who came at 2."""
    rows = [held(0, 2, 99, good_after=t(2)), limit(1, 2, 99), limit(2, 2, 99)]
    tables = simulate("trades", [trade(0, 100, 9), trade(3, 98, 3), trade(4, 98, 9)], rows)
    assert [(row["order"], row["quantity"]) for row in tables.trades] == [(0, 1), (1, 2), (0, 1), (2, 2)]


@pytest.mark.parametrize(("shows", "at"), [("trades", 4), ("quotes", 3)])
def test_a_stop_that_is_let_in(shows: Any, at: int) -> None:
    """What was there before, and at 3, does not trigger it; but the standing quote does when it enters."""
    books = [quote(second, price - 1, 9, price, 9) for second, price in enumerate((100, 105, 105, 105, 105))]
    rows = {"trades": moves(100, 105, 105, 105, 105), "quotes": books}[shows]
    assert triggered(simulate(shows, rows, [held(0, 1, stop=104, good_after=t(3))])) == [at]


def test_it_reserves_when_it_enters() -> None:
    """Nothing before; the one of the lower number reserves, for the other nothing is left."""
    rows = [held(0, 8, 90, good_after=t(3)), held(0, 8, 90, good_after=t(3)), limit(1, 1, 90), cancel(2, 2)]
    tables = simulate("trades", moves(*[100] * 6), rows)
    assert ends(tables) == [OPEN, ("rejected", "insufficient_balance"), ("cancelled", "requested")]
    assert balances(tables) == [(0, 1000, 1000), (1, 1000, 910), (2, 1000, 1000), (3, 1000, 280)]


def test_what_all_match_that_enter_is_settled_together() -> None:
    """The sale pays for the limit, which could not reserve before it, and takes behind the other."""
    rows = [held(0, 10, 101, good_after=t(3)), held(0, 2, good_after=t(3)), held(0, -10, good_after=t(3))]
    tables = simulate("quotes", [quote(0, 100, 50, 101, 50), quote(9, 100, 50, 101, 50)], rows, btc="10", usd="405")
    assert [(row["order"], row["quantity"]) for row in tables.trades] == [(2, 10), (1, 2), (0, 10)]


def test_checks_wait_for_the_entry() -> None:
    """A held-back order that only reduces outlives the position that it could, and is rejected as it enters."""
    rows = [market(0, 1), held(1, -1, reduce_only=True, good_after=t(4)), market(1, -1), market(9, 1)]
    tables = simulate("trades", moves(*[100] * 8), rows)
    assert ends(tables)[1] == ("rejected", "reduce_only")
    assert column(tables, "time_closed")[1] == t(4)


def test_it_enters_before_the_cash_flows_of_its_time() -> None:
    """All of the money is withdrawn at 3, behind what the standing quote gives."""
    flow = ("cash", t(3), "alpha", "usd", -1000.0, "rent")
    tables = agreed({"quotes": [quote(0, 99, 9, 100, 9), quote(9, 99, 9, 100, 9)]}, [held(0, 9, good_after=t(3))], flow)
    assert (fills(tables), paid(tables)) == ([(3, 100, 9, "taker")], [(3, -1000)])


@pytest.mark.parametrize(("after", "end", "at"), [(4, ENDED, 4), (3, FILLED, 4)])
def test_expiry_at_the_time_of_entry(after: int, end: tuple[str, str], at: int) -> None:
    """Expiries come first; market events of that time before them."""
    tables = simulate("trades", moves(*[100] * 6), [held(0, 1, good_after=t(after))], item=replace(FUTURE, expiry=t(4)))
    assert (ends(tables)[0], column(tables, "time_closed")[0]) == (end, t(at))


@pytest.mark.parametrize(
    "entry",
    [[held(0, 1, 90, good_after=t(2), stop_loss=50)], [limit(0, 1, 101), held(0, 1, 90, after=0, stop_loss=50)]],
)
def test_expiry_goes_by_the_arrival_of_requests(entry: list[Row]) -> None:
    """Priority goes by the entry: the protection, which arrived behind it, ends with the entry, not before it."""
    tables = simulate("trades", moves(*[100] * 6), entry, item=replace(FUTURE, expiry=t(4)))
    assert [end for end in ends(tables) if end[0] == "cancelled"] == [ENDED, ("cancelled", "parent_ended")]


def test_a_follower_that_starts_at_the_expiry() -> None:
    """It arrives at that moment: a trade of that time fills its parent."""
    rows = [limit(0, 1, 99), held(0, 1, 90, after=0)]
    tables = simulate("trades", moves(100, 100, 98, 98), rows, item=replace(FUTURE, expiry=t(2)))
    assert ends(tables)[:2] == [FILLED, ("rejected", "expired")]


@pytest.mark.parametrize(
    ("latency", "tif", "end"),
    [(3, "ioc", FILLED), (4, "ioc", LATE), (4, "gtc", FILLED), (4, "fok", LATE)],
)
def test_one_that_arrives_at_its_time_or_later(latency: int, tif: str, end: tuple[str, str]) -> None:
    """It enters as if it had none; what ends at once has missed what it was for."""
    books = [quote(0, 99, 9, 100, 9), quote(9, 99, 9, 100, 9)]
    rows = [held(0, 1, None, tif, good_after=t(3))]
    assert ends(simulate("quotes", books, rows, request_ns=latency * UNIT)) == [end]


@pytest.mark.parametrize(
    ("after", "tif", "end", "at"), [(5, "gtc", FILLED, 6), (1, "gtc", FILLED, 3), (1, "ioc", LATE, 2)]
)
def test_a_follower_that_is_held_back(after: int, tif: str, end: tuple[str, str], at: int) -> None:
    """Its parent fills at 2: it then arrives, too early or too late."""
    rows = [limit(0, 1, 98), held(0, -1, None, tif, after=0, good_after=t(after))]
    tables = simulate("trades", moves(100, 99, 97, 99, 99, 99, 99), rows)
    assert (ends(tables), column(tables, "time_closed")) == ([FILLED, end], [t(2), t(at)])


def test_a_group_ends_what_is_held_back() -> None:
    """When another of it fills; what arrives after that is not held back at all."""
    rows = [held(0, 1, group=0), held(0, 1, 90, group=0, good_after=t(4))]
    tables = simulate("trades", moves(*[100] * 6), rows)
    assert ends(tables) == [FILLED, ("cancelled", "sibling_filled")]


def test_margins_are_looked_at_behind_entries() -> None:
    """Rule 43, at a time without a market: what is sold at the bid marks what is left, and that is too little."""
    item = replace(FUTURE, margin="0.5", maintenance="0.5")
    books = [quote(0, 60, 50, 100, 50), quote(9, 60, 50, 100, 50)]
    tables = agreed({"quotes": books}, [market(0, 15), held(0, -1, good_after=t(3))], item=item, usd="900")
    assert fills(tables) == [(0, 100, 15, "taker"), (3, 60, 1, "taker"), (3, 60, 14, "taker")]


# Sessions


@pytest.mark.parametrize(
    ("streams", "opening", "closing"),
    [
        (CANDLES, (10, 95), (10, 100)),  # at the close: as if it had been there
        (TRADES, (11, 102), (10, 101)),  # a later trade; the last that was seen
        (QUOTES, (11, 102), (10, 101)),  # a later quote; the one that stands
    ],
)
def test_at_the_open_and_at_the_close(streams: Any, opening: Any, closing: Any) -> None:
    """Sent at 2, for the open and the close at 10."""
    for tif, expected in (("at_open", opening), ("at_close", closing)):
        tables = on_days(streams, [market(2, 1, tif)])
        assert [fill[:2] for fill in fills(tables)] == [expected]
        assert [(row["tif"], row["good_after"]) for row in tables.orders] == [("ioc", t(10))]


@pytest.mark.parametrize("price", [None, 101])
def test_at_a_close_without_a_candle(price: float | None) -> None:
    """It expires there, and does not wait for the next session."""
    early = (t(0), t(9), None, "btc_usd", 100.0, 101.0, 99.0, 100.0, 1.0)
    missing = {"candles": [early, candle(20, (90, 99, 89, 92))]}
    tables = on_days(missing, [held(2, 1, price, "at_close")])
    assert (ends(tables), column(tables, "time_closed")) == ([EXPIRED], [t(10)])


@pytest.mark.parametrize("streams", [CANDLES, TRADES, QUOTES])
@pytest.mark.parametrize(("price", "tif"), [(101, "at_close"), (99, "at_close"), (102, "at_open"), (94, "at_open")])
def test_limits_at_the_open_and_at_the_close(streams: Any, price: float, tif: str) -> None:
    """Those within their limit fill, at the market's price; others expire there, and meet nothing else."""
    assert ends(on_days(streams, [limit(2, 1, price, tif)])) == [FILLED if price > 100 else EXPIRED]


@pytest.mark.parametrize(
    ("sent", "day", "opening", "close"),
    [(9, 10, 10, 10), (10, 20, 10, 20), (20, 1000, 25, 1000), (25, 1000, 25, 1000)],
)
def test_the_session_at_a_time(sent: float, day: int, opening: int, close: int) -> None:
    """The first that closes after it, whether it has opened or not; an open of now counts, a close does not."""
    tables = on_days(TRADES, [market(sent, 1, tif) for tif in ("day", "at_open", "at_close")])
    assert column(tables, "good_till") == [t(day) + 1, None, None]
    assert column(tables, "good_after") == [None, t(opening), t(close)]
    assert column(tables, "candle_fill") == ["", "next_open", "this_close"]


@pytest.mark.parametrize(("late", "end"), [(0, FILLED), (1, OVER)])
def test_a_day_ends_behind_its_close(late: int, end: tuple[str, str]) -> None:
    """A trade of that very time fills it, one a nanosecond later does not."""
    closing = (t(10) + late, *trade(10, 98, 9)[1:])
    tables = on_days({"trades": [trade(0, 100, 9), closing, trade(12, 98, 9)]}, [limit(2, 1, 99, "day")])
    assert (ends(tables), column(tables, "time_closed")) == ([end], [t(10) + late])


@pytest.mark.parametrize(("tif", "sent"), [("at_close", 9), ("at_open", 9)])
@pytest.mark.parametrize(("latency", "end"), [(1, FILLED), (2, LATE)])
def test_a_missed_auction(tif: str, sent: float, latency: int, end: tuple[str, str]) -> None:
    """It must arrive by then; it is on its way for a second or two."""
    assert ends(on_days(CANDLES, [market(sent, 1, tif)], request_ns=latency * UNIT)) == [end]


# A price of one's choice (rule 36)


@pytest.mark.parametrize("default", ["next_open", "next_close", "this_close"])
@pytest.mark.parametrize(("own", "at"), [("next_open", (10, 95)), ("next_close", (20, 98)), ("this_close", (10, 100))])
def test_a_choice_stands_in_place_of_the_exchange(default: str, own: str, at: Any) -> None:
    """Sent at 10, when a candle closes at 100 and one opens at 95."""
    tables = simulate("candles", CANDLES["candles"], [held(10, 1, candle_fill=own)], candle_fill=default)
    assert [fill[:2] for fill in fills(tables)] == [at]


@pytest.mark.parametrize(
    ("tif", "quantity", "expected", "end"),
    [
        ("gtc", 3, [(3, 102, 2), (4, 103, 1)], FILLED),
        ("ioc", 3, [(3, 102, 2)], EXPIRED),
        ("fok", 3, [], EXPIRED),
        ("fok", 2, [(3, 102, 2)], FILLED),
    ],
)
def test_no_quote_from_before(tif: str, quantity: float, expected: Any, end: Any) -> None:
    """What came at 1 stands when it is sent, at 2; the quote then is empty, the one at 3 has two."""
    books = [quote(1, 99, 9, 101, 9), (t(2.5), None, "btc_usd", 99, 0.0, 102, 0.0), quote(3, 99, 9, 102, 2)]
    rows = [*books, quote(4, 99, 9, 103, 9)]
    tables = simulate("quotes", rows, [held(2, quantity, None, tif, candle_fill="next_close")])
    assert [(*fill[:3],) for fill in fills(tables)] == expected
    assert ends(tables) == [end]
    assert fills(simulate("quotes", rows, [held(1, 1, None, tif, candle_fill="next_open")])) == [(1, 101, 1, "taker")]


@pytest.mark.parametrize(("bid", "ask"), [((99, 9), (102, 0)), ((99, 9), (99, 9))])
@pytest.mark.parametrize(("tif", "end"), [("gtc", FILLED), ("ioc", EXPIRED)])
def test_the_next_quote_is_not_usable(bid: Any, ask: Any, tif: str, end: Any) -> None:
    """It has the other side alone, or is locked: what ends at once has met it all the same."""
    rows = [quote(1, 99, 9, 101, 9), quote(3, *bid, *ask), quote(4, 99, 9, 103, 9)]
    assert ends(simulate("quotes", rows, [held(2, 1, None, tif, candle_fill="next_open")])) == [end]


def test_two_quotes_of_one_time() -> None:
    """What the first of them has not given to an order that ends at once, the second does not."""
    rows = [quote(1, 99, 9, 101, 9), quote(3, 99, 9, 102, 2), quote(3, 99, 9, 102, 2)]
    tables = simulate("quotes", rows, [held(2, 4, None, "ioc", candle_fill="next_open")])
    assert (fills(tables), ends(tables)) == ([(3, 102, 2, "taker")], [EXPIRED])


@pytest.mark.parametrize("tif", ["gtc", "ioc"])
def test_the_last_trade_is_met_whole(tif: str) -> None:
    """Also what it has filled resting orders with; for slippage it shows its amount again."""
    rows = [limit(0, 4, 101), held(2, 4, None, tif, candle_fill="this_close")]
    market = {"trades": [trade(0, 100, 9), trade(1, 100, 4), trade(5, 120, 9)]}
    tables = agreed(market, rows, item=replace(BTC, volume_share=0.1))
    assert fills(tables) == [(1, 101, 4, "maker"), (2, 110, 4, "taker")]


def test_before_the_first_trade_it_waits() -> None:
    """For that, though it has seen quotes."""
    market = {"quotes": [quote(0, 99, 9, 100, 9)], "trades": [trade(1, 105, 4)]}
    tables = agreed(market, [held(0, 1, candle_fill="this_close")], taker_fills_on="trades")
    assert fills(tables) == [(1, 105, 1, "taker")]


@pytest.mark.parametrize(
    ("streams", "first"),
    [
        ({"candles": [bar(0, (100, 101, 99, 100), 8), bar(10, (90, 91, 89, 90), 20)]}, "next_close"),
        ({"trades": [trade(0, 100, 1), trade(10, 100, 8), trade(20, 90, 20)]}, "next_open"),
    ],
)
def test_what_a_close_or_a_trade_has_left(streams: Any, first: str) -> None:
    """Rule 38: half of eight, of which one has three; the rest is that of the next order, and waits for more."""
    choice = partial(held, candle_fill="this_close")
    rows = [held(5, 3, candle_fill=first), choice(10, 2, None, "fok"), choice(10, 2), choice(10, 1, None, "ioc")]
    tables = agreed(streams, rows, usd="10000", participation="0.5")
    trades = [(row["order"], row["time_exchange"], row["quantity"]) for row in tables.trades]
    assert trades == [(0, t(10), 3), (2, t(10), 1), (2, t(20), 1)]
    assert ends(tables) == [FILLED, EXPIRED, FILLED, EXPIRED]


def test_a_trade_that_nobody_was_there_to_see() -> None:
    """Half of six is there for whoever arrives later, though no order was at the venue when they were traded."""
    rows = [held(2, 2, candle_fill="this_close"), held(3, 2, None, "ioc", candle_fill="this_close")]
    tables = simulate("trades", [trade(0, 100, 9), trade(1, 100, 6), trade(5, 90, 9)], rows, participation="0.5")
    assert [(row["order"], row["quantity"]) for row in tables.trades] == [(0, 2), (1, 1)]


def test_they_enter_by_instrument_then_by_number() -> None:
    """The money is enough for one: that of the first instrument, though it was sent last."""
    rows = [quote(0, 99, 9, 100, 9, "eth_usd"), quote(0, 99, 9, 100, 9), quote(9, 99, 9, 100, 9)]
    orders = [held(0, 9, 90, name="eth_usd", good_after=t(3)), held(0, 9, 90, good_after=t(3))]
    tables = agreed({"quotes": rows}, orders, item=(BTC, ETH))
    assert ends(tables) == [("rejected", "insufficient_balance"), OPEN]


@pytest.mark.parametrize("tif", ["ioc", "fok"])
def test_an_empty_quote_is_not_the_next_also_where_others_look_at_it(tif: str) -> None:
    """A stop is held, so that every quote is looked at; that of 3 has no side."""
    empty = (t(3), None, "btc_usd", 99.0, 0.0, 102.0, 0.0)
    rows = [quote(1, 99, 9, 101, 9), empty, quote(4, 99, 9, 103, 9), quote(5, 99, 9, 103, 9)]
    plan = [held(1.5, -1, stop=90), held(2, 1, None, tif, candle_fill="next_open")]
    tables = simulate("quotes", rows, plan, btc="1", triggers_on="quotes")
    assert fills(tables) == [(4, 103, 1, "taker")]


@pytest.mark.parametrize("resting", ["quotes", "trades"])
def test_what_ends_at_once_does_not_rest_until_its_time_is_settled(resting: Any) -> None:
    """A trade triggers it, and it takes what stands; what comes at the same time is not for it."""
    streams = {
        "trades": [trade(0, 100, 9), trade(2, 101, 9), trade(2, 90, 9)],
        "quotes": [quote(1, 99, 9, 100, 2), quote(2, 98, 9, 100, 9), quote(9, 98, 9, 100, 9)],
    }
    rows = [held(1.5, 5, 100, "ioc", stop=101)]
    tables = agreed(streams, rows, taker_fills_on="quotes", maker_fills_on=resting, triggers_on="trades")
    assert (fills(tables), ends(tables)) == ([(2, 100, 2, "taker")], [EXPIRED])
