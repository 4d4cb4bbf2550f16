"""What protects an entry: rule 31, in ticks."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from barter_bt.testing.scenario import Row
from barter_bt.testing.scenario.spec import ProtectBy, conditions_of

from .model import BILLION, Instrument, on_grid, rhe


class Distance(NamedTuple):
    """Ticks, or a rate of a price in 1e-9, which is at least a tick; both 0 where there is none."""

    ticks: int = 0
    rate: int = 0

    def of(self, price: int, instrument: Instrument) -> int:
        return self.ticks or max(rhe(Fraction(instrument.from_zero(price) * self.rate, BILLION)), 1)


NONE = Distance()


class Level(NamedTuple):
    """Where one protecting order waits: at ``price``, or if that is 0 ``away`` from the price of the entry."""

    gains: bool  # a take profit, else a stop loss
    price: int
    away: Distance
    trail: Distance = NONE
    activation: int = 0  # rule 103: a price, or ...
    ahead: Distance = NONE  # ... how far from the price of the entry

    def active_from(self, entry: int, side: int, instrument: Instrument) -> int:
        """Rule 103: the price that activates it, 0 if nothing has to."""
        if self.ahead == NONE:
            return self.activation
        return max(entry + side * self.ahead.of(entry, instrument), 1)

    def ticks_from(self, entry: int, side: int, instrument: Instrument) -> int:
        """The price, once an entry of this side has met its own; 0 of a stop that is still to be activated."""
        towards = side if self.gains else -side
        if not self.price and self.away == NONE and (self.activation or self.ahead != NONE):
            return 0
        away = self.trail if self.away == NONE else self.away  # a stop that only trails
        return self.price or max(entry + towards * away.of(entry, instrument), 1)

    def amended(self, price: int, ticks: int, rate: int, activation: int) -> Level:
        """Rule 33: what has not started; a stop that only trails starts its own distance away."""
        trail = Distance(ticks, rate) if ticks or rate else self.trail
        starts = (activation, NONE) if activation else (self.activation, self.ahead)
        return Level(self.gains, price or self.price, self.away, trail, *starts)


def levels_of(instrument: Instrument, row: Row, by: ProtectBy) -> list[Level]:
    """Those of a row of a schedule, the stop first."""

    def distance(value: float | None) -> Distance:
        if value is None:
            return NONE
        if by == "fraction":
            return Distance(rate=on_grid(value, Fraction(1, BILLION), "a fraction of a price"))
        return Distance(instrument.counted(value) if by == "ticks" else instrument.distance_of(value))

    def level(gains: bool, value: float | None, trail: Distance = NONE) -> Level:
        if value is None:
            return Level(gains, 0, NONE, trail)
        if by == "price":
            return Level(gains, instrument.ticks_of(value), NONE, trail)
        return Level(gains, 0, distance(value), trail)

    said = conditions_of(row)
    stops = said.stop_loss is not None or said.trailing_stop is not None
    levels = [level(False, said.stop_loss, distance(said.trailing_stop))] if stops else []
    if said.trailing_activation is not None:
        assert said.trailing_stop is not None, "rule 103: it is of what trails"
        if by == "price":
            levels[0] = levels[0]._replace(activation=instrument.ticks_of(said.trailing_activation))
        else:
            levels[0] = levels[0]._replace(ahead=distance(said.trailing_activation))
    return levels + ([level(True, said.take_profit)] if said.take_profit is not None else [])
