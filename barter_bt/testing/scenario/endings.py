"""Random ends of instruments: spot that is delisted, options, and what is delivered."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import CENTER, SECOND, plain
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import InstrumentSpec, Row, Scenario

DRAWS_ENDINGS = True  # of random scenarios
_MOST_TICKS = Decimal(10**9)  # of a strike
_LEAST_SIZE, _MOST_SIZE = Decimal("1e-6"), Decimal(10**6)  # of a contract
_AWAY = ("0.9", "0.97", "1", "1", "1.03", "1.1")  # of the middle price


def with_endings(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario; if it is to be drawn, half of the time with instruments that end otherwise."""
    if not DRAWS_ENDINGS or not chance(source, 50):
        return scenario
    times = times_of(scenario)
    funded = {row[2] for row in scenario.cash_flows if row[0] == "funding"}
    instruments, taken = list(scenario.instruments), set[str]()
    for place, item in enumerate(instruments):
        if item.kind == "spot" and chance(source, 30):
            instruments[place] = delisted(source, item, source.pick(times))
        elif item.kind in ("perpetual", "future") and item.name not in funded | taken and chance(source, 70):
            instruments[place] = made = derived(source, item, instruments, times)
            taken |= {made.underlying} if made.underlying else set()
    found = replace(scenario, instruments=tuple(instruments))
    ending = [item for item in instruments if item.kind == "option" or item.physical]
    return with_requests(source, richer(source, found), ending) if ending else found


def underlying_of(item: InstrumentSpec, instruments: list[InstrumentSpec]) -> InstrumentSpec | None:
    """What is quoted alike on the same exchange, if there is anything; spot with the same base before others."""
    there = [one for one in instruments if (one.exchange, one.quote) == (item.exchange, item.quote) and one != item]
    found = [one for one in there if one.kind in ("spot", "perpetual", "future") and one.declares_tick]
    return min(found, key=lambda one: (one.kind != "spot", one.base != item.base), default=None)


def delisted(source: Source, item: InstrumentSpec, time: int) -> InstrumentSpec:
    """Paid at a price that is given, or nothing, or the mark."""
    price = (
        source.pick((None, "0", plain(Decimal(item.tick) * source.integer(90, 110)))) if item.declares_tick else None
    )
    return replace(item, expiry=time, settlement_price=price)


def derived(
    source: Source, item: InstrumentSpec, instruments: list[InstrumentSpec], times: list[int]
) -> InstrumentSpec:
    """A future that delivers, or an option on what is there; or the same as before."""
    of = underlying_of(item, instruments)
    item = item if of is None else fitted(source, item, of)
    if item.kind == "future" and item.expiry is not None and chance(source, 40):
        fits = of is not None and (of.kind, of.base) == ("spot", item.base) and delivered(item, of)
        return replace(item, underlying=of.name, physical=True) if of is not None and fits else item
    if not item.declares_tick:
        return item
    tick = Decimal(of.tick if of is not None else item.tick)
    strike = (CENTER * tick * Decimal(source.pick(_AWAY)) / Decimal(item.tick)).to_integral_value() * Decimal(item.tick)
    if not 1 <= strike / Decimal(item.tick) <= _MOST_TICKS:
        return item
    given = plain(strike * Decimal(source.pick(_AWAY))) if of is None or chance(source, 20) else None
    american = of is not None and chance(source, 50)
    option = replace(
        item,
        kind="option",
        expiry=source.pick(times[-len(times) // 4 :] if american or chance(source, 50) else times),
        settlement_price=given,
        right=source.pick(("call", "put")),
        strike=plain(strike),
        american=american,
        underlying=None if of is None else of.name,
        isolated=False,
        tiers=(),
        by_tier=False,
    )
    physical = of is not None and delivered(item, of) and strike % tick == 0 and chance(source, 50)
    return replace(option, physical=physical)


def delivered(item: InstrumentSpec, of: InstrumentSpec) -> bool:
    """Whether a lot of one is whole lots of the other."""
    lots, each = (Decimal(one.lot) * Decimal(one.contract_size) for one in (item, of))
    return item.declares_lot and of.declares_lot and lots % each == 0


def fitted(source: Source, item: InstrumentSpec, of: InstrumentSpec) -> InstrumentSpec:
    """The same, perhaps with contracts of whole lots of the other."""
    if not (item.declares_lot and of.declares_lot and chance(source, 50)):
        return item
    each = Decimal(of.lot) * Decimal(of.contract_size) * source.pick((1, 1, 2, 5))
    size = each / Decimal(item.lot)
    return replace(item, contract_size=plain(size)) if _LEAST_SIZE <= size <= _MOST_SIZE else item


def richer(source: Source, scenario: Scenario) -> Scenario:
    """Now and then with money to take what is delivered, but no units so coarse that a fee is less than one."""
    fees = (item.fee_increment or item.per_order != "0" or item.fee_minimum != "0" for item in scenario.instruments)
    if scenario.units or any(fees) or not chance(source, 40):
        return scenario
    balances = tuple((exchange, asset, plain(Decimal(amount) * 100)) for exchange, asset, amount in scenario.balances)
    return replace(scenario, balances=balances)


def with_requests(source: Source, scenario: Scenario, ending: list[InstrumentSpec]) -> Scenario:
    """What ends is entered and exercised behind all rows that there are, for their numbers are those of rows."""
    times = times_of(scenario)
    until = source.pick(times) if chance(source, 70) else max(times)
    schedule = tuple(row for row in scenario.schedule if row[1] <= until)
    last = max((row[1] for row in schedule), default=min(times))
    later = [time for time in times if time >= last] or [last]
    rows: list[Row] = []
    for _ in source.several(1, 4):
        item = source.pick(ending)
        entered = source.pick(later[: 1 + len(later) // 3])
        lots = Decimal(item.lot) * source.integer(1, 5)
        side = 1 if item.american else source.pick((1, -1))
        rows.append(("open", entered, item.name, float(side * lots), None, "gtc", False))
        if item.american and chance(source, 80):
            time = source.pick(
                [time for time in later if entered <= time <= (item.expiry or time)] or [entered]
            ) + source.pick((0, 0, SECOND))
            some = Decimal(item.lot) * source.integer(1, 5)
            rows.append(("exercise", time, item.name, float(some)))
    return replace(scenario, schedule=(*schedule, *sorted(rows, key=lambda row: row[1])))
