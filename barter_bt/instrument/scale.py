"""The integer units of prices, quantities and money (rule 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from barter_bt.instrument.index import IndexedInstruments
from barter_bt.instrument.instrument import Instrument
from barter_bt.instrument.number import RESOLUTION, decimal

_LARGEST_TICKS = 9 * 10**15  # exact as a float, so that a price's tick is never in doubt
_LARGEST_BALANCE = 10**16
_FEW = 100


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
        unit = self.units[index.moneys[instrument]]
        size = decimal(one.contract_size, "contract_size")
        tick = 1 / Fraction(self.ticks[instrument]) if one.is_inverse else Fraction(self.ticks[instrument])
        return _value(tick, self.lots[instrument], size, unit)


@lru_cache  # most instruments share their steps
def _value(tick: Fraction, lot: Decimal, size: Decimal, unit: Decimal) -> Fraction:
    return tick * Fraction(lot * size) / Fraction(unit)


def _tick(largest_price: float | None) -> Decimal:
    tick = RESOLUTION
    while largest_price is not None and Decimal(largest_price) / tick > _LARGEST_TICKS:
        tick *= 10
    return tick


def _is_fine(one: Instrument, tick: Decimal, lot: Decimal) -> bool:
    """Whether a lot of an inverse contract is worth so little that a unit of 1e-9 would round much of it off.

    Bitcoin's contracts, of some dollars at 1e5 ticks, want 1e-12 (rule 1).
    """
    return one.is_inverse and lot * decimal(one.contract_size, "contract_size") / tick < _FEW


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
    fine = {one.base for k, one in enumerate(index.instruments) if _is_fine(one, ticks[k], lots[k])}
    for asset, (_, name) in enumerate(index.assets):
        unit = RESOLUTION / 1000 if name in fine else RESOLUTION
        while balances.get(asset, Decimal(0)) / unit > _LARGEST_BALANCE:
            unit *= 10
        units.append(unit)
    for k, one in enumerate(index.instruments):
        lot, base = lots[k] * decimal(one.contract_size, "contract_size"), index.bases[k]
        while not one.is_inverse and lot % units[base] != 0:
            units[base] /= 10
    return Scales(tuple(ticks), tuple(lots), tuple(units))
