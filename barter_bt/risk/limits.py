"""Limits that every order is held against before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.instrument.instrument import Number, decimal


@dataclass(frozen=True)
class Limits:
    """Refuse orders beyond a quantity or notional, or that would take a position beyond a quantity.

    A refused order stands in ``orders`` with status ``refused`` and the limit as reason. Orders at work count
    as if filled. An order that brings a position nearer to zero is never refused by the position limit.

    Parameters
    ----------
    order_quantity, order_notional, position_quantity
        For every instrument, in natural units (notional in quote); None: no limit.
    by_instrument
        Limits that replace these for one instrument.
    """

    order_quantity: Number | None = None
    order_notional: Number | None = None
    position_quantity: Number | None = None
    by_instrument: Mapping[str, Limits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("order_quantity", "order_notional", "position_quantity"):
            value = getattr(self, name)
            if value is not None and decimal(value, name) <= 0:
                raise ConfigError(f"{name} is {value}; a limit must be positive, or left out")

    def apply(self, state: EngineState, index: IndexedInstruments, scales: Scales) -> None:
        """Write the limits into the state's columns, in lots and units."""
        for name in self.by_instrument:
            index.instrument(name)
        for i in range(len(index)):
            limits = self.by_instrument.get(index.names[i], self)
            unit = scales.units[index.quotes[i]]
            ins = state.instruments
            ins.limit_order_quantity[i] = _whole(limits.order_quantity, scales.lots[i], "order_quantity")
            ins.limit_order_notional[i] = _whole(limits.order_notional, unit, "order_notional")
            ins.limit_position[i] = _whole(limits.position_quantity, scales.lots[i], "position_quantity")


def _whole(limit: Number | None, step: Decimal, what: str) -> int:
    if limit is None:
        return 0
    steps = int(decimal(limit, what) / step)
    if steps == 0:
        raise ConfigError(f"{what} is {limit}, less than one step of {step}: it would refuse everything")
    return steps
