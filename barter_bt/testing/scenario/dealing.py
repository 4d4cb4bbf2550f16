"""Random terms of dealing: fees by volume and in other assets, latency that varies, quotes that fill beyond usual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import SECOND, plain, worth
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import DelaySpec, ExchangeSpec, InstrumentSpec, Scenario

# What random scenarios may have; there are "tiers", "received", "asset", "delays" and "quotes".
DRAWN: tuple[str, ...] = ("tiers", "received", "asset", "delays", "quotes")
LEVELS = (("0.0005", "0.001"), ("-0.0002", "0.002"), ("0.05", "0.1"), ("0", "0"), ("0.000000001", "0.0123"))
DISCOUNTS = ("0", "0.25", "0.333333333", "1")
WAYS = ("request_delays", "response_delays", "feed_delays")
NANOSECONDS = (0, 0, 1, SECOND // 2, SECOND, 3 * SECOND)


def with_dealing(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, perhaps with these terms."""
    if "tiers" in DRAWN and chance(source, 25):
        scenario = with_tiers(source, scenario)
    if ("received" in DRAWN or "asset" in DRAWN) and chance(source, 25):
        each = tuple(paid_in_other(source, item, scenario) for item in scenario.instruments)
        scenario = replace(scenario, instruments=each)
    if "delays" in DRAWN and chance(source, 25):
        times = sorted(set(times_of(scenario)))
        exchanges = tuple(with_delays(source, one, times) for one in scenario.exchanges)
        scenario = replace(scenario, exchanges=exchanges)
    if "quotes" in DRAWN and chance(source, 40):
        exchanges = tuple(with_quotes(source, one, scenario) for one in scenario.exchanges)
        scenario = replace(scenario, exchanges=exchanges)
    return scenario


def with_feed(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario; one exchange alone may have a feed whose delays vary, and delays of any kind be lognormal."""
    if len(scenario.exchanges) > 1 or not chance(source, 10):
        return scenario
    exchange, times = scenario.exchanges[0], sorted(set(times_of(scenario)))
    found = {way: lognormal(source) if chance(source, 40) else delays_of(source, times) for way in WAYS}
    kept: dict[str, Any] = {way: each for way, each in found.items() if way == "feed_delays" or chance(source, 30)}
    return replace(scenario, exchanges=(replace(exchange, seed=source.integer(0, 9), **kept),))


def lognormal(source: Source) -> DelaySpec:
    """Delays around half a second, or around two."""
    return "lognormal", (source.pick((SECOND // 2, 2 * SECOND)), source.pick((0, 250, 1500))), ()


def with_tiers(source: Source, scenario: Scenario) -> Scenario:
    """Levels of some times what a lot is worth; intervals that a shift of whole marks does not move."""
    marks = scenario.mark_every_ns or 60 * SECOND
    intervals = [n * SECOND for n in (1, 2, 3, 7) if marks % (n * SECOND) == 0]
    if not intervals:
        return scenario
    every, window, before = source.pick(intervals), source.integer(1, 4), source.pick((0, 0, 1, 7))
    found = []
    for item in scenario.instruments:
        if not chance(source, 70):
            found.append(item)
            continue
        asset = source.pick((item.money, *(other for _, other in steps_from(item, scenario))))
        if any(other != asset and asset not in reached_from(one, scenario) for one, other in moneys(item, scenario)):
            found.append(item)
            continue
        lot = worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)
        sizes = sorted({lot * source.pick((1, 3, 10, 40)) for _ in range(source.integer(1, 3))})
        levels = tuple((plain(size), *source.pick(LEVELS)) for size in sizes)
        tiers = (levels, asset, window, every, plain(lot * before))
        found.append(replace(item, fee_tiers=tiers))
    return replace(scenario, instruments=tuple(found))


def moneys(item: InstrumentSpec, scenario: Scenario) -> Iterator[tuple[InstrumentSpec, str]]:
    """The instruments of an exchange, and what their notional is in."""
    return ((one, one.money) for one in scenario.instruments if one.exchange == item.exchange)


def steps_from(item: InstrumentSpec, scenario: Scenario) -> list[tuple[str, str]]:
    """Spot instruments that convert what an instrument's notional is in, and to what."""
    money = item.money
    return [
        (one.name, one.quote if money == one.base else one.base)
        for one in scenario.instruments
        if one.kind == "spot" and one.exchange == item.exchange and money in (one.base, one.quote)
    ]


def reached_from(item: InstrumentSpec, scenario: Scenario) -> set[str]:
    """Assets that an instrument's notional can be converted to."""
    return {asset for _, asset in steps_from(item, scenario)}


def paid_in_other(source: Source, item: InstrumentSpec, scenario: Scenario) -> InstrumentSpec:
    """Fees in what is received, or in a third asset that there is a price of."""
    account = next(one.account for one in scenario.exchanges if one.name == item.exchange)
    ways = ["received"] if "received" in DRAWN and item.kind == "spot" and account == "cash" else []
    if "asset" in DRAWN:
        ways += [*sorted(reached_from(item, scenario)), item.money]
    if not ways or not chance(source, 70):
        return item
    way = source.pick(tuple(ways))
    return replace(item, paid_in=way, discount="0" if way == "received" else source.pick(DISCOUNTS))


def with_delays(source: Source, spec: ExchangeSpec, times: list[int]) -> ExchangeSpec:
    """By time, measured or uniform: of requests and responses."""
    request, response = (delays_of(source, times) if chance(source, 70) else None for _ in range(2))
    return replace(spec, request_delays=request, response_delays=response, seed=source.integer(0, 9))


def delays_of(source: Source, times: list[int]) -> DelaySpec:
    """A few, of some form."""
    some = tuple(source.pick(NANOSECONDS) for _ in range(source.integer(1, 4)))
    form = source.pick(("by_time", "measured", "uniform"))
    if form == "by_time":
        starts = sorted({source.pick(times) + source.pick((-1, 0, 0, 1)) for _ in some})
        return form, some[: len(starts)], tuple(starts[: len(some)])
    if form == "uniform":
        return form, (min(some), max(some)), ()
    return form, some, ()


def with_quotes(source: Source, spec: ExchangeSpec, scenario: Scenario) -> ExchangeSpec:
    """Locked quotes that fill; what is beyond a size, where ticks are declared and nothing bounds what orders get."""
    declared = all(item.declares_tick for item in scenario.instruments if item.exchange == spec.name)
    beyond = declared and spec.participation is None and chance(source, 60)
    return replace(spec, fills_locked=chance(source, 60), fills_beyond=beyond)
