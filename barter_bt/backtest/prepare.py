"""From what a simulation is asked for to what its runs begin from: each step reads what the ones before have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from barter_bt.backtest.account import asset_of, fees_cut, price_ranges, read_balances, read_units, starting_units
from barter_bt.backtest.adjusted import refuse_adjusted
from barter_bt.backtest.asked import (
    evidence_of,
    feed_latency,
    instruments_of,
    marks_every,
    nanoseconds,
    refuse_kinds,
    refuse_paths,
    refuse_strangers,
    refuse_unseen,
    streams_of,
    with_arrivals,
    with_negative_prices,
)
from barter_bt.backtest.elsewhere import elsewhere
from barter_bt.backtest.feeder import Feeder
from barter_bt.backtest.flows import flows_of
from barter_bt.backtest.flows import install as install_flows
from barter_bt.backtest.kept import KeptChunks
from barter_bt.backtest.settlements import with_settlements
from barter_bt.backtest.setup import Setup
from barter_bt.backtest.spill import Spill
from barter_bt.backtest.variation import variation_rows
from barter_bt.data import Stream
from barter_bt.data.doubts import doubts
from barter_bt.data.flows import CashFlows
from barter_bt.data.market import dealt_on, shown
from barter_bt.data.rates import Pair, idle_rates, read_rates
from barter_bt.data.sessions import Sessions
from barter_bt.engine.agenda import MARK, NEVER
from barter_bt.engine.audit import LEVELS
from barter_bt.engine.state.build import build_state
from barter_bt.engine.state.calendars import install as install_sessions
from barter_bt.engine.state.calendars import sessions_of
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales, choose_scales
from barter_bt.strategy.driver import Market
from barter_bt.venue.begin import begin_venue
from barter_bt.venue.build import build_fill_terms, build_links, build_margin_terms, build_terms, build_tiers
from barter_bt.venue.by_exchange import venues_of
from barter_bt.venue.endings import build_endings
from barter_bt.venue.fee_tables import FeeTables, build_fees, counted_assets
from barter_bt.venue.terms import Venue

if TYPE_CHECKING:
    from barter_bt.backtest.commands import Commands
    from barter_bt.backtest.record import Record
    from barter_bt.risk import Limits


class Asked(NamedTuple):
    """The arguments of a :class:`~barter_bt.Simulation`, as they were given."""

    data: Any
    instruments: Any
    venues: Any
    balances: Any
    units: Any
    risk: Any
    commands: Any
    cash_flows: Any
    sessions: Any
    trading: str
    reporting: str | None
    rates: Any
    mark_every: str | int | None
    record: Any
    audit: str
    start: datetime | None
    end: datetime | None
    seed: int
    spill: Spill | None
    interpret: bool | None


class _Ground(NamedTuple):
    """The market: its data, what is traded where, and on which terms."""

    streams: tuple[Stream, ...]
    instruments: IndexedInstruments
    venues: Mapping[str, Venue]
    flows: Sequence[CashFlows]
    pairs: Sequence[Pair]
    odd: Sequence[str]


class _Money(NamedTuple):
    """What is counted in which units, and what there is in the beginning."""

    home: int
    scales: Scales
    balances: Mapping[int, Decimal]
    starting: Mapping[int, int]
    dust: Sequence[str]


class _Times(NamedTuple):
    """What of the data takes part, who sees it when, and when equity is measured."""

    first: int
    last: int
    begins: int
    marks: int
    seen: tuple[Stream, ...]
    feed_ns: tuple[int, ...]
    chunks: list[KeptChunks]
    feeder: Feeder


def prepare(asked: Asked) -> Setup:
    """Check and index all of it."""
    refuse_kinds(asked)
    if asked.audit not in LEVELS:
        raise ConfigError(f"audit is {asked.audit!r}; allowed: {', '.join(LEVELS)}")
    ground = _ground(asked)
    index, venues, streams = ground.instruments, ground.venues, ground.streams
    money = _money(asked, ground)
    scales = money.scales
    terms = build_terms(index, scales, venues)
    fees = build_fees(index, scales, venues, terms)
    refuse_unseen(streams)
    refuse_paths(dealt_on(streams), index, venues)
    times = _times(asked, ground, terms.array("expiry"))
    state = _state(asked, ground, money, times, terms)
    watched, told = _record(asked.record), _commands(asked.commands)
    limits, managers = _risk(asked.risk)
    _install(state, index, scales, watched, limits, told, asked.trading)
    open_in, reasons, early = _install_calendar(asked, ground, scales, times, fees, state)
    seen_ns = tuple(feed_latency(one, index, venues) for one in times.seen)
    fill_terms = build_fill_terms(index, venues, evidence_of(dealt_on(streams), index))
    margin_terms, endings = build_margin_terms(index, scales, venues), build_endings(index, scales, money.home)
    return Setup(
        index=index,
        scales=scales,
        market=Market(index, scales, times.seen, money.home, seen_ns),
        streams=streams,
        feed_ns=times.feed_ns,
        venues=venues,
        balances=money.balances,
        fill_terms=fill_terms,
        margin_terms=margin_terms,
        endings=endings,
        fees=fees,
        state=state,
        venue=begin_venue(state, fill_terms, margin_terms, endings, fees),
        rates=ground.pairs,
        first=times.first,
        last=times.last,
        marks=times.marks,
        risk=limits,
        managers=managers,
        commands=told,
        cash_flows=ground.flows,
        flow_reasons=reasons,
        sessions=open_in,
        record=watched,
        trading=asked.trading,
        audit=asked.audit,
        seed=asked.seed,
        spill=asked.spill,
        chunks=times.chunks,
        warnings=[*ground.odd, *elsewhere(streams, index), *money.dust, *fees_cut(index, scales, venues), *early],
        spare=[times.feeder],
    )


def _ground(asked: Asked) -> _Ground:
    streams = streams_of(asked.data)
    odd = [f"{doubt.message}: {doubt.hint}" for stream in streams for doubt in doubts(stream)]
    pairs, flows = read_rates(asked.rates), flows_of(asked.cash_flows)
    names = [name for one in pairs for name in (one.base, one.quote)]
    index = IndexedInstruments(with_settlements(instruments_of(asked.instruments), flows), names)
    odd += idle_rates(pairs, _counted(asked, index))
    refuse_strangers(streams, index)
    venues = venues_of(asked.venues, index)
    streams = with_negative_prices(with_arrivals(streams, index, venues), index)
    return _Ground(tuple(streams), index, venues, flows, pairs, odd)


def _record(given: Any) -> Record | None:
    """What is recorded, also of a mapping, as a configuration file gives it."""
    watched: Record | None = given
    if isinstance(given, Mapping):
        from barter_bt.backtest.record import Record

        watched = Record.of(given)
    return watched


def _commands(given: Any) -> Commands | None:
    """Commands, also of a frame of them."""
    told: Commands | None = given
    if isinstance(given, pl.DataFrame):
        from barter_bt.backtest.commands import Commands

        told = Commands(given)
    return told


def _risk(given: Any) -> tuple[Limits | None, list[Any]]:
    """Limits, and managers of the user's own."""
    if given is None:
        return None, []
    from barter_bt.risk.managers import split

    return split(given)


def _counted(asked: Asked, index: IndexedInstruments) -> set[str]:
    """Names of what there is an amount of, or an equity in; others stand in rates alone."""
    told = asked.balances if isinstance(asked.balances, Mapping) else ()
    named = [str(name).rpartition(".")[2] for name in (*told, asked.reporting or "")]
    return {*named, *(asset for one in index.instruments for asset in one.assets)}


def _money(asked: Asked, ground: _Ground) -> _Money:
    index = ground.instruments
    home = asset_of(index, asked.reporting, "reporting") if asked.reporting else index.settlement_assets[0]
    balances, units = read_balances(asked.balances, index), read_units(asked.units, index)
    scales = choose_scales(
        index,
        price_ranges(ground.streams, index),
        balances,
        units=units,
        reporting=home,
        simulated=True,
        pairs=[(one.base, one.quote) for one in ground.pairs],
        counted=counted_assets(index, ground.venues),
    )
    starting, dust = starting_units(balances, scales, index)
    return _Money(home, scales, balances, starting, dust)


def _times(asked: Asked, ground: _Ground, expiry: Any) -> _Times:
    streams, index = ground.streams, ground.instruments
    first, last = nanoseconds(asked.start, -NEVER, "start"), nanoseconds(asked.end, NEVER, "end")
    if first > last:
        raise ConfigError(f"start, {asked.start}, is after end, {asked.end}", "a run goes from start to end")
    feed_ns = tuple(feed_latency(stream, index, ground.venues) for stream in streams)
    chunks = [KeptChunks(stream, index.codes) for stream in streams]
    feeder, seen = Feeder(streams, chunks, expiry, feed_ns, first, last), tuple(shown(streams))
    marks, first_time = marks_every(asked.mark_every, seen), feeder.first_time()
    begins = first_time if asked.start is None else first
    return _Times(first, last, begins, marks, seen, feed_ns, chunks, feeder)


def _state(asked: Asked, ground: _Ground, money: _Money, times: _Times, terms: Any) -> EngineState:
    """The engine before its first event, without what was asked for beside data and terms."""
    index, scales, venues = ground.instruments, money.scales, ground.venues
    links, delays = build_links(index, venues)
    closes = sum(s.rows for s in times.seen if s.kind == "candles") // len(index) if times.marks == 0 else 0
    state = build_state(
        index,
        scales,
        terms,
        build_tiers(index, scales, venues),
        links,
        money.starting,
        money.home,
        times.begins,
        closes + 64,
        ground.pairs,
        {name: venue.collateral for name, venue in venues.items()},
        delays,
    )
    state.engine.mark_every[0], state.agenda.due[MARK] = times.marks, times.begins
    state.engine.streams[0] = len(ground.streams)
    state.engine.repeats[0] = int(state.links.array("repeated").any())
    return state


def _install(
    state: EngineState,
    index: IndexedInstruments,
    scales: Scales,
    record: Record | None,
    limits: Limits | None,
    commands: Commands | None,
    trading: str,
) -> None:
    """Let the engine have what was asked for beside data and terms."""
    if record:
        record.watch(state)
    if limits:
        limits.apply(state, index, scales)
    if commands:
        commands.install(state, index)
    if trading not in ("enabled", "disabled"):
        raise ConfigError(f"trading is {trading!r}; allowed: enabled, disabled")
    state.engine.trading[0] = int(trading == "enabled")


def _install_calendar(
    asked: Asked, ground: _Ground, scales: Scales, times: _Times, fees: FeeTables, state: EngineState
) -> tuple[Mapping[int, Sessions], Sequence[str], Sequence[str]]:
    """Sessions, and money that moves by time: when instruments can be traded, why money moves, what comes too early."""
    streams, index = ground.streams, ground.instruments
    with_books = _with_books(streams, index)
    state.engine.has_books[0] = int(bool(with_books))
    refuse_adjusted(ground.flows, streams, index)
    open_in = sessions_of(asked.sessions, index, streams)
    install_sessions(open_in, state)
    settled = variation_rows(ground.flows, open_in, index, scales, ground.venues, times.begins)
    reasons, early = install_flows(ground.flows, state, index, scales, fees, with_books, settled)
    return open_in, reasons, early


def _with_books(streams: Sequence[Stream], index: IndexedInstruments) -> set[int]:
    """Instruments that have a book."""
    if not any(one.is_book for one in streams):
        return set()
    found = {i for i, kinds in evidence_of(streams, index).items() if "book" in kinds}
    for one in (index.instruments[i] for i in sorted(found)):
        if one.price_can_be_negative:
            raise ConfigError(f"{one.key!r} has a book, and price_can_be_negative", "books have prices above 0")
    return found
