"""``System``: an engine, its sources and its clients; :meth:`System.start` runs them and gives a handle.

Everything that happens goes through one queue into one step, in order of arrival; past the queue where nothing waits::

    sources ──► one message each, until it is processed ─┐
                                                          ├─► queue ──► Session.process ──► audits, recorder
    handle  ──► commands, shutdown ──────────────────────┘                   │
                                                                             └─► clients ──► exchanges
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Literal, Protocol, get_args, runtime_checkable

from barter_bt.errors import ConfigError, nearest
from barter_bt.instrument import Instrument
from barter_bt.instrument.number import Number
from barter_bt.live.clock import Clock, Virtual, WallClock
from barter_bt.live.handle import SystemHandle
from barter_bt.live.host import Host
from barter_bt.live.protocols import ExecutionClient, Source, TakesMarks
from barter_bt.live.reconcile import Reconciler
from barter_bt.live.recorder import Recorder
from barter_bt.live.session import Session
from barter_bt.live.simulated import SimulatedExchange
from barter_bt.live.spans import Spans
from barter_bt.live.synchronous import SyncHandle
from barter_bt.protocol import TradingState
from barter_bt.risk.managers import Given
from barter_bt.system import Engine
from barter_bt.venue import Venue

FeedMode = Literal["stream", "iterator"]
AuditMode = Literal["enabled", "disabled"]


@runtime_checkable
class KeepsTime(Protocol):
    """A source that tells of timers and bar closes itself, as a replay does, at the times of its data."""

    def attach(self, engine: Engine, *, timer_ns: int, bar_close: bool) -> None:
        """Before the first event: what the strategy asks to be woken by."""
        ...


class System:
    """Barter's system: what its builder is given are arguments here.

    Parameters
    ----------
    instruments
        What can be traded.
    strategy
        One of backtests, in Python or compiled; or a :class:`~barter_bt.system.Strategy`.
    sources
        Where events come from.
    clients
        What sends requests; each exchange has one.
    clock
        What time it is; by default the machine's.
    feed_mode
        ``"stream"``: an event at a time, between which the program does other things. ``"iterator"``: one source, of
        which ``next()`` gives what comes next, is gone through as fast as it can be, and commands are looked at every
        some hundred messages.
    audit_mode
        Whether :meth:`SystemHandle.audits` can be listened to.
    trading
        Whether trading is enabled at first; as in Barter it is not.
    balances, risk, risk_check, start, units, reporting, venues, rates, sessions, data_columns
        As for :class:`barter_bt.system.Engine`.
    recorder
        Keeps all that the engine saw.
    reconcile
        Whether exchanges are held to what they said before (rule 84): money that nothing explains disables trading,
        and orders that a snapshot does not list are asked for.
    grace, overdue
        How long money may stay unexplained, and after how long a request should have been answered.
    drain
        How long a shutdown waits, at the session's clock, for answers to what was sent; not on a simulated exchange.
    mark_every
        The interval of equity marks, of which figures are made and against which stops are held (rule 110): one with
        the first event behind each multiple of it, by default ``"1s"``. A source that is a replay tells its own.
    stale
        After how long without a market event an instrument is stale, which alerts and :attr:`SystemHandle.stale` tell;
        None: that is not looked at. Where time jumps (:class:`~barter_bt.live.Virtual`) nothing is.
    behind
        How long market events may wait between their reception and their turn before an instrument is behind, which
        alerts and :attr:`SystemHandle.behind` tell; None: that is not looked at, nor where time jumps.
    prefix
        Of the client ids of a strategy of backtests: another for each session of an account.
    compiled
        Whether market items are taken in compiled code (:meth:`barter_bt.system.Engine.compile`): the same in half the
        time of the engine. It is made here, which takes some seconds the first time.

    Warns
    -----
    InterpretedWarning
        It was to be compiled, and is not: plain Python is asked for, or compiling is not possible here.

    Raises
    ------
    ConfigError
        An exchange has no client, or two; an option is none of those above.

    Examples
    --------
    >>> import asyncio
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(50, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> class Buys:
    ...     def generate_algo_orders(self, state):
    ...         return (), [] if len(state.raw.orders) else [bt.OrderRequest("btc_usd", 1)]
    >>> simulation = bt.Simulation(candles, btc, balances={"usd": 1_000}, interpret=True)
    >>> async def trade() -> list[float]:
    ...     handle = await paper(simulation, Buys()).start()
    ...     run = await handle.shutdown_after_backtest()
    ...     return run.trades["quantity"].to_list()
    >>> asyncio.run(trade())
    [1.0]
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        strategy: Any = None,
        *,
        sources: Sequence[Source],
        clients: Sequence[ExecutionClient],
        clock: Clock | None = None,
        feed_mode: FeedMode = "stream",
        audit_mode: AuditMode = "enabled",
        trading: TradingState = TradingState.DISABLED,
        balances: Mapping[str, Decimal | int | str] | None = None,
        risk: Given = None,
        risk_check: Literal["each", "together"] = "each",
        start: int = 0,
        units: Mapping[str, Number] | None = None,
        reporting: str | None = None,
        venues: Venue | Mapping[str, Venue] | None = None,
        rates: Any = None,
        sessions: Any = None,
        data_columns: Sequence[str] = (),
        recorder: Recorder | None = None,
        reconcile: bool = True,
        grace: str | int = "5s",
        overdue: str | int = "10s",
        drain: str | int = "5s",
        mark_every: str | int | None = None,
        stale: str | int | None = "60s",
        behind: str | int | None = "5s",
        prefix: str = "",
        compiled: bool = False,
    ) -> None:
        _check_modes(feed_mode, audit_mode, sources)
        spans = Spans.read(grace=grace, overdue=overdue, drain=drain, mark_every=mark_every, stale=stale, behind=behind)
        self.session = Session(
            strategy, clients_by_exchange(instruments, clients), prefix=prefix, compiled=compiled,
            instruments=instruments, trading=trading, balances=balances, risk=risk, risk_check=risk_check, start=start,
            units=units, reporting=reporting, venues=venues, rates=rates, sessions=sessions, data_columns=data_columns,
        )  # fmt: skip
        self.session.takers = [source for source in sources if isinstance(source, TakesMarks)]
        own = [source for source in sources if isinstance(source, KeepsTime)]
        _attach(own, self.session, mark_every)
        used = clock or WallClock()
        self._host = Host(
            self.session,
            sources,
            clients,
            used,
            as_iterator=feed_mode == "iterator",
            tells_audits=audit_mode == "enabled",
            keeps_time=not own,
            recorder=recorder,
            reconciler=Reconciler(self.session.engine, spans.grace, spans.overdue) if reconcile else None,
            drain_ns=spans.drain,
            mark_ns=spans.mark,
            stale_ns=None if isinstance(used, Virtual) else spans.stale,
            behind_ns=None if isinstance(used, Virtual) else spans.behind,
        )

    async def start(self) -> SystemHandle:
        """Run, in the present event loop, until the handle shuts it down or something fails.

        Raises
        ------
        EngineError
            It has been started before.
        """
        self._host.start()
        return SystemHandle(self._host)

    @contextmanager
    def running(self) -> Iterator[SyncHandle]:
        """Run without ``async``: things happen while a function of the handle is called, and not in between.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(5, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> with paper(simulation).running() as handle:
        ...     run = handle.shutdown_after_backtest()
        >>> len(run.equity)
        6
        """
        with asyncio.Runner() as runner:
            handle = SyncHandle(runner, runner.run(self.start()))
            try:
                yield handle
            finally:
                runner.run(self._host.abort())


def paper(simulation: Any, strategy: Any = None, *, clock: Clock | None = None, **options: Any) -> System:
    """A system on a simulated exchange: replayed data, no money, the fills of a backtest (rule 83).

    Parameters
    ----------
    simulation
        A :class:`~barter_bt.Simulation`, with data, instruments, venues, balances and limits.
    strategy
        As for :class:`System`.
    clock
        At which pace the data comes; by default as fast as it can, see :mod:`barter_bt.live.clock`.
    options
        Others of :class:`System`. Trading is as the simulation says, at first enabled; ``reconcile`` is off, for the
        venue holds its own ledger together, and its cash flows have no message that explains them; ``stale`` and
        ``behind`` are None.

    Raises
    ------
    ConfigError
        As of :class:`~barter_bt.live.SimulatedExchange` and :class:`System`.
    """
    exchange = SimulatedExchange(simulation, clock)
    state = TradingState.ENABLED if exchange.setup.trading == "enabled" else TradingState.DISABLED
    given = {**exchange.engine_arguments(), "trading": state, "reconcile": False, "stale": None, "behind": None}
    return System(strategy=strategy, sources=[exchange], clients=[exchange], clock=exchange.clock, **given | options)


def clients_by_exchange(
    instruments: Sequence[Instrument], clients: Sequence[ExecutionClient]
) -> dict[str, ExecutionClient]:
    """The client of each exchange that is traded at.

    Raises
    ------
    ConfigError
        There is none, or there are two.
    """
    found: dict[str, ExecutionClient] = {}
    for client in clients:
        for name in client.exchanges:
            if name in found:
                raise ConfigError(f"exchange {name!r} has two clients", "one sends all of its requests")
            found[name] = client
    for exchange in {one.exchange for one in instruments}:
        if exchange not in found:
            raise ConfigError(f"exchange {exchange!r} has no client", f"there are clients of {sorted(found)}")
    return found


def _attach(sources: Sequence[KeepsTime], session: Session, mark_every: str | int | None) -> None:
    """Let sources that keep the time tell what the strategy asks to be woken by."""
    if sources and mark_every is not None:
        told = f"mark_every is {mark_every!r} and has no effect: {type(sources[0]).__name__} tells its own marks"
        raise ConfigError(told, "give it to the simulation")
    for source in sources:
        source.attach(session.engine, timer_ns=session.timer_ns, bar_close=session.wakes_at_bars)


def _check_modes(feed_mode: str, audit_mode: str, sources: Sequence[Source]) -> None:
    _allowed("feed_mode", feed_mode, get_args(FeedMode))
    _allowed("audit_mode", audit_mode, get_args(AuditMode))
    if feed_mode == "iterator" and not (len(sources) == 1 and hasattr(sources[0], "next")):
        raise ConfigError("an iterator is one source with next()", 'use feed_mode="stream" for others')


def _allowed(what: str, given: str, allowed: Sequence[str]) -> None:
    if given not in allowed:
        like = nearest(str(given), allowed)
        hint = f"did you mean {like!r}?" if like else None
        raise ConfigError(f"{what} is {given!r}; allowed: {', '.join(allowed)}", hint)
