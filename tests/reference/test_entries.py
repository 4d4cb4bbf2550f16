"""Rules 60 and 61, and triggers by order (rule 28), by hand where rules meet: both engines say the same."""

from __future__ import annotations

from typing import Any

import pytest

from barter_bt.testing.scenario import Conditions, Row
from barter_bt.testing.scenario.spec import Entry

from .tables import Tables
from .tiny import FUTURE, agreed, candle, ends, fills, held, market, moves, quote, simulate, t, trade, triggered

FILLED, OPEN, EXPIRED = ("filled", ""), ("open", ""), ("expired", "not_filled")
REQUESTED, REFUSED, NO_PRICE = ("cancelled", "requested"), ("refused", "parent_ended"), ("refused", "no_price")
QUOTES = {
    "quotes": [quote(0, 99, 9, 101, 9), quote(3, 99, 9, 101, 9), quote(4, 107, 9, 109, 9)],
    "trades": [trade(0, 100, 9), trade(2, 105, 9), trade(5, 108, 9), trade(6, 109, 9)],
}


def target(time: float, wish: float, entry: Entry | None = None, name: str = "btc_usd", **conditions: Any) -> Row:
    return ("target", t(time), name, wish, Conditions(entry=entry, **conditions))


def columns(tables: Tables, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(order[name] for name in names) for order in tables.orders]


# Triggers by order


def test_what_the_mark_triggers_meets_no_price_that_triggered_it() -> None:
    """Stops at 104: one is met by the last price at 2; the mid reaches the other at 4, which fills at 5."""
    rows = [held(1, 1, stop=104, trigger_by=by) for by in ("last", "mark")]
    tables = agreed(QUOTES, rows, taker_fills_on="trades")
    assert triggered(tables) == [2, 4]
    assert fills(tables) == [(2, 105, 1, "taker"), (5, 108, 1, "taker")]


def test_what_protects_looks_at_what_its_entry_does() -> None:
    """The sell stop at 98 is shown the bid; the trade at 97 has nothing to say."""
    streams: dict[Any, list[Row]] = {
        "quotes": [quote(0, 99, 9, 100, 9), quote(4, 98, 9, 99, 9)],
        "trades": [trade(0, 100, 9), trade(2, 97, 9), trade(5, 99, 9)],
    }
    tables = agreed(streams, [held(1, 1, stop_loss=98.0, trigger_by="quote")])
    assert (triggered(tables), ends(tables)) == ([None, 4], [FILLED, FILLED])


def test_a_candle_shows_the_mark_its_close_at_the_last_point_of_its_path() -> None:
    """The high of 105 and the open of 104 reach it not; triggered at the close it meets the same point, once more."""
    bars = [candle(0, (100, 101, 99, 100)), candle(10, (100, 105, 99, 103)), candle(20, (104, 106, 103, 105))]
    for path, filled in (("pessimistic", []), ("open_high_low_close", [(30, 105, 1, "taker")])):
        tables = simulate("candles", bars, [held(1, 1, stop=104, trigger_by="mark")], candle_path=path)
        assert (triggered(tables), fills(tables)) == ([30], filled)


# Entries


def test_a_turn_is_a_market_order_and_an_entry_that_is_protected() -> None:
    """Long 2, then short 2 with a limit 1 above 100; the stop 2 above its fill starts with it, the long left bare."""
    rows = [market(0, 2), target(2, -2.0, Entry(limit=0.01), stop_loss=0.02)]
    trades = [trade(second, price, 9) for second, price in enumerate((100, 100, 100, 102, 103, 104))]
    tables = simulate("trades", trades, rows, item=FUTURE, price_by="fraction", protect_by="fraction")
    assert columns(tables, "kind", "side", "price", "trigger", "quantity") == [
        ("market", 1, 0, 0, 2),
        ("market", -1, 0, 0, 2),
        ("limit", -1, 101, 0, 2),
        ("market", 1, 0, 103, 2),
    ]
    assert ends(tables) == [FILLED] * 4
    assert fills(tables)[2:] == [(3, 101, 2, "maker"), (4, 103, 2, "taker")]


def test_an_entry_stays_for_what_it_has_not_filled_and_goes_for_anything_else() -> None:
    """At 2 it is at work, one of four filled; at 3 its row gives a time, at 4 it says nothing of an entry."""
    trades = [trade(0, 100, 9), trade(1, 98, 1), *(trade(second, 100, 9) for second in range(2, 8))]
    entry = Entry(limit=99)
    rows = [target(0, 4.0, entry), target(2, 4.0, entry), target(3, 4.0, Entry(limit=99, good_till=t(9)))]
    tables = simulate("trades", trades, [*rows, target(4, 4.0)], request_ns=1)
    assert ends(tables) == [REQUESTED, REQUESTED, FILLED]
    assert columns(tables, "kind", "quantity", "filled") == [("limit", 4, 1), ("limit", 3, 0), ("market", 3, 3)]


@pytest.mark.parametrize("wish", [5.0, 0.0])
def test_whatever_becomes_of_a_target_the_entry_before_it_is_cancelled(wish: float) -> None:
    """Five are within the band of the four that are held; for a target of 0 they are sold."""
    rows = [market(0, 4), target(2, 9.0, Entry(limit=90)), target(4, wish, Entry(limit=91))]
    tables = simulate("trades", moves(*[100] * 8), rows, band="0.5")
    assert ends(tables) == [FILLED, REQUESTED] + ([] if wish else [FILLED])


def test_a_stop_limit_by_distance_is_sized_at_its_limit() -> None:
    """From 100 the trigger is 3 above, the limit 2 above that: 525 buy five at 105, triggered by the trade at 104."""
    rows = [target(0, 525.0, Entry(limit=2, stop=3), trigger_by="last")]
    tables = simulate("trades", moves(100, 102, 104, 106, 104), rows, size="notional", price_by="distance")
    assert columns(tables, "price", "trigger", "quantity") == [(105, 103, 5)]
    assert fills(tables) == [(2, 104, 5, "taker")]


def test_without_a_price_to_start_from_an_entry_is_refused_but_what_is_to_be_nothing_is_left() -> None:
    """No price is known before 5; less than a lot wants none."""
    trades = [trade(5, 100, 9), trade(6, 100, 9)]
    rows = [market(1, 2), target(2, 1.0, Entry(limit=1), stop_loss=90.0), target(3, 0.5, Entry(limit=1))]
    tables = simulate("trades", trades, rows, price_by="distance", start=t(0))
    assert columns(tables, "kind", "price", "side") == [("market", 0, 1), ("limit", 0, 1), ("market", 0, -1)]
    assert ends(tables) == [FILLED, NO_PRICE, FILLED]


# Sizes at the fill


def test_an_order_is_sized_when_it_meets_a_price_and_what_protects_it_grows_past_what_was_asked_for() -> None:
    """1000 are ten at 100, and twenty at 50; the stop at 40 has them all."""
    trades = [trade(0, 100, 99), trade(2, 50, 99), trade(4, 30, 99), trade(5, 30, 99)]
    tables = simulate("trades", trades, [target(1, 1000.0, stop_loss=40.0)], size="notional", size_at="fill")
    assert columns(tables, "quantity_requested", "quantity", "filled") == [(10, 20, 20), (10, 20, 20)]
    assert fills(tables)[1] == (4, 30, 20, "taker")


def test_what_is_held_already_counts_at_the_price_of_the_fill() -> None:
    """Five are held; 1000 are ten at 100, five at 200, where nothing is left to do, and four at 250: the other side."""
    for price in (200, 250):
        trades = [trade(0, 100, 99), trade(1, 100, 99), trade(3, price, 99), trade(4, price, 99)]
        rows = [market(0, 5), target(2, 1000.0, Entry(time_in_force="ioc"))]
        tables = simulate("trades", trades, rows, size="notional", size_at="fill", usd="5000")
        assert ends(tables) == [FILLED, EXPIRED]
        assert columns(tables, "quantity", "quantity_requested") == [(5, 5), (5, 5)]


def test_a_side_that_is_used_up_sizes_what_then_waits_for_the_next() -> None:
    """Three are held, and the ask of 50 has nothing left; that of 40 makes 22 of it, of which nine fill at once."""
    quotes = [quote(0, 9, 9, 100, 9), quote(2, 9, 9, 50, 3), quote(4, 9, 9, 40, 9), quote(5, 9, 9, 20, 99)]
    rows = [market(2, 3), target(3, 1000.0)]
    tables = agreed({"quotes": quotes}, rows, size="notional", size_at="fill", usd="5000")
    assert columns(tables, "quantity")[1] == (22,)
    assert [(price, lots) for _, price, lots, _ in fills(tables)][1:] == [(40, 9), (20, 13)]
