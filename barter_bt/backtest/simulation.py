"""``Simulation``: market data, instruments and terms, prepared once for any number of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import polars as pl

from barter_bt.backtest.account import price_ranges, read_balances, read_units, starting_units
from barter_bt.backtest.asked import (
    evidence_of,
    feed_latency,
    instruments_of,
    marks_every,
    nanoseconds,
    refuse_paths,
    refuse_unseen,
    streams_of,
    with_arrivals,
    with_negative_prices,
)
from barter_bt.backtest.checkpoint import Checkpoint
from barter_bt.backtest.commands import Commands
from barter_bt.backtest.elsewhere import elsewhere
from barter_bt.backtest.feeder import Feeder
from barter_bt.backtest.flows import flows_of
from barter_bt.backtest.flows import install as install_flows
from barter_bt.backtest.identity import fingerprint
from barter_bt.backtest.kept import KeptChunks
from barter_bt.backtest.record import Record
from barter_bt.backtest.result import Result
from barter_bt.backtest.run import merge, run
from barter_bt.backtest.sessions import install as install_sessions
from barter_bt.backtest.sessions import sessions_of
from barter_bt.backtest.settlements import with_settlements
from barter_bt.backtest.setup import Setup
from barter_bt.backtest.spill import SPILL, Spill
from barter_bt.backtest.variation import variation_rows
from barter_bt.data import MarketData, Stream
from barter_bt.data.doubts import doubts
from barter_bt.data.flows import CashFlows
from barter_bt.data.forked import refuse_fork
from barter_bt.data.market import dealt_on, shown
from barter_bt.data.rates import read_rates
from barter_bt.data.sessions import Sessions
from barter_bt.engine.agenda import MARK, NEVER
from barter_bt.engine.audit import LEVELS
from barter_bt.engine.state.build import build_state
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Instrument, Scales, choose_scales
from barter_bt.instrument.instrument import Number
from barter_bt.risk.limits import Limits
from barter_bt.risk.managers import Given, split
from barter_bt.strategy.driver import Market
from barter_bt.venue.build import build_fill_terms, build_links, build_margin_terms, build_terms, build_tiers
from barter_bt.venue.by_exchange import venues_of
from barter_bt.venue.endings import build_endings
from barter_bt.venue.fee_tables import build_fees, counted_assets
from barter_bt.venue.terms import Venue


class Simulation:
    """Everything of a backtest but the strategy, prepared once; ``run`` tries one strategy after another.

    A run gives what :func:`~barter_bt.backtest` gives: the same digest, warnings and manifest. Runs do not know of each
    other and may go on at the same time, in threads of one process (compiled code leaves Python's lock) or, a
    simulation in each, in several processes.

    Parameters
    ----------
    data, instruments, venues, balances, units, risk, commands, cash_flows, sessions
        As for :func:`~barter_bt.backtest`.
    trading, reporting, rates, mark_every, record, audit, start, end, seed, spill, interpret
        As for :func:`~barter_bt.backtest`.

    Raises
    ------
    BarterBtError
        For bad input: the message names what and where, and how to put it right.

    Notes
    -----
    What is kept for later runs: what a stream knows of itself (its rows are checked once), and of data in memory the
    columns as the engine and signals read them, from the second run on. Files are streamed anew in each run.

    A strategy in Python that remembers something remembers it in the next run as well: give each run its own object.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(500, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> simulation = bt.Simulation(candles, btc, balances={"usd": 1_000}, interpret=True)
    >>> crosses = [bt.strategy.builtin.SmaCross(fast, 50) for fast in (5, 10)]
    >>> runs = [simulation.run(cross) for cross in crosses]
    >>> alone = bt.backtest(candles, btc, crosses[1], balances={"usd": 1_000}, interpret=True)
    >>> runs[1].digest == alone.digest
    True
    """

    def __init__(
        self,
        data: Stream | MarketData | Sequence[Stream],
        instruments: Instrument | Sequence[Instrument],
        *,
        venues: Venue | Mapping[str, Venue] | None = None,
        balances: Mapping[str, Number],
        units: Mapping[str, Number] | None = None,
        risk: Given = None,
        commands: Commands | pl.DataFrame | None = None,
        cash_flows: CashFlows | Sequence[CashFlows] | None = None,
        sessions: Sessions | str | Mapping[str, Sessions | str] | None = None,
        trading: Literal["enabled", "disabled"] = "enabled",
        reporting: str | None = None,
        rates: Mapping[str, Any] | None = None,
        mark_every: str | int | None = None,
        record: Record | Mapping[str, Any] | None = None,
        audit: Literal["off", "actions", "full"] = "off",
        start: datetime | None = None,
        end: datetime | None = None,
        seed: int = 0,
        spill: Spill | None = SPILL,
        interpret: bool | None = None,
    ) -> None:
        self._given = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        refuse_fork()
        streams = streams_of(data)
        odd = [f"{doubt.message}: {doubt.hint}" for stream in streams for doubt in doubts(stream)]
        pairs = read_rates(rates)
        names = [name for one in pairs for name in (one.base, one.quote)]
        paid = flows_of(cash_flows)
        index = IndexedInstruments(with_settlements(instruments_of(instruments), paid), names)
        terms_of = venues_of(venues, index)
        streams = with_negative_prices(with_arrivals(streams, index, terms_of), index)
        first, last = nanoseconds(start, -NEVER, "start"), nanoseconds(end, NEVER, "end")
        home = index.asset(reporting) if reporting else index.settlement_assets[0]
        amounts, chosen = read_balances(balances, index), read_units(units, index)
        ranges = price_ranges(streams, index)
        bare, counted = [(one.base, one.quote) for one in pairs], counted_assets(index, terms_of)
        scales = choose_scales(
            index, ranges, amounts, units=chosen, reporting=home, simulated=True, pairs=bare, counted=counted
        )
        starting, dust = starting_units(amounts, scales, index)
        terms, (links, delays) = build_terms(index, scales, terms_of), build_links(index, terms_of)
        fees = build_fees(index, scales, terms_of, terms)
        refuse_unseen(streams)
        refuse_paths(dealt_on(streams), index, terms_of)
        fill_terms = build_fill_terms(index, terms_of, evidence_of(dealt_on(streams), index))
        seen = shown(streams)
        feed_ns = tuple(feed_latency(stream, index, terms_of) for stream in streams)
        chunks = [KeptChunks(stream, index.codes) for stream in streams]
        feeder = Feeder(streams, chunks, terms.array("expiry"), feed_ns, first, last)
        marks = marks_every(mark_every, seen)
        first_time = feeder.first_time()
        begins = first_time if start is None else first
        closes = sum(s.rows for s in seen if s.kind == "candles") // len(index) if marks == 0 else 0
        tiers = build_tiers(index, scales, terms_of)
        haircuts = {name: venue.collateral for name, venue in terms_of.items()}
        state = build_state(
            index, scales, terms, tiers, links, starting, home, begins, closes + 64, pairs, haircuts, delays
        )
        state.engine.mark_every[0], state.agenda.due[MARK] = marks, begins
        state.engine.streams[0] = len(streams)
        watched = Record(**record) if isinstance(record, Mapping) else record
        limits, managers = split(risk)
        told = Commands(commands) if isinstance(commands, pl.DataFrame) else commands
        _install(state, index, scales, watched, limits, told, trading)
        with_books = _with_books(streams, index)
        state.engine.has_books[0] = int(bool(with_books))
        state.engine.repeats[0] = int(state.links.array("repeated").any())
        open_in = sessions_of(sessions, index, streams)
        install_sessions(open_in, state)
        settled = variation_rows(paid, open_in, index, scales, terms_of, begins)
        reasons, early = install_flows(paid, state, index, scales, fees, with_books, settled)
        if audit not in LEVELS:
            raise ConfigError(f"audit is {audit!r}; allowed: {', '.join(LEVELS)}")
        self._interpret = interpret
        self._setup = Setup(
            index=index,
            scales=scales,
            market=Market(index, scales, tuple(seen), home, tuple(feed_latency(one, index, terms_of) for one in seen)),
            streams=tuple(streams),
            feed_ns=feed_ns,
            venues=terms_of,
            balances=amounts,
            fill_terms=fill_terms,
            margin_terms=build_margin_terms(index, scales, terms_of),
            endings=build_endings(index, scales, home),
            fees=fees,
            state=state,
            rates=pairs,
            first=first,
            last=last,
            marks=marks,
            risk=limits,
            managers=managers,
            commands=told,
            cash_flows=paid,
            flow_reasons=reasons,
            sessions=open_in,
            record=watched,
            trading=trading,
            audit=audit,
            seed=seed,
            spill=spill,
            chunks=chunks,
            warnings=[*odd, *elsewhere(streams, index), *dust, *early],
            spare=[feeder],
        )

    @property
    def setup(self) -> Setup:
        """What has been prepared, for other hosts of the loop."""
        return self._setup

    @property
    def interpret(self) -> bool | None:
        """Whether runs are interpreted; None: as it suits."""
        return self._interpret

    @cached_property
    def span(self) -> tuple[datetime, datetime]:
        """From the start of the account to the last market event, in UTC: the time that folds split.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(60, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> start, end = simulation.span
        >>> end - start
        datetime.timedelta(seconds=3600)
        """
        last = min(max(stream.time_range()[1] for stream in self._setup.streams), self._setup.last)
        begins, ends = self._setup.begins // 1_000, -(-last // 1_000)
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + timedelta(microseconds=begins), epoch + timedelta(microseconds=ends)

    def run(
        self,
        strategy: Any,
        *,
        checkpoint: Checkpoint | None = None,
        resume: str | Path | None = None,
        progress: bool | Callable[[int, int], None] | None = None,
    ) -> Result:
        """Run one strategy over the data.

        Parameters
        ----------
        strategy, checkpoint, resume, progress
            As for :func:`~barter_bt.backtest`.

        Returns
        -------
        Result

        Raises
        ------
        BarterBtError
            The strategy cannot be prepared, raised or asked for something impossible, or the data is bad; of a run that
            had begun the error has what was done until then as ``result``.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(50, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> simulation.run(bt.Signals(pl.lit(0.0))).warnings
        ['no order was sent']
        """
        return run(
            self._setup, strategy, interpret=self._interpret, checkpoint=checkpoint, resume=resume, progress=progress
        )

    def compile(self, strategy: Any) -> None:
        """Compile a strategy and risk managers into the engine's loop, for runs that call them many millions of times.

        Without it the loop, which is compiled once for all strategies, calls them by address: some nanoseconds a
        call. This takes ten seconds or more, once: the result is kept, and every later run of the strategy takes it, in
        this process or another. Tables are the same either way.

        Parameters
        ----------
        strategy
            As for :meth:`run`.

        Raises
        ------
        StrategyError
            It cannot be compiled.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(50, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9})
        >>> simulation.compile(bt.Signals(pl.lit(0.0)))  # doctest: +SKIP
        """
        merge(self._setup, strategy)

    def between(self, start: datetime, end: datetime) -> Simulation:
        """The same in a part of the time: an account of its own, which begins at ``start``.

        Raises
        ------
        BarterBtError
            There is no market data in it.

        Examples
        --------
        >>> from datetime import UTC, datetime
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(500, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> hour = simulation.between(datetime(2020, 1, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, 2, tzinfo=UTC))
        >>> hour.run(bt.Signals(pl.lit(0.0))).equity.height
        61
        """
        return Simulation(**{**self._given, "start": start, "end": end})

    def with_risk(self, risk: Any) -> Simulation:
        """The same with other limits and risk managers.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(9, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> simulation.with_risk(bt.Limits(order_notional=1)).fingerprint == simulation.fingerprint
        False
        """
        return Simulation(**{**self._given, "risk": risk})

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides what a strategy's run does: data, instruments, terms and settings.

        It is the same in every process, wherever the data lies.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(9, instrument="btc_usd"))
        >>> btc = bt.Instrument("x", "btc_usd")
        >>> one, other = (bt.Simulation(candles, btc, balances={"usd": cash}, interpret=True) for cash in (1, 2))
        >>> one.fingerprint == other.fingerprint
        False
        """
        return fingerprint(self._setup.made_from(), self._setup.streams)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled is what it was made from, with frames in memory: it is prepared anew on the other side."""
        return _made, (self._given,)

    def __repr__(self) -> str:
        setup = self._setup
        return f"Simulation({', '.join(map(repr, setup.streams))}; {len(setup.index)} instrument(s))"


def _with_books(streams: Sequence[Stream], index: IndexedInstruments) -> set[int]:
    """Instruments that have a book."""
    found = {i for i, kinds in evidence_of(streams, index).items() if "book" in kinds}
    for one in (index.instruments[i] for i in sorted(found)):
        if one.price_can_be_negative:
            raise ConfigError(f"{one.key!r} has a book, and price_can_be_negative", "books have prices above 0")
    return found


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


def _made(given: dict[str, Any]) -> Simulation:
    return Simulation(**given)
