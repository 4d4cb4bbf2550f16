"""Rules 57 and 58 by hand: each test names the sentence that it is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from barter_bt.testing.scenario import Conditions, Row

from .compare import disagreement
from .engine import REQUEST, Engine, run
from .order import Order
from .tables import Tables
from .tiny import (
    BTC,
    ETH,
    FUTURE,
    UNIT,
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

FILLED, OPEN, EXPIRED = ("filled", ""), ("open", ""), ("expired", "not_filled")
SIBLING, PARENT = ("cancelled", "sibling_filled"), ("cancelled", "parent_ended")
LATE, POOR = ("rejected", "sibling_filled"), ("rejected", "insufficient_balance")


def told(kind: Any, rows: list[Row], schedule: list[Row], **terms: Any) -> Tables:
    """What the reference makes of it, if the engine does the same."""
    scenario = scenario_of({kind: rows}, schedule, **terms)
    text = disagreement(scenario, interpret=True)
    assert not text, text
    return run(scenario)


def column(tables: Tables, name: str) -> list[Any]:
    return [order[name] for order in tables.orders]


def on_both(*books: tuple[float, float, float, float, float]) -> list[Row]:
    """At these seconds quotes of one: bid, amount, ask, amount; another stands at 49 to 51 from the start."""
    return [quote(0, 49, 9, 51, 9, "eth_usd"), *(quote(*book) for book in books)]


# Rule 57. Orders that are sent together form a group, named by the number of its first


def test_a_group_is_named_by_its_first() -> None:
    """Those of one time that bear one label; what protects one of them is none of it."""
    schedule = [
        market(0.5, 1),
        held(0.5, 1, 90, group=7),
        held(0.5, 1, 80, group=8),
        held(0.5, 1, 85, group=7, stop_loss=70),
        held(1.5, 1, 60, group=7),
    ]
    tables = told("trades", moves(100, 100, 100), schedule, item=FUTURE)
    assert column(tables, "group") == [-1, 1, 2, 1, -1, 5]
    assert column(tables, "parent") == [-1, -1, -1, -1, 3, -1]
    assert not any(column(tables, "follows"))


# When one of them fills, all others end right behind that fill


@pytest.mark.parametrize(
    ("prices", "found", "end"),
    [
        ((100, 106, 94), (2, 106, 1, "taker"), [FILLED, SIBLING]),
        ((100, 94, 106), (2, 94, 1, "taker"), [SIBLING, FILLED]),
    ],
)
def test_a_straddle_of_two_stop_entries(prices: Any, found: Any, end: Any) -> None:
    schedule = [held(0.5, 1, stop=105, group=1), held(0.5, -1, stop=95, group=1)]
    tables = told("trades", moves(100, *prices), schedule, item=FUTURE)
    assert (fills(tables), ends(tables)) == ([found], end)
    assert column(tables, "time_closed") == [t(2)] * 2
    # event 0, four trades, two rows, two acknowledgements, the trigger, a fill of three, the end of the other
    assert tables.sequence == 1 + 4 + 2 + 2 + 1 + 3 + 1


def test_of_two_that_one_time_would_fill_the_first_does() -> None:
    """By number, though 94 comes before 106: both are stops."""
    rows = [*moves(100, 100), trade(2, 94, 9), trade(2, 106, 9), trade(3, 94, 9)]
    tables = told("trades", rows, [held(0.5, 1, stop=105, group=1), held(0.5, -1, stop=95, group=1)], item=FUTURE)
    assert (fills(tables), ends(tables)) == ([(2, 106, 1, "taker")], [FILLED, SIBLING])
    assert triggered(tables) == [2, 2]


def test_a_trigger_is_no_fill() -> None:
    """A limit of 104 does not allow the 106 that triggers it."""
    schedule = [held(0.5, 1, 104, stop=105, group=1), held(0.5, -1, stop=95, group=1)]
    tables = told("trades", moves(100, 100, 106, 105), schedule, item=FUTURE)
    assert (ends(tables), triggered(tables)) == ([OPEN] * 2, [2, None])


@pytest.mark.parametrize(
    ("book", "found", "end"),
    [
        ((3, 94, 1, 101, 9), [(3, 94, 1, "taker"), (4, 104, 3, "taker")], [FILLED, SIBLING, FILLED]),
        ((3, 103, 1, 105, 9), [(3, 103, 1, "maker"), (4, 103, 3, "maker")], [FILLED, FILLED, SIBLING]),
    ],
)
def test_in_whole_or_in_part(book: Any, found: Any, end: Any) -> None:
    """One of four; what is left of it lives on, the other is gone before the quote at 4."""
    rows = [quote(0, 99, 9, 101, 9), quote(*book), quote(4, 104, 9, 105, 9)]
    schedule = [market(1, 4), held(2, -4, 103, group=1), held(2, -4, stop=95, group=1)]
    tables = told("quotes", rows, schedule, item=FUTURE)
    assert (fills(tables)[1:], ends(tables)) == (found, end)
    assert t(3) in column(tables, "time_closed")


def test_the_end_of_one_that_has_not_filled_leaves_the_others() -> None:
    """A cancel, an expiry, and one that cannot be paid."""
    schedule = [held(0.5, 1, 90, group=1), held(0.5, 1, 95, "ioc", group=1), held(0.5, 99, group=1)]
    schedule += [held(0.5, 1, 80, group=1), cancel(1.5, 0)]
    tables = told("trades", moves(100, 100, 100, 100), schedule)
    assert ends(tables) == [("cancelled", "requested"), EXPIRED, POOR, OPEN]


# The members stand at the number of the group: first those that are stops, then by their own


@pytest.mark.parametrize("stop_first", [True, False])
@pytest.mark.parametrize("reduce_only", [True, False])
def test_the_stop_of_an_exit_pair_comes_first_inside_a_candle(stop_first: bool, reduce_only: bool) -> None:
    """From 90 to 110; both would fill, also where what may only reduce would end with the position."""
    rows = [candle(0, (100,) * 4), candle(10, (100, 110, 90, 105)), candle(20, (105,) * 4)]
    pair = [
        held(5, -1, stop=95, group=1, reduce_only=reduce_only),
        held(5, -1, 106, group=1, reduce_only=reduce_only),
    ]
    tables = told("candles", rows, [market(0, 1), *(pair if stop_first else pair[::-1])], item=FUTURE)
    assert fills(tables)[1:] == [(20, 95, 1, "taker")]
    assert ends(tables) == [FILLED, *([FILLED, SIBLING] if stop_first else [SIBLING, FILLED])]


def test_they_stand_at_the_number_of_the_group() -> None:
    """The stop, the last to be sent, fills before another sale that was sent between the two."""
    rows = [candle(0, (100,) * 4), candle(10, (100, 110, 90, 105)), candle(20, (105,) * 4)]
    schedule = [market(0, 4), held(5, -1, 106, group=1), held(5, -1, 105), held(5, -1, stop=95, group=1)]
    tables = told("candles", rows, schedule, item=FUTURE)
    assert [row["order"] for row in tables.trades] == [0, 3, 2]


# What cash reserves


def test_three_of_a_group() -> None:
    """Whichever fills ends both of the others, by number."""
    for fills_first, price in ((0, 94), (1, 89), (2, 111)):
        schedule = [held(1, 1, 94, group=1), held(1, 1, 89, group=1), held(1, 1, stop=111, group=1)]
        prices = {0: (100, 100, 93), 1: (100, 100, 88), 2: (100, 100, 111)}[fills_first]
        schedule = schedule if fills_first != 1 else [held(1, 1, 80, group=1), *schedule[1:]]
        tables = told("trades", moves(*prices), schedule)
        assert ends(tables) == [FILLED if number == fills_first else SIBLING for number in range(3)]
        assert [fill[1] for fill in fills(tables)] == [price]


def test_they_reserve_nothing() -> None:
    """Two coins are the limit's and the stop's; 150 of 100 is taken, and what it costs is looked at when it fills."""
    schedule = [market(0.5, 2), held(1.5, -2, 110, group=1), held(1.5, -2, stop=95, group=1)]
    tables = told("trades", moves(100, 100, 94, 111, 111), schedule)
    assert ends(tables) == [FILLED, SIBLING, FILLED]
    assert fills(tables)[1:] == [(2, 94, 2, "taker")]
    tables = told(
        "trades", moves(100, 100, 94, 111, 111), [held(1.5, 3, 50, group=1), held(1.5, 3, stop=111, group=1)], usd="100"
    )
    assert ends(tables) == [OPEN, POOR]


# Rule 58. It is acknowledged and waits; when its parent has filled whole, it starts


def test_a_follower_at_another_instrument() -> None:
    """One filled at 100 at 1; the other meets the trade of 52, for that of 51 was there before it has started."""
    rows = [
        trade(time, price, 9, name) for time in (0, 1) for name, price in (("btc_usd", 100), ("eth_usd", 50 + time))
    ]
    rows += [trade(2, 52, 9, "eth_usd"), trade(3, 100, 9)]
    schedule = [market(0.5, 1), held(0.5, 2, name="eth_usd", after=0)]
    tables = told("trades", rows, schedule, item=(BTC, ETH))
    assert fills(tables) == [(1, 100, 1, "taker"), (2, 52, 2, "taker")]
    assert (column(tables, "parent"), column(tables, "follows")) == ([-1, 0], [False, True])
    assert (column(tables, "kind"), column(tables, "quantity")) == (["market"] * 2, [1, 2])
    assert (column(tables, "time_sent"), column(tables, "time_exchange")) == ([t(0.5)] * 2, [t(0.5)] * 2)
    # event 0, six trades, two rows, two acknowledgements, a fill of four, the start, a fill of four
    assert tables.sequence == 1 + 6 + 2 + 2 + 4 + 1 + 4


def test_it_starts_when_its_parent_has_filled_whole_and_reserves_then() -> None:
    """Two of three at 101, one at 102; then 2 at 40 are reserved of 1,000 - 202 - 102, and a purchase meets the ask."""
    rows = on_both((0, 99, 9, 101, 2), (3, 99, 9, 102, 9), (9, 99, 9, 102, 9))
    schedule = [
        market(1, 3),
        held(1, 2, 40, name="eth_usd", after=0),
        held(1, 1, name="eth_usd", after=0),
    ]
    tables = told("quotes", rows, schedule, item=(BTC, ETH))
    assert fills(tables) == [(1, 101, 2, "taker"), (3, 102, 1, "taker"), (3, 51, 1, "taker")]
    assert balances(tables)[1:] == [(1, 798, 798), (3, 696, 696), (3, 696, 616), (3, 645, 565)]
    assert ends(tables) == [FILLED, OPEN, FILLED]


@pytest.mark.parametrize(
    ("follower", "reason"),
    [
        (held(1, 1, name="eth_usd", after=0), "below_minimum"),
        (held(1, 2, 9, name="eth_usd", after=0), "below_minimum"),
        (("open", t(1), "eth_usd", 2, 51, "gtc", True, Conditions(after=0)), "post_only"),
        (held(1, -2, name="eth_usd", after=0, reduce_only=True), "reduce_only"),
        (held(1, 5, 50, name="eth_usd", after=0), "insufficient_balance"),  # 250 of 200
        (held(1, 5, name="eth_usd", after=0), "insufficient_balance"),
    ],
)
def test_what_the_checks_object_to_is_rejected(follower: Row, reason: str) -> None:
    """When the parent fills, at 3; it had been acknowledged at 1. What protects it, and follows it, ends with it."""
    item = replace(ETH, quantity_min="2", notional_min="20")
    rows = on_both((0, 99, 9, 101, 9), (3, 98, 9, 100, 9), (9, 98, 9, 100, 9))
    follower = (*follower[:-1], replace(follower[-1], stop_loss=None if follower[3] < 0 else 5.0))
    schedule = [limit(1, 1, 100), follower, held(1, 2, after=1)]
    tables = told("quotes", rows, schedule, item=(BTC, item), usd="300")
    assert ends(tables) == [FILLED, ("rejected", reason), *[PARENT] * (len(tables.orders) - 2)]
    assert column(tables, "time_closed") == [t(3)] * len(tables.orders)
    assert column(tables, "time_exchange") == [t(1)] * len(tables.orders)


# It is cancelled where the parent ends otherwise, rejected if it arrives then


@pytest.mark.parametrize(
    ("parent", "terms", "end", "arrived"),
    [
        (held(1, 2, 90), {}, ("cancelled", "requested"), True),
        (held(1, 6), {}, ("cancelled", "requested"), True),  # five of six have filled
        (held(1, 6, None, "ioc"), {}, EXPIRED, True),
        (held(1, 2, 90, good_till=t(1.5)), {}, ("expired", "time_over"), True),
        (held(1, 2, 90), {"item": (replace(FUTURE, expiry=t(1.5)), ETH)}, ("cancelled", "expired"), True),
        (held(1, 2, 90, group=1), {}, SIBLING, True),
        (held(1, 5, 500), {}, POOR, True),  # it has waited to reserve
        (held(1, 2), {"item": (replace(BTC, quantity_min="9"), ETH)}, ("rejected", "below_minimum"), False),
    ],
)
def test_it_ends_where_the_parent_ends_otherwise(parent: Row, terms: Any, end: Any, arrived: bool) -> None:
    """At that time, and so does what follows it; a parent that is rejected at once has ended when they arrive."""
    schedule = [parent, held(1, 1, name="eth_usd", after=0), held(1, 1, 40, after=1), held(1, 1, group=1), cancel(2, 0)]
    rows = on_both((0, 99, 9, 101, 5), (3, 99, 0, 101, 0))
    tables = told("quotes", rows, schedule, **{"item": (BTC, ETH)} | terms)
    assert ends(tables)[:3] == [end, *[PARENT if arrived else ("rejected", "parent_ended")] * 2]
    assert len(set(column(tables, "time_closed")[:3])) == 1


def test_one_that_is_rejected_does_not_hide_the_next() -> None:
    """The second is over before it arrives; the third ends with its parent, or starts with it."""
    rows = [quote(0, 99, 9, 100, 9), quote(9, 99, 9, 100, 9)]
    late = held(0, -1, after=0, good_till=t(1))
    tables = told("quotes", rows, [held(0, 1, 50, good_till=t(5)), late, held(0, -1, after=0)], request_ns=2 * UNIT)
    assert ends(tables) == [("expired", "time_over"), ("rejected", "time_over"), PARENT]
    rows = [*moves(*[100] * 5), trade(5, 98, 9), trade(6, 100, 9), trade(7, 100, 9)]
    tables = told("trades", rows, [limit(0, 1, 99), late, held(0, -1, after=0)], request_ns=2 * UNIT)
    assert fills(tables) == [(5, 99, 1, "maker"), (6, 100, 1, "taker")]


def test_a_candle_that_opened_before_it_started_does_not_fill_it() -> None:
    """It starts at 20; the other's candle of 15 to 25 would reach it, that of 25 to 35 does."""
    rows = [candle(0, (100,) * 4), candle(10, (100, 100, 95, 100))]
    rows += [candle(opens, (45, 45, 35, 45), "eth_usd") for opens in (15, 25)]
    schedule = [held(5, 1, 98), held(5, 1, 40, name="eth_usd", after=0)]
    tables = told("candles", rows, schedule, item=(BTC, ETH))
    assert fills(tables) == [(20, 98, 1, "maker"), (35, 40, 1, "maker")]


def test_it_ends_with_a_protected_parent_of_which_a_part_was_closed() -> None:
    """Two of five at 99; the stop ends the rest of it."""
    rows = [trade(0, 100, 9), trade(1, 99, 2), trade(2, 95, 1)]
    tables = told("trades", rows, [held(0.5, 5, 100, stop_loss=97), held(0.5, 1, after=0)])
    assert ends(tables) == [("cancelled", "child_filled"), FILLED, PARENT]


@pytest.mark.parametrize(
    ("refused", "end"),
    [
        (0, [("refused", "odd"), *[("refused", "parent_ended")] * 3]),
        (1, [OPEN, ("refused", "odd"), ("refused", "parent_ended"), ("refused", "parent_ended")]),
        (2, [OPEN, OPEN, OPEN, ("refused", "odd")]),
    ],
)
def test_it_is_refused_with_its_parent_and_else_asked_of_by_itself(refused: int, end: Any) -> None:
    """One follows, protected, and another that; the first two are of a group, which the first names all the same."""
    asked: list[int] = []

    def manager(lots: int, *_: int) -> int:
        asked.append(lots)
        return int(len(asked) == refused + 1)

    schedule = [held(0.5, 3, 90, group=1), held(0.5, 2, 80, after=0, stop_loss=70, group=1), held(0.5, 1, 60, after=1)]
    tables = run(scenario_of({"trades": moves(100, 100)}, schedule), manager)
    assert asked == [3, 2, 1][: refused + 1]
    assert ends(tables) == end
    assert (column(tables, "group"), column(tables, "parent")) == ([0, 0, -1, -1], [-1, 0, 1, 1])
    assert column(tables, "quantity") == [3, 2, 2, 1]


# It may be protected, be of a group, be held for a trigger, and be good till a time


def test_a_follower_is_protected_and_followed() -> None:
    """Bought at 100 at 1, 50 at 2; at 3 another follows that at 49, at which the stop of 48 is not reached yet."""
    rows = [trade(time, 100, 9) for time in (0, 1)]
    rows += [trade(time, price, 9, "eth_usd") for time, price in ((2, 50), (3, 49), (4, 47), (5, 60))]
    schedule = [market(0.5, 1), held(0.5, 2, name="eth_usd", after=0, stop_loss=48)]
    schedule.append(held(0.5, 1, name="eth_usd", after=1))
    tables = told("trades", rows, schedule, item=(BTC, ETH))
    assert fills(tables) == [(1, 100, 1, "taker"), (2, 50, 2, "taker"), (3, 49, 1, "taker"), (4, 47, 2, "taker")]
    assert (column(tables, "parent"), column(tables, "follows")) == ([-1, 0, 1, 1], [False, True, False, True])


@pytest.mark.parametrize(("side", "protected"), [(-1, False), (1, True)])
def test_what_is_protected_is_decided_when_it_is_sent(side: int, protected: bool) -> None:
    """Of a position of two, which the parent closes, a sale of one does not seem to turn it."""
    schedule = [market(0.5, 2), market(1.5, -2), held(1.5, side, after=1, stop_loss=100 - 20 * side)]
    tables = told("trades", moves(100, 100, 100, 100), schedule, item=FUTURE)
    assert (len(tables.orders), each_filled(tables)) == (3 + protected, {0: 2, 1: 2, 2: 1})


def test_a_follower_that_is_a_stop() -> None:
    """The 106 at 1 does not reach it, which starts at 2, that of 3 does; its trigger is told as it stands."""
    schedule = [limit(0.5, 1, 90), held(0.5, 1, stop=105, after=0)]
    tables = told("trades", moves(100, 106, 89, 106, 107), schedule, item=FUTURE)
    assert (fills(tables), triggered(tables)) == ([(2, 90, 1, "maker"), (3, 106, 1, "taker")], [None, 3])
    assert (column(tables, "price"), column(tables, "trigger")) == ([90, 0], [0, 105])


def test_the_standing_quote_triggers_it_at_once() -> None:
    rows = [quote(0, 99, 9, 101, 9), quote(9, 99, 9, 101, 9)]
    tables = told("quotes", rows, [market(1, 2), held(1, -1, stop=99, after=0)], item=FUTURE)
    assert (fills(tables)[1:], triggered(tables)) == ([(1, 99, 1, "taker")], [None, 1])


def test_it_is_not_held_against_the_candle_that_has_filled_its_parent() -> None:
    """Bought at 98 inside a candle with a low of 90; the next goes down to 96."""
    rows = [candle(0, (101,) * 4), candle(10, (100, 104, 90, 99)), candle(20, (99, 99, 96, 99))]
    tables = told(
        "candles", rows, [held(5, 1, 98), held(5, -1, stop=95, after=0), held(5, -1, 103, after=0)], item=FUTURE
    )
    assert ends(tables) == [FILLED, OPEN, OPEN]


def test_it_may_end_while_it_waits() -> None:
    """With its time, and by a cancel; one of its group ends with the first that fills, though it waits."""
    schedule = [
        limit(0.5, 1, 90),
        held(0.5, 1, after=0, good_till=t(2)),
        held(0.5, 1, after=0),
        held(0.5, 1, after=0, group=1),
        held(0.5, 1, stop=104, group=1),
        cancel(2.5, 2),
    ]
    tables = told("trades", moves(100, 100, 100, 105, 89, 89), schedule, item=FUTURE)
    assert ends(tables) == [FILLED, ("expired", "time_over"), ("cancelled", "requested"), SIBLING, FILLED]
    assert column(tables, "time_closed")[1:] == [t(2), t(2.5), t(3), t(3)]


def test_of_a_group_of_parent_and_follower_the_parent_ends_the_other() -> None:
    """Before what waits for it starts."""
    schedule = [held(0.5, 1, group=1), held(0.5, 1, after=0, group=1), held(0.5, 2, after=0)]
    tables = told("trades", moves(100, 100, 100), schedule, item=FUTURE)
    assert ends(tables) == [FILLED, SIBLING, FILLED]


def test_from_its_sending_on_it_is_in_flight_for_targets() -> None:
    schedule = [limit(0.5, 1, 90), held(0.5, 2, after=0), held(0.5, -1, after=0, reduce_only=True)]
    schedule.append(("target", t(1.5), "btc_usd", 9.0))
    tables = told("trades", moves(100, 100, 100), schedule, item=FUTURE)
    assert tables.orders[3]["quantity"] == 9 - 1 - 2


def test_what_may_only_reduce_waits_for_what_it_reduces() -> None:
    """A sale at 2 leaves no position: it ends what is live of such sales, but for those that wait."""
    schedule = [limit(0.5, 1, 90), held(0.5, -1, 110, after=0, reduce_only=True), market(0.6, 1), market(1.5, -1)]
    tables = told("trades", moves(100, 100, 100, 89, 111), schedule, item=FUTURE)
    assert ends(tables) == [FILLED] * 4
    assert fills(tables)[-2:] == [(3, 90, 1, "maker"), (4, 110, 1, "maker")]


# An exit pair that follows an entry does what rule 31 does with one that fills at once


@pytest.mark.parametrize("prices", [(97, 106), (94, 109), (104, 100, 95), (100, 107)])
@pytest.mark.parametrize("kind", ["trades", "quotes"])
@pytest.mark.parametrize("stop_first", [True, False])
def test_an_exit_pair_is_like_protection(kind: str, prices: Any, stop_first: bool) -> None:
    each = list(enumerate((100, 100, *prices)))
    rows = moves(*(price for _, price in each)) if kind == "trades" else [quote(s, p, 9, p + 1, 9) for s, p in each]
    pair = [held(0.5, -2, stop=97, after=0, group=1, reduce_only=True)]
    pair.insert(int(stop_first), held(0.5, -2, 105, after=0, group=1, reduce_only=True))
    protected = told(kind, rows, [held(0.5, 2, stop_loss=97, take_profit=105)], item=FUTURE)
    tables = told(kind, rows, [market(0.5, 2), *pair], item=FUTURE)
    assert fills(tables) == fills(protected)
    assert [end[0] for end in sorted(ends(tables))] == [end[0] for end in sorted(ends(protected))]


@pytest.mark.parametrize("stop_first", [True, False])
def test_of_two_that_start_at_once_the_stop_comes_first(stop_first: bool) -> None:
    """The bid of 99 reaches both."""
    rows = [quote(0, 99, 9, 101, 9), quote(9, 99, 9, 101, 9)]
    pair = [held(1, -2, stop=99, after=0, group=1), held(1, -2, 98, after=0, group=1)]
    tables = told("quotes", rows, [market(1, 2), *(pair if stop_first else pair[::-1])], item=FUTURE)
    assert ends(tables) == [FILLED, *([FILLED, SIBLING] if stop_first else [SIBLING, FILLED])]
    assert fills(tables)[1:] == [(1, 99, 2, "taker")]


# One that arrives later, which orders that are sent together over one link do not: of the reference alone


class Delayed(Engine):
    """The last order arrives a second after the others."""

    def at(self, time: int, kind: float, action: Callable[[int], None], rank: tuple[int, int] = (0, 0)) -> None:
        order = action.args[0] if kind == REQUEST and isinstance(action, partial) else None
        last = isinstance(order, Order) and len(self.tables.orders) == len(self.scenario.schedule)
        super().at(time + UNIT * last, kind, action, rank)


@pytest.mark.parametrize(
    ("schedule", "end", "times"),
    [
        ([held(0.5, 1, group=1), held(0.5, 1, 90, group=1)], [FILLED, LATE], [t(1), t(1.5)]),
        ([held(0.5, 1), held(0.5, 1, after=0)], [FILLED, FILLED], [t(1), t(2)]),
        (
            [held(0.5, 1), held(0.5, 1, after=0, reduce_only=True)],
            [FILLED, ("rejected", "reduce_only")],
            [t(1), t(1.5)],
        ),
        (
            [held(0.5, 1, good_till=t(0.75), price=90), held(0.5, 1, after=0)],
            [("expired", "time_over"), ("rejected", "parent_ended")],
            [t(0.75), t(1.5)],
        ),
        (
            [held(0.5, 1, group=1), held(0.5, 2, 90), held(0.5, 1, after=1, group=1)],
            [FILLED, OPEN, LATE],
            [t(1), None, t(1.5)],
        ),
    ],
)
def test_one_that_arrives_later(schedule: list[Row], end: Any, times: Any) -> None:
    """It starts at once if its parent has filled whole, acknowledged."""
    tables = Delayed(scenario_of({"trades": moves(100, 100, 100)}, schedule, item=FUTURE)).run()
    assert (ends(tables), column(tables, "time_closed")) == (end, times)
