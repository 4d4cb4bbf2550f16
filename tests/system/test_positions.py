"""Positions after own trades: Barter's tests of positions, with its numbers, by events of the account.

Barter keeps the average entry price; here the cost is kept, from which it follows. A just opened position is marked at
its cost, as in Barter; one that has changed at its last trade, until the market moves (which Barter does not follow).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.engine.state.margin import used_margin
from barter_bt.engine.state.position import value_at_mark
from barter_bt.errors import DataError
from barter_bt.instrument import Instrument
from barter_bt.protocol import Account, AccountEvent, AssetFees, Item, Side, Trade
from barter_bt.statistic.barter import pnl_returns
from barter_bt.system import Engine, PositionExit
from tests.system.test_engine import make, public

B, S = Side.BUY, Side.SELL
DAY = 86_400 * 10**9
START = 1
Deal = tuple[Side, Any, Any, Any]  # side, price, quantity, fee


@dataclass(frozen=True)
class Held:
    """What Barter's ``Position`` has; the trades are rows of the journal."""

    side: Side
    entry: D
    quantity: D
    most: D
    unrealised: D
    realised: D
    fees_enter: D
    fees_exit: D
    time_enter: int
    time_update: int
    first_trade: int


def entry(engine: Engine) -> D:
    """The average entry price, 0 without a position."""
    quantity = engine.position(0)
    return engine.units.in_quote(0, engine.state.instruments.cost_basis[0]) / abs(quantity) if quantity else D(0)


def held(engine: Engine) -> Held | None:
    """The open position of the first instrument."""
    s, units, quantity = engine.state, engine.units, engine.position(0)
    if not quantity:
        return None
    k = s.instruments
    return Held(
        B if quantity > 0 else S,
        entry(engine),
        abs(quantity),
        units.quantity(0, k.quantity_max[0]),
        engine.unrealised(0),
        engine.realised(0),
        units.in_quote(0, k.fees_enter[0]),
        units.in_quote(0, k.fees_exit[0]),
        k.time_enter[0],
        s.trades.time_exchange[len(s.trades) - 1],
        k.trade_enter[0],
    )


def own(number: int, time: int, side: Side, price: Any, quantity: Any, fee: Any) -> Account:
    """A trade of an order of its own."""
    fees = AssetFees(None, D(str(fee)))
    kind = Trade("trade", f"order {number}", 0, "s", time, side, D(str(price)), D(str(quantity)), fees)
    return Account(Item(AccountEvent(0, kind)))


def deal(engine: Engine, *deals: Deal, step: int = DAY) -> list[PositionExit]:
    """Process trades, a step apart, and give the positions that they closed."""
    audits = [engine.process(own(k, START + k * step, *one)) for k, one in enumerate(deals)]
    return [output for audit in audits for output in audit.outputs if isinstance(output, PositionExit)]


def open_(
    side: Side, entry: Any, quantity: Any, most: Any, pnl: tuple[Any, Any], fees: Any, t: int, first: int
) -> Held:
    """A position that was opened by one of two trades, ``t`` apart."""
    a, b, c, d, e, f, g = (D(str(each)) for each in (entry, quantity, most, *pnl, *fees))
    return Held(side, a, b, c, d, e, f, g, START + t * first, START + t, first)


def exit_(side: Side, realised: int, t: int) -> PositionExit:
    """The exit of 1 at 100, with a fee of 10 each way."""
    return PositionExit(0, side, D(100), D(1), D(realised), D(10), D(10), START, START + t, (0, 1))


@pytest.mark.parametrize(
    ("first", "second", "step", "position", "closed"),
    [
        ((B, 100, 1, 10), (B, 120, 1, 10), DAY, open_(B, 110, 2, 2, (0, -20), (20, 0), DAY, 0), None),
        ((B, 100, 2, 10), (S, 150, "0.5", 5), DAY, open_(B, 100, "1.5", 2, ("67.5", 10), (10, 5), DAY, 0), None),
        ((B, 100, 1, 10), (S, 150, 1, 10), DAY, None, exit_(B, 30, DAY)),
        ((B, 100, 1, 10), (S, 150, 2, 20), DAY, open_(S, 150, 1, 1, (0, -10), (10, 0), DAY, 1), exit_(B, 30, DAY)),
        ((S, 100, 1, 10), (S, 80, 1, 10), 0, open_(S, 90, 2, 2, (0, -20), (20, 0), 0, 0), None),
        ((S, 100, 2, 10), (B, 80, "0.5", 5), 0, open_(S, 100, "1.5", 2, ("22.5", -5), (10, 5), 0, 0), None),
        ((S, 100, 1, 10), (B, 80, 1, 10), 0, None, exit_(S, 0, 0)),
        ((S, 100, 1, 10), (B, 80, 2, 20), 0, open_(B, 80, 1, 1, (0, -10), (10, 0), 0, 1), exit_(S, 0, 0)),
    ],
    ids=[f"TC{k}" for k in range(8)],
)
def test_a_position_after_a_second_trade(
    first: Deal, second: Deal, step: int, position: Held | None, closed: PositionExit | None
) -> None:
    """Increased, reduced, closed and flipped, long and short: all that Barter asserts of what is left and the exit."""
    engine = make()
    exits = deal(engine, first, second, step=step)
    assert exits == ([] if closed is None else [closed])
    assert held(engine) == position


def test_the_trades_of_a_position_are_those_of_the_journal() -> None:
    """A flip's trade bears the position that it closed, and is the first of the one that it opened (rule 26)."""
    engine = make()
    exits = deal(engine, (B, 100, 1, 10), (S, 150, 2, 20), (B, 140, 1, 5))
    s = engine.state
    assert [s.trades.position[row] for row in range(len(s.trades))] == [0, 0, 1]
    assert [one.trades for one in exits] == [(0, 1), (1, 2)]


@pytest.mark.parametrize(
    ("before", "trade", "average"),
    [
        ([(B, 100, 2, 0)], (B, 200, 2, 0), "150"),
        ([(B, 100, 2, 0)], (B, 200, 4, 0), "166.66666666666666666666666667"),
        ([(B, 100, 20, 0)], (B, 200, 1, 0), "104.76190476190476190476190476"),
        ([(B, 100, 2, 0), (S, 100, 2, 0)], (B, 200, 4, 0), "200"),
    ],
)
def test_the_average_entry_price(before: list[Deal], trade: Deal, average: str) -> None:
    """By quantity, to 28 digits (Barter: 29); of a new position its first price; a trade of nothing changes none."""
    engine = make()
    deal(engine, *before, trade)
    assert entry(engine) == +D(average)


@pytest.mark.parametrize(
    ("deals", "price", "expected"),
    [
        ([(B, 100, 1, 10)], 150, 40),
        ([(B, 100, 1, 10)], 80, -30),
        ([(S, 100, 1, 10)], 80, 10),
        ([(S, 100, 1, 10)], 150, -60),
        ([(B, 100, 1, 10), (S, 120, "0.5", 1)], 150, 20),
        ([(B, 100, 1, 10), (S, 120, 1, 1)], 150, 0),
    ],
)
def test_unrealised_pnl_at_the_market(deals: list[Deal], price: float, expected: int) -> None:
    """Gain of what is held less its share of the entry fees; fees of trades that reduced it are no part of it."""
    engine = make()
    deal(engine, *deals)
    engine.process(public(price, START + 9 * DAY))
    assert engine.unrealised(0) == expected


@pytest.mark.parametrize(("sold", "remaining"), [(0, 10), ("0.5", 5), (1, 0)])
def test_remaining_exit_fees_are_those_of_entry_by_quantity(sold: Any, remaining: int) -> None:
    """At the entry price they are all of the unrealised loss. More than the largest quantity is never held."""
    engine = make()
    deal(engine, (B, 100, 1, 10), *([(S, 100, sold, 0)] if sold else []))
    engine.process(public(100, START + 9 * DAY))
    assert engine.unrealised(0) == -remaining


@pytest.mark.parametrize(
    ("side", "price", "fee", "expected"),
    [
        *[(B, 150, fee, 500 - fee) for fee in (5, 0, -5)],
        *[(B, 50, fee, -500 - fee) for fee in (5, 0, -5)],
        *[(S, 50, fee, 500 - fee) for fee in (5, 0, -5)],
        *[(S, 150, fee, -500 - fee) for fee in (5, 0, -5)],
    ],
)
def test_realised_pnl_of_closing_ten(side: Side, price: int, fee: int, expected: int) -> None:
    """Long and short, profit and loss, with a fee, none and a rebate."""
    engine = make()
    (closed,) = deal(engine, (side, 100, 10, 0), (S if side is B else B, price, 10, fee))
    assert (closed.pnl_realised, closed.fees_exit) == (D(expected), D(fee))
    assert engine.realised(0) == 0


@pytest.mark.parametrize(
    ("quantity", "price", "expected"), [(1, 100, "0"), (1, 200, "1"), (1, 50, "-0.5"), (10, 150, "0.5")]
)
def test_the_return_of_a_closed_position(quantity: int, price: int, expected: str) -> None:
    """Realised PnL by average entry price times largest quantity, as the figures have it."""
    (one,) = deal(make(), (B, 100, quantity, 0), (S, price, quantity, 0))
    found = pnl_returns([(one.pnl_realised, one.price_entry_average, one.quantity_abs_max, one.time_exit)])
    assert found.every.mean == D(expected)


DEALS = st.lists(
    st.tuples(st.sampled_from(Side), st.integers(1, 500), st.integers(1, 9), st.integers(-5, 20)), max_size=12
)


@settings(deadline=None)
@given(DEALS)
def test_pnl_is_what_was_paid_and_received(deals: list[Deal]) -> None:
    """Over any trades: realised PnL of all positions, less the cost of the open one, is the cash that has moved."""
    engine = make()
    exits = deal(engine, *deals)
    cash = sum((D(p * q - f) if side is S else D(-p * q - f) for side, p, q, f in deals), D(0))
    quantity, cost = engine.position(0), engine.units.in_quote(0, engine.state.instruments.cost_basis[0])
    realised = sum((one.pnl_realised for one in exits), D(0)) + engine.realised(0)
    assert realised - (cost if quantity > 0 else -cost) == cash
    assert quantity == sum(q if side is B else -q for side, _, q, _ in deals)


@pytest.mark.parametrize(("price", "quantity"), [(100, 0), (0, 1), (-1, 1), (100, -1)])
def test_a_trade_of_nothing_is_refused(price: int, quantity: int) -> None:
    """Barter averages it in, and a negative quantity takes the other side's way."""
    engine = make()
    with pytest.raises(DataError, match="must be positive"):
        engine.process(own(0, 1, B, price, quantity, 0))


def test_an_option_is_worth_its_premium_and_may_end_worth_nothing() -> None:
    """It is paid for as spot is, and has no base asset; a short one ties up a part of its strike (rule 64)."""
    call = Instrument.option("x", "a_call", "call", 95, 10 * DAY, "a_usd", contract_size=10)
    engine = Engine([call])
    deal(engine, (B, 7, 2, 1))
    engine.process(public(9.0, START + DAY))
    assert engine.unrealised(0) == 2 * 10 * 2 - 1
    assert used_margin(engine.state, 1) == value_at_mark(engine.state, 0)
    engine.process(own(1, START + 9 * DAY, S, 0, 2, 0))
    assert engine.position(0) == 0
    deal(engine, (S, 7, 2, 1))
    assert engine.units.in_quote(0, used_margin(engine.state, 1)) == 2 * 10 * 95
    with pytest.raises(DataError, match="must be positive"):
        engine.process(own(2, START + 9 * DAY, S, -1, 2, 0))


def test_an_order_id_that_is_used_again_for_the_other_side() -> None:
    """The trade's side counts, not that of the order known by the id."""
    engine = make()
    for side in (S, B):
        one = Trade("t", "o", 0, "s", 1, side, D(100), D(1), AssetFees(None, D(0)))
        engine.process(Account(Item(AccountEvent(0, one))))
    assert engine.position(0) == 0
    assert len(engine.state.positions) == 1
