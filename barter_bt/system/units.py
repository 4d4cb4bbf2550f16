"""Decimals of messages to and from the integers of the state, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from barter_bt.columns.exact import LIMIT
from barter_bt.engine.terms import zero_of
from barter_bt.errors import DataError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.strategy.triggers import NO_TICK

_EXACT = Context(prec=150)  # of any decimal that JSON brings, in any units


def whole(value: Decimal, step: Decimal, what: str) -> int:
    """How many steps a value is.

    Raises
    ------
    DataError
        It is not a whole number of them, or so many that they do not fit.

    Examples
    --------
    >>> whole(Decimal("0.07"), Decimal("0.01"), "the price")
    7
    """
    if not value.is_finite():
        raise DataError(f"{what} is {value}; it must be finite")
    if abs(value) > step * LIMIT:
        raise DataError(f"{what} is {value}; at most 2^62 steps of {step} fit", "give a coarser increment")
    count = _EXACT.divide(value, step)
    if count != count.to_integral_value():
        raise DataError(f"{what} is {value}, which is not a whole number of steps of {step}", "give a finer increment")
    return int(count)


class Units:
    """The units of one engine's prices, quantities and money; those of money may become coarser."""

    def __init__(self, index: IndexedInstruments, scales: Scales) -> None:
        self._index, self.scales = index, scales
        self.changed: Callable[[], None] = lambda: None  # whoever counts in them elsewhere

    def ticks(self, i: int, price: Decimal) -> int:
        """A price in ticks."""
        ticks = whole(price, self.scales.ticks[i], f"the price of {self._index.names[i]!r}")
        return ticks + zero_of(self._index.instruments[i])

    def distance(self, i: int, amount: Decimal) -> int:
        """How far prices are apart, in ticks."""
        return whole(amount, self.scales.ticks[i], f"a distance of prices of {self._index.names[i]!r}")

    def counted(self, i: int, ticks: int) -> int:
        """A distance that is given in ticks.

        Raises
        ------
        DataError
            The instrument declares none, or it is too far.
        """
        name, declared = self._index.names[i], self._index.instruments[i].price_increment
        if declared is None:
            raise DataError(f"a distance of {ticks} ticks of {name!r}, whose tick is not declared", NO_TICK)
        return whole(Decimal(ticks), Decimal(1), f"a distance of prices of {name!r}, in ticks,")

    def money(self, i: int, amount: Decimal) -> int:
        """An amount of what an instrument's money is counted in, in whole units."""
        name = self._index.names[i]
        return whole(amount, self.scales.units[self._index.settlement_assets[i]], f"an amount of money of {name!r}")

    def lots(self, i: int, quantity: Decimal) -> int:
        """A quantity in lots."""
        return whole(quantity, self.scales.lots[i], f"the quantity of {self._index.names[i]!r}")

    def balance(self, asset: int, amount: Decimal) -> int:
        """An amount in units of its asset, rounded down: no more than there is."""
        return self._rounded(asset, amount, ROUND_FLOOR)

    def amount(self, asset: int, amount: Decimal) -> int:
        """An amount in units of its asset, rounded half to even."""
        return self._rounded(asset, amount, ROUND_HALF_EVEN)

    def fees(self, i: int, amount: Decimal) -> int:
        """An amount in units of what an instrument's money is counted in, rounded half to even (rule 3)."""
        return self._rounded(self._index.settlement_assets[i], amount, ROUND_HALF_EVEN)

    def _rounded(self, asset: int, amount: Decimal, how: str) -> int:
        if not amount.is_finite():
            raise DataError(f"the amount of {self._index.asset_names[asset]!r} is {amount}; it must be finite")
        return int(_EXACT.divide(amount, self.scales.units[asset]).to_integral_value(how))

    def set(self, units: Iterable[Decimal]) -> None:
        """Take other units of money."""
        self.scales = replace(self.scales, units=tuple(units))

    def price(self, i: int, ticks: int) -> Decimal:
        """Ticks as a price."""
        return ((ticks - zero_of(self._index.instruments[i])) * self.scales.ticks[i]).normalize() + 0

    def of_distance(self, i: int, ticks: int) -> Decimal:
        """Ticks as how far prices are apart."""
        return (ticks * self.scales.ticks[i]).normalize() + 0

    def quantity(self, i: int, lots: int) -> Decimal:
        """Lots as a quantity."""
        return (lots * self.scales.lots[i]).normalize() + 0

    def in_quote(self, i: int, units: int) -> Decimal:
        """Units of what an instrument's money is counted in as an amount."""
        return (units * self.scales.units[self._index.settlement_assets[i]]).normalize() + 0

    def of_asset(self, asset: int, units: int) -> Decimal:
        """Units of an asset as an amount."""
        return (units * self.scales.units[asset]).normalize() + 0
