"""A random scenario, small on purpose: few prices and times, so that everything collides.

One builder serves two sources of choices: Hypothesis, which shrinks, and a seeded generator.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from barter_bt.testing.scenario.activation import with_activation
from barter_bt.testing.scenario.amended_protection import with_amended_protection
from barter_bt.testing.scenario.amends import with_amends
from barter_bt.testing.scenario.bonds import with_bonds
from barter_bt.testing.scenario.books import with_books
from barter_bt.testing.scenario.brackets import with_brackets
from barter_bt.testing.scenario.by_order import with_orders
from barter_bt.testing.scenario.conditions import with_conditions, with_good_till, with_protection
from barter_bt.testing.scenario.costs import with_candle_path, with_costs
from barter_bt.testing.scenario.dealing import with_dealing, with_feed
from barter_bt.testing.scenario.endings import with_endings
from barter_bt.testing.scenario.entries import with_entries
from barter_bt.testing.scenario.faults import with_faults
from barter_bt.testing.scenario.flows import with_cash_flows
from barter_bt.testing.scenario.instruments import (
    LATENCIES,
    PAIRS,
    evidence_of,
    make_exchange,
    make_instruments,
    make_kinds,
)
from barter_bt.testing.scenario.margins import with_margin_modes, with_margins
from barter_bt.testing.scenario.market import make_streams
from barter_bt.testing.scenario.negative import with_negative_prices
from barter_bt.testing.scenario.numbers import NANO, SECOND, START, plain, worth
from barter_bt.testing.scenario.orders import make_rotations, make_schedule
from barter_bt.testing.scenario.shift import shifted
from barter_bt.testing.scenario.source import Seeded, Source, chance
from barter_bt.testing.scenario.spec import PROTECT_BY, InstrumentSpec, Scenario, StreamSpec
from barter_bt.testing.scenario.timing import with_timing
from barter_bt.testing.scenario.transfers import with_assignments, with_margin_rows, with_transfers
from barter_bt.testing.scenario.variation import with_variation
from barter_bt.testing.scenario.views import with_views

ORIGINS = (START, START, START, START, -5 * SECOND, -1_000_000_000 * SECOND, -9_000_000_000 * SECOND, 9 * START // 2)


def random_scenario(seed: int) -> Scenario:
    """The scenario of a seed.

    Examples
    --------
    >>> random_scenario(1) == random_scenario(1) != random_scenario(2)
    True
    """
    return make(Seeded(seed))


def make(source: Source, scheduled: bool = True) -> Scenario:
    """A valid scenario: instruments, terms, streams, and, if it is to be ``scheduled``, what trades what is there."""
    rotates = chance(source, 20)  # what is sold pays for what is bought, at one time
    exchanges: tuple[str, ...] = ("alpha", "beta") if chance(source, 25) and not rotates else ("alpha",)
    instruments = make_instruments(source, exchanges, PAIRS[:3] if rotates else ())
    exchanges = tuple(name for name in exchanges if any(item.exchange == name for item in instruments))
    feeds = {name: source.pick(LATENCIES) for name in exchanges}
    same = make_kinds(source)
    kinds = {item.name: same if rotates else make_kinds(source) for item in instruments}
    terms = tuple(make_exchange(source, name, feeds[name], instruments, kinds) for name in exchanges)
    streams = make_streams(source, instruments, kinds, feeds, rotates)
    balances = make_balances(source, instruments)
    scenario = Scenario(
        instruments=instruments,
        exchanges=terms,
        streams=streams,
        balances=balances,
        reporting="btc" if chance(source, 4) and any(item.base == "btc" for item in instruments) else "usd",
        size=source.pick(("units", "notional", "equity")),
        with_fee=chance(source, 50),
        strict=chance(source, 15),
        mark_every_ns=source.pick((None, None, SECOND, 2 * SECOND, 7 * SECOND, 1_500_000_000)),
    )
    if chance(source, 4):
        scenario = replace(scenario, units=make_units(source, instruments, balances))
    if not scheduled:
        scenario = replace(scenario, start=make_start(source, streams))
    elif rotates and chance(source, 60):
        scenario = replace(scenario, size="equity", reporting="usd", schedule=make_rotations(source, scenario))
    else:
        scenario = replace(scenario, schedule=make_schedule(source, scenario), start=make_start(source, streams))
    scenario = shifted(scenario, source.pick(ORIGINS) - START)  # before 1970, across it, and into the next century
    has_conditions = chance(source, 50)
    if has_conditions:
        each = tuple(replace(one, triggers_on=source.pick(evidence_of(one.name, instruments, kinds))) for one in terms)
        schedule = with_conditions(source, scenario.schedule, instruments)
        scenario = replace(scenario, exchanges=each, schedule=schedule)
        if chance(source, 40):
            by = source.pick(PROTECT_BY)
            schedule = with_protection(source, schedule, instruments, by)
            scenario = replace(scenario, schedule=schedule, protect_by=by)
    scenario = with_costs(source, scenario)  # what is drawn last leaves what a seed drew before as it was
    scenario = replace(scenario, band=source.pick(("0", "0", "0", "0.1", "0.5")))
    scenario = with_cash_flows(source, scenario)
    scenario = with_good_till(source, scenario) if has_conditions else scenario
    scenario = with_bonds(source, with_margins(source, scenario))
    scenario = with_timing(source, scenario)
    scenario = with_entries(source, with_margin_modes(source, with_candle_path(source, scenario)))
    scenario = with_endings(source, with_amends(source, with_dealing(source, scenario)))
    scenario = with_feed(source, with_transfers(source, with_views(source, scenario)))
    scenario = with_negative_prices(source, with_assignments(source, scenario))
    scenario = with_variation(source, with_faults(source, with_orders(source, with_books(source, scenario))))
    scenario = with_amended_protection(source, with_margin_rows(source, scenario))
    return with_activation(source, with_brackets(source, scenario))


def make_start(source: Source, streams: tuple[StreamSpec, ...]) -> int | None:
    """Mostly that of the data; else before it, or at the latest at its last event."""
    if not chance(source, 20):
        return None
    last = max(row[1 if stream.kind == "candles" else 0] for stream in streams for row in stream.rows)
    start: int = min(START + source.pick((-5, -1, 0, 1, 4, 10)) * SECOND // 2, last)
    return start


def make_balances(source: Source, instruments: tuple[InstrumentSpec, ...]) -> tuple[tuple[str, str, str], ...]:
    """From nothing to plenty, in the size of the orders."""
    balances: dict[tuple[str, str], Decimal] = {}
    for item in instruments:
        lot_value = worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)
        quote, base = (item.exchange, item.money), (item.exchange, item.base)
        funds = lot_value * source.pick((0, 3, 10, 10, 30, 1000)) + NANO * source.pick((0, 0, 1, 3))
        if len(instruments) == 1 and chance(source, 5):
            funds = Decimal(f"{lot_value * 10**8:.2e}")  # makes the unit coarser
        balances[quote] = max(balances.get(quote, Decimal(0)), funds)
        if item.kind == "spot":
            held = Decimal(item.lot) * source.pick((0, 0, 2, 5, 40))
            dust = source.pick((NANO, Decimal("1e-18"))) if held and chance(source, 10) else Decimal(0)
            balances[base] = max(balances.get(base, Decimal(0)), held + dust)
    return tuple((exchange, asset, plain(funds)) for (exchange, asset), funds in balances.items())


def make_units(
    source: Source, instruments: tuple[InstrumentSpec, ...], balances: tuple[tuple[str, str, str], ...]
) -> tuple[tuple[str, str, str], ...]:
    """A unit so fine that some orders' worth of money leaves the range; the starting balance does not."""
    item = source.pick(instruments)
    if item.kind == "inverse" or any(item.money == other.base and other.kind == "spot" for other in instruments):
        return ()  # one tick or the lots have a say
    lot_value = worth(item.kind, item.tick, item.contract_size) * Decimal(item.lot)
    held = max(
        Decimal(amount) for exchange, asset, amount in balances if (exchange, asset) == (item.exchange, item.money)
    )
    unit = Decimal(1).scaleb(
        max(lot_value.adjusted() - source.pick((16, 17, 18)), held.adjusted() - 17 if held else -99)
    )
    return ((item.exchange, item.money, plain(unit)),)
