"""Rules 41, 45 and 48 by hand, on both engines: each test names the sentence that it is about."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from barter_bt.testing.scenario import ExchangeSpec, Row, Scenario, StreamSpec

from .compare import assert_agree
from .engine import run
from .refusal import refusals
from .tables import Tables
from .tiny import (
    BTC,
    FUTURE,
    PERP,
    UNIT,
    balances,
    cancel,
    candle,
    ends,
    fills,
    limit,
    market,
    moves,
    paid,
    quote,
    scenario_of,
    t,
    trade,
)

SWAP = replace(PERP, name="btc_usd")
INVERSE = replace(BTC, kind="inverse", margin="0.5")
IN_BTC: dict[str, Any] = {"btc": "10", "usd": "0", "reporting": "btc"}
FLAT = moves(*[100] * 10)


def funding(time: float, rate: float) -> Row:
    return ("funding", t(time), "btc_usd", rate)


def dividend(time: float, amount: float) -> Row:
    return ("dividend", t(time), "btc_usd", amount)


def cash(time: float, amount: float, asset: str = "usd", exchange: str = "alpha") -> Row:
    return ("cash", t(time), exchange, asset, amount, "interest")


def both(kind: Any, rows: list[Row], schedule: list[Row], *flows: Row, **terms: Any) -> Tables:
    """What the engines agree on."""
    scenario = scenario_of({kind: rows}, schedule, cash_flows=flows, **terms)
    assert_agree(scenario, interpret=True)
    return run(scenario)


def refuses(flow: Row, refused: bool, **terms: Any) -> None:
    """Whether a run with it is refused, of which both engines say the same."""
    scenario = scenario_of({"trades": FLAT}, [], cash_flows=(flow,), **terms)
    assert bool(refusals(scenario)) is refused
    assert_agree(scenario, interpret=True)


# Class 0, after the market events and the expiries of its time


def test_what_market_events_of_its_time_fill_is_settled() -> None:
    """A limit that sells at 2 has sold before the dividend of 2, one that buys has bought."""
    rows = [trade(0, 105, 9), trade(1, 105, 9), trade(2, 111, 9), trade(3, 105, 9)]
    assert paid(both("trades", rows, [limit(1, -2, 110)], dividend(2, 1.0), btc="5")) == [(2, 3)]
    rows[2] = trade(2, 89, 9)
    assert paid(both("trades", rows, [limit(1, 2, 90)], dividend(2, 1.0), btc="5")) == [(2, 7)]


@pytest.mark.parametrize("request_s", [0, 1])
def test_requests_of_its_time_come_later(request_s: int) -> None:
    """Sent at 2, or at 1 to arrive at 2: what they buy at once has not been bought yet."""
    rows = [quote(time, 99, 9, 101, 9) for time in range(4)]
    order = market(2 - request_s, 2)
    tables = both("quotes", rows, [order], dividend(2, 1.0), dividend(2.5, 1.0), request_ns=request_s * UNIT)
    assert fills(tables) == [(2, 101, 2, "taker")]
    assert paid(tables) == [(2.5, 2)]


def test_the_engine_is_told_of_fills_of_its_time_first() -> None:
    tables = both("trades", FLAT, [market(1, 1)], cash(2, 5))
    assert balances(tables) == [(0, 1000, 1000), (2, 900, 900), (2, 905, 905)]


def test_orders_expire_before() -> None:
    """The order that the expiry has cancelled does not fill; the flow at the same time is paid."""
    item = replace(FUTURE, expiry=t(2))
    tables = both("trades", [trade(0, 100, 9), trade(4, 80, 9)], [limit(0, 1, 90)], cash(2, -990), item=item)
    assert ends(tables) == [("cancelled", "expired")]
    assert paid(tables) == [(2, -990)]


def test_it_comes_before_the_engine_s_events_of_its_time() -> None:
    """The mark of 2 and a target of 2 count the thousand, without latency."""
    target = ("target", t(2), "btc_usd", 1.0)
    terms: dict[str, Any] = {"size": "equity", "mark_every_ns": UNIT}
    tables = both("trades", FLAT, [target], cash(2, 1000), **terms)
    assert tables.orders[0]["quantity"] == 20
    assert {row["time"]: row["equity"] for row in tables.equity}[t(2)] == 2000 * UNIT
    tables = both("trades", FLAT, [target], cash(2, 1000), **terms, response_ns=UNIT)
    assert tables.orders[0]["quantity"] == 10
    assert {row["time"]: row["equity"] // UNIT for row in tables.equity if row["time"] <= t(2)}[t(2)] == 1000


# Rule 41: the position and the mark at the venue


def test_the_position_at_the_venue_counts() -> None:
    """The engine hears of the fill at 2 only at 5, of the payment at 6."""
    tables = both("trades", FLAT, [market(1, 2)], funding(3, 0.01), item=SWAP, response_ns=3 * UNIT)
    assert paid(tables) == [(3, -2)]
    assert [row["time_engine"] for row in (*tables.trades, *tables.payments)] == [t(5), t(6)]


def test_an_own_fill_is_the_mark() -> None:
    """Rule 19: the trade at 80 fills at 90, which came later."""
    rows = [trade(0, 100, 9), trade(1, 80, 9), trade(3, 80, 9)]
    assert paid(both("trades", rows, [limit(0, 2, 90)], funding(1, 0.01), item=SWAP)) == [(1, -1.8)]


def test_an_open_is_no_mark() -> None:
    """Rule 19: bought at the open of 100; at 15, in the candle that opened at 120, the close of 105 is the mark."""
    rows = [candle(0, (100, 110, 90, 105)), candle(10, (120, 130, 110, 125))]
    flows = (funding(15, 0.01), funding(20, 0.01))
    tables = both("candles", rows, [market(0, 2)], *flows, item=SWAP)
    assert paid(tables) == [(15, -2.1), (20, -2.5)]
    assert paid(both("candles", rows, [market(10, 2)], *flows, item=SWAP)) == [(15, -2.4), (20, -2.5)]  # its own fill


@pytest.mark.parametrize(("side", "amount"), [(1, -0.02), (-1, 0.02)])
def test_inverse_perpetuals_pay_in_what_they_settle_in(side: int, amount: float) -> None:
    """200 contracts of one usd are 2 btc at 100."""
    rows = [trade(second, 100, 999) for second in range(5)]
    tables = both("trades", rows, [market(1, side * 200)], funding(3, 0.01), item=INVERSE, **IN_BTC)
    assert paid(tables) == [(3, amount)]
    assert tables.payments[0]["asset"] == 0
    assert tables.equity[-1]["equity"] * tables.units[0] == 10 + Fraction(str(amount))


def test_an_inverse_perpetual_without_a_price_and_a_position_pays_nothing() -> None:
    tables = both("candles", [candle(0, (100,) * 4)], [], funding(5, 0.01), item=INVERSE, **IN_BTC)
    assert tables.payments == []


def test_each_of_several_rates_counts_what_is_held_then() -> None:
    """Two, then one short, then nothing."""
    orders = [market(0, 2), market(2, -3), market(4, 1)]
    tables = both("trades", FLAT, orders, *(funding(time, 0.01) for time in (1, 3, 5, 6)), item=SWAP)
    assert paid(tables) == [(1, -2), (3, 1)]


def test_what_positions_have_realised_does_not_change() -> None:
    """Rule 48: the equity does, by what was paid."""
    rows = moves(100, 100, 100, 110, 110)
    tables = both("trades", rows, [market(0, 2), market(2, -2)], funding(2, 0.5), item=SWAP)
    assert [row["realised"] for row in tables.positions] == [20 * UNIT]
    assert paid(tables) == [(2, -100)]
    assert tables.equity[-1]["equity"] == (1000 + 20 - 100) * UNIT


# Rule 45


def test_what_is_reserved_pays_a_dividend() -> None:
    tables = both("trades", FLAT, [limit(1, -2, 120)], dividend(3, 0.5), btc="5")
    assert paid(tables) == [(3, 2.5)]
    assert balances(tables, "btc")[-1] == (1, 5, 3)


def test_who_owes_the_base_pays() -> None:
    """In a cash account, too, of which a cash flow has taken it."""
    tables = both("trades", FLAT, [], cash(1, -7, "btc"), dividend(3, 0.5), btc="5")
    assert paid(tables) == [(1, -7), (3, -1)]


@pytest.mark.parametrize(("held", "amount"), [("1", 0), ("3", 2), ("5", 2)])
def test_half_a_unit_is_rounded_to_even(held: str, amount: int) -> None:
    """0.5, 1.5 and 2.5; nothing is no event."""
    tables = both("trades", FLAT, [], dividend(3, 0.0000000005), btc=held)
    assert [row["amount"] for row in tables.payments] == ([amount] if amount else [])
    assert tables.sequence == 1 + len(FLAT) + bool(amount)


def test_the_exact_decimal_of_the_amount_counts() -> None:
    """Where a product of floats is another."""
    tables = both("trades", FLAT, [], dividend(3, 1234567.891234567), btc="9")
    assert [row["amount"] for row in tables.payments] == [11_111_111_021_111_103]
    assert 1234567.891234567 * UNIT * 9 != 11_111_111_021_111_103


# Rule 48


def test_the_order_given_counts_at_one_time() -> None:
    """Three coins more before the dividend, or behind it."""
    flows = (cash(3, 3, "btc"), dividend(3, 1.0))
    assert paid(both("trades", FLAT, [], *flows, btc="5")) == [(3, 3), (3, 8)]
    assert paid(both("trades", FLAT, [], *flows[::-1], btc="5")) == [(3, 5), (3, 3)]


def test_time_counts_before_the_order_given() -> None:
    flows = (cash(4, 4), dividend(2, 1.0), cash(3, 3), cash(2, 2), cash(1, 1))
    assert paid(both("trades", FLAT, [], *flows, btc="5")) == [(1, 1), (2, 5), (2, 2), (3, 3), (4, 4)]


@pytest.mark.parametrize(
    ("amount", "held", "refused"),
    [
        (1e-27, "5", False),  # 1 / 10^18: a unit of the base is one, one of the quote asset 10^-9
        (1.5e-27, "5", False),  # 3 / (2 · 10^18)
        (1e-28, "5", True),
        (1.1e-27, "5", True),  # 11 / 10^19
        (1.25e-27, "5", False),  # 1 / (8 · 10^17)
        (1e-19, "0.000000001", True),  # a unit of the base is 10^-9, too
        (1e-18, "0.000000001", False),
    ],
)
def test_a_dividend_is_a_fraction_that_can_be_counted(amount: float, held: str, refused: bool) -> None:
    refuses(dividend(3, amount), refused, btc=held)
    refuses(dividend(300, amount), refused, btc=held)  # which is not due


@pytest.mark.parametrize(("amount", "refused"), [(2.0**62 / UNIT, True), (4611686018.0, False), (-4611686019.0, True)])
def test_an_amount_is_one_of_units_that_can_be_counted(amount: float, refused: bool) -> None:
    """4,611,686,018.427387904 are 2^62 units; the nearest float is above."""
    refuses(cash(300, amount), refused)


@pytest.mark.parametrize(("amount", "units"), [(4e-10, 0), (5e-10, 0), (1.5e-9, 2), (-1.5e-9, -2), (0.0, 0)])
def test_nothing_is_no_event(amount: float, units: int) -> None:
    tables = both("trades", FLAT, [], cash(3, amount))
    assert [row["amount"] for row in tables.payments] == ([units] if units else [])
    assert len(balances(tables)) == 1 + bool(units)
    assert tables.sequence == 1 + len(FLAT) + bool(units)


def test_what_is_reserved_stays_so() -> None:
    """450 of 1,000 are; 800 are taken, so that the order cannot be paid when the market is there, nor another."""
    rows = moves(100, 100, 100, 100, 89, 100)
    tables = both("trades", rows, [limit(1, 5, 90), limit(3, 1, 80)], cash(2, -800))
    assert balances(tables) == [(0, 1000, 1000), (1, 1000, 550), (2, 200, -250), (4, 200, 200)]
    assert ends(tables) == [("rejected", "insufficient_balance")] * 2
    tables = both("trades", rows, [limit(1, 5, 90), cancel(3, 0)], cash(2, -1800))
    assert balances(tables)[2:] == [(2, -800, -1250), (3, -800, -800)]


def test_what_its_reservation_and_the_total_cover_is_paid() -> None:
    """450 are reserved, 550 free: with 550 taken it is paid, with a unit more it is not; half of it was."""
    rows = [trade(0, 100, 9), trade(3, 89, 2), trade(4, 89, 9), trade(5, 100, 9)]
    tables = both("trades", rows, [limit(1, 5, 90)], cash(2, -550))
    assert fills(tables) == [(3, 90, 2, "maker"), (4, 90, 3, "maker")]
    assert balances(tables)[-1] == (4, 0, 0)
    tables = both("trades", rows, [limit(1, 5, 90)], cash(2, -550), cash(3.5, -0.000000001))
    assert ends(tables) == [("cancelled", "insufficient_balance")]


def test_a_total_below_nothing_refuses_later_orders() -> None:
    """But for sales (rule 17), also those that leave it below nothing; when it is not, buys are filled again."""
    orders = [market(2, 1), market(3, -1), market(4, -5), market(5, 1), market(6, 1)]
    tables = both("trades", FLAT, orders, cash(1, -1350), cash(5, 50), btc="9")
    assert ends(tables) == [("rejected", "insufficient_balance"), *[("filled", "")] * 4]
    assert [total for _, total, _ in balances(tables)] == [1000, -350, -250, 250, 300, 200, 100]


def test_a_target_is_cut_to_what_is_left() -> None:
    """At the venue; the engine asks for ten as it does not know yet."""
    target = ("target", t(2), "btc_usd", 10.0)
    tables = both("trades", FLAT, [target], cash(2, -650), response_ns=UNIT)
    assert (tables.orders[0]["quantity_requested"], tables.orders[0]["quantity"]) == (10, 3)


@pytest.mark.parametrize("item", [SWAP, replace(BTC, margin="0.5")])
@pytest.mark.parametrize(("amount", "lots", "end"), [(0, 4, "filled"), (50, 5, "filled"), (-0.01, 4, "rejected")])
def test_collateral_changes(item: Any, amount: float, lots: int, end: str) -> None:
    """Rule 19: 200 and a rate of a half are four at 100."""
    terms: dict[str, Any] = {"item": item, "usd": "200", "account": "margin"}
    assert ends(both("trades", FLAT, [market(2, lots)], cash(1, amount), **terms))[0][0] == end


def test_funding_takes_collateral() -> None:
    """Four of 100 with 203: a rate of 0.01 takes four, and a fifth could not be paid before, nor one more now."""
    orders = [market(0, 4), market(3, 1), market(4, -4), market(5, 4), market(6, 3)]
    tables = both("trades", FLAT, orders, funding(2, 0.01), item=SWAP, usd="203")
    filled, rejected = ("filled", ""), ("rejected", "insufficient_balance")
    assert ends(tables) == [filled, rejected, filled, rejected, filled]


@pytest.mark.parametrize("response_s", [0, 1, 3])
def test_account_events_do_not_overtake_each_other(response_s: int) -> None:
    """The fill at 2 is told before the flow at 2, both after the latency; one event each, the fill four."""
    tables = both("trades", FLAT, [market(1, 1)], cash(2, 5), cash(1.5, 7), response_ns=response_s * UNIT)
    assert [total for _, total, _ in balances(tables)] == [1000, 1007, 907, 912]
    assert [row["time_engine"] for row in tables.payments] == [t(1.5 + response_s), t(2 + response_s)]
    assert tables.sequence == 1 + len(FLAT) + 1 + 1 + 4 + 2


def test_each_exchange_has_a_link_of_its_own() -> None:
    """An asset is one name on one exchange."""
    other = replace(BTC, name="eth_usd", base="eth", exchange="beta")
    exchanges = (ExchangeSpec("alpha", response_ns=UNIT), ExchangeSpec("beta", response_ns=3 * UNIT))
    rows = (*FLAT[:5], trade(5, 100, 9, "eth_usd"), trade(9, 100, 9))
    streams = (StreamSpec("trades", rows),)
    held = (("alpha", "usd", "10"), ("beta", "usd", "20"))
    flows = (cash(1, -3, exchange="beta"), cash(2, 5), cash(2, 1, "eth", "beta"))
    scenario = Scenario((BTC, other), exchanges, streams, held, cash_flows=flows)
    assert_agree(scenario, interpret=True)
    tables = run(scenario)
    told = [(*tables.assets[row["asset"]], row["time_engine"]) for row in tables.payments]
    assert told == [("alpha", "usd", t(3)), ("beta", "usd", t(4)), ("beta", "eth", t(5))]
    assert paid(tables) == [(2, 5), (1, -3), (2, 1)]
    assert tables.equity[-1]["equity"] == (10 + 20 + 5 - 3 + 100) * UNIT


@pytest.mark.parametrize(("start", "first"), [(None, 2.0), (1.0, 1.0)])
def test_before_the_start_nothing_is_due(start: float | None, first: float) -> None:
    """The first of the data unless given; at the start itself it is, behind event 0."""
    flows = (cash(0.5, 1), cash(1, 2), cash(1.5, 4), cash(2, 8))
    rows = [trade(2, 100, 9), trade(3, 100, 9)]
    tables = both("trades", rows, [], *flows, start=None if start is None else t(start))
    assert [time for time, _ in paid(tables)] == [time for time in (1, 1.5, 2) if time >= first]
    assert balances(tables)[0] == (first, 1000, 1000)


@pytest.mark.parametrize(("feed_s", "due"), [(0, [2, 3]), (1, [2, 3, 3.5, 4])])
def test_the_last_market_event_ends_what_is_due(feed_s: int, due: list[float]) -> None:
    """When the engine sees it; the engine is told although it is later still."""
    flows = [cash(time, 1) for time in (2, 3, 3.5, 4, 4.5)]
    rows = [trade(0, 100, 9), trade(3, 100, 9)]
    tables = both("trades", rows, [], *flows, feed_ns=feed_s * UNIT, response_ns=5 * UNIT)
    assert [time for time, _ in paid(tables)] == due


def test_a_flow_marks_the_equity() -> None:
    """Rule 24: it is an event at the engine; the next multiple of the interval after it is a mark."""
    tables = both("trades", [trade(0, 100, 9), trade(9, 100, 9)], [], cash(3.5, 5), mark_every_ns=UNIT)
    assert [(row["time"], row["equity"] // UNIT) for row in tables.equity] == [(t(0), 1000), (t(4), 1005), (t(9), 1005)]
