"""Positions and postings that fills and splits of a run make, by the letter of rules 4 and 45, in exact integers.

A second hand: nothing here is shared with the engine's own arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from barter_bt.backtest import Result
from barter_bt.engine.flows import FEE, VARIATION
from barter_bt.engine.order import BUY
from barter_bt.engine.terms import IN_RECEIVED
from barter_bt.testing.invariants.journal import Row, rows


def rhe(value: Fraction) -> int:
    """Rounded half to even (rule 3).

    Examples
    --------
    >>> [rhe(Fraction(halves, 2)) for halves in (1, 3, 5, -1)]
    [0, 2, 2, 0]
    """
    return round(value)


@dataclass(frozen=True)
class Terms:
    """What one instrument's fills mean."""

    base: int
    quote: int
    is_derivative: bool  # but not an option, which is paid for as spot is
    is_inverse: bool
    base_units: int
    ratio: Fraction  # units of money of one lot at one tick
    fee_in: int
    zero: int  # ticks of a price of 0 (rule 76)

    def notional(self, lots: int, ticks: int) -> int:
        """Value of lots at a price in ticks."""
        return rhe(lots * self.ratio / ticks if self.is_inverse else lots * (ticks - self.zero) * self.ratio)

    def value(self, quantity: int, basis: int, notional: int) -> int:
        """Value of a position of so many signed lots (rule 5)."""
        direction = 1 if quantity > 0 else -1
        if not self.is_derivative:
            return direction * notional
        return (-direction if self.is_inverse else direction) * (notional - basis)


@dataclass(frozen=True)
class Split:
    """One split, and what became of position and base asset by it."""

    ratio: Fraction
    instrument: int
    time: int
    trade: int  # own fills before it
    before: int
    after: int
    total_before: int
    total_after: int


@dataclass
class Position:
    """An open position; rows of the table of closed ones are made of it."""

    number: int
    instrument: int
    side: int
    time_enter: int
    trade_enter: int
    quantity: int = 0  # without sign
    quantity_max: int = 0
    cost_basis: int = 0
    fees_enter: int = 0
    fees_exit: int = 0
    realised: int = 0
    settled: int = 0  # paid by day of what is still open (rule 102)


@dataclass
class Replay:
    """What a run's fills come to.

    Attributes
    ----------
    open
        Positions at the end, by instrument.
    closed
        Of each closed position, when and by which trade; -1: by a split.
    touched
        Of each trade, the position that it touched first.
    postings
        Of each trade, changes of the balances: pairs of asset and units.
    """

    open: dict[int, Position] = field(default_factory=dict)
    closed: list[tuple[Position, int, int]] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    postings: list[list[tuple[int, int]]] = field(default_factory=list)
    opened: int = 0
    credits: dict[int, int] = field(default_factory=dict)  # by instrument: what fees left of the lots they took


def terms_of(result: Result) -> list[Terms]:
    """Terms of each instrument, from the run's columns."""
    return [
        Terms(
            row["base"],
            row["quote"],
            row["derivative"] != 0,
            row["derivative"] < 0,
            row["base_units"],
            Fraction(row["num"], row["den"]),
            row["fee_in"],
            row["zero"],
        )
        for row in rows(result.state.terms)
    ]


def replay(result: Result) -> Replay:
    """Go through fills and splits in the order in which the engine learnt of them."""
    made, terms = Replay(), terms_of(result)
    splits, elsewhere = splits_of(result), {paid["trade"] for paid in _payments(result, FEE)}
    settled = _payments(result, VARIATION)
    for number, trade in enumerate(rows(result.state.trades)):
        while settled and settled[0]["trade"] < number:
            _settle(made, result, settled.pop(0))
        while splits and splits[0].trade <= number:
            _split(made, splits.pop(0))
        one = terms[trade["instrument"]]
        gain, asset, received = 0, one.quote, 0
        paid = 0 if number in elsewhere else -trade["fees"]
        filled: dict[str, Any] = dict(trade)
        if one.fee_in == IN_RECEIVED and trade["side"] == BUY:
            received, paid = _fee_received(made, one, filled), 0
        for part in _parts(made, one, filled):
            gain += _fill(made, one, number, trade, *part)
        if one.is_derivative:
            made.postings.append([(asset, paid + gain)])
        else:
            lots, moved = trade["side"] * trade["quantity"], (asset, paid - trade["side"] * trade["notional"])
            coins = (one.base, lots * one.base_units - received)
            made.postings.append([moved] if one.base < 0 else [moved, coins])
    for each in splits:
        _split(made, each)
    for paid in settled:
        _settle(made, result, paid)
    return made


def _payments(result: Result, kind: int) -> list[Row]:
    """Payments of a kind, in the order in which the engine learnt of them."""
    kinds = result.state.flows.kind
    return [paid for paid in rows(result.state.payments) if kinds[paid["flow"]] == kind]


def _settle(made: Replay, result: Result, paid: Row) -> None:
    """What daily settlement has paid is worth no more."""
    made.open[result.state.flows.instrument[paid["flow"]]].settled += paid["amount"]


def splits_of(result: Result) -> list[Split]:
    """The splits of a run, as the engine learnt of them."""
    flows = rows(result.state.flows)
    found = []
    for row in rows(result.state.splits):
        flow = flows[row["flow"]]
        names = ("instrument", "time_exchange", "trade", "before", "after", "total_before", "total_after")
        found.append(Split(Fraction(flow["num"], flow["den"]), *(row[name] for name in names)))
    return found


def _fee_received(made: Replay, one: Terms, trade: dict[str, Any]) -> int:
    """What a buy pays of what it receives; the trade is then for what it adds to the position (rule 63)."""
    lots, credit, value = trade["quantity"], made.credits.get(trade["instrument"], 0), trade["notional"]
    amount = rhe(Fraction(trade["fees"] * lots * one.base_units, value)) if value else 0
    taken = min(max(math.ceil(Fraction(amount - credit, one.base_units)), 0), lots - 1)
    made.credits[trade["instrument"]] = credit + taken * one.base_units - amount
    trade["quantity"] = lots - taken
    trade["notional"] = one.notional(lots - taken, trade["price"])
    return amount


def _split(made: Replay, split: Split) -> None:
    """The fraction of a lot leaves the position, and takes its part of the cost with it."""
    made.credits[split.instrument] = 0
    held = made.open.get(split.instrument)
    if held is None:
        return
    exact = held.quantity * split.ratio
    whole = int(exact)
    out = rhe(held.cost_basis * (exact - whole) / exact)
    held.realised -= held.side * out
    if whole == 0:
        made.closed.append((made.open.pop(split.instrument), split.time, -1))
        return
    held.quantity, held.cost_basis = whole, held.cost_basis - out
    held.quantity_max = max(int(held.quantity_max * split.ratio), whole)


def _parts(made: Replay, one: Terms, trade: Row) -> Iterator[tuple[int, int, int]]:
    """Lots, notional and fee of a fill; of a flip, what closes and what opens."""
    held = made.open.get(trade["instrument"])
    lots, notional, fees = trade["quantity"], trade["notional"], trade["fees"]
    made.touched.append(made.opened if held is None else held.number)
    if held is None or held.side == trade["side"] or lots <= held.quantity:
        yield lots, notional, fees
        return
    closing = held.quantity, one.notional(held.quantity, trade["price"]), rhe(Fraction(fees * held.quantity, lots))
    yield closing
    yield lots - closing[0], notional - closing[1], fees - closing[2]


def _fill(made: Replay, one: Terms, number: int, trade: Row, lots: int, notional: int, fee: int) -> int:
    """One part of a fill; returns what the account is credited before fees."""
    i, side, held = trade["instrument"], trade["side"], made.open.get(trade["instrument"])
    if held is None:
        held = made.open[i] = Position(made.opened, i, side, trade["time_exchange"], number)
        made.opened += 1
    held.realised -= fee
    if held.side == side:
        held.quantity += lots
        held.cost_basis += notional
        held.quantity_max = max(held.quantity_max, held.quantity)
        held.fees_enter += fee
        return 0
    out = held.cost_basis if lots == held.quantity else rhe(Fraction(held.cost_basis * lots, held.quantity))
    way: Any = -held.side if one.is_inverse else held.side
    gain: Any = way * (notional - out)
    basis = held.cost_basis + way * held.settled  # what the account has been paid for is another (rule 102)
    credited = way * (notional - rhe(Fraction(basis * lots, held.quantity)))
    held.settled -= gain - credited
    held.quantity -= lots
    held.cost_basis -= out
    held.realised += gain
    held.fees_exit += fee
    if held.quantity == 0:
        made.closed.append((made.open.pop(i), trade["time_exchange"], number))
    return int(credited)
