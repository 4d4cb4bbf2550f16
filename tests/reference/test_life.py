"""Rules 46, 64 and 65 by hand, where they meet others: both engines say the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barter_bt.testing.scenario import InstrumentSpec, Row

from .tables import Tables
from .tiny import BTC, FUTURE, agreed, balances, ends, held, market, paid, quote, t, trade

CALL = replace(
    BTC, name="btc_call", kind="option", contract_size="2", margin="0.5", expiry=t(5), right="call", strike="95"
)
CALL = replace(CALL, underlying="btc_usd")
PUT = replace(CALL, right="put", strike="115")
DELIVERS = replace(FUTURE, name="btc_future", contract_size="2", expiry=t(5), underlying="btc_usd", physical=True)
FILLED, OPEN, NOTHING_LEFT = ("filled", ""), ("open", ""), ("cancelled", "reduce_only")


def exercise(time: float, quantity: float) -> Row:
    return ("exercise", t(time), "btc_call", quantity)


def ended(tables: Tables) -> list[tuple[str, int, int, str]]:
    """Of each trade that no order of one's own made: instrument, price, signed quantity, reason."""
    orders = [tables.orders[row["order"]] for row in tables.trades]
    return [
        (tables.instruments[row["instrument"]], row["price"], row["side"] * row["quantity"], order["reason"])
        for row, order in zip(tables.trades, orders, strict=True)
        if order["reason"]
    ]


def run_on(one: InstrumentSpec, schedule: list[Row], price: float = 7, **terms: Any) -> Tables:
    """The underlying at 100, from 4 on at 110; what is on it at one price."""
    rows = [trade(time, ticks, 9) for time, ticks in ((0, 100), (2, 100), (4, 110), (9, 110))]
    rows += [trade(time, price, 9, one.name) for time in (0, 2, 4)]
    rows.sort(key=lambda row: row[0])
    return agreed({"trades": rows}, schedule, **{"item": (BTC, one), **terms})


# Delisting


@pytest.mark.parametrize(("given", "price"), [(None, 101), ("40", 40), ("0", 0)])
def test_what_no_position_holds_is_paid_for_with_it(given: str | None, price: int) -> None:
    """Five are there, two of them a position; at nothing they are only taken away."""
    spot = replace(BTC, expiry=t(2), settlement_price=given)
    rows = [trade(0, 100, 9), trade(1, 100, 9), trade(2, 101, 9), trade(3, 50, 9)]
    tables = agreed({"trades": rows}, [market(0.5, 2)], item=spot, btc="3")
    assert ended(tables) == [("btc_usd", price, -2, "delisting")]
    assert paid(tables) == [(2, -3), (2, 3 * price)][: 2 if price else 1]
    assert balances(tables)[-1][1] == 1000 - 200 + 5 * price


def test_of_a_position_no_more_goes_than_there_is() -> None:
    """The one that was sold elsewhere stays on paper, and what is left of the asset another instrument trades."""
    one, other = replace(BTC, expiry=t(3)), replace(BTC, name="btc_usdc")
    rows = [trade(time, 100, 9, name) for time in range(5) for name in ("btc_usd", "btc_usdc")]
    tables = agreed({"trades": rows}, [market(0.5, 3), market(1.5, -1, name="btc_usdc")], item=(one, other))
    assert ended(tables) == [("btc_usd", 100, -2, "delisting")]
    assert [row["instrument"] for row in tables.positions] == []
    assert paid(tables) == []


def test_a_delisting_on_margin_is_insured() -> None:
    """Sold at 100 and bought at 300 with 150: that is missing 50, which an insurance pays."""
    spot = replace(BTC, margin="0.5", maintenance="0", expiry=t(2), settlement_price="300")
    rows = [trade(0, 100, 9), trade(1, 100, 9), trade(2, 100, 9), trade(3, 100, 9)]
    tables = agreed({"trades": rows}, [market(0.5, -1)], item=spot, usd="150", account="margin")
    assert ended(tables) == [("btc_usd", 300, 1, "delisting")]
    assert paid(tables) == [(2, 50)]


# Options


@pytest.mark.parametrize(
    ("item", "lots", "usd", "end"),
    [
        (CALL, 2, "1000", ("btc_call", 15, -2, "exercise")),
        (CALL, -2, "1000", ("btc_call", 15, 2, "assignment")),
        (PUT, 2, "1000", ("btc_call", 5, -2, "exercise")),
        (replace(CALL, strike="110"), 2, "1000", ("btc_call", 0, -2, "expiry")),
        (replace(CALL, settlement_price="96.4"), 2, "1000", ("btc_call", 1, -2, "exercise")),
        (replace(CALL, settlement_price="95.5"), 2, "1000", ("btc_call", 1, -2, "exercise")),  # half to even: 96
    ],
)
def test_an_option_ends_in_cash(item: InstrumentSpec, lots: int, usd: str, end: tuple[Any, ...]) -> None:
    tables = run_on(item, [market(1, lots, name="btc_call")], usd=usd)
    assert ended(tables) == [end]
    assert balances(tables)[-1][1] == 1000 - lots * 2 * 7 + lots * 2 * end[1]


def test_long_and_short_need_what_they_need() -> None:
    """All of the premium; half of the strike beside it."""
    for lots, need in ((2, 28), (-2, 190)):
        for missing in (0, 1):
            tables = run_on(CALL, [market(1, lots, name="btc_call")], usd=str(need - missing))
            assert ends(tables)[0] == (("rejected", "insufficient_balance") if missing else FILLED)


@pytest.mark.parametrize("usd", ["408", "407"])
def test_what_cannot_be_paid_is_settled_in_cash(usd: str) -> None:
    """A premium of 28, and four at 95."""
    tables = run_on(replace(CALL, physical=True), [market(1, 2, name="btc_call")], usd=usd)
    cash = [("btc_call", 15, -2, "exercise")]
    assert ended(tables) == (
        [("btc_usd", 95, 4, "exercise"), ("btc_call", 0, -2, "exercise")] if usd == "408" else cash
    )


def test_who_is_short_of_a_put_buys_and_has_nothing_left_to_reduce() -> None:
    """A delivery turns a short position; the stop that was to reduce it ends behind it, and the mark stays."""
    put = replace(PUT, physical=True)
    schedule = [market(1, -2), market(1, -2, name="btc_call"), held(2.5, 2, stop=150, reduce_only=True)]
    tables = run_on(put, schedule, account="margin")
    assert ended(tables) == [
        ("btc_usd", 115, 4, "assignment"),
        ("btc_call", 0, 2, "assignment"),
    ]
    assert ends(tables)[2] == NOTHING_LEFT
    assert [order["reduce_only"] for order in tables.orders[3:]] == [False, True]
    assert tables.equity[-1]["equity"] == (1000 + 28 - 2 * (110 - 100) - 4 * (115 - 110)) * 10**9


def test_an_exercise_comes_before_what_was_matched_at_its_time() -> None:
    """Of the sale of three, which is in the book first, two are left."""
    american = replace(CALL, american=True, physical=True)
    streams = {
        "trades": [trade(0, 100, 9), trade(9, 100, 9)],
        "quotes": [quote(0, 6, 9, 8, 9, "btc_call"), quote(4, 6, 9, 8, 9, "btc_call")],
    }
    schedule = [market(1, 3, name="btc_call"), held(2, -3, reduce_only=True, name="btc_call"), exercise(2, 1)]
    tables = agreed(streams, schedule, item=(BTC, american))
    trades = [(row["order"], row["price"], row["side"] * row["quantity"]) for row in tables.trades]
    assert trades == [(0, 8, 3), (3, 95, 2), (2, 0, -1), (1, 6, -2)]
    assert ends(tables)[:3] == [FILLED, NOTHING_LEFT, FILLED]


def test_what_is_left_of_an_exercise_in_kind_has_its_mark() -> None:
    """Two of three are left, worth 7 for each of two; what is asked for beyond that expires."""
    american = replace(CALL, american=True, physical=True)
    tables = run_on(american, [market(1, 3, name="btc_call"), exercise(2.5, 1), exercise(4, 9)], mark_every_ns=10**9)
    worth = {(row["time"] - t(0)) // 10**9: row["equity"] for row in tables.equity}
    assert worth[3] == (1000 + 2 * (100 - 95) - 2 * 7) * 10**9
    assert [ends(tables)[number] for number in (1, 3)] == [FILLED, ("expired", "not_filled")]


def test_what_cannot_be_exercised_is_rejected() -> None:
    american = replace(CALL, american=True, quantity_min="2")
    bought = market(1, 3, name="btc_call")
    schedule = [exercise(0, 2), bought, exercise(2.5, 1), exercise(5, 2)]
    reasons = ["reduce_only", "below_minimum", "expired"]
    assert [reason for status, reason in ends(run_on(american, schedule)) if status == "rejected"] == reasons
    dear = replace(american, strike="100")
    assert ends(run_on(dear, [bought, exercise(2.5, 2)]))[1] == ("rejected", "not_in_the_money")
    rows = [trade(time, 7, 9, "btc_call") for time in (0, 2, 4)]
    tables = agreed({"trades": [*rows, trade(9, 1, 1)]}, [bought, exercise(2.5, 2)], item=(BTC, american))
    assert ends(tables)[1:] == [("rejected", "no_price"), ("filled", "settlement")]


def assigned(item: InstrumentSpec, rows: list[tuple[float, float]], *schedule: Row, **terms: Any) -> Tables:
    """Three sold at 7, and so many assigned at these times; the underlying at 100."""
    trades = [trade(time, 100, 9) for time in (0, 2, 4, 9)] + [trade(time, 7, 9, "btc_call") for time in (0, 2, 4)]
    trades.sort(key=lambda row: row[0])
    flows = [("assignment", t(time), "btc_call", lots) for time, lots in rows]
    sold = market(1, -3, name="btc_call")
    return agreed({"trades": trades}, [sold, *schedule], *flows, item=(BTC, item), **terms)


def test_who_is_short_is_assigned_before_the_expiry() -> None:
    """Rule 81: one at 5, then what is left of five; nothing at the expiry."""
    american = replace(CALL, american=True)
    tables = assigned(american, [(2.5, 1), (3, 5), (4, 1)])
    assert ended(tables) == [("btc_call", 5, 1, "assignment"), ("btc_call", 5, 2, "assignment")]
    assert balances(tables)[-1][1] == 1000 + 3 * 2 * 7 - 3 * 2 * 5


def test_an_assignment_in_kind_delivers_and_ends_what_would_reduce() -> None:
    """Two coins of four are given at 95; a stop that has nothing left to reduce ends, one of the rest does not."""
    american = replace(CALL, american=True, physical=True)
    stop = held(2.2, 1, name="btc_call", stop=50, reduce_only=True)
    tables = assigned(american, [(2.5, 1)], stop, btc="4")
    assert ended(tables)[:2] == [("btc_usd", 95, -2, "assignment"), ("btc_call", 0, 1, "assignment")]
    assert ends(tables)[1] == ("cancelled", "expired")
    assert ends(assigned(american, [(2.5, 3)], stop, btc="6"))[1] == NOTHING_LEFT
    poor = assigned(american, [(2.5, 3)], btc="5")
    assert ended(poor) == [("btc_call", 5, 3, "assignment")]  # what is not there is paid for


@pytest.mark.parametrize(("strike", "right"), [("100", "call"), ("101", "call"), ("100", "put")])
def test_what_is_not_in_the_money_is_not_assigned(strike: str, right: Any) -> None:
    tables = assigned(replace(CALL, american=True, strike=strike, right=right), [(2.5, 2)])
    assert ended(tables) == [("btc_call", 0, 3, "expiry")]


# Delivery


def test_a_future_delivers_unless_what_it_is_on_ends_with_it() -> None:
    """At its own mark; who is short gives what is there."""
    tables = run_on(DELIVERS, [market(1, -2, name="btc_future")], price=105, btc="4")
    assert ended(tables) == [("btc_usd", 105, -4, "delivery"), ("btc_future", 105, 2, "delivery")]
    tables = run_on(DELIVERS, [market(1, -2, name="btc_future")], price=105, btc="3")
    assert ended(tables) == [("btc_future", 105, 2, "settlement")]
    gone = (replace(BTC, expiry=t(5)), DELIVERS)
    tables = run_on(DELIVERS, [market(1, 2, name="btc_future")], price=105, item=gone)
    assert ended(tables) == [("btc_future", 105, -2, "settlement")]


# What other rules say of them


def test_a_split_leaves_own_orders_their_part_of_the_quote() -> None:
    """Rules 38 and 45: of four at the ask one was for them, and is two; that is what they get."""
    quotes = [(t(time), None, "btc_usd", 99.0, 4.0, 101.0, 4.0) for time in (0, 9)]
    tables = agreed(
        {"quotes": quotes},
        [market(2, 8, name="btc_usd")],
        ("split", t(1), "btc_usd", "2:1"),
        item=BTC,
        participation="0.25",
    )
    assert [row["quantity"] for row in tables.trades] == [2, 1]
