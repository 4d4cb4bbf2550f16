"""Stop losses and take profits that wait for an entry, by hand: each test names the sentence of rule 31 it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import Conditions, ExchangeSpec, Row, Scenario, StreamSpec

from .engine import run
from .tables import Tables
from .tiny import (
    BTC,
    FUTURE,
    agreed,
    cancel,
    candle,
    each_filled,
    ends,
    fills,
    held,
    market,
    moves,
    quote,
    simulate,
    t,
    trade,
    triggered,
)

FILLED, SIBLING, PARENT = ("filled", ""), ("cancelled", "sibling_filled"), ("cancelled", "parent_ended")
REDUCED, OPEN = ("cancelled", "reduce_only"), ("open", "")


def column(tables: Tables, name: str) -> list[Any]:
    return [order[name] for order in tables.orders]


# Two orders of the other side, reduce-only, with the entry's number as parent, sent right behind it, the stop first


@pytest.mark.parametrize(
    ("by", "prices", "triggers"), [("price", [90, 0, 110], [0, 85, 0]), ("distance", [90, 0, 0], [0] * 3)]
)
def test_an_entry_and_what_waits_for_it(by: Any, prices: list[int], triggers: list[int]) -> None:
    """The limit of 90 is not reached; all have the quantity of the entry, and distances are no prices yet."""
    row = held(0.5, 2, 90, stop_loss=85, take_profit=110)
    tables = simulate("trades", moves(100, 100), [row], protect_by=by)
    assert column(tables, "parent") == [-1, 0, 0]
    assert column(tables, "side") == [1, -1, -1]
    assert column(tables, "reduce_only") == [False, True, True]
    assert column(tables, "kind") == ["limit", "market", "limit"]
    assert column(tables, "trigger_kind") == ["", "stop", ""]
    assert (column(tables, "price"), column(tables, "trigger")) == (prices, triggers)
    assert (column(tables, "quantity"), column(tables, "status")) == ([2] * 3, ["open"] * 3)
    assert column(tables, "time_sent") == column(tables, "time_exchange") == [t(0.5)] * 3
    # event 0, two trades, the row, three acknowledgements, and what the entry alone has reserved
    assert tables.sequence == 1 + 2 + 1 + 3 + 1


@pytest.mark.parametrize(
    ("conditions", "kinds"),
    [({"stop_loss": 85}, ["stop"]), ({"take_profit": 110}, [""]), ({"trailing_stop": 2}, ["stop"]), ({}, [])],
)
def test_one_of_them_or_none(conditions: Any, kinds: list[str]) -> None:
    tables = simulate("trades", moves(100, 100), [held(0.5, 2, 90, **conditions)])
    assert column(tables, "trigger_kind")[1:] == kinds


# They share its fate


@pytest.mark.parametrize(
    ("entry", "end", "child"),
    [
        (held(0.5, 1, 90, stop_loss=85, take_profit=110), ("rejected", "below_minimum"), ("rejected", "parent_ended")),
        # these end after their children have arrived
        (held(0.5, 20, 90, stop_loss=85, take_profit=110), ("rejected", "insufficient_balance"), PARENT),
        (held(0.5, 20, stop_loss=85, take_profit=110), ("rejected", "insufficient_balance"), PARENT),
        (held(0.5, 2, 90, "ioc", stop_loss=85, take_profit=110), ("expired", "not_filled"), PARENT),
        (held(0.5, 2, 90, stop_loss=85, take_profit=110), ("cancelled", "requested"), PARENT),
        (held(0.5, 2, stop=110, stop_loss=85, take_profit=120), ("cancelled", "requested"), PARENT),
    ],
)
def test_they_end_with_an_entry_that_ends_unfilled(entry: Row, end: Any, child: Any) -> None:
    item = replace(BTC, quantity_min="2")
    tables = simulate("trades", moves(100, 100, 100, 100), [entry, cancel(1.5, 0)], item=item)
    assert ends(tables) == [end, child, child]


def test_an_expiry_ends_the_entry_and_that_its_children() -> None:
    rows = [held(0.5, 2, 90, stop_loss=85, take_profit=110)]
    tables = simulate("trades", moves(100, 100, 100, 100), rows, item=replace(FUTURE, expiry=t(2)))
    assert ends(tables) == [("cancelled", "expired"), PARENT, PARENT]


@pytest.mark.parametrize(("said", "expected"), [(1, ("refused", "odd")), (-2, ("open", ""))])
def test_risk_managers_are_asked_of_the_entry_alone(said: int, expected: tuple[str, str]) -> None:
    asked: list[int] = []

    def manager(lots: int, *_: int) -> int:
        asked.append(lots)
        return said

    streams, rows = (StreamSpec("trades", tuple(moves(100, 100))),), (held(0.5, 3, 90, stop_loss=85, take_profit=110),)
    scenario = Scenario((BTC,), (ExchangeSpec("alpha"),), streams, (("alpha", "usd", "1000"),), rows)
    tables = run(scenario, manager)
    assert asked == [3]
    assert ends(tables) == [expected] + [("refused", "parent_ended") if said > 0 else OPEN] * 2
    if said < 0:
        assert column(tables, "quantity") == [2] * 3


def test_an_entry_that_was_filled_in_part_leaves_its_children() -> None:
    """Two of five at the standing quote, the rest expires."""
    rows = [held(0.5, 5, None, "ioc", stop_loss=90, take_profit=110)]
    tables = simulate("quotes", [quote(0, 99, 9, 101, 2), quote(1, 99, 9, 101, 2)], rows)
    assert ends(tables) == [("expired", "not_filled"), OPEN, OPEN]
    assert column(tables, "quantity") == [5, 2, 2]


# They wait; at the entry's first fill they start


@pytest.mark.parametrize(
    ("prices", "found", "end"),
    [
        ((100, 100, 103, 102, 101, 107), [(2, 103, 1, "taker"), (4, 101, 1, "taker")], [FILLED, FILLED, SIBLING]),
        ((100, 100, 103, 102, 107, 101), [(2, 103, 1, "taker"), (4, 106, 1, "maker")], [FILLED, SIBLING, FILLED]),
        (
            (107, 107, 103, 102, 106, 106),
            [(1, 107, 1, "taker")],
            [FILLED, OPEN, OPEN],
        ),  # 107 was before; 106 only touches
    ],
)
def test_they_start_with_the_first_fill(prices: Any, found: Any, end: Any) -> None:
    """A purchase at 103 or above; what its children, at 101 and 106, would meet before does nothing."""
    rows = [held(0.5, 1, stop=103, stop_loss=101, take_profit=106)]
    tables = simulate("trades", moves(*prices), rows)
    assert fills(tables) == found
    assert ends(tables) == end


@pytest.mark.parametrize(
    ("conditions", "found", "end"),
    [
        ({"take_profit": 98}, [(1, 101, 2), (1, 99, 2)], [FILLED, FILLED]),  # marketable when it is admitted
        ({"stop_loss": 99}, [(1, 101, 2), (1, 99, 2)], [FILLED, FILLED]),  # the standing bid reaches it
        ({"stop_loss": 99, "take_profit": 98}, [(1, 101, 2), (1, 99, 2)], [FILLED, FILLED, SIBLING]),
        ({"stop_loss": 98, "take_profit": 100}, [(1, 101, 2)], [FILLED, OPEN, OPEN]),
    ],
)
def test_at_their_start_they_meet_the_standing_quote(conditions: Any, found: Any, end: Any) -> None:
    tables = simulate("quotes", [quote(0, 99, 9, 101, 9), quote(9, 99, 9, 101, 9)], [held(1, 2, **conditions)])
    assert [fill[:3] for fill in fills(tables)] == found
    assert ends(tables) == end


def test_a_take_profit_is_not_checked_on_arrival_and_reserves_nothing() -> None:
    """Its notional of 2 x 110 is less than the least, the entry's of 4 x 100 was not; all that was bought is free."""
    item = replace(BTC, notional_min="300")
    rows = [quote(0, 99, 9, 100, 2), quote(9, 99, 9, 100, 0)]
    tables = simulate("quotes", rows, [held(1, 4, 100, stop_loss=90, take_profit=110)], item=item)
    assert (column(tables, "quantity"), ends(tables)) == ([4, 2, 2], [OPEN] * 3)
    assert [row["free"] for row in tables.balances if row["asset"] == 0] == [0, 2]


def test_they_have_the_quantity_that_the_entry_has_filled() -> None:
    """Two, two and one lots at 101, 102 and 103; the distances count from the first."""
    rows = [quote(0, 99, 9, 101, 2), quote(2, 99, 9, 102, 2), quote(3, 99, 9, 103, 9)]
    tables = simulate("quotes", rows, [held(1, 5, stop_loss=5, take_profit=9)], protect_by="distance")
    assert column(tables, "quantity") == [5, 5, 5]
    assert (tables.orders[1]["trigger"], tables.orders[2]["price"]) == (96, 110)
    # event 0, three quotes, the row, three acknowledgements, three fills of four, and two reports behind each
    assert tables.sequence == 1 + 3 + 1 + 3 + 3 * 4 + 3 * 2


# Where they lie


@pytest.mark.parametrize(
    ("by", "conditions", "quantity", "trigger", "price"),
    [
        ("price", {"stop_loss": 97, "take_profit": 104}, 1, 97, 104),
        ("distance", {"stop_loss": 3, "take_profit": 4}, 1, 97, 104),
        ("distance", {"stop_loss": 3, "take_profit": 4}, -1, 103, 96),
        ("fraction", {"stop_loss": 0.025, "take_profit": 0.035}, 1, 98, 104),  # 2.5 are 2, 3.5 are 4
        ("fraction", {"stop_loss": 0.025, "take_profit": 0.035}, -1, 102, 96),
        ("fraction", {"stop_loss": 0.001, "take_profit": 0.001}, 1, 99, 101),  # at least a tick
        ("distance", {"stop_loss": 200, "take_profit": 200}, 1, 1, 300),  # no price is below 1
        ("distance", {"stop_loss": 200, "take_profit": 200}, -1, 300, 1),
        ("price", {"trailing_stop": 3, "take_profit": 104}, 1, 97, 104),  # its own distance away
        ("distance", {"trailing_stop": 3, "take_profit": 4}, -1, 103, 96),
        ("fraction", {"trailing_stop": 0.035, "take_profit": 0.5}, 1, 96, 150),
        ("price", {"stop_loss": 95, "trailing_stop": 3, "take_profit": 104}, 1, 95, 104),
        ("distance", {"stop_loss": 5, "trailing_stop": 3, "take_profit": 4}, 1, 95, 104),
    ],
)
def test_where_they_lie(by: Any, conditions: Any, quantity: int, trigger: int, price: int) -> None:
    """From an entry at 100."""
    rows = [held(0.5, quantity, **conditions)]
    tables = simulate("trades", moves(99, 100, 100), rows, account="margin", protect_by=by)
    assert (tables.orders[1]["trigger"], tables.orders[2]["price"]) == (trigger, price)


@pytest.mark.parametrize(
    ("by", "trail", "found"), [("price", 3, (4, 101)), ("distance", 2, (3, 102)), ("fraction", 0.05, (5, 99))]
)
def test_a_stop_loss_may_trail(by: Any, trail: float, found: tuple[int, int]) -> None:
    """Bought at 100: from 97 to 101, from 98 to 102, and from 95 to 99 (104 less 5.2); what is told is the start."""
    rows = [held(0.5, 1, trailing_stop=trail)]
    tables = simulate("trades", moves(100, 100, 104, 102, 101, 99), rows, protect_by=by)
    assert fills(tables)[1:] == [(*found, 1, "taker")]
    assert tables.orders[1]["trigger"] == {"price": 97, "distance": 98, "fraction": 95}[by]


# The first of them that fills ends the others and what is left of the entry


def test_the_first_that_fills_ends_the_rest_of_the_entry() -> None:
    """Two of five at 100; the trade at 95 would fill another, but sales come first."""
    trades = [trade(0, 100, 9), trade(1, 99, 2), trade(2, 95, 1)]
    tables = simulate("trades", trades, [held(0.5, 5, 100, stop_loss=97, take_profit=110)])
    assert fills(tables) == [(1, 100, 2, "maker"), (2, 95, 2, "taker")]
    assert ends(tables) == [("cancelled", "child_filled"), FILLED, SIBLING]
    assert tables.balances[-1]["free"] == tables.balances[-1]["total"]  # the entry has given back what it reserved


def test_in_whole_or_in_part() -> None:
    """One of four at a bid of 94; a take profit of 97 would meet the next quote, but is no more."""
    rows = [quote(0, 99, 9, 101, 9), quote(2, 94, 1, 101, 9), quote(3, 98, 9, 101, 9)]
    tables = simulate("quotes", rows, [held(1, 4, stop_loss=95, take_profit=103)])
    assert fills(tables) == [(1, 101, 4, "taker"), (2, 94, 1, "taker"), (3, 98, 3, "taker")]
    assert ends(tables) == [FILLED, FILLED, SIBLING]
    assert tables.orders[2]["time_closed"] == t(2)


def test_of_two_that_one_settlement_would_fill_the_stop_comes_first() -> None:
    """Bought at the close of 100; the next candle goes from 90 to 110."""
    rows = [candle(0, (100,) * 4), candle(10, (100, 110, 90, 105)), candle(20, (105,) * 4)]
    tables = simulate("candles", rows, [held(5, 1, stop_loss=95, take_profit=106)])
    assert fills(tables) == [(10, 100, 1, "taker"), (20, 95, 1, "taker")]
    assert ends(tables) == [FILLED, FILLED, SIBLING]


# Where the range of a candle has filled the entry


@pytest.mark.parametrize(
    ("entry", "conditions", "found"),
    [
        ({"price": 98}, {"stop_loss": 97}, [(20, 98, "maker"), (20, 97, "taker")]),  # the low was 96
        ({"price": 98}, {"stop_loss": 95}, [(20, 98, "maker")]),
        ({"price": 98}, {"take_profit": 101}, [(20, 98, "maker")]),  # the high of 104 may have been before
        ({"price": 98}, {"stop_loss": 97, "take_profit": 101}, [(20, 98, "maker"), (20, 97, "taker")]),
        ({"stop": 102}, {"stop_loss": 97}, [(20, 102, "taker"), (20, 97, "taker")]),
        ({"stop": 102}, {"stop_loss": 95}, [(20, 102, "taker")]),
        ({"stop": 102}, {"take_profit": 103}, [(20, 102, "taker")]),
        ({"price": 100}, {"stop_loss": 97}, [(10, 100, "taker"), (20, 97, "taker")]),  # the open: there for the range
        ({"price": 100}, {"take_profit": 103}, [(10, 100, "taker"), (20, 103, "maker")]),
    ],
)
def test_the_stop_is_held_against_the_extreme(entry: Any, conditions: Any, found: Any) -> None:
    rows = [candle(0, (101,) * 4), candle(10, (100, 104, 96, 99)), candle(20, (99,) * 4)]
    tables = simulate("candles", rows, [held(5, 1, **entry, **conditions)])
    assert [(time, price, liquidity) for time, price, _, liquidity in fills(tables)] == found


def test_a_trailing_stop_does_not_follow_the_rest_of_that_candle() -> None:
    """Bought at 98 inside a candle from 96 to 104: it starts at 95, goes to 97 at the open of 100, and meets that."""
    rows = [candle(0, (101,) * 4), candle(10, (100, 104, 96, 99)), candle(20, (100, 100, 97, 100))]
    tables = simulate("candles", rows, [held(5, 1, 98, trailing_stop=3)])
    assert fills(tables) == [(20, 98, 1, "maker"), (30, 97, 1, "taker")]


# Only an order that enlarges or turns the position is protected


@pytest.mark.parametrize("style", ["target", "open"])
def test_what_enlarges_or_turns_is_protected(style: str) -> None:
    """To 2, to 1, to 3 and to -1; and an order of no lots, which is none."""
    wishes, before = (2, 1, 3, -1), (0, 2, 1, 3)
    rows = [
        ("target", t(second + 0.5), "btc_usd", float(wish), Conditions(stop_loss=90.0))
        if style == "target"
        else held(second + 0.5, wish - there, stop_loss=90)
        for second, (wish, there) in enumerate(zip(wishes, before, strict=True))
    ]
    tables = simulate("trades", moves(*[100] * 6), rows, item=FUTURE)
    assert column(tables, "parent") == [-1, 0, -1, -1, 3, -1, 5]


def test_a_target_that_is_refused_has_no_children() -> None:
    rows = [("target", t(-0.5), "btc_usd", 100.0, Conditions(stop_loss=90.0))]
    tables = simulate("trades", moves(100, 100), rows, size="notional")
    assert ends(tables) == [("refused", "no_price")]


def test_an_entry_that_turns_in_two_fills_is_protected() -> None:
    """From -3 with three lots to nothing, then with two to 2; the stop has five and is cut to what is there."""
    rows = [quote(0, 99, 9, 101, 9), quote(1, 99, 9, 101, 3), quote(2, 99, 9, 101, 9), quote(3, 94, 9, 101, 9)]
    tables = simulate("quotes", rows, [market(0.5, -3), held(1.5, 5, stop_loss=95)], item=FUTURE)
    assert each_filled(tables) == {0: 3, 1: 5, 2: 2}
    assert fills(tables)[-1] == (3, 94, 2, "taker")
    assert (tables.orders[2]["quantity"], ends(tables)[2]) == (5, REDUCED)


# Rule 32


def test_what_waits_is_not_cancelled_with_a_position() -> None:
    rows = [held(0.5, 1, stop_loss=90), held(1.5, 1, 80, stop_loss=70), market(2.5, -1)]
    tables = simulate("trades", moves(100, 100, 100, 100, 100), rows, item=FUTURE)
    assert ends(tables) == [FILLED, REDUCED, OPEN, OPEN, FILLED]


def test_what_waits_is_not_in_flight_for_targets() -> None:
    rows = [held(0.5, 2, 90, stop_loss=80, take_profit=120), ("target", t(1.5), "btc_usd", 5.0)]
    tables = simulate("trades", moves(100, 100, 100, 100), rows)
    assert tables.orders[3]["quantity_requested"] == 5 - 2


def test_an_order_that_closes_the_position_ends_both() -> None:
    rows = [held(0.5, 2, stop_loss=90, take_profit=120), market(1.5, -2)]
    tables = simulate("trades", moves(100, 100, 100, 100), rows)
    assert ends(tables) == [FILLED, REDUCED, REDUCED, FILLED]


def test_trades_trigger_and_quotes_fill() -> None:
    """Bought at the ask of 101; the trade at 95 triggers the stop, which takes the standing bid of 99."""
    streams: dict[Any, list[Row]] = {
        "trades": [trade(0, 100, 9), trade(3, 95, 9)],
        "quotes": [quote(0, 99, 9, 101, 9), quote(4, 99, 9, 101, 9)],
    }
    tables = agreed(streams, [held(1, 2, stop_loss=96, take_profit=110)])
    assert fills(tables) == [(1, 101, 2, "taker"), (3, 99, 2, "taker")]
    assert triggered(tables) == [None, 3, None]


def test_a_short_entry_is_protected_on_the_other_side() -> None:
    rows = [held(0.5, -1, stop_loss=103, take_profit=96)]
    tables = simulate("trades", moves(100, 100, 97, 95, 104), rows, account="margin")
    assert fills(tables) == [(1, 100, 1, "taker"), (3, 96, 1, "maker")]
    assert ends(tables) == [FILLED, SIBLING, FILLED]


def test_growth_tells_a_trailing_trigger_as_it_stands() -> None:
    """Bought at 101: at 98 it starts, the bid of 103 moves it to 100, and the entry fills again."""
    rows = [quote(0, 99, 9, 101, 2), quote(2, 103, 9, 104, 0), quote(3, 102, 9, 103, 9)]
    tables = simulate("quotes", rows, [held(1, 5, trailing_stop=3)])
    assert (tables.orders[1]["quantity"], tables.orders[1]["trigger"]) == (5, 100)


def test_what_has_nothing_to_reduce_ends_with_the_next_fill_of_its_side() -> None:
    """Of -9 the entry has bought three of ten; another sale leaves -8 and ends what protects the entry."""
    rows = [quote(0, 99, 9, 101, 0), quote(1, 99, 9, 101, 3), quote(3, 99, 9, 101, 0)]
    tables = simulate("quotes", rows, [market(0.5, -9), held(1.5, 10, stop_loss=90), market(2, -2)], item=FUTURE)
    assert ends(tables) == [FILLED, OPEN, REDUCED, FILLED]
    assert tables.orders[2]["time_closed"] == t(2)


def test_the_extreme_of_a_candle_counts_only_where_candles_trigger() -> None:
    streams: dict[Any, list[Row]] = {
        "candles": [candle(0, (101,) * 4), candle(10, (100, 104, 96, 99)), candle(20, (99,) * 4)],
        "trades": [trade(0, 101, 9), trade(25, 99, 9)],
    }
    tables = agreed(streams, [held(5, 1, 98, stop_loss=97)], maker_fills_on="candles")
    assert ends(tables) == [FILLED, OPEN]
