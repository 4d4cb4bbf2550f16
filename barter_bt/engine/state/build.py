"""EngineState before its first event."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from barter_bt.engine.state.assets import update_from_balance
from barter_bt.engine.state.audits import AccountItems, Asked, Audits, MarketItems, Outputs
from barter_bt.engine.state.limits import Risk, RiskLimits
from barter_bt.engine.state.tables import (
    Actions,
    Assets,
    Balances,
    Commands,
    Engine,
    EngineState,
    Equity,
    Event,
    Health,
    Instruments,
    Positions,
    Readings,
    Records,
    Schedule,
    Trades,
    Watched,
)
from barter_bt.execution.messages import NEVER
from barter_bt.execution.venue.state import VenueState
from barter_bt.instrument import IndexedInstruments, Scales


def build_state(
    index: IndexedInstruments, scales: Scales, venue: VenueState, reporting: int, start: int, marks: int
) -> EngineState:
    """State at the run's start: event 0, the account snapshot, is applied (rule 12)."""
    engine, assets, instruments = Engine(1), Assets(len(index.assets)), Instruments(len(index))
    engine.time[0] = engine.market_time[0] = start
    engine.trading[0] = 1
    engine.reporting[0] = reporting
    engine.mark_due[0] = engine.bar_due[0] = engine.timer_due[0] = NEVER
    engine.unhealthy[0] = len(index.exchanges)
    engine.foreign_quotes[0] = int((venue.terms.array("quote") != reporting).sum())
    schedule, commands = Schedule(1), Commands(1)
    schedule.due[0] = commands.due[0] = NEVER
    health = Health(len(index.exchanges))
    for exchange in range(len(index.exchanges)):
        health.account[exchange] = 1
    for name, value in {"first": -1, "final": -1, "last_time": -NEVER, "quote_time": -NEVER}.items():
        instruments.array(name)[:] = value
    assets.array("time")[:] = -NEVER
    _connect(index, scales, venue, assets, reporting)
    state = EngineState(
        engine=engine,
        event=Event(1),
        fault=venue.fault,
        terms=venue.terms,
        links=venue.links,
        health=health,
        assets=assets,
        instruments=instruments,
        orders=venue.orders,
        actions=Actions(16),
        schedule=schedule,
        commands=commands,
        requests=venue.requests,
        reports=venue.reports,
        ends=venue.ends,
        trades=Trades(4096),
        positions=Positions(4096),
        balances=Balances(4096),
        equity=Equity(marks),
        watched=Watched(0),
        records=Records(16),
        readings=Readings(16),
        limits=RiskLimits(len(index) + 1),
        risk=Risk(1),
        audits=Audits(16),
        outputs=Outputs(16),
        asked=Asked(16),
        market_items=MarketItems(16),
        account_items=AccountItems(16),
    )
    for asset in range(len(assets)):
        total = venue.accounts.total[asset]
        update_from_balance(state, asset, start, total, total)
    engine.sequence[0] = 1
    return state


@lru_cache  # most assets share their units
def _ratio(value: Fraction, base_units: int, unit: Decimal, base_unit: Decimal) -> Fraction:
    return value / base_units * Fraction(unit / base_unit)


def _connect(index: IndexedInstruments, scales: Scales, venue: VenueState, assets: Assets, reporting: int) -> None:
    """For each asset the step towards the reporting asset: breadth first over spot instruments (rule 24)."""
    terms = venue.terms
    for asset in range(len(assets)):
        assets.step[asset] = assets.next[asset] = -1
        assets.step_num[asset] = assets.step_den[asset] = 1
    reached = [index.assets[reporting][1]]
    by_quote: dict[str, list[int]] = {}
    by_name: dict[str, list[int]] = {}
    for i, one in enumerate(index.instruments):
        if terms.base[i] >= 0:
            by_quote.setdefault(one.quote, []).append(i)
    for asset, (_, name) in enumerate(index.assets):
        by_name.setdefault(name, []).append(asset)
    known = set(reached)
    for name in reached:
        for i in by_quote.get(name, ()):
            base = index.instruments[i].base
            if base not in known:
                known.add(base)
                reached.append(base)
                value, unit = scales.value(index, i), scales.units[terms.base[i]]
                for asset in by_name[base]:
                    ratio = _ratio(value, terms.base_units[i], scales.units[asset], unit)
                    assets.step[asset], assets.next[asset] = i, terms.quote[i]
                    assets.step_num[asset], assets.step_den[asset] = ratio.numerator, ratio.denominator
    for asset, (_, name) in enumerate(index.assets):
        assets.reaches[asset] = int(name in known)
        if name == reached[0] and asset != reporting:
            ratio = Fraction(scales.units[asset] / scales.units[reporting])
            assets.next[asset] = reporting
            assets.step_num[asset], assets.step_den[asset] = ratio.numerator, ratio.denominator
