"""EngineState before its first event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from barter_bt.book.tables import make_books
from barter_bt.columns.exact import LIMIT
from barter_bt.data.rates import Pair
from barter_bt.engine.agenda import NEVER, make_agenda
from barter_bt.engine.fault import Fault
from barter_bt.engine.latency import Delays
from barter_bt.engine.messages import Links
from barter_bt.engine.pledges import Pledges
from barter_bt.engine.state.assets import update_from_balance
from barter_bt.engine.state.limits import Risk, RiskLimits
from barter_bt.engine.state.tables import (
    Assets,
    Calendars,
    Engine,
    EngineState,
    Equity,
    Event,
    Health,
    Instruments,
    Rates,
    Windows,
)
from barter_bt.engine.state.valuation import BY_RATE
from barter_bt.engine.terms import RATE, Terms
from barter_bt.engine.tiers import MarginTiers
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.instrument.conversion import Leg, conversion_legs

_OFTEN = dict.fromkeys(("orders", "trades", "positions", "balances"), 4096)


def build_state(
    index: IndexedInstruments,
    scales: Scales,
    terms: Terms,
    tiers: MarginTiers,
    links: Links,
    balances: Mapping[int, int],
    reporting: int,
    start: int,
    marks: int,
    pairs: Sequence[Pair] = (),
    haircuts: Mapping[str, Mapping[str, float]] | None = None,
    delays: Delays | None = None,
) -> EngineState:
    """State at the run's start: event 0, the account snapshot with these balances, is applied (rule 12)."""
    assets = _assets(scales)
    rates = _connect(index, scales, assets, reporting, pairs)
    given: dict[str, Any] = {
        "engine": Engine(1),
        "event": Event(1),
        "fault": Fault(1),
        "terms": terms,
        "tiers": tiers,
        "links": links,
        "delays": Delays(0) if delays is None else delays,
        "health": Health(len(index.exchanges)),
        "assets": assets,
        "rates": rates,
        "pledges": build_pledges(index, scales, terms, haircuts or {}),
        "instruments": Instruments(len(index)),
        "books": make_books(len(index)),
        "windows": Windows(len(index)),
        "calendars": Calendars(len(index)),
        "agenda": make_agenda(),
        "equity": Equity(marks),
        "limits": RiskLimits(len(index) + 1),
        "risk": Risk(1),
    }
    empty = {name: _empty(name, part) for name, part in EngineState.layout.items() if name not in given}
    tables: dict[str, Any] = given | empty
    state = EngineState(**{name: tables[name] for name in EngineState.layout})
    _start(state, start, reporting)
    _snapshot(state, start, balances)
    return state


def _assets(scales: Scales) -> Assets:
    assets = Assets(len(scales.units))
    assets.array("time")[:] = -NEVER
    per_unit = {unit: float(1 / Fraction(unit)) for unit in set(scales.units)}
    assets.array("units_per_unit")[:] = [per_unit[unit] for unit in scales.units]
    return assets


def _empty(name: str, part: type[Any]) -> Any:
    """A table without rows, of a journal that most runs write with room for some."""
    return part(_OFTEN.get(name, 16) if part.growable else 0)


def _snapshot(s: EngineState, start: int, balances: Mapping[int, int]) -> None:
    """Event 0."""
    for asset in range(len(s.assets)):
        total = balances.get(asset, 0)
        update_from_balance(s, asset, start, total, total)
    s.engine.sequence[0] = 1


def _start(s: EngineState, start: int, reporting: int) -> None:
    """What is not 0 before event 0."""
    s.engine.time[0] = s.engine.market_time[0] = start
    s.engine.trading[0] = 1
    s.engine.turn_time[0] = -NEVER
    s.engine.reporting[0] = reporting
    s.engine.unhealthy[0] = len(s.health)
    s.engine.foreign_quotes[0] = int((s.terms.array("quote") != reporting).sum())
    s.fault.cursor[0] = s.fault.asset[0] = -1
    s.health.array("account")[:] = 1
    for name, value in {"first": -1, "final": -1, "last_time": -NEVER, "quote_time": -NEVER}.items():
        s.instruments.array(name)[:] = value


@lru_cache(typed=True)  # most assets share their units
def _ratio(tick: Decimal, unit: Decimal, next_unit: Decimal, divides: bool) -> Fraction:
    """Units of the next asset in one unit at one tick."""
    price = 1 / Fraction(tick) if divides else Fraction(tick)
    return price * Fraction(unit) / Fraction(next_unit)


def _connect(index: IndexedInstruments, scales: Scales, assets: Assets, reporting: int, pairs: Sequence[Pair]) -> Rates:
    """For each asset the step towards the reporting asset (rule 24); the rates of those that go by one (rule 74)."""
    legs = conversion_legs(index, reporting, [(one.base, one.quote) for one in pairs])
    home, units, rows = index.assets[reporting][1], scales.units, list[tuple[int, int, int]]()
    for asset, (_, name) in enumerate(index.assets):
        assets.step[asset] = assets.next[asset] = -1
        assets.step_num[asset] = assets.step_den[asset] = 1
        assets.reaches[asset] = int(name in legs or name == home)
        if name in legs and legs[name].pair >= 0:
            following = _by_rate(index, assets, asset, legs[name], pairs, reporting)
            assets.rate[asset] = len(rows)
            rows += _rows(index, scales, asset, following, legs[name], pairs)
            assets.rate_end[asset] = len(rows)
            continue
        if name in legs:
            i, divides, _ = legs[name]
            following = index.bases[i] if divides else index.quotes[i]
            ratio = _ratio(scales.ticks[i], units[asset], units[following], divides)
            assets.step[asset], assets.divides[asset] = i, int(divides)
        elif name == home and asset != reporting:
            following, ratio = reporting, Fraction(units[asset]) / Fraction(units[reporting])
        else:
            continue
        if max(ratio.numerator, ratio.denominator) > LIMIT:
            raise _too_far_apart(
                index,
                scales,
                asset,
                following,
                f"give {index.instruments[i].key!r} a price_increment coarser than {scales.ticks[i]}, or a coarser "
                "quantity_increment"
                if name in legs
                else None,
            )
        assets.next[asset] = following
        assets.step_num[asset], assets.step_den[asset] = ratio.numerator, ratio.denominator
    rates = Rates(len(rows))
    for column, values in zip(Rates.schema, zip(*rows, strict=True), strict=False):
        rates.array(column)[:] = values
    return rates


def _by_rate(
    index: IndexedInstruments, assets: Assets, asset: int, leg: Leg, pairs: Sequence[Pair], reporting: int
) -> int:
    """Let an asset go by a rate, which is found when it is needed; returns the asset behind that step."""
    one = pairs[leg.pair]
    name = one.base if leg.divides else one.quote
    same = [number for number, (_, known) in enumerate(index.assets) if known == name]
    following = reporting if reporting in same else same[0]
    assets.step[asset], assets.next[asset], assets.step_num[asset] = BY_RATE, following, 0
    return following


def _rows(
    index: IndexedInstruments, scales: Scales, asset: int, following: int, leg: Leg, pairs: Sequence[Pair]
) -> list[tuple[int, int, int]]:
    """Times and ratios of units of two assets, in the direction in which one is converted."""
    rows, pair = [], pairs[leg.pair]
    unit = Fraction(scales.units[asset]) / Fraction(scales.units[following])
    for time, rate in zip(pair.times, pair.rates, strict=True):
        ratio = unit / rate if leg.divides else unit * rate
        if max(ratio.numerator, ratio.denominator) > LIMIT:
            hint = f"give the rate of {pair.base}/{pair.quote}, {float(rate)!r}, with fewer digits, or other units"
            raise _too_far_apart(index, scales, asset, following, hint)
        rows.append((time, ratio.numerator, ratio.denominator))
    return rows


def _too_far_apart(
    index: IndexedInstruments, scales: Scales, asset: int, following: int, hint: str | None
) -> ConfigError:
    names, units = index.asset_names, scales.units
    return ConfigError(
        f"the units of {names[asset]!r} ({units[asset]}) and of {names[following]!r} ({units[following]}) are too far "
        "apart for one to be converted",
        hint,
    )


def build_pledges(
    index: IndexedInstruments, scales: Scales, terms: Terms, haircuts: Mapping[str, Mapping[str, float]]
) -> Pledges:
    """What counts as collateral in another asset; ``haircuts`` are by exchange and asset name (rule 75)."""
    rows: list[tuple[int, ...]] = []
    for exchange, each in haircuts.items():
        here = [i for i, one in enumerate(index.instruments) if one.exchange == exchange]
        money = sorted({terms.quote[i] for i in here if terms.margined[i]})
        if each and len(money) != 1:
            told = ", ".join(index.asset_names[asset] for asset in money) or "nothing"
            raise ConfigError(
                f"collateral of {exchange!r}: what is margined there is margined in {told}; it must be one asset",
                "leave collateral out, or trade what is margined in another asset on an exchange of its own",
            )
        for name, haircut in each.items():
            asset = index.asset(name, exchange)
            pairs = [i for i in here if terms.base[i] >= 0 and {terms.base[i], terms.quote[i]} == {asset, money[0]}]
            if not pairs:
                raise ConfigError(
                    f"collateral of {exchange!r} has {name!r}, and no spot instrument there is between it and "
                    f"{index.assets[money[0]][1]!r}, in which it would count",
                    "declare one, and give its prices",
                )
            divides = terms.base[pairs[0]] != asset
            ratio = _ratio(scales.ticks[pairs[0]], scales.units[asset], scales.units[money[0]], divides)
            if max(ratio.numerator, ratio.denominator) > LIMIT:
                raise _too_far_apart(index, scales, asset, money[0], None)
            share = RATE - round(Fraction(repr(haircut)) * RATE)
            rows.append((asset, money[0], pairs[0], int(divides), ratio.numerator, ratio.denominator, share))
    pledges = Pledges(len(rows))
    for column, values in zip(Pledges.schema, zip(*sorted(rows), strict=True), strict=False):
        pledges.array(column)[:] = values
    return pledges
