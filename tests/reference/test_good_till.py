"""Rule 35 by hand, on both engines: each test names the sentence that it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import Row, shifted
from barter_bt.testing.scenario.spec import conditions_of

from .compare import assert_agree
from .engine import run
from .tables import Tables
from .tiny import (
    BTC,
    ETH,
    FUTURE,
    UNIT,
    cancel,
    candle,
    ends,
    fills,
    held,
    limit,
    moves,
    quote,
    scenario_of,
    t,
    trade,
    triggered,
)

OVER, LATE, FILLED, OPEN = ("expired", "time_over"), ("rejected", "time_over"), ("filled", ""), ("open", "")
PARENT = ("cancelled", "parent_ended")
FLAT = moves(*[100] * 10)
CANDLES = {"candles": [candle(0, (100, 101, 99, 100)), candle(10, (95, 101, 94, 100)), candle(20, (95, 99, 90, 92))]}


def exactly(seconds: float) -> int:
    """A time, to the nanosecond."""
    return t(0) + round(seconds * UNIT)


def both(streams: dict[Any, list[Row]], *schedule: Row, **terms: Any) -> Tables:
    """What the engines agree on."""
    scenario = scenario_of(streams, list(schedule), **terms)
    assert_agree(scenario, interpret=True)
    return run(scenario)


def closed(tables: Tables) -> list[float | None]:
    """When each order ended, in seconds after the start."""
    return [None if (time := order["time_closed"]) is None else (time - t(0)) / UNIT for order in tables.orders]


def free(tables: Tables) -> list[int]:
    """What there is of the money, in whole units, as it was told."""
    return [row["free"] // UNIT for row in tables.balances if row["asset"] == 1]


# In class 0 of that time, before its market events


@pytest.mark.parametrize(
    ("till", "end", "at"),
    [(10, OVER, 10), (10 + 1e-9, FILLED, 10), (20, FILLED, 10)],  # opens are in class 8, long after it
)
def test_at_the_time_of_an_open(till: float, end: tuple[str, str], at: float) -> None:
    """The second candle opens at 95, where a limit of 96 takes."""
    tables = both(CANDLES, held(2, 1, 96, good_till=exactly(till)))
    assert (ends(tables), closed(tables)) == ([end], [at])


@pytest.mark.parametrize(("late", "end"), [(0, OVER), (1, FILLED)])
def test_at_a_close(late: int, end: tuple[str, str]) -> None:
    """The range of the third candle goes through 91; it is known at its close, at 30."""
    tables = both(CANDLES, held(12, 1, 91, good_till=t(30) + late))
    assert (ends(tables), closed(tables)) == ([end], [30])


@pytest.mark.parametrize("fill", ["next_open", "next_close"])
@pytest.mark.parametrize(("late", "end"), [(0, OVER), (1, FILLED)])
def test_a_taker_that_waits_for_a_candle(fill: str, late: int, end: tuple[str, str]) -> None:
    """One candle closes at 10 and one opens."""
    tables = both(CANDLES, held(5, 1, good_till=t(10) + late), candle_fill=fill)
    assert (ends(tables), closed(tables)) == ([end], [10])


def test_of_the_orders_of_one_time_by_instrument_then_by_number() -> None:
    """The money of the buys is free again, one by one: of the first instrument 20 and 40, then 80."""
    rows = [held(1, 1, price, name=name, good_till=t(3)) for name, price in (("eth_usd", 80), *[("btc_usd", 20)] * 2)]
    streams = {"trades": [*FLAT, *(trade(9, 100, 9, "eth_usd") for _ in range(2))]}
    tables = both(streams, *rows, usd="120", item=(BTC, ETH))
    assert ends(tables) == [OVER] * 3
    assert [row["free"] // UNIT for row in tables.balances][-3:] == [20, 40, 120]


def test_what_earlier_events_have_matched_is_settled_before() -> None:
    """The trade a moment before the end, and a request of that very moment, are not lost."""
    late = t(3) - 1
    trades = [trade(0, 100, 9), (late, None, "btc_usd", 98.0, 1.0), trade(5, 98, 9)]
    tables = both({"trades": trades}, held(1, 2, 99, good_till=t(3)))
    assert (ends(tables), [trade["quantity"] for trade in tables.trades]) == ([OVER], [1])


# What is left of it is expired


def test_of_what_quotes_filled_the_rest_ends() -> None:
    """Of five at 100 two are filled at once and one at 2; the other two give back 200, and the quote at 4 stands."""
    quotes = [quote(0, 99, 9, 100, 2), quote(2, 99, 9, 100, 1), quote(4, 99, 9, 100, 9), quote(5, 99, 9, 100, 9)]
    tables = both({"quotes": quotes}, held(1, 5, 100, good_till=t(4)))
    assert (ends(tables), closed(tables)) == ([OVER], [4])
    assert fills(tables) == [(1, 100, 2, "taker"), (2, 100, 1, "maker")]
    assert free(tables) == [1000, 500, 500, 500, 700]
    assert (tables.orders[0]["filled"], tables.orders[0]["quantity"]) == (3, 5)


def test_a_market_order_that_waits_for_more() -> None:
    """Two of five are on offer, the rest waits for the next quote."""
    tables = both({"quotes": [quote(0, 99, 9, 100, 2), quote(3, 99, 9, 100, 9)]}, held(1, 5, good_till=t(3)))
    assert (ends(tables), fills(tables)) == ([OVER], [(1, 100, 2, "taker")])


def test_what_a_sale_reserved_is_there_for_the_next_of_that_time() -> None:
    """Class 0 is before class 7: a sale of the same coin that arrives at that time can reserve it."""
    tables = both({"trades": FLAT}, held(1, -1, 110, good_till=t(3)), limit(2, -1, 111), limit(3, -1, 112), btc="1")
    assert ends(tables) == [OVER, ("rejected", "insufficient_balance"), OPEN]


def test_in_a_margin_account() -> None:
    """A short sale of which one of three was filled: the rest ends, the position stays."""
    trades = moves(100, 100, 101, 100, 102, 100)
    trades[2] = trade(2, 102, 1)
    tables = both({"trades": trades}, held(1, -3, 101, good_till=t(4)), account="margin")
    assert (ends(tables), fills(tables)) == ([OVER], [(2, 101, 1, "maker")])
    assert tables.orders[0]["filled"] == 1


# One that arrives at that time or later is rejected, right behind the check of rule 46


@pytest.mark.parametrize(("till", "end"), [(2.5, LATE), (3, LATE), (3 + 1e-9, OVER), (4, OVER)])
def test_one_that_arrives_at_that_time(till: float, end: tuple[str, str]) -> None:
    """It is sent at 1 and takes two seconds; the answer takes one."""
    delays = {"request_ns": 2 * UNIT, "response_ns": UNIT}
    tables = both({"trades": FLAT}, held(1, 1, 50, good_till=exactly(till)), **delays)
    assert ends(tables) == [end]


def test_before_all_other_checks() -> None:
    """It is too small, and there is nothing to reduce; but it is too late first."""
    item = replace(BTC, quantity_min="5")
    tables = both({"trades": FLAT}, held(1, 1, 50, reduce_only=True, good_till=t(2)), request_ns=UNIT, item=item)
    assert ends(tables) == [LATE]


def test_protection_of_an_entry_that_arrives_too_late() -> None:
    """It is rejected as that of any entry that has ended."""
    row = held(1, 1, 90, stop_loss=80, take_profit=110, good_till=t(2))
    tables = both({"trades": FLAT}, row, request_ns=UNIT)
    assert ends(tables) == [LATE, ("rejected", "parent_ended"), ("rejected", "parent_ended")]


# With an expiry at that time: orders end before it, and arrive behind it


@pytest.mark.parametrize(
    ("till", "end"),
    [(5, OVER), (5 + 1e-9, ("cancelled", "expired")), (9, ("cancelled", "expired"))],
)
def test_an_order_of_what_expires(till: float, end: tuple[str, str]) -> None:
    item = replace(FUTURE, expiry=t(5))
    tables = both({"trades": FLAT}, held(1, 1, 50, good_till=exactly(till)), item=item)
    assert (ends(tables), closed(tables)) == ([end], [5])


def test_one_that_arrives_when_both_have_come() -> None:
    """Rule 46 is checked first."""
    item = replace(FUTURE, expiry=t(5))
    tables = both({"trades": FLAT}, held(4, 1, 50, good_till=t(5)), item=item, request_ns=UNIT)
    assert ends(tables) == [("rejected", "expired")]


# Held orders end likewise


@pytest.mark.parametrize(("late", "end", "at"), [(0, OVER, None), (1, FILLED, 4)])
def test_a_trigger_at_the_very_time(late: int, end: tuple[str, str], at: int | None) -> None:
    """The trade at 4 reaches the stop, and meets it."""
    tables = both({"trades": moves(100, 100, 100, 100, 105, 105)}, held(1, 1, stop=105, good_till=t(4) + late))
    assert (ends(tables), triggered(tables)) == ([end], [at])


def test_a_trigger_at_an_open_of_that_time() -> None:
    """It has ended before the open at 10 shows 95."""
    tables = both(CANDLES, held(1, -1, stop=96, good_till=t(10)), btc="1")
    assert (ends(tables), triggered(tables)) == ([OVER], [None])


def test_what_was_triggered_and_rests() -> None:
    """The stop limit of 103 is triggered at 104 and reserves; at 4 it ends and gives it back."""
    tables = both({"trades": moves(100, 100, 104, 104, 104, 102)}, held(1, 1, 103, stop=104, good_till=t(4)))
    assert (ends(tables), triggered(tables)) == ([OVER], [2])
    assert free(tables) == [1000, 897, 1000]


def test_a_trailing_stop_that_only_reduces() -> None:
    """It follows to 108 and would be reached at 4; the position stays."""
    trades = moves(100, 100, 110, 109, 107, 100)
    stop = held(1, -1, trailing=2, reduce_only=True, good_till=t(4))
    tables = both({"trades": trades}, limit(0, 1, None), stop, response_ns=0)
    assert ends(tables) == [FILLED, OVER]
    assert len(tables.trades) == 1


# What protects an entry does not end with its time, but with the entry if that has not filled


def test_protection_of_an_entry_of_which_nothing_is_filled() -> None:
    tables = both({"trades": FLAT}, held(1, 2, 90, stop_loss=80, take_profit=110, good_till=t(4)))
    assert (ends(tables), closed(tables)) == ([OVER, PARENT, PARENT], [4, 4, 4])


def test_protection_of_an_entry_partly_filled() -> None:
    """One of two is filled; the rest ends at 4, both orders stay, for one; at 6 the stop is reached."""
    trades = moves(100, 100, 89, 100, 100, 100, 79, 79)
    trades[2] = trade(2, 89, 1)
    tables = both({"trades": trades}, held(1, 2, 90, stop_loss=80, take_profit=110, good_till=t(4)))
    assert ends(tables) == [OVER, FILLED, ("cancelled", "sibling_filled")]
    assert [order["quantity"] for order in tables.orders] == [2, 1, 1]
    assert [order["good_till"] for order in tables.orders] == [t(4), None, None]
    assert closed(tables) == [4, 6, 6]


# Beside cancels and the end of the data


@pytest.mark.parametrize(("till", "end"), [(2.5, OVER), (3, OVER), (3 + 1e-9, ("cancelled", "requested")), (9, None)])
def test_a_cancel_in_flight(till: float, end: tuple[str, str] | None) -> None:
    """It is sent at 2 and arrives at 3, in class 7; where the order has ended, it is answered with an error."""
    till = exactly(till)
    tables = both({"trades": FLAT}, held(0, 1, 50, good_till=till), cancel(2, 0), request_ns=UNIT, response_ns=UNIT)
    assert ends(tables) == [end or ("cancelled", "requested")]
    # event 0, ten trades, two rows, an acknowledgement, an end and their balances, the cancel's error
    assert tables.sequence == 1 + 10 + 2 + 2 + 2 + (end == OVER)


def test_a_cancel_when_the_engine_knows() -> None:
    """Told of the end at 4, it does not send the cancel of 4."""
    tables = both({"trades": FLAT}, held(0, 1, 50, good_till=t(3)), cancel(4, 0), response_ns=UNIT)
    assert tables.sequence == 1 + 10 + 2 + 2 + 2


@pytest.mark.parametrize(("till", "end"), [(9.5, OVER), (10, OVER), (10 + 1e-9, OPEN)])
def test_behind_the_last_market_event(till: float, end: tuple[str, str]) -> None:
    """Rule 12: the last trade, of 9, arrives at 10; the clock goes no further, whatever is in flight then."""
    till = exactly(till)
    tables = both({"trades": FLAT}, held(1, 1, 50, good_till=till), feed_ns=UNIT, response_ns=5 * UNIT)
    assert ends(tables) == [end]


def test_a_row_before_the_start() -> None:
    """Rule 12: it is followed at the start, at 5, when its time is over."""
    rows = held(1, 1, 50, good_till=t(4)), held(1, 1, 50, good_till=t(5)), held(1, 1, 50, good_till=t(6))
    tables = both({"trades": FLAT}, *rows, start=t(5))
    assert (ends(tables), closed(tables)) == ([LATE, LATE, OVER], [5, 5, 6])


def test_what_cannot_be() -> None:
    """IOC and FOK orders are not good till a time, nor is one whose time has come."""
    for row in (
        held(1, 1, 50, "ioc", good_till=t(4)),
        held(1, 1, 50, "fok", good_till=t(4)),
        held(1, 1, good_till=t(1)),
    ):
        with pytest.raises(AssertionError, match="rule 35"):
            run(scenario_of({"trades": FLAT}, [row]))


def test_it_is_shifted_with_all_other_times() -> None:
    scenario = scenario_of({"trades": FLAT}, [held(1, 1, 50, good_till=t(4)), limit(1, 1, 50)])
    later = shifted(scenario, 5)
    assert [conditions_of(row).good_till for row in later.schedule] == [t(4) + 5, None]
