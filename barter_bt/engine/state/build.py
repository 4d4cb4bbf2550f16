"""EngineState before its first event."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from barter_bt.columns.exact import LIMIT
from barter_bt.engine.agenda import NEVER, make_agenda
from barter_bt.engine.fault import Fault
from barter_bt.engine.messages import Links, Reports, Requests
from barter_bt.engine.order import Orders
from barter_bt.engine.state.assets import update_from_balance
from barter_bt.engine.state.audits import AccountItems, Asked, Audits, MarketItems, Outputs
from barter_bt.engine.state.limits import Managers, Risk, RiskLimits
from barter_bt.engine.state.tables import (
    Actions,
    Assets,
    Balances,
    Calendars,
    Candles,
    CashFlows,
    Columns,
    Commands,
    Engine,
    EngineState,
    Entitlements,
    Entries,
    Equity,
    Event,
    Health,
    Instruments,
    Payments,
    Positions,
    Readings,
    Records,
    Schedule,
    Sessions,
    Splits,
    Trades,
    Watched,
    Windows,
    Wishes,
    Worths,
)
from barter_bt.engine.terms import Terms
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.instrument.conversion import conversion_legs


def build_state(
    index: IndexedInstruments,
    scales: Scales,
    terms: Terms,
    links: Links,
    balances: Mapping[int, int],
    reporting: int,
    start: int,
    marks: int,
) -> EngineState:
    """State at the run's start: event 0, the account snapshot with these balances, is applied (rule 12)."""
    engine, assets, instruments = Engine(1), Assets(len(index.assets)), Instruments(len(index))
    engine.time[0] = engine.market_time[0] = start
    engine.trading[0] = 1
    engine.turn_time[0] = -NEVER
    engine.reporting[0] = reporting
    engine.unhealthy[0] = len(index.exchanges)
    engine.foreign_quotes[0] = int((terms.array("quote") != reporting).sum())
    fault = Fault(1)
    fault.cursor[0] = fault.asset[0] = -1
    health = Health(len(index.exchanges))
    for exchange in range(len(index.exchanges)):
        health.account[exchange] = 1
    for name, value in {"first": -1, "final": -1, "last_time": -NEVER, "quote_time": -NEVER}.items():
        instruments.array(name)[:] = value
    assets.array("time")[:] = -NEVER
    assets.array("units_per_unit")[:] = [float(1 / Fraction(unit)) for unit in scales.units]
    _connect(index, scales, assets, reporting)
    state = EngineState(
        engine=engine,
        event=Event(1),
        fault=fault,
        terms=terms,
        links=links,
        health=health,
        assets=assets,
        instruments=instruments,
        windows=Windows(len(index)),
        candles=Candles(0),
        columns=Columns(0),
        orders=Orders(4096),
        actions=Actions(16),
        schedule=Schedule(0),
        entries=Entries(0),
        wishes=Wishes(0),
        commands=Commands(0),
        flows=CashFlows(0),
        sessions=Sessions(0),
        calendars=Calendars(len(index)),
        requests=Requests(16),
        reports=Reports(16),
        agenda=make_agenda(),
        splits=Splits(4),
        trades=Trades(4096),
        positions=Positions(4096),
        balances=Balances(4096),
        entitlements=Entitlements(16),
        payments=Payments(16),
        worths=Worths(16),
        equity=Equity(marks),
        watched=Watched(0),
        records=Records(16),
        readings=Readings(16),
        limits=RiskLimits(len(index) + 1),
        risk=Risk(1),
        managers=Managers(0),
        audits=Audits(16),
        outputs=Outputs(16),
        asked=Asked(16),
        market_items=MarketItems(16),
        account_items=AccountItems(16),
    )
    for asset in range(len(assets)):
        total = balances.get(asset, 0)
        update_from_balance(state, asset, start, total, total)
    engine.sequence[0] = 1
    return state


@lru_cache(typed=True)  # most assets share their units
def _ratio(tick: Decimal, unit: Decimal, next_unit: Decimal, divides: bool) -> Fraction:
    """Units of the next asset in one unit at one tick."""
    price = 1 / Fraction(tick) if divides else Fraction(tick)
    return price * Fraction(unit) / Fraction(next_unit)


def _connect(index: IndexedInstruments, scales: Scales, assets: Assets, reporting: int) -> None:
    """For each asset the step towards the reporting asset (rule 24)."""
    legs, home, units = conversion_legs(index, reporting), index.assets[reporting][1], scales.units
    for asset, (_, name) in enumerate(index.assets):
        assets.step[asset] = assets.next[asset] = -1
        assets.step_num[asset] = assets.step_den[asset] = 1
        assets.reaches[asset] = int(name in legs or name == home)
        if name in legs:
            i, divides = legs[name]
            following = index.bases[i] if divides else index.quotes[i]
            ratio = _ratio(scales.ticks[i], units[asset], units[following], divides)
            assets.step[asset], assets.divides[asset] = i, int(divides)
        elif name == home and asset != reporting:
            following, ratio = reporting, Fraction(units[asset]) / Fraction(units[reporting])
        else:
            continue
        if max(ratio.numerator, ratio.denominator) > LIMIT:
            raise ConfigError(
                f"the units of {index.asset_names[asset]!r} ({units[asset]}) and of "
                f"{index.asset_names[following]!r} ({units[following]}) are too far apart for one to be converted",
                f"give {index.instruments[i].key!r} a price_increment coarser than {scales.ticks[i]}, or a coarser "
                "quantity_increment"
                if name in legs
                else None,
            )
        assets.next[asset] = following
        assets.step_num[asset], assets.step_den[asset] = ratio.numerator, ratio.denominator
