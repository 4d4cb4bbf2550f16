"""From declared instruments to columns that say how they end: settlement, delisting, exercise and delivery."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from barter_bt.columns.exact import LIMIT
from barter_bt.engine.agenda import EXPIRY, NEVER
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.terms import zero_of
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Instrument, Scales
from barter_bt.instrument.instrument import Number, decimal
from barter_bt.venue.state import Endings

_NOT_YET = "it can be declared and indexed, but not simulated yet"


def build_endings(index: IndexedInstruments, scales: Scales, reporting: int) -> Endings:
    """How every instrument ends; ``reporting`` is the asset of the equity."""
    endings = Endings(len(index))
    for i, one in enumerate(index.instruments):
        endings.settlement[i], endings.underlying[i] = -1, -1
        endings.num[i] = endings.den[i] = endings.ratio[i] = 1
        if one.settlement_price is not None:
            endings.settlement[i] = settlement_ticks(one, one.settlement_price, scales.ticks[i])
        if one.kind == "spot" and one.expiry is not None:
            endings.pays_rest[i] = int(_is_alone(i, index, reporting))
        elif one.kind == "option" or one.delivery == "physical":
            _note_underlying(endings, i, index, scales)
    return endings


def plan_delistings(state: EngineState) -> int:
    """Let the venue look when the first spot instrument is delisted, whoever holds it; returns that time, or NEVER."""
    terms = state.terms
    spot = (terms.array("derivative") == 0) & (terms.array("strike") == 0)
    times = terms.array("expiry")[spot & (terms.array("expiry") >= state.engine.time[0])]
    first = int(times.min(initial=NEVER))
    state.agenda.due[EXPIRY] = min(state.agenda.due[EXPIRY], first)
    return first


def strike_ticks(one: Instrument, tick: Decimal) -> int:
    """The strike of an option in whole ticks of its own; 0 where it is none."""
    if one.strike is None:
        return 0
    return _whole(one.strike, tick, f"strike of {one.key!r}", "its ticks")


def settlement_ticks(one: Instrument, price: Number, tick: Decimal) -> int:
    """A price in whole ticks; an option is settled at the price of something else, which is rounded."""
    if one.kind != "option":
        ticks = _whole(price, tick, f"settlement_price of {one.key!r}", "its ticks")
        return ticks + zero_of(one)
    ticks = round(Fraction(decimal(price, "settlement_price")) / Fraction(tick))
    if ticks > LIMIT:
        raise ConfigError(f"settlement_price of {one.key!r} is {price}: too many of its ticks, {tick}")
    return ticks


def _whole(price: Number, tick: Decimal, what: str, whose: str) -> int:
    ticks = Fraction(decimal(price, what)) / Fraction(tick)
    if ticks.denominator != 1 or abs(ticks) > LIMIT:
        raise ConfigError(
            f"{what} is {price}, not a whole number of {whose}, {tick}", "give a price_increment of which it is one"
        )
    return int(ticks)


def _is_alone(i: int, index: IndexedInstruments, reporting: int) -> bool:
    """Whether nothing else says what the base asset is worth."""
    base = index.bases[i]
    others = (k for k in range(len(index)) if k != i)
    used = any(base in (index.bases[k], index.quotes[k], index.settlement_assets[k]) for k in others)
    return not used and index.assets[base][1] != index.assets[reporting][1]


def _note_underlying(endings: Endings, i: int, index: IndexedInstruments, scales: Scales) -> None:
    """What an option is on, or a future delivers."""
    one = index.instruments[i]
    if one.kind == "option":
        endings.right[i] = 1 if one.option_kind == "call" else -1
        endings.american[i] = int(one.exercise == "american")
    u = _find(one, index)
    if u < 0:
        return
    other = index.instruments[u]
    if other.kind == "option":
        raise ConfigError(f"{one.key!r} is on {other.key!r}, which is an option: {_NOT_YET}")
    if other.price_can_be_negative:
        raise ConfigError(f"{one.key!r} is on {other.key!r}, whose price can be negative: {_NOT_YET}")
    if other.quote != one.quote:
        raise ConfigError(
            f"{one.key!r} is in {one.quote}, its underlying {other.key!r} in {other.quote}: {_NOT_YET}",
            "their prices must be in one money",
        )
    endings.underlying[i] = u
    steps = Fraction(scales.ticks[u]) / Fraction(scales.ticks[i])
    if max(steps.numerator, steps.denominator) > LIMIT:
        raise ConfigError(f"the ticks of {one.key!r} and {other.key!r} are too far apart: give both a price_increment")
    endings.num[i], endings.den[i] = steps.numerator, steps.denominator
    if one.delivery == "physical":
        _note_delivery(endings, i, u, index, scales)


def _find(one: Instrument, index: IndexedInstruments) -> int:
    """The underlying's index; -1 for an option whose settlement price is known, and that needs none."""
    found = [
        k for k, other in enumerate(index.instruments) if (other.exchange, other.name) == (one.exchange, one.underlying)
    ]
    if found:
        return found[0]
    if one.kind == "option" and one.delivery != "physical" and one.settlement_price is not None:
        return -1
    if one.underlying is None:
        raise ConfigError(
            f"option {one.key!r} has neither an underlying nor a settlement_price",
            "give underlying=, the name of an instrument of the run, or settlement_price=",
        )
    raise ConfigError(
        f"{one.kind} {one.key!r} has the underlying {one.underlying!r}, which is no instrument of the run",
        f"add the instrument {one.underlying!r} of {one.exchange!r} and its data",
    )


def _note_delivery(endings: Endings, i: int, u: int, index: IndexedInstruments, scales: Scales) -> None:
    one, other = index.instruments[i], index.instruments[u]
    spot = other.kind == "spot" and other.base == one.base
    if one.is_inverse or other.is_inverse or (one.kind == "future" and not spot):
        raise ConfigError(
            f"{one.kind} {one.key!r} delivers {other.key!r}, which is {other.kind}: {_NOT_YET}",
            "a linear future delivers spot with its base and quote, an option also a linear perpetual or future",
        )
    lots = _units(one, scales.lots[i]) / _units(other, scales.lots[u])
    if lots.denominator != 1 or lots > LIMIT:
        raise ConfigError(
            f"a lot of {one.key!r} delivers {float(lots):g} lots of {other.key!r}; it must be a whole number",
            f"give {other.key!r} a finer quantity_increment",
        )
    endings.delivers[i], endings.ratio[i] = 1, int(lots)
    if one.strike is not None:
        endings.strike[i] = _whole(one.strike, scales.ticks[u], f"strike of {one.key!r}", f"ticks of {other.key!r}")


def _units(one: Instrument, lot: Decimal) -> Fraction:
    return Fraction(lot) * Fraction(decimal(one.contract_size, "contract_size"))
