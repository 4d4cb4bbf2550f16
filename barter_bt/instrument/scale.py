"""The integer units of prices, quantities and money (rule 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from barter_bt.instrument.index import IndexedInstruments
from barter_bt.instrument.number import RESOLUTION, decimal

_LARGEST_TICKS = 9 * 10**15  # exact as a float, so that a price's tick is never in doubt
_LARGEST_BALANCE = 10**16


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
        """Units of the quote asset in one tick × one lot × contract size."""
        one = index.instruments[instrument]
        quote = self.units[index.quotes[instrument]]
        size = decimal(one.contract_size, "contract_size")
        return _value(self.ticks[instrument], self.lots[instrument], size, quote)


@lru_cache  # most instruments share their steps
def _value(tick: Decimal, lot: Decimal, size: Decimal, unit: Decimal) -> Fraction:
    return Fraction(tick * lot * size) / Fraction(unit)


def _tick(largest_price: float | None) -> Decimal:
    tick = RESOLUTION
    while largest_price is not None and Decimal(largest_price) / tick > _LARGEST_TICKS:
        tick *= 10
    return tick


def choose_scales(
    index: IndexedInstruments, largest_prices: Mapping[int, float], balances: Mapping[int, Decimal]
) -> Scales:
    """Scales for these instruments, the data's largest price of each, and the starting balances by asset.

    Examples
    --------
    >>> from barter_bt.instrument import Instrument
    >>> index = IndexedInstruments([Instrument("x", "b_usd", price_increment="0.01")])
    >>> scales = choose_scales(index, {}, {1: Decimal(10**14)})
    >>> scales.ticks, scales.lots, [str(u) for u in scales.units]
    ((Decimal('0.01'),), (Decimal('1E-9'),), ['1E-9', '0.010000000'])
    """
    ticks, lots = [], []
    for k, one in enumerate(index.instruments):
        ticks.append(
            decimal(one.price_increment, "price_increment") if one.price_increment else _tick(largest_prices.get(k))
        )
        lots.append(decimal(one.quantity_increment, "quantity_increment") if one.quantity_increment else RESOLUTION)
    units = []
    for asset in range(len(index.assets)):
        unit = RESOLUTION
        while balances.get(asset, Decimal(0)) / unit > _LARGEST_BALANCE:
            unit *= 10
        units.append(unit)
    for k, one in enumerate(index.instruments):
        lot, base = lots[k] * decimal(one.contract_size, "contract_size"), index.bases[k]
        while lot % units[base] != 0:
            units[base] /= 10
    return Scales(tuple(ticks), tuple(lots), tuple(units))
