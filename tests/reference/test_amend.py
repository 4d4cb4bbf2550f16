"""Rule 33 by hand, on both engines: each test names the sentence that it is about."""

from __future__ import annotations

from dataclasses import replace

from barter_bt.testing.scenario import Row

from .compare import assert_agree
from .engine import run
from .tables import Tables
from .tiny import (
    BTC,
    FUTURE,
    UNIT,
    agreed,
    balances,
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
    t,
    trade,
    triggered,
)

OPEN, FILLED, CANCELLED = ("open", ""), ("filled", ""), ("cancelled", "requested")
DONE, SHORT, ENDED = ("done", ""), ("rejected", "insufficient_balance"), ("rejected", "order_ended")
TERMS = ("price", "quantity", "trigger", "trailing", "trailing_rate")


def amend(time: float, ref: int, **given: float) -> Row:
    """What it gives, by name."""
    return ("amend", t(time), ref, *(given.get(name) for name in TERMS))


def answers(tables: Tables) -> list[tuple[str, str]]:
    return [(row["status"], row["reason"]) for row in tables.amends]


def taken(tables: Tables) -> list[tuple[int, int, int, int]]:
    """Of each trade: order, seconds after the start, price, quantity."""
    rows = tables.trades
    return [(row["order"], (row["time_exchange"] - t(0)) // UNIT, row["price"], row["quantity"]) for row in rows]


def test_what_waits_for_money_comes_last_by_number_and_is_tried_once() -> None:
    """'Amends and cancels that wait come last, by the number of the order'; the sale of that time pays for one."""
    orders = [limit(1, 2, 90), limit(1, 2, 90), market(3, -2)]
    grown = [amend(3, 1, quantity=4), amend(3, 0, quantity=4)]
    streams = {"quotes": [quote(0, 100, 9, 101, 9), quote(5, 100, 9, 101, 9)]}
    tables = agreed(streams, [*orders[:2], *grown, orders[2]], usd="360", btc="2")
    assert answers(tables) == [SHORT, DONE]
    assert [order["quantity"] for order in tables.orders] == [4, 2, 2]


def test_an_amend_waits_for_another_and_a_cancel_does_not() -> None:
    """'of which another amend waits: the amend waits'; 'a cancel of an order of which only amends wait does not'."""
    streams = {"trades": [trade(0, 100, 9), trade(5, 100, 9)]}
    first, grows, shrinks = limit(1, 2, 90), amend(3, 0, quantity=4), amend(3, 0, quantity=1)
    tables = agreed(streams, [first, grows, shrinks], usd="200")
    assert (answers(tables), tables.orders[0]["quantity"]) == ([SHORT, DONE], 1)
    tables = agreed(streams, [first, grows, cancel(3, 0)], usd="200")
    assert (answers(tables), ends(tables)) == ([ENDED], [CANCELLED])
    assert [total - free for _, total, free in balances(tables)] == [0, 180, 0]


def test_what_is_matched_is_settled_before_its_amend_and_what_that_matches_behind_it() -> None:
    """'meets what is left then'; 'an amend or cancel of an order that is matched anew waits for that'."""
    streams = {"quotes": [quote(0, 99, 9, 100, 2), quote(9, 99, 9, 100, 9)]}
    tables = agreed(streams, [market(1, 4), amend(1, 0, quantity=2), cancel(1, 0)])
    assert (answers(tables), ends(tables), each_filled(tables)) == ([("cancelled", "")], [CANCELLED], {0: 2})
    streams = {"quotes": [quote(0, 99, 9, 100, 8), quote(9, 101, 9, 105, 9)]}
    later = [amend(2, 0, price=100.0), amend(2, 0, quantity=6), amend(2, 0, price=98.0)]
    tables = agreed(streams, [limit(1, 4, 98), *later[:2]])
    assert (answers(tables), each_filled(tables)) == ([DONE, ENDED], {0: 4})
    streams = {"quotes": [quote(0, 99, 9, 100, 3), quote(9, 101, 9, 105, 9)]}
    tables = agreed(streams, [limit(1, 4, 98), *later])
    assert taken(tables) == [(0, 2, 100, 3)]
    assert [(row["status"], row["price_before"]) for row in tables.amends] == [("done", 98), ("done", 0), ("done", 100)]


def test_a_reservation_that_shrinks_needs_nothing_free() -> None:
    """'more than its own is now, and the difference more than what is free': less than nothing is free here."""
    streams = {"trades": [trade(0, 100, 9), trade(5, 100, 9)]}
    taken_out = ("cash", t(2), "alpha", "usd", -150.0, "tax")
    tables = agreed(streams, [limit(1, 2, 90), amend(3, 0, quantity=1)], taken_out, usd="200")
    assert (answers(tables), balances(tables)[-1]) == ([DONE], (3, 50, -40))


def test_the_place_is_kept_by_what_is_given_as_it_is() -> None:
    """'what stays is what is not given, or given as it is already': of limits by price, of stops by trigger, and a
    trailing stop by its distance."""
    streams = {"trades": [trade(0, 100, 9), trade(4, 98, 2), trade(6, 97, 9)]}
    for given, first in (({"price": 99.0}, 0), ({"quantity": 2.0}, 0), ({"price": 99.0, "quantity": 3.0}, 1)):
        tables = agreed(streams, [limit(1, 2, 99), limit(1, 2, 99), amend(2, 0, **given)])
        assert taken(tables)[0][0] == first
    shared = {"participation": "0.5", "item": FUTURE}
    streams = {"trades": [trade(0, 100, 9), trade(4, 103, 4), trade(6, 103, 4)]}
    for given, first in (({"trigger": 103.0}, 0), ({"quantity": 2.0}, 0), ({"trigger": 102.0}, 0)):
        stops = [held(1, 2, stop=103), held(1, 2, stop=103), amend(2, 0, **given)]
        assert taken(agreed(streams, stops, **shared))[0][0] == first
    moved = [held(1, 2, stop=103), held(1, 2, stop=103), amend(2, 0, trigger=102.0), amend(3, 0, trigger=103.0)]
    assert taken(agreed(streams, moved, **shared))[0][0] == 1
    for given, first in (({"trailing": 3.0}, 0), ({"trigger": 103.0}, 0), ({"trailing": 4.0}, 1)):
        trails = [held(1, 2, stop=103, trailing=3), held(1, 2, stop=103, trailing=3), amend(2, 0, **given)]
        assert taken(agreed(streams, trails, **shared))[0][0] == first


def test_only_candles_that_open_from_now_on_count() -> None:
    """'only candles that open from now on count': post-only, the open that it meets first is its first anew."""
    rows = [candle(0, (100, 101, 96, 100)), candle(10, (100, 101, 96, 100)), candle(20, (95, 99, 94, 95))]
    tables = agreed({"candles": rows}, [limit(0, 1, 97), amend(15, 0, quantity=2)])
    assert taken(tables) == [(0, 10, 97, 1)]
    tables = agreed({"candles": rows}, [limit(5, 1, 96), amend(15, 0, quantity=2)])
    assert fills(tables) == [(20, 95, 2, "taker")]
    shy = [limit(5, 1, 95, post_only=True), amend(15, 0, price=96.0)]
    assert ends(agreed({"candles": rows}, shy)) == [("expired", "post_only")]
    kept = [limit(5, 2, 96, post_only=True), amend(15, 0, quantity=1)]
    assert fills(agreed({"candles": rows}, kept)) == [(20, 96, 1, "maker")]


def test_what_was_triggered_meets_no_more_what_triggered_it() -> None:
    """'one that was triggered earlier meets no more what triggered it'; 'rejected no_longer_held'."""
    rows = moves(100, 102, 102, 102, 99, 99)
    tables = agreed({"trades": rows}, [held(0, 1, 101, stop=102), amend(2.5, 0, price=103.0)])
    assert (triggered(tables), fills(tables)) == ([1], [(3, 103, 1, "maker")])
    tables = agreed({"trades": rows}, [held(0, 1, 101, stop=102), amend(2.5, 0, price=103.0, trigger=104.0)])
    assert (answers(tables), fills(tables)) == ([("rejected", "no_longer_held")], [(4, 101, 1, "maker")])


def test_held_it_is_shown_the_standing_quote_behind_the_event() -> None:
    """'Held, it is shown the standing quote'; what cannot reserve once it is triggered waits for the sale, or is
    rejected."""
    streams = {"quotes": [quote(0, 99, 9, 100, 9), quote(9, 99, 9, 100, 9)]}
    plan = [held(1, 2, 100, stop=105), amend(3, 0, trigger=100.0), market(3, -2)]
    tables = agreed(streams, plan, usd="2", btc="2")
    assert (triggered(tables), ends(tables), answers(tables)) == ([3, None], [FILLED, FILLED], [DONE])
    tables = agreed(streams, plan[:2], usd="2")
    assert ends(tables) == [("rejected", "insufficient_balance")]
    assert answers(tables) == [DONE]


def test_a_trailing_stop_goes_where_it_is_told_and_on_from_there() -> None:
    """'given, it goes where it is told, and on from there'; a new distance alone leaves the trigger where it is."""
    rows, item = moves(100, 100, 104, 102, 106, 105, 104, 103, 102, 101), {"item": FUTURE, "usd": "9000"}
    stop = held(0, -1, trailing=5)
    assert triggered(agreed({"trades": rows}, [stop], **item)) == [9]
    assert triggered(agreed({"trades": rows}, [stop, amend(4.5, 0, trailing=2.0)], **item)) == [7]
    assert triggered(agreed({"trades": rows}, [stop, amend(3.5, 0, trigger=90.0)], **item)) == [9]
    assert triggered(agreed({"trades": rows}, [stop, amend(4.5, 0, trigger=90.0)], **item)) == [None]
    by_rate = agreed({"trades": rows}, [stop, amend(1.5, 0, trailing_rate=0.02)], **item)
    assert (triggered(by_rate), by_rate.orders[0]["trail"], by_rate.orders[0]["trail_rate"]) == ([3], 0, 20_000_000)


def test_it_takes_as_at_arrival_with_slippage_by_the_side_of_the_quote() -> None:
    """'In the market it takes as at arrival': rule 39 then looks at what the quote shows, whatever it was before."""
    rows = [quote(0, 999, 9, 1000, 8), quote(9, 999, 9, 1000, 8)]
    streams = {"quotes": rows, "candles": [candle(-10, (1000, 1000, 1000, 1000))]}
    slips = replace(BTC, volume_share=0.04)
    plan = [limit(1, 4, 900), amend(2, 0, price=2000.0)]
    tables = agreed(streams, plan, item=slips, usd="9999", start=t(0), taker_fills_on="quotes", maker_fills_on="quotes")
    assert taken(tables) == [(0, 2, 1010, 4)]


def test_who_depends_on_it_starts_when_the_new_quantity_is_filled() -> None:
    """'it has filled whole when it has filled the new quantity'; a quantity that is filled already is a cancel."""
    rows = [trade(0, 100, 9), trade(2, 98, 2), trade(6, 98, 1), trade(8, 98, 1), trade(9, 101, 9)]
    plan = [limit(1, 4, 99), held(1, -3, 100, after=0)]
    tables = agreed({"trades": rows}, [*plan, amend(4, 0, quantity=3)])
    assert taken(tables) == [(0, 2, 99, 2), (0, 6, 99, 1), (1, 9, 100, 3)]
    tables = agreed({"trades": rows}, [*plan, amend(4, 0, quantity=2), amend(4, 1, price=1000.0)])
    assert ends(tables) == [CANCELLED, ("cancelled", "parent_ended")]
    assert answers(tables) == [("cancelled", ""), ENDED]


def test_what_waits_or_is_held_back_comes_with_its_new_terms() -> None:
    """'What waits for a parent or is held back has no place to lose', and is checked for nothing until it starts."""
    item = replace(BTC, quantity_min="2")
    rows = moves(100, 100, 100, 98, 101, 101)
    early = held(0, 3, 90, good_after=t(2))
    tables = agreed({"trades": rows}, [early, amend(1, 0, price=99.0, quantity=2.0)], item=item)
    assert (answers(tables), taken(tables)) == ([DONE], [(0, 3, 99, 2)])
    tables = agreed({"trades": rows}, [early, amend(1, 0, quantity=1)], item=item)
    assert (answers(tables), ends(tables)) == ([DONE], [("rejected", "below_minimum")])
    follows = [limit(0, 3, 99), held(0, -3, 200, after=0), amend(1, 1, quantity=2, price=100.5)]
    tables = agreed({"trades": rows}, follows, item=replace(item, tick="0.5"))
    assert each_filled(tables) == {0: 3, 1: 2}


def test_one_of_a_group_that_takes_by_its_amend_ends_the_others() -> None:
    """Rules 33 and 57: of two whose amends match them at one time the first fills."""
    streams = {"quotes": [quote(0, 99, 9, 100, 9), quote(9, 99, 9, 100, 9)]}
    group = [held(1, 2, 98, group=1), held(1, 2, 97, group=1)]
    tables = agreed(streams, [*group, amend(2, 0, price=100.0), amend(2, 1, price=100.0)], usd="400")
    assert ends(tables) == [FILLED, ("cancelled", "sibling_filled")]
    assert answers(tables) == [DONE, DONE]


def test_what_protects_an_entry_grows_with_what_its_amend_fills() -> None:
    """Rules 31 and 33: the entry that takes more has more to protect; until it fills, what waits has its old
    quantity."""
    rows = moves(100, 98, 100, 97, 90, 90)
    entry = held(0, 2, 99, stop_loss=95)
    tables = agreed({"trades": rows}, [entry, amend(0.5, 0, quantity=3)], item=FUTURE)
    assert [(order["quantity"], order["filled"]) for order in tables.orders] == [(3, 3), (3, 3)]
    cut = agreed({"trades": rows[:1]}, [entry, amend(0, 0, quantity=3)], item=FUTURE)
    assert [order["quantity"] for order in cut.orders] == [3, 2]


def test_the_engine_knows_new_terms_when_it_is_told() -> None:
    """'Any number of them may be in flight'; targets count what the engine knows, and an amend behind a cancel is
    refused."""
    rows, late = moves(*[100] * 12), {"request_ns": UNIT, "response_ns": 2 * UNIT, "item": FUTURE}
    plan: list[Row] = [limit(0, 2, 90), amend(0, 0, quantity=5), amend(2, 0, quantity=3)]
    plan += [("target", t(3.5), "btc_usd", 9.0), ("target", t(5.5), "btc_usd", 9.0)]
    tables = agreed({"trades": rows}, plan, **late)
    assert [order["quantity"] for order in tables.orders] == [3, 4, 2]
    assert [row["time_engine"] for row in tables.amends] == [t(3), t(5)]
    tables = agreed({"trades": rows}, [*plan[:1], cancel(4, 0), amend(4, 0, quantity=5)], **late)
    assert answers(tables) == [("refused", "order_ended")]


def test_risk_managers_are_asked_for_what_an_amend_adds() -> None:
    """'as for an order of g lots'; 'the largest ... of those that amends of the order in flight have given'."""
    asked: list[int] = []

    def manager(lots: int, *_: int) -> int:
        asked.append(lots)
        return -2 if lots == 4 else lots == 7

    plan = [limit(0, 5, 90), amend(1, 0, quantity=9), amend(1, 0, quantity=6), amend(1, 0, quantity=14)]
    scenario = scenario_of({"trades": moves(*[100] * 5)}, [*plan, amend(3, 0, quantity=9)], usd="9999")
    assert_agree(scenario, interpret=True)
    tables = run(scenario, manager)
    assert asked == [5, 4, 7, 3]
    assert [row["quantity"] for row in tables.amends] == [7, 6, 14, 9]
    assert answers(tables) == [DONE, DONE, ("refused", "odd"), DONE]
