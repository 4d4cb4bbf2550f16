"""Interest, splits and deposits by hand: rules 44, 45 and 48. Interest is due each two seconds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import Row

from .tables import Tables
from .tiny import (
    BTC,
    START,
    UNIT,
    agreed,
    bar,
    ends,
    fills,
    held,
    limit,
    market,
    moves,
    paid,
    quote,
    t,
    trade,
)

EVERY = 2 * UNIT
YEARLY = 3.1536  # 2e-7 for two seconds
HALF = replace(BTC, margin="0.5")
PLENTY: dict[str, Any] = {"usd": "10000", "account": "margin", "item": HALF}


def interest(cash: float, debt: float, asset: str = "usd", since: float = -9) -> Row:
    return ("interest", t(since), "alpha", asset, cash, debt, EVERY)


def split(time: float, ratio: str) -> Row:
    return ("split", t(time), "btc_usd", ratio)


def deposit(time: float, amount: float, asset: str = "usd") -> Row:
    return ("deposit", t(time), "alpha", asset, amount)


def reasons(tables: Tables) -> list[str]:
    return [row["reason"] for row in tables.payments]


# Interest


def test_what_an_account_has_gets_interest_at_each_multiple() -> None:
    """START is a multiple, at which nothing is due yet; 2e-7 of 10,000, also where it is reserved."""
    assert START % EVERY == 0
    tables = agreed({"trades": moves(*(100,) * 6)}, [limit(1, 9, 90)], interest(YEARLY, 9.0), usd="10000")
    assert paid(tables) == [(2, 0.002), (4, 0.002)]
    assert reasons(tables) == ["interest"] * 2


def test_a_rate_has_a_start_and_may_take() -> None:
    tables = agreed({"trades": moves(*(100,) * 7)}, [], interest(-YEARLY / 4, 9.0, since=2), usd="10000")
    assert paid(tables) == [(4, -0.0005), (6, -0.0005)]


def test_debt_pays_and_what_is_borrowed_pays_at_the_mark() -> None:
    """150 of 10,000 owe 5,000; 4 sold, of which 1 was there, are borrowed at 120."""
    owes = agreed({"trades": moves(*(100,) * 4)}, [market(0.5, 150)], interest(9.0, YEARLY), **PLENTY)
    assert (paid(owes), reasons(owes)) == ([(2, -0.001)], ["debt_interest"])
    borrow = ("borrow", t(-9), "btc_usd", YEARLY, EVERY)
    short = agreed({"trades": moves(100, 100, 120, 120)}, [market(0.5, -4)], borrow, **PLENTY, btc="1")
    assert (paid(short), reasons(short)) == ([(2, -0.000072)], ["borrow_fee"])


def test_of_one_time_as_given_and_deposits_have_their_reasons() -> None:
    """What is paid in first bears interest at once; what is taken out first does not."""
    rows = {"trades": moves(*(100,) * 4)}
    later = agreed(rows, [], interest(YEARLY, 9.0), deposit(2, -5000), usd="10000")
    first = agreed(rows, [], deposit(2, 5000), interest(YEARLY, 9.0), usd="10000")
    assert (paid(later), reasons(later)) == ([(2, 0.002), (2, -5000)], ["interest", "withdrawal"])
    assert (paid(first), reasons(first)) == ([(2, 5000), (2, 0.003)], ["deposit", "interest"])


# Splits


@pytest.mark.parametrize(
    ("side", "ratio", "lots", "pays", "realised"),
    [(1, "2:1", 6, 0, 0), (1, "1:2", 1, 100, -100), (-1, "1:2", 1, -100, 100), (1, "1:10", 0, 300, -300)],
)
def test_what_is_held_is_divided_and_the_fraction_paid(
    side: int, ratio: str, lots: int, pays: float, realised: float
) -> None:
    """3 at 100: of the fraction, a cost and a cash flow at the divided mark; equity stays."""
    new, old = map(int, ratio.split(":"))
    price = 100 * old / new
    rows = [trade(0, 100, 99), trade(2, 100, 99), trade(5, price, 99), trade(6, price, 99), trade(7, price, 99)]
    schedule = [market(1, 3 * side), *([market(5.5, -lots * side)] if lots else [])]
    tables = agreed({"trades": rows}, schedule, split(4, ratio), **PLENTY)
    assert paid(tables) == ([(4, pays)] if pays else [])
    (closed,) = tables.positions
    assert (closed["realised"] / UNIT, closed["quantity_max"]) == (realised, max(lots, 3 if not lots else 0))
    assert {row["equity"] for row in tables.equity} == {10_000 * UNIT}


def test_live_orders_end_and_so_do_those_under_way() -> None:
    """By number, also what waits for its entry; what is sent at 3 arrives at 5, what is sent at 6 is in new units."""
    schedule = [held(0, 2, 90, stop_loss=80), limit(0, -1, 120), market(3, 1), market(6, 1)]
    rows = [trade(0, 100, 9), trade(2, 100, 9), trade(5, 50, 9), trade(9, 50, 9)]
    tables = agreed({"trades": rows}, schedule, split(4, "2:1"), btc="4", request_ns=2 * UNIT)
    gone = ("cancelled", "split")
    assert ends(tables) == [gone, gone, gone, ("rejected", "split"), ("filled", "")]
    assert (tables.balances[-4]["total"], tables.balances[-4]["free"]) == (1000 * UNIT, 1000 * UNIT)


def test_the_standing_quote_is_divided() -> None:
    """99 and 101 are 49 and 51, of 9 on offer 18 are left."""
    rows = [quote(0, 99, 9, 101, 9), quote(8, 49, 9, 51, 9)]
    assert fills(agreed({"quotes": rows}, [market(5, 20)], split(4, "2:1"), usd="9999")) == [
        (5, 51, 18, "taker"),
        (8, 51, 2, "taker"),
    ]


def test_of_what_own_orders_get_of_a_quote_the_rest_is_divided() -> None:
    """Of eight they get a quarter (rule 38): one of the two is left, which are three, whatever others have."""
    rows = [quote(0, 118, 8, 120, 8), quote(9, 38, 8, 40, 8)]
    tables = agreed({"quotes": rows}, [market(1, 1), market(5, 20, "ioc")], split(4, "3:1"), participation="0.25")
    assert fills(tables) == [(1, 120, 1, "taker"), (5, 40, 3, "taker")]


@pytest.mark.parametrize("late", [{"feed_ns": 3 * UNIT}, {"response_ns": 3 * UNIT}])
def test_news_and_prices_may_cross(late: dict[str, int]) -> None:
    """What is heard before and behind the news of a split at 4, with prices of 110 before it and of 56 behind it."""
    rows = [trade(0, 100, 9), trade(2, 100, 9), trade(3, 110, 9), trade(4, 112, 9), trade(5, 56, 9), trade(9, 60, 9)]
    agreed({"trades": rows}, [market(1, 3)], split(4, "2:1"), mark_every_ns=UNIT, **late)


def test_slippage_looks_at_the_divided_candle() -> None:
    """A range of 20 is one of 10, half of which is paid at the next open."""
    rows = [bar(0, (100, 110, 90, 100), 10), bar(10, (50, 50, 50, 50), 10)]
    item = replace(BTC, range_share=0.5)
    tables = agreed({"candles": rows}, [market(10, 1)], split(10, "2:1"), item=item)
    assert fills(tables) == [(10, 55, 1, "taker")]
