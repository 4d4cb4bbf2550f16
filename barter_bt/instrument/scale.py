"""The integer units of prices, quantities and money (rule 1)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from barter_bt.instrument.index import IndexedInstruments
from barter_bt.instrument.number import decimal


@dataclass(frozen=True)
class Scales:
    """Steps in natural units, exact.

    Attributes
    ----------
    ticks, lots
        Price and quantity step of each instrument, in index order.
    units
        Money unit of each asset, in index order.
    """

    ticks: tuple[Decimal, ...]
    lots: tuple[Decimal, ...]
    units: tuple[Decimal, ...]

    def value(self, index: IndexedInstruments, instrument: int) -> Fraction:
        """Units of money in one tick × one lot × contract size; of an inverse contract in one lot at one tick."""
        one = index.instruments[instrument]
        unit = self.units[index.settlement_assets[instrument]]
        size = decimal(one.contract_size, "contract_size")
        return _value(self.ticks[instrument], one.is_inverse, self.lots[instrument], size, unit)


@lru_cache  # most instruments share their steps
def _value(tick: Decimal, is_inverse: bool, lot: Decimal, size: Decimal, unit: Decimal) -> Fraction:
    price = 1 / Fraction(tick) if is_inverse else Fraction(tick)
    return price * Fraction(lot) * Fraction(size) / Fraction(unit)
