"""Money that no order moves: funding, dividends, cash flows of one's own (rules 41, 45 and 48)."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from barter_bt.testing.scenario import Row

from .model import Instrument, World, exact, in_range, rhe
from .money import Money


class Flow(NamedTuple):
    """What is due at a time: a rate, an amount for each unit of the base, or an amount; in whole assets."""

    reason: str  # "funding", "dividend", or one's own
    time: int
    instrument: Instrument | None
    asset: int  # what is paid
    number: Fraction


def read_flow(world: World, row: Row) -> Flow:
    """A row of a scenario's cash flows."""
    if row[0] == "cash":
        _, time, exchange, asset, amount, reason = row
        return Flow(reason, time, None, world.assets.index((exchange, asset)), exact(amount))
    kind, time, name, number = row
    instrument = world.find(name)
    assert kind == "funding" if instrument.spec.kind in ("perpetual", "inverse") else instrument.spot, "it is refused"
    return Flow(kind, time, instrument, instrument.quote, exact(number))


def due(flow: Flow, world: World, money: Money) -> int:
    """What the account gets, in units of the asset; below 0 it pays."""
    item, unit = flow.instrument, world.units[flow.asset]
    if item is None:
        return rhe(flow.number / unit)
    if item.spot:  # a dividend
        return rhe(money.accounts[item.base].total * world.units[item.base] * flow.number / unit)
    position = money.positions.get(item.index)
    if position is None:
        return 0
    notional = in_range(item.notional(position.quantity, money.marks[item.index]), "notional")
    return -position.side * rhe(notional * flow.number)
