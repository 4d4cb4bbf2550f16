"""Random futures that are settled by day (rule 102): at prices by time, or at the closes of sessions."""

from __future__ import annotations

from dataclasses import replace

from barter_bt.testing.scenario.flows import times_of
from barter_bt.testing.scenario.numbers import CENTER, NEAR, between, in_ticks
from barter_bt.testing.scenario.source import Source, chance
from barter_bt.testing.scenario.spec import InstrumentSpec, Row, Scenario

DRAWN = True  # of random scenarios


def with_variation(source: Source, scenario: Scenario) -> Scenario:
    """The same scenario, its futures mostly settled by day where something says when."""
    times, funded = times_of(scenario), {row[2] for row in scenario.cash_flows if row[0] == "funding"}
    if DRAWN and chance(source, 30):
        kinds = ((one, one.kind == "perpetual" and one.name not in funded) for one in scenario.instruments)
        items = tuple(replace(one, kind="future") if swaps else one for one, swaps in kinds)
        scenario = replace(scenario, instruments=items)
    for item in scenario.instruments:
        is_future = item.kind == "future" or (item.kind == "inverse" and item.name not in funded)
        if not DRAWN or not is_future or item.isolated or not chance(source, 60):
            continue
        expiry = source.pick(times) if item.kind == "inverse" and chance(source, 40) else item.expiry
        ends, rows = replace(item, expiry=expiry), tuple[Row, ...]()
        if item.declares_tick and item.settlement_price is None and chance(source, 70):
            rows = make_prices(source, ends, times)
        by_day = bool(rows) or item.name in dict(scenario.sessions)
        items = tuple(replace(ends, daily=by_day) if one is item else one for one in scenario.instruments)
        scenario = replace(scenario, instruments=items, cash_flows=(*scenario.cash_flows, *rows))
    return scenario


def make_prices(source: Source, item: InstrumentSpec, times: list[int]) -> tuple[Row, ...]:
    """Some prices near the market until the expiry."""
    before = [time for time in times if item.expiry is None or time <= item.expiry]
    days = sorted({source.pick(before) for _ in source.several(1, 6)}) if before else []
    off = -int(CENTER) if item.price_can_be_negative else 0
    prices = [in_ticks(item, between(source, NEAR) + off) for _ in days]
    return tuple(("settlement", time, item.name, price) for time, price in zip(days, prices, strict=True))
