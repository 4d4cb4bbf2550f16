"""Decimals of messages to and from the integers of the state, exactly."""

from __future__ import annotations

from decimal import Decimal

from barter_bt.errors import DataError
from barter_bt.instrument import IndexedInstruments, Scales


def whole(value: Decimal, step: Decimal, what: str) -> int:
    """How many steps a value is.

    Raises
    ------
    DataError
        It is not a whole number of them.

    Examples
    --------
    >>> whole(Decimal("0.07"), Decimal("0.01"), "the price")
    7
    """
    count = value / step
    if count != count.to_integral_value():
        raise DataError(f"{what} is {value}, which is not a whole number of steps of {step}", "give a finer increment")
    return int(count)


class Units:
    """The units of one engine's prices, quantities and money."""

    def __init__(self, index: IndexedInstruments, scales: Scales) -> None:
        self._index, self._scales = index, scales

    def ticks(self, i: int, price: Decimal) -> int:
        """A price in ticks."""
        return whole(price, self._scales.ticks[i], f"the price of {self._index.names[i]!r}")

    def lots(self, i: int, quantity: Decimal) -> int:
        """A quantity in lots."""
        return whole(quantity, self._scales.lots[i], f"the quantity of {self._index.names[i]!r}")

    def money(self, asset: int, amount: Decimal) -> int:
        """An amount in units of its asset."""
        return whole(amount, self._scales.units[asset], f"the amount of {self._index.asset_names[asset]!r}")

    def quote(self, i: int, amount: Decimal) -> int:
        """An amount in units of what an instrument's money is counted in."""
        return self.money(self._index.moneys[i], amount)

    def price(self, i: int, ticks: int) -> Decimal:
        """Ticks as a price."""
        return (ticks * self._scales.ticks[i]).normalize() + 0

    def quantity(self, i: int, lots: int) -> Decimal:
        """Lots as a quantity."""
        return (lots * self._scales.lots[i]).normalize() + 0

    def in_quote(self, i: int, units: int) -> Decimal:
        """Units of what an instrument's money is counted in as an amount."""
        return (units * self._scales.units[self._index.moneys[i]]).normalize() + 0

    def of_asset(self, asset: int, units: int) -> Decimal:
        """Units of an asset as an amount."""
        return (units * self._scales.units[asset]).normalize() + 0
