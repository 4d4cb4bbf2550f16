"""Rule 73: what a book with both sides says that a position is worth, on hand-made markets."""

from __future__ import annotations

from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from tests.engine.tiny import A, Watch, quotes, run, schedule, table, trades

SWAP = bt.Instrument("x", "a_usd", kind="perpetual", price_increment=1, quantity_increment=1)
# A trade at 90; books of 100 to 110 with 1 and 3 lots: weighted 102 (102.5 to even), mid 105.
BOOKS = quotes((0, 100, 99, 110, 99), (1, 100, 99, 110, 99), (2, 100, 1, 110, 3), (3, 100, 1, 110, 3))
LAST = trades((0.2, 90, 9), (4, 90, 9))
MARKS = {"weighted_mid": 102, "mid": 105, "last": 90, "closing": 100}


def worth(mark: str, side: int, one: Any = A, data: Any = (BOOKS, LAST)) -> tuple[float, Any, Any]:
    """Equity at 3, and price and mark then, of two that were bought at 110 or sold at 100, of 10,000."""
    seen = Watch(
        lambda s: (s.equity, s.price("a_usd"), s.mark("a_usd")),
        lambda s, n: ([], [bt.OrderRequest("a_usd", 2 * side)]) if n == 1 else None,
        wake="quote",
    )
    venue = bt.Venue(account="margin", mark=mark)
    run(list(data), seen, one, venues=venue, mark_every="1s")
    return seen.seen[-1]


@pytest.mark.parametrize("one", [A, SWAP])
@pytest.mark.parametrize("mark", MARKS)
def test_rule_73_a_long_position(mark, one):
    equity, price, at = worth(mark, 1, one)
    assert (equity, at) == (10_000 + 2 * (MARKS[mark] - 110), MARKS[mark])
    assert price == (102 if mark == "closing" else MARKS[mark])


def test_rule_73_a_short_position_is_closed_at_the_ask():
    assert worth("closing", -1, SWAP) == (10_000 - 2 * 10, 102, 110)


REBATE = bt.Fees(taker=-0.01)


@pytest.mark.parametrize(
    ("fees", "side", "at"),
    [("5%", 1, 95), ("5%", -1, 116), ("2%", 1, 98), ("2%", -1, 112), (REBATE, 1, 100), (REBATE, -1, 110)],
)
def test_rule_73_closing_with_fee_is_less_the_takers_fee(fees, side, at):
    """5 % of 110 are 5.5 ticks, which is rounded to even; a rebate gives nothing."""
    seen = Watch(
        lambda s: s.mark("a_usd"),
        lambda s, n: ([], [bt.OrderRequest("a_usd", 2 * side)] if n == 1 else []),
        wake="quote",
    )
    run([BOOKS, LAST], seen, venues=bt.Venue(account="margin", mark="closing_with_fee", fees=fees))
    assert seen.seen[-1] == at


def test_rule_73_liquidation_leaves_room_for_the_fee():
    """2 held from 100, of 112 less a fee of 2: covered at 60, which a bid of 61 is after a fee of 1 %."""
    for bid, closed in ((61, []), (60, [(60,)])):
        venue = bt.Venue(margin=bt.Margin("50%", maintenance="25%"), mark="closing_with_fee", fees="1%")
        market = quotes((0, 99, 9, 100, 9), (1, 99, 9, 100, 9), (2, bid, 9, 99, 9), (3, bid, 9, 99, 9))
        result = run(market, schedule({"at": 0.5, "buy": 2}), SWAP, venues=venue, balances={"usd": 112})
        assert table(result.orders, "price_average")[1:] == closed


def test_rule_73_before_the_first_trade_the_weighted_mid_counts():
    assert worth("last", 1, data=(BOOKS,))[2] == 102


def test_rule_73_half_a_tick_is_rounded_to_even():
    """A mid of 100.5 and of 101.5 is at 100 and 2 ticks, rhe(1 / 2) being 0 and rhe(3 / 2) 2."""
    for ask, at in ((101, 100), (103, 102)):
        watch = Watch(lambda s: s.price("a_usd"), wake="quote")
        run(quotes((0, 100, 1, ask, 9)), watch, venues=bt.Venue(mark="mid"))
        assert watch.seen == [at]


# 2 held from 100, of 110, with a maintenance of a quarter: short at 59 and below, covered at 60.
@pytest.mark.parametrize(
    ("mark", "book", "closed"),
    [
        ("weighted_mid", (50, 9, 70, 9), None),
        ("weighted_mid", (50, 3, 70, 17), 50),
        ("mid", (50, 3, 70, 17), None),
        ("mid", (48, 9, 70, 9), 48),
        ("last", (40, 9, 50, 9), None),
        ("closing", (60, 9, 70, 9), None),
        ("closing", (59, 9, 70, 9), 59),
    ],
)
def test_rule_73_liquidation_goes_by_it(mark, book, closed):
    venue = bt.Venue(margin=bt.Margin("50%", maintenance="25%"), mark=mark)
    market = [quotes((0, 99, 9, 100, 9), (1, 99, 9, 100, 9), (2, *book), (3, *book)), trades((0.1, 100, 9), (4, 61, 9))]
    result = run(market, schedule({"at": 0.5, "buy": 2}), SWAP, venues=venue, balances={"usd": 110})
    assert table(result.orders, "price_average")[1:] == ([] if closed is None else [(closed,)])


def test_rule_73_a_last_price_liquidates_at_a_quote_that_ends_the_mark_of_an_own_fill():
    """Bought at 100, while the last trade was at 55: the next quote makes that the mark again."""
    venue = bt.Venue(margin=bt.Margin("50%", maintenance="25%"), mark="last")
    market = [quotes((0, 99, 9, 100, 9), (1, 99, 9, 100, 9), (2, 98, 9, 100, 9)), trades((0.1, 55, 9), (4, 55, 9))]
    result = run(market, schedule({"at": 0.5, "buy": 2}), SWAP, venues=venue, balances={"usd": 110})
    assert table(result.orders, "price_average", "reason") == [(100, None), (99, "liquidation")]


def test_rule_73_before_the_first_trade_the_venue_liquidates_by_the_weighted_mid():
    """Which is 53 in the second book, where 2 from 100 with 110 are short at 59."""
    venue = bt.Venue(margin=bt.Margin("50%", maintenance="25%"), mark="last")
    market = quotes((0, 99, 9, 100, 9), (1, 99, 9, 100, 9), (2, 50, 3, 70, 17), (3, 50, 3, 70, 17))
    result = run(market, schedule({"at": 0.5, "buy": 2}), SWAP, venues=venue, balances={"usd": 110})
    assert table(result.orders, "price_average", "reason") == [(100, None), (50, "liquidation")]


def test_another_mark_is_refused():
    with pytest.raises(ConfigError, match="mark is 'middle'; allowed: weighted_mid, mid, last, closing"):
        bt.Venue(mark="middle")
