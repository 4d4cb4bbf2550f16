"""What an account begins with, in the units that the run counts in (rule 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from barter_bt.columns.exact import LIMIT
from barter_bt.data import Stream
from barter_bt.errors import ConfigError, InstrumentError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.instrument.instrument import Number, decimal
from barter_bt.venue.fee_tables import fees_of
from barter_bt.venue.terms import Venue

_NOISE = Fraction(1, 10**6)  # what floats that were added or divided are off by is not worth telling


def asset_of(index: IndexedInstruments, name: Any, where: str) -> int:
    """Index of an asset; the error says of which option it was said."""
    try:
        return index.asset(name)
    except InstrumentError as error:
        raise InstrumentError(f"{where}: {error.message}", error.hint) from error


def read_balances(balances: Mapping[str, Number], index: IndexedInstruments) -> dict[int, Decimal]:
    """Starting balances by asset index."""
    if not isinstance(balances, Mapping):
        raise ConfigError(f"balances is {balances!r:.60}; it must say of which asset", 'balances={"usd": 100_000}')
    if not balances:
        raise ConfigError("balances is empty: there is nothing to trade with", 'balances={"usd": 100_000}')
    amounts = {
        asset_of(index, name, "balances"): decimal(amount, f"balance of {name!r}") for name, amount in balances.items()
    }
    for asset, amount in amounts.items():
        if amount < 0:
            raise ConfigError(f"balance of {index.asset_names[asset]!r} is {amount}; it must not be negative")
    return amounts


def read_units(units: Mapping[str, Number] | None, index: IndexedInstruments) -> dict[int, Decimal]:
    """Units that were chosen, by asset index."""
    if not (units is None or isinstance(units, Mapping)):
        raise ConfigError(f"units is {units!r:.60}; it must say of which asset", 'units={"usd": "0.01"}')
    asked = units or {}
    chosen = {asset_of(index, name, "units"): decimal(unit, f"unit of {name!r}") for name, unit in asked.items()}
    for asset, unit in chosen.items():
        if unit <= 0:
            raise ConfigError(f"the unit of {index.asset_names[asset]!r} is {unit}; it must be positive")
    return chosen


def price_ranges(streams: Sequence[Stream], index: IndexedInstruments) -> dict[int, tuple[float, float]]:
    """Smallest and largest price of the instruments that declare no increment: finding them reads the data."""
    wanted = {i for i, one in enumerate(index.instruments) if not one.price_increment}
    found: dict[int, tuple[float, float]] = {}
    for stream in streams:
        if not wanted.intersection(index.codes.get(name, -1) for name in stream.instruments):
            continue
        for name, (low, high) in stream.price_range().items():
            i = index.codes.get(name, -1)
            if i in wanted:
                known = found.get(i, (low, high))
                found[i] = min(low, known[0]), max(high, known[1])
    return found


_AMOUNTS = ("per_order", "minimum", "increment")  # of fees


def fees_cut(index: IndexedInstruments, scales: Scales, venues: Mapping[str, Venue]) -> list[str]:
    """A warning of each amount that orders pay of which something else is counted (rule 40)."""
    warnings = []
    for i, instrument in enumerate(index.names):
        fees, unit = fees_of(index, venues, i), scales.units[index.settlement_assets[i]]
        for name in _AMOUNTS if fees.by_order else ():
            amount = Fraction(decimal(getattr(fees, name) or 0, name))
            counted = round(amount / Fraction(unit)) * Fraction(unit)
            if abs(counted - amount) > amount * _NOISE:
                warnings.append(
                    f"{name} of the fees of {instrument!r} is {float(amount)!r}, of which {float(counted)!r} is "
                    f"counted: the unit of its money is {unit}"
                )
    return warnings


def starting_units(
    amounts: Mapping[int, Decimal], scales: Scales, index: IndexedInstruments
) -> tuple[dict[int, int], list[str]]:
    """Starting balances in whole units, rounded down, and a warning of each that was."""
    units, warnings = {}, []
    for asset, amount in amounts.items():
        name, unit = index.asset_names[asset], scales.units[asset]
        units[asset], dust = divmod(Fraction(amount), Fraction(unit))
        if units[asset] > LIMIT:
            raise ConfigError(
                f"balance of {name!r} is {amount}, which is beyond 2^62 units of {unit}",
                f"give a coarser unit if it is one of yours, else the instruments of base {name!r}, whose lots ask for "
                "it, a coarser quantity_increment",
            )
        if dust:
            counted = units[asset] * Fraction(unit)
            warnings.append(
                f"balance of {name} is {amount}, of which {float(counted)!r} is counted: its unit is {unit}"
            )
    return units, warnings
