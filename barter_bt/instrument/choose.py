"""The choice of integer units: from what is declared, what the account begins with, and the data's prices (rule 1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from barter_bt.errors import ConfigError
from barter_bt.instrument.conversion import conversion_legs
from barter_bt.instrument.index import IndexedInstruments
from barter_bt.instrument.instrument import Instrument
from barter_bt.instrument.number import RESOLUTION, decimal
from barter_bt.instrument.scale import Scales

_MOST_TICKS = 9 * 10**15  # exact as a float, so that a price's tick is never in doubt
_NINE_DIGITS, _SIX_DIGITS = 10**8, 10**5  # ticks of the smallest price
_FINEST = Decimal("1e-18")  # tick, so that an amount of 1e-9 at one tick is still a fraction of int64
_MOST_UNITS = 10**16  # of a starting balance: what is 460 times as much is still in range
_USUAL_TICKS = (10**3, 10**6)  # between which prices are taken to lie, of which only the tick is known
_FEW = 100

PriceRanges = Mapping[int, tuple[float, float]]
_shared = lru_cache(maxsize=1024)  # most instruments share their steps


def choose_scales(
    index: IndexedInstruments,
    prices: PriceRanges,
    balances: Mapping[int, Decimal],
    *,
    units: Mapping[int, Decimal] | None = None,
    reporting: int | None = None,
    simulated: bool = False,
    pairs: Sequence[tuple[str, str]] = (),
    counted: Collection[str] = (),
) -> Scales:
    """Choose the scales of a run.

    Parameters
    ----------
    prices
        Smallest and largest price in the data of the instruments that declare no ``price_increment``.
    balances
        Starting balances by asset.
    units
        Units that somebody chose, by asset.
    reporting
        Asset of the equity; by default the money of the first instrument.
    simulated
        Whether all amounts arise in the run. Then a base needs no unit finer than its lots, and a lot none finer than
        its worth; amounts that are told from outside may be of any size.
    pairs
        Base and quote of each rate that is given beside the market's.
    counted
        Names of further assets of which there are amounts other than whole lots, for fees are paid in them.

    Raises
    ------
    ConfigError
        The prices of an instrument are too far apart for one tick, or a unit that was chosen does not fit its lots.

    Examples
    --------
    >>> from barter_bt.instrument import Instrument
    >>> index = IndexedInstruments([Instrument("x", "b_usd", price_increment="0.01")])
    >>> scales = choose_scales(index, {}, {1: Decimal(10**14)})
    >>> scales.ticks, scales.lots, [str(u) for u in scales.units]
    ((Decimal('0.01'),), (Decimal('1E-9'),), ['1E-9', '0.01'])
    """
    ticks = [_tick(one, prices.get(i)) for i, one in enumerate(index.instruments)]
    lots = [decimal(one.quantity_increment or RESOLUTION, "quantity_increment") for one in index.instruments]
    given = dict(units or {})
    if not simulated:
        needed = {asset: Fraction(amount) for asset, amount in balances.items()}
        chosen = _money_units(index, ticks, lots, needed, given)
    else:
        money = _money(index, index.settlement_assets[0] if reporting is None else reporting, pairs)
        money |= set(counted)
        ranges = [_range(one, ticks[i], prices.get(i)) for i, one in enumerate(index.instruments)]
        chosen = _money_units(index, ticks, lots, _needed(index, ranges, balances, money), given)
        lots = [_lot(index, i, lots[i], ranges[i], chosen, money) for i in range(len(lots))]
        coarse = {asset for asset, (_, name) in enumerate(index.assets) if name not in money} - given.keys()
        _count_in_lots(index, lots, balances, coarse, chosen)
    _make_lots_whole(index, lots, given, chosen)
    return Scales(tuple(ticks), tuple(lots), tuple(chosen))


def _tick(one: Instrument, known: tuple[float, float] | None) -> Decimal:
    """What is declared; else 1e-9, finer until the smallest price has nine digits, coarser until the largest fits."""
    if one.price_increment:
        return decimal(one.price_increment, "price_increment")
    tick = RESOLUTION
    if known is None:
        return tick
    low, high = (Fraction(decimal(price, "price")) for price in known)
    while low < _NINE_DIGITS * Fraction(tick) and tick > _FINEST:
        tick = tick.scaleb(-1)
    while high > _MOST_TICKS * Fraction(tick):
        tick = tick.scaleb(1)
    if low < _SIX_DIGITS * Fraction(tick):
        raise ConfigError(
            f"prices of {one.key!r} lie between {known[0]:g} and {known[1]:g}: in no tick do all keep six digits",
            f"look for bad prices; beside the largest, those from {float(_SIX_DIGITS * tick):g} up keep six digits; "
            "or give a price_increment",
        )
    return tick


def _range(one: Instrument, tick: Decimal, known: tuple[float, float] | None) -> tuple[Fraction, Fraction] | None:
    """Between which prices it trades; where a tick is declared, as is usual with that tick, for data is not read."""
    if one.price_increment:
        return _usual(tick)
    if known is None:
        return None
    low, high = (Fraction(decimal(price, "price")) for price in known)
    return low, high


@_shared
def _usual(tick: Decimal) -> tuple[Fraction, Fraction]:
    return Fraction(tick) * _USUAL_TICKS[0], Fraction(tick) * _USUAL_TICKS[1]


def _money(index: IndexedInstruments, reporting: int, pairs: Sequence[tuple[str, str]]) -> set[str]:
    """Names of assets of which there are amounts other than whole lots."""
    legs = conversion_legs(index, reporting, pairs).values()
    divided = {index.instruments[leg.instrument].base for leg in legs if leg.divides and leg.pair < 0}
    divided |= {pairs[leg.pair][0 if leg.divides else 1] for leg in legs if leg.pair >= 0}
    return divided | {index.assets[asset][1] for asset in (*index.settlement_assets, reporting)}


def _needed(
    index: IndexedInstruments,
    ranges: list[tuple[Fraction, Fraction] | None],
    balances: Mapping[int, Decimal],
    money: set[str],
) -> dict[int, Fraction]:
    """The largest amount of each asset that a starting balance is or, of money, that one trade makes of it."""
    own = {asset: Fraction(amount) for asset, amount in balances.items()}
    largest: dict[str, Fraction] = {}

    def note(name: str, amount: Fraction) -> None:
        largest[name] = max(amount, largest.get(name, amount))

    for asset, amount in own.items():
        note(index.assets[asset][1], amount)
    for i, one in enumerate(index.instruments):
        prices = ranges[i]
        if prices and not one.is_derivative:
            if base := own.get(index.bases[i]):
                note(one.quote, base * prices[1])
            if one.base in money and (quote := own.get(index.quotes[i])):
                note(one.base, quote / prices[0])
    nothing = Fraction(0)
    return {
        asset: largest.get(name, nothing) if name in money else own.get(asset, nothing)
        for asset, (_, name) in enumerate(index.assets)
    }


def _money_units(
    index: IndexedInstruments,
    ticks: list[Decimal],
    lots: list[Decimal],
    needed: Mapping[int, Fraction],
    given: Mapping[int, Decimal],
) -> list[Decimal]:
    """1e-9, finer for small inverse contracts, coarser where so much is needed."""

    def is_small(i: int, one: Instrument) -> bool:
        """A lot is worth so little that a unit of 1e-9 would round much of it off: some dollars of bitcoin."""
        return one.is_inverse and lots[i] * decimal(one.contract_size, "contract_size") / ticks[i] < _FEW

    fine = {one.base for i, one in enumerate(index.instruments) if is_small(i, one)}
    units = []
    for asset, (_, name) in enumerate(index.assets):
        unit = RESOLUTION / 1000 if name in fine else RESOLUTION
        amount = needed.get(asset)
        while amount and amount > _MOST_UNITS * Fraction(unit):
            unit = unit.scaleb(1)
        units.append(given.get(asset, unit))
    return units


def _lot(
    index: IndexedInstruments,
    i: int,
    lot: Decimal,
    prices: tuple[Fraction, Fraction] | None,
    units: list[Decimal],
    money: set[str],
) -> Decimal:
    """What is declared; else 1e-9, coarser until it is a unit of what is money, and worth one at any price."""
    one = index.instruments[i]
    if one.quantity_increment:
        return lot
    if not one.is_derivative and one.base in money:
        lot = max(lot, units[index.bases[i]])
    if prices:
        size = Fraction(decimal(one.contract_size, "contract_size"))
        least = size / prices[1] if one.is_inverse else size * prices[0]
        while Fraction(lot) * least < Fraction(units[index.settlement_assets[i]]):
            lot = lot.scaleb(1)
    return lot


def _count_in_lots(
    index: IndexedInstruments,
    lots: list[Decimal],
    balances: Mapping[int, Decimal],
    assets: set[int],
    units: list[Decimal],
) -> None:
    """The coarsest power of ten in which all lots are whole; finer where that makes the starting balance whole."""
    steps: dict[int, Decimal] = {}
    for i, one in enumerate(index.instruments):
        if not one.is_derivative and index.bases[i] in assets:
            power = _power(lots[i])
            steps[index.bases[i]] = min(power, steps.get(index.bases[i], power))
    for asset, step in steps.items():
        units[asset] = unit = step
        if not balances.get(asset):
            continue
        balance = Fraction(balances[asset])
        while balance % Fraction(unit) and unit > RESOLUTION and balance * 10 <= _MOST_UNITS * Fraction(unit):
            unit = unit.scaleb(-1)
        units[asset] = unit


@_shared
def _power(step: Decimal) -> Decimal:
    """The largest power of ten of which a step is a whole multiple."""
    exponent = step.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return Decimal(1).scaleb(exponent)


def _make_lots_whole(
    index: IndexedInstruments, lots: list[Decimal], given: Mapping[int, Decimal], units: list[Decimal]
) -> None:
    """Make the unit of a spot instrument's base finer until a lot is a whole number of it."""
    for i, one in enumerate(index.instruments):
        base, lot = index.bases[i], lots[i]
        if one.is_derivative:
            continue
        if base in given and not _is_whole(lot, units[base]):
            raise ConfigError(
                f"the unit of {index.asset_names[base]!r} is {units[base]}, of which a lot of {one.key!r}, {lots[i]}, "
                "is no whole number",
                f"give {one.key!r} a quantity_increment of {units[base]}, or a finer unit",
            )
        while not _is_whole(lot, units[base]):
            units[base] = units[base].scaleb(-1)


@_shared
def _is_whole(lot: Decimal, unit: Decimal) -> bool:
    return not Fraction(lot) % Fraction(unit)
