"""What a target is worth, and the lots that it makes at a price: rules 18 and 61."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from barter_bt.testing.scenario import Scenario

from .costs import all_in, by_order
from .fees import is_received
from .model import BILLION, LIMIT, Instrument, exact, in_range, most, rhe


class Value(NamedTuple):
    """The value V of a target in quote units, before a fee is taken off, and the side on which it is."""

    side: int
    worth: int
    with_fee: bool
    asks: bool = True  # for anything: what does not needs no price

    def lots(self, instrument: Instrument, ticks: int) -> int:
        """W, the signed lots of rule 18 at a price."""
        assert ticks > instrument.zero, "rule 76: money has no size at other prices"
        by_lot, worth = instrument.lot_value(Fraction(ticks)), self.worth
        if not self.with_fee or is_received(instrument.spec):  # rule 63
            return self.side * min(int(worth / by_lot), LIMIT)
        taker = max(instrument.rates[False], Fraction(0))
        lots = min(int(int(worth / (1 + taker)) / by_lot), LIMIT)
        if exact(instrument.spec.per_contract) or by_order(instrument.spec):
            lots = most(lots, lambda some: all_in(instrument, some, ticks) <= worth)
        return self.side * lots


class Sized(NamedTuple):
    """Rule 61: what the market order of a target keeps of it; ``held`` is H, in lots."""

    value: Value
    held: int

    def change(self, instrument: Instrument, ticks: int) -> int:
        """W - H at this price."""
        return self.value.lots(instrument, ticks) - self.held


def value_of(scenario: Scenario, instrument: Instrument, target: Fraction, equity: int | None) -> Value | None:
    """Of a target that is an amount of money or a fraction of the equity; None where that is not known."""
    side, size = 1 if target > 0 else -1, abs(target)
    if scenario.size == "notional":
        worth = rhe(size / instrument.quote_unit)
        return Value(side, worth, scenario.with_fee, worth != 0)
    wish = rhe(size * BILLION)
    if wish:
        assert instrument.spec.money == scenario.reporting, "a fraction of equity is in the reporting asset"
    if wish and equity is None:
        return None
    worth = in_range(max(rhe(Fraction((equity or 0) * wish, BILLION)), 0), "a target")
    return Value(side, worth, scenario.with_fee, wish != 0)
