"""``backtest``: from market data, instruments and a strategy to a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import polars as pl

from barter_bt.backtest.account import price_ranges, read_balances, read_units, starting_units
from barter_bt.backtest.audit import start_audit
from barter_bt.backtest.checkpoint import Checkpoint, Run
from barter_bt.backtest.commands import Commands
from barter_bt.backtest.describe import describe, plain, time_zone_of
from barter_bt.backtest.drive import Drive
from barter_bt.backtest.expired import Expiries
from barter_bt.backtest.fault import is_ours
from barter_bt.backtest.feeder import Feeder
from barter_bt.backtest.identity import identity
from barter_bt.backtest.progress import progress_bar
from barter_bt.backtest.record import Record
from barter_bt.backtest.result import Result
from barter_bt.backtest.warn import expiry_warnings, run_warnings
from barter_bt.columns.kernel import interprets
from barter_bt.data import MarketData, Stream, check
from barter_bt.data.doubts import doubts
from barter_bt.data.duration import duration_ns
from barter_bt.data.market import on_one_clock
from barter_bt.engine.messages import NEVER
from barter_bt.engine.state.build import build_state
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import BarterBtError, ConfigError, InstrumentError, StrategyError, nearest
from barter_bt.instrument import IndexedInstruments, Instrument, choose_scales
from barter_bt.instrument.instrument import Number
from barter_bt.risk import Limits
from barter_bt.risk.limits import limits_of
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.python import Python
from barter_bt.strategy.several import Several
from barter_bt.venue.build import build_fill_terms, build_links, build_terms, build_venue
from barter_bt.venue.state import VenueState
from barter_bt.venue.terms import Venue
from barter_bt.version import VERSION

MINUTE_NS = 60_000_000_000


def backtest(
    data: Stream | MarketData | Sequence[Stream],
    instruments: Instrument | Sequence[Instrument],
    strategy: Any,
    *,
    balances: Mapping[str, Number],
    units: Mapping[str, Number] | None = None,
    venues: Venue | Mapping[str, Venue] | None = None,
    risk: Limits | Mapping[str, Any] | None = None,
    commands: Commands | pl.DataFrame | None = None,
    trading: Literal["enabled", "disabled"] = "enabled",
    reporting: str | None = None,
    mark_every: str | int | None = None,
    record: Record | Mapping[str, Any] | None = None,
    audit: Literal["off", "actions", "full"] = "off",
    start: datetime | None = None,
    end: datetime | None = None,
    checkpoint: Checkpoint | None = None,
    resume: str | Path | None = None,
    seed: int = 0,
    interpret: bool | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Result:
    """Replay market data through the engine and a simulated venue.

    Parameters
    ----------
    data
        One stream or several, in the order that decides at equal times (rule 10).
    instruments
        What can be traded. Rows of other instruments are an error.
    strategy
        :class:`~barter_bt.strategy.Signals`, :class:`~barter_bt.strategy.Schedule`,
        :class:`~barter_bt.strategy.Compiled`, or an object with ``generate_algo_orders(state)``; or several of
        them, which share one account (:class:`~barter_bt.strategy.Several`).
    balances
        Starting balance of each asset, by ``asset`` or ``exchange.asset``; others start at 0.
    units
        Smallest amount of an asset that is counted, such as ``{"usd": "0.01"}``; of the others one that suits the
        starting balances (rule 1), mostly 1e-9. A run counts up to 4.6e18 of them.
    venues
        Terms of every exchange, or by exchange; without fees, latency or margin accounts if not given.
    risk
        Limits that every order is held against, or a mapping of their parameters.
    commands
        What somebody outside tells the engine, by time: see :class:`Commands`.
    trading
        Whether trading is enabled when the run starts. While it is disabled the strategy is not asked, and signals
        and orders that were decided before the run are passed over.
    reporting
        Asset of the equity; by default the quote asset of the first instrument.
    mark_every
        Interval of the equity marks, such as ``"1m"``; by default each candle close, a minute without candles.
    record
        State columns to keep as one more table.
    audit
        ``"actions"``: keep what the engine did and because of which event; ``"full"``: every event, so that
        :class:`~barter_bt.engine.replica.StateReplica` can follow.
    start, end
        First and last venue time (with a zone) of the data that takes part. The account begins at ``start``, also
        where the data begins later; without it at the first time in the data.
    checkpoint
        Where to save the run from time to time.
    resume
        A file that a run with ``checkpoint`` left: go on from there. Everything else must be as in that run: data,
        instruments, terms, settings, the strategy's code and parameters; what differs is an error that names it.
        What a strategy in Python remembers is unpickled: resume only files that you made.
    seed
        Kept in the manifest; nothing in this version is random.
    interpret
        Run in plain Python, without Numba; by default as the environment variable BARTER_BT_INTERPRET says.
    progress
        True: a bar on stderr; or a function of rows done and rows in all.

    Returns
    -------
    Result

    Raises
    ------
    BarterBtError
        For bad input: the message names what and where, and how to put it right.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(1_000, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> result = bt.backtest(candles, btc, bt.strategy.builtin.SmaCross(), balances={"usd": 1_000}, interpret=True)
    >>> result.trades.height == result.orders.height
    True
    """
    began = time.perf_counter()
    streams = _streams(data)
    odd = [f"{doubt.message}: {doubt.hint}" for stream in streams for doubt in doubts(stream)]
    index = IndexedInstruments(_instruments(instruments))
    terms_of = _venues(venues, index)
    first, last = _nanoseconds(start, -NEVER, "start"), _nanoseconds(end, NEVER, "end")
    reporting_index = index.asset(reporting) if reporting else index.moneys[0]
    amounts, chosen = read_balances(balances, index), read_units(units, index)
    ranges = price_ranges(streams, index)
    scales = choose_scales(index, ranges, amounts, units=chosen, reporting=reporting_index, simulated=True)
    starting, dust = starting_units(amounts, scales, index)
    terms, links = build_terms(index, scales, terms_of), build_links(index, terms_of)
    fill_terms = build_fill_terms(index, terms_of, _evidence(streams, index))
    feed_ns = tuple(_feed_ns(stream, index, terms_of) for stream in streams)
    expiries = Expiries(terms.array("expiry"))
    feeder = Feeder(streams, index.codes, expiries, feed_ns, first, last)
    marks = _marks(mark_every, streams)
    first_time = _first_time(feeder)
    begins = first_time if start is None else first
    expected = sum(s.rows for s in streams if s.kind == "candles") // len(index) if marks == 0 else 0
    state = build_state(index, scales, terms, links, starting, reporting_index, begins, expected + 64)
    venue = build_venue(state, fill_terms)
    state.engine.mark_every[0] = marks
    state.engine.streams[0] = len(streams)
    watching = Record(**record) if isinstance(record, Mapping) else record
    if watching:
        watching.watch(state)
    risk = None if risk is None else limits_of(risk, "risk")
    if risk:
        risk.apply(state, index, scales)
    orders = Commands(commands) if isinstance(commands, pl.DataFrame) else commands
    if orders:
        orders.install(state, index)
    if trading not in ("enabled", "disabled"):
        raise ConfigError(f"trading is {trading!r}; allowed: enabled, disabled")
    state.engine.trading[0] = int(trading == "enabled")
    strategy = _strategy(strategy)
    driver = _prepare(strategy, Market(index, scales, tuple(streams), reporting_index, feed_ns))
    _install(state, driver, begins)
    state.engine.mark_due[0] = begins
    snapshot = start_audit(state, audit)
    run = None
    if checkpoint or resume is not None:
        made_from = {
            "instruments": dict(zip(index.names, index.instruments, strict=True)),
            "units": dict(zip(index.asset_names, scales.units, strict=True)),
            "balances": {index.asset_names[asset]: amount for asset, amount in amounts.items()},
            "venues": terms_of,
            "risk": risk,
            "commands": orders and orders.frame,
            "trading": trading,
            "reporting": index.asset_names[reporting_index],
            "mark_every_ns": marks,
            "record": watching,
            "audit": audit,
            "start_ns": first,
            "end_ns": last,
            "seed": seed,
        }
        run = Run(state, venue, feeder, driver, lambda tables: identity(made_from, streams, strategy, driver, tables))
    saving = (checkpoint.every_rows, run.saver(checkpoint)) if run and checkpoint else None
    if run and resume is not None:
        run.load(Path(resume))
    prepared = time.perf_counter()
    with progress_bar(progress) as show:
        plainly = interprets() if interpret is None else interpret
        drive = Drive(state, venue, feeder, driver, index, scales, plainly, show, saving)
        compiled = time.perf_counter()
        partial, error = _run(drive, venue, feeder)
    result = Result(
        state=state,
        venue=venue,
        index=index,
        scales=scales,
        strategies=strategy.names if isinstance(strategy, Several) else [strategy.name],
        reporting=index.asset_names[reporting_index],
        describe=lambda: (
            describe(index, scales, terms_of, amounts, strategy, marks)
            | plain({"risk": risk, "commands": orders and orders.frame.to_dicts(), "trading": trading, "audit": audit})
            | {"time_zone": time_zone_of(streams)}
        ),
        snapshot=snapshot,
        tables=driver.own or {strategy.name: driver.my},
        seed=seed,
        version=VERSION,
        partial=partial,
        market=streams,
        record=watching.frame(state, index, scales) if watching else None,
    )
    unit = scales.units[reporting_index]
    result.warnings += odd + dust + driver.warnings
    result.warnings += run_warnings(state, venue, index, unit, streams, partial, error)
    result.warnings += expiry_warnings(state, index, expiries.rows)
    result.warnings += run.unsaved if run else []
    result.timings |= {
        "prepare": prepared - began,
        "compile": compiled - prepared,
        "run": time.perf_counter() - compiled,
    }
    if error:
        error.result = result
        raise error
    return result


def _prepare(strategy: Any, market: Market) -> Driver:
    """Prepare a strategy; where it cannot be, and the data is bad, the data is to blame."""
    try:
        driver: Driver = strategy.prepare(market)
    except Exception:
        for stream in market.streams:
            if stream.validate:
                check(stream, market.index.codes).raise_if_errors()
        raise
    return driver


def _strategy(given: Any) -> Any:
    if isinstance(given, list | tuple):
        return Several([_strategy(one) for one in given])
    if hasattr(given, "prepare") and not isinstance(given, type):
        return given
    if isinstance(given, type) or not hasattr(given, "generate_algo_orders"):
        raise StrategyError(
            f"strategy is {given!r:.80}; it must be Signals, Schedule, Compiled or have generate_algo_orders",
            "make one of the class: Name(...)" if isinstance(given, type) else None,
        )
    return Python(given, getattr(given, "name", type(given).__name__))


def _run(drive: Drive, venue: VenueState, feeder: Feeder) -> tuple[bool, BarterBtError | None]:
    """Whether the run ended early, and the error that ended it; what it did until then is kept."""
    try:
        drive.run()
    except KeyboardInterrupt:
        return True, None
    except BarterBtError as error:
        if is_ours(venue.fault, feeder):
            raise
        return True, error
    return False, None


def _streams(data: Stream | MarketData | Sequence[Stream]) -> list[Stream]:
    given = data.streams if isinstance(data, MarketData) else data
    streams: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    if not streams:
        raise ConfigError("no market data is given", "make a stream with barter_bt.data.candles, trades or quotes")
    for stream in streams:
        if not isinstance(stream, Stream):
            raise ConfigError(
                f"data is {type(stream).__name__}; it must be a stream",
                "wrap the frame or path in barter_bt.data.candles, trades or quotes",
            )
    return on_one_clock(streams)


def _instruments(given: Instrument | Iterable[Instrument]) -> list[Instrument]:
    every = [given] if isinstance(given, Instrument | str) else list(given)
    for one in every:
        if not isinstance(one, Instrument):
            raise ConfigError(
                f"instruments has {one!r:.60}; it must be an Instrument", 'barter_bt.Instrument("exchange", "btc_usd")'
            )
    return every


def _venues(venues: Venue | Mapping[str, Venue] | None, index: IndexedInstruments) -> dict[str, Venue]:
    if not (venues is None or isinstance(venues, Venue | Mapping)):
        raise ConfigError(f"venues is {venues!r:.60}; it must be a Venue, or Venues by exchange", "Venue(Fees(...))")
    if venues is None or isinstance(venues, Venue):
        return _with_known_names(dict.fromkeys(index.exchanges, venues or Venue()), index, is_for_all=True)
    for name in venues:
        index.exchange(name)
    return _with_known_names({name: venues.get(name, Venue()) for name in index.exchanges}, index, is_for_all=False)


def _with_known_names(venues: dict[str, Venue], index: IndexedInstruments, is_for_all: bool) -> dict[str, Venue]:
    """Terms of single instruments must name one of the exchange, or of any where they are for all."""
    for exchange, venue in venues.items():
        known = {one.name for one in index.instruments if is_for_all or one.exchange == exchange}
        for what in ("fees_by_instrument", "margin_by_instrument"):
            for name in getattr(venue, what):
                if name not in known:
                    like = nearest(name, known)
                    raise InstrumentError(
                        f"{what} names {name!r}, which is no instrument; known: {', '.join(sorted(known)[:10])}",
                        f"did you mean {like!r}?" if like else None,
                    )
    return venues


def _nanoseconds(moment: datetime | None, default: int, what: str) -> int:
    if not (moment is None or isinstance(moment, datetime)):
        raise ConfigError(
            f"{what} is {moment!r}; it must be a datetime with a zone", "datetime(2024, 1, 2, tzinfo=UTC)"
        )
    if moment is None:
        return default
    if moment.tzinfo is None:
        raise ConfigError(f"{what} is {moment}, which has no time zone", "for example datetime(2024, 1, 1, tzinfo=UTC)")
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    time_ns = (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1_000
    if not -NEVER < time_ns < NEVER:
        raise ConfigError(f"{what} is {moment}; times go from 1677-09-22 to 2262-04-11")
    return time_ns


def _evidence(streams: Sequence[Stream], index: IndexedInstruments) -> dict[int, frozenset[str]]:
    kinds: dict[int, set[str]] = {}
    for stream in streams:
        for name in stream.instruments:
            kinds.setdefault(index.instrument(name), set()).add(stream.kind)
    return {i: frozenset(found) for i, found in kinds.items()}


def _feed_ns(stream: Stream, index: IndexedInstruments, venues: Mapping[str, Venue]) -> int:
    delays = {venues[index.instruments[index.instrument(n)].exchange].latency.feed_ns for n in stream.instruments}
    if len(delays) > 1:
        raise ConfigError(f"stream {stream.name} holds exchanges of different feed latency", "split it by exchange")
    return delays.pop() if delays else 0


def _marks(mark_every: str | int | None, streams: Sequence[Stream]) -> int:
    if mark_every is None:
        return 0 if any(stream.kind == "candles" for stream in streams) else MINUTE_NS
    interval = duration_ns(mark_every, "mark_every")
    if interval <= 0:
        raise ConfigError(f"mark_every is {mark_every!r}; it must be positive")
    return interval


def _first_time(feeder: Feeder) -> int:
    """The smallest venue time in the data; of candles, their opens."""
    dues = [feeder.cursors.due[c] for c in range(len(feeder.cursors)) if feeder.is_venue_time(c)]
    first = min(dues)
    if first == NEVER:
        raise ConfigError("the market data has no rows between start and end")
    return first


def _install(state: EngineState, driver: Driver, begins: int) -> None:
    """Let the engine know what the strategy asked for, and its schedule."""
    e, p = state.engine, state.schedule
    e.wake[0], e.hooks[0] = driver.asked, driver.hooks
    e.size[0], e.with_fee[0], e.strict[0] = driver.size, int(driver.with_fee), int(driver.strict)
    if driver.timer_ns:
        e.timer_every[0] = driver.timer_ns
        e.timer_due[0] = -(-begins // driver.timer_ns) * driver.timer_ns
    if driver.schedule and len(driver.schedule["time"]):
        for table in (state.orders, state.trades, state.balances):  # what most of its rows will become
            table.reserve(len(driver.schedule["time"]) + 64)
        for name, column in driver.schedule.items():
            p.point(name, 0, column)
        p.rows[0] = len(driver.schedule["time"])
        p.due[0] = p.time[0][0]
