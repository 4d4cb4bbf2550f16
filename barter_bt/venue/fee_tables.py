"""From fees as they are given to the venue's columns: rates by volume, and what they are paid in (rules 62 and 63)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from barter_bt.columns.exact import LIMIT
from barter_bt.engine.terms import IN_ASSET, IN_QUOTE, IN_RECEIVED, RATE, Terms
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Instrument, Scales
from barter_bt.instrument.number import decimal
from barter_bt.venue.costs import Fees
from barter_bt.venue.state import FeeTerms, Intervals, Levels, Steps, Volumes
from barter_bt.venue.terms import Venue

Step = tuple[int, int, int, int]


class FeeTables(NamedTuple):
    """What the venue's fees go by, and how long each counter's interval is."""

    fee_terms: FeeTerms
    levels: Levels
    volumes: Volumes
    intervals: Intervals
    steps: Steps
    every_ns: tuple[int, ...]


class Counter(NamedTuple):
    """What distinguishes what an exchange counts."""

    exchange: str
    asset: int
    window: int
    every_ns: int
    before: float


def fees_of(index: IndexedInstruments, venues: Mapping[str, Venue], i: int) -> Fees:
    """The fees of one instrument."""
    one = index.instruments[i]
    return venues[one.exchange].fees_by_instrument.get(one.name, venues[one.exchange].fees)


def counted_assets(index: IndexedInstruments, venues: Mapping[str, Venue]) -> set[str]:
    """Names of assets in which fees are paid or volume is counted: of these there are amounts of any size (rule 1)."""
    found = set()
    for i, one in enumerate(index.instruments):
        fees = fees_of(index, venues, i)
        if fees.tiers:
            found.add(fees.tiers.asset)
        if fees.paid_in == "received":
            found.add(one.base)
        elif fees.paid_in != "quote":
            found.add(fees.paid_in)
    return found


def build_fees(index: IndexedInstruments, scales: Scales, venues: Mapping[str, Venue], terms: Terms) -> FeeTables:
    """Write what fees go by, and into the terms the rates that a run begins with."""
    fee_terms, counters = FeeTerms(len(index)), dict[Counter, int]()
    levels: list[tuple[int, int, int]] = []
    steps: list[Step] = []
    for i, one in enumerate(index.instruments):
        fees = fees_of(index, venues, i)
        fee_terms.counter[i] = fee_terms.asset[i] = fee_terms.flow[i] = -1
        fee_terms.kept[i] = RATE
        if fees.tiers:
            asset = _asset_of(index, i, fees.tiers.asset, "asset of fee tiers")
            tiers = fees.tiers
            key = Counter(one.exchange, asset, tiers.window, tiers.every_ns, tiers.volume_before)
            fee_terms.counter[i] = counters.setdefault(key, len(counters))
            fee_terms.level_first[i] = len(levels)
            levels += _levels(fees, Fraction(scales.units[asset]))
            fee_terms.level_end[i] = len(levels)
        _pay_in(index, scales, terms, fee_terms, i, fees, steps)
    volumes, intervals = _counted(index, scales, counters, steps)
    every_ns = tuple(one.every_ns for one in counters)
    found = FeeTables(fee_terms, Levels(len(levels)), volumes, intervals, Steps(len(steps)), every_ns)
    _write(found.levels, levels)
    _write(found.steps, steps)
    _set_first_rates(found, terms)
    return found


def _set_first_rates(fees: FeeTables, terms: Terms) -> None:
    """The rates that a run begins with: those of the volume before it."""
    for i in range(len(fees.fee_terms)):
        counter = fees.fee_terms.counter[i]
        if counter >= 0:
            first = fees.volumes.first[counter]
            total = min(fees.intervals.amount[first] * fees.volumes.window[counter], LIMIT)
            for row in range(fees.fee_terms.level_first[i], fees.fee_terms.level_end[i]):
                if fees.levels.volume[row] <= total:
                    terms.maker_rate[i], terms.taker_rate[i] = fees.levels.maker_rate[row], fees.levels.taker_rate[row]


def _units(amount: float, unit: Fraction) -> int:
    return min(round(Fraction(decimal(amount, "volume")) / unit), LIMIT)


def _rate(rate: float) -> int:
    return round(decimal(rate, "fee") * RATE)


def _levels(fees: Fees, unit: Fraction) -> Iterator[tuple[int, int, int]]:
    """The plain rates first, which hold from nothing on."""
    yield 0, _rate(fees.maker), _rate(fees.taker)
    assert fees.tiers is not None, "asked only where there are"
    for one in fees.tiers.levels:
        yield _units(one.volume, unit), _rate(one.maker), _rate(one.taker)


def _counted(
    index: IndexedInstruments, scales: Scales, counters: Mapping[Counter, int], steps: list[Step]
) -> tuple[Volumes, Intervals]:
    volumes, intervals = Volumes(len(counters)), Intervals(sum(one.window for one in counters))
    first = 0
    for one, c in counters.items():
        volumes.exchange[c], volumes.window[c] = index.exchanges.index(one.exchange), one.window
        volumes.first[c], volumes.step_first[c] = first, len(steps)
        for row in range(first, first + one.window):
            intervals.amount[row] = _units(one.before, Fraction(scales.units[one.asset]))
        first += one.window
        for i, each in enumerate(index.instruments):
            same = each.exchange == one.exchange
            steps.append(_step(index, scales, i, one.asset, "volume") if same else (-1, 0, 1, 1))
    return volumes, intervals


def way_to_pay(one: Instrument, fees: Fees, margined: int) -> int:
    """What an instrument's fees are paid in (rule 63)."""
    if fees.paid_in == "quote":
        return IN_QUOTE
    if fees.paid_in != "received":
        return IN_ASSET
    if one.is_derivative or margined:
        raise ConfigError(
            f"fees of {one.key!r} are paid_in 'received', and nothing is received: "
            + (f"it is a {one.kind}" if one.is_derivative else "its account is one with margin"),
            "fees_by_instrument gives it others, which are paid in 'quote' or in a third asset",
        )
    return IN_RECEIVED


def _pay_in(
    index: IndexedInstruments, scales: Scales, terms: Terms, fee_terms: FeeTerms, i: int, fees: Fees, steps: list[Step]
) -> None:
    if terms.fee_in[i] == IN_ASSET:
        fee_terms.asset[i] = asset = _asset_of(index, i, fees.paid_in, "paid_in")
        fee_terms.kept[i] = RATE - _rate(fees.discount)
        fee_terms.step[i] = len(steps)
        steps.append(_step(index, scales, i, asset, "fees"))


def _asset_of(index: IndexedInstruments, i: int, name: str, what: str) -> int:
    one = index.instruments[i]
    known = [asset for exchange, asset in index.assets if exchange == one.exchange]
    if name not in known:
        raise ConfigError(
            f"{what} of {one.key!r} is {name!r}, which is no asset of {one.exchange!r}; it has: {', '.join(known)}",
            f"an instrument such as {name}_{one.quote} brings it, and its price",
        )
    return index.asset(name, one.exchange)


def _step(index: IndexedInstruments, scales: Scales, i: int, asset: int, what: str) -> Step:
    """From what an instrument's notional is in to another asset: instrument, whether it divides, and the ratio."""
    money = index.settlement_assets[i]
    if money == asset:
        return -1, 0, 1, 1
    for k, one in enumerate(index.instruments):
        if not one.is_derivative and {index.bases[k], index.quotes[k]} == {money, asset}:
            divides = index.quotes[k] == money
            tick = Fraction(scales.ticks[k])
            ratio = (1 / tick if divides else tick) * Fraction(scales.units[money]) / Fraction(scales.units[asset])
            if max(ratio.numerator, ratio.denominator) > LIMIT:
                raise ConfigError(
                    f"{what} of {index.instruments[i].key!r} cannot be converted by {one.key!r}: a unit at a tick is "
                    f"{float(ratio):.3g} units",
                    "give a coarser price_increment, or coarser units",
                )
            return k, int(divides), ratio.numerator, ratio.denominator
    have, want = index.assets[money][1], index.assets[asset][1]
    raise ConfigError(
        f"{what} of {index.instruments[i].key!r} cannot be converted from {have!r} to {want!r}: no spot instrument of "
        f"{index.instruments[i].exchange!r} has the two as base and quote",
        f"give an instrument such as {want}_{have}, with data",
    )


def _write(table: Levels | Steps, rows: Sequence[tuple[int, ...]]) -> None:
    for column, name in enumerate(table.schema):
        table.array(name)[:] = [row[column] for row in rows]
