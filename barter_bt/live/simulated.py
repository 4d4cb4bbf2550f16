"""The simulated exchange as a live system sees it: a source of market and account, and a client that takes orders.

It is the loop of a backtest (:mod:`barter_bt.simulation.loop`) over the data of a :class:`~barter_bt.Simulation`, with
its venue, latencies and order of events (rule 10), in which whoever sends requests takes the strategy's place. So
paper trading on replayed data fills as a backtest does, to the last unit: :attr:`SimulatedExchange.digest` is that of
the backtest that asks for the same orders at the same events (rule 83).

Time is the clock's. The loop goes to its next event or through all that is due by the clock, whichever comes first, so
a command that comes between two events is sent a nanosecond after its own time. A market event that the clock has
passed is not delivered before the answer to the one before.

It tells of orders with all their conditions. It does not tell of order books, nor of splits, which its events cannot
tell. Marks at an interval (``mark_every``) are told with the first event behind them.
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from barter_bt.backtest import Simulation
from barter_bt.backtest.checkpoint import Run
from barter_bt.backtest.digest import digests
from barter_bt.backtest.fault import explain
from barter_bt.backtest.feeder import Feeder
from barter_bt.backtest.form import make_step, runs_interpreted
from barter_bt.backtest.identity import Identity, identity
from barter_bt.backtest.setup import Setup
from barter_bt.columns.storage import Arrays, Stored
from barter_bt.columns.table import out_of_memory
from barter_bt.engine.agenda import NEVER, SOURCES, STARVED, TIMER_DUE
from barter_bt.engine.audit import FULL
from barter_bt.engine.event import BALANCE, BAR_CLOSE, ORDER_SNAPSHOT, OWN_TRADE, TIMER, WAKE
from barter_bt.engine.fault import NO_FAULT
from barter_bt.engine.feed import Feed, earliest
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.window import keep_columns
from barter_bt.engine.wake import PYTHON
from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.live.arrival import Arrival, Event, Mark
from barter_bt.live.clock import Clock, Virtual
from barter_bt.live.from_simulation import engine_arguments, instruments_of, refuse_untold
from barter_bt.live.kept import (
    check_arrivals,
    check_there,
    checkpoint_path,
    packed,
    packed_keys,
    unpacked,
    unpacked_keys,
)
from barter_bt.live.orders import TakesOrders
from barter_bt.live.tells import account, tell_market
from barter_bt.protocol import EngineError, OrderRequestOpen
from barter_bt.simulation import loop
from barter_bt.strategy.columns import own_columns
from barter_bt.strategy.driver import Driver
from barter_bt.system import Engine, Timer
from barter_bt.venue.build import never_filled
from barter_bt.venue.remember import remember
from barter_bt.venue.state import VenueState

_ACCOUNT = OWN_TRADE | ORDER_SNAPSHOT | BALANCE
_ALL = WAKE["market"] | _ACCOUNT | TIMER | BAR_CLOSE
_ROWS = 1 << 40  # of market data before the loop would stop to show progress


class SimulatedWarning(UserWarning):
    """Something that a simulated exchange cannot tell as it is."""


def _return(s: EngineState, my: Any) -> int:
    return PYTHON


class SimulatedExchange(TakesOrders):
    """All exchanges of a simulation, live.

    Parameters
    ----------
    simulation
        Data, instruments, venues and balances. Its limits and risk managers are those of the system's engine.
    clock
        What time it is; by default time jumps from event to event.

    Attributes
    ----------
    setup
        What the simulation has prepared.
    exchanges
        Their names.

    Raises
    ------
    ConfigError
        It is no simulation, or has commands (give them to the handle), readings to record, or splits.

    Examples
    --------
    >>> import asyncio
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(3, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> exchange = SimulatedExchange(bt.Simulation(candles, btc, balances={"usd": 1_000}, interpret=True))
    >>> async def kinds() -> list[str]:
    ...     return [type(arrival.events[0]).__name__ async for arrival in exchange.arrivals()]
    >>> asyncio.run(kinds())
    ['Account', 'Mark', 'Market', 'Mark', 'Market', 'Mark', 'Market', 'Mark']
    """

    def __init__(self, simulation: Simulation, clock: Clock | None = None) -> None:
        given: object = simulation
        if not isinstance(given, Simulation):
            raise ConfigError(
                f"what is traded on paper is of type {type(given).__name__}; it must be a Simulation",
                "bt.Simulation(data, instruments, balances=...)",
            )
        setup = simulation.setup
        refuse_untold(setup)
        state, self._venue = _begun(setup)
        super().__init__(setup, state)
        self.exchanges = tuple(setup.index.exchanges)
        self.clock: Clock = clock or Virtual(setup.begins)
        self._timer_ns, self._timer_due, self._wakes_at_bars = 0, NEVER, False
        self._interpret = simulation.interpret
        self._floor = setup.begins
        self._open(self._make_feeder())
        self._told.extend(self._opening(name) for name in self.exchanges)
        self._marks = self._heard_of = 0
        self._sideless: set[str] = set()
        self._never_filled = set(np.flatnonzero(never_filled(self._venue.fill_terms)).tolist())

    def _open(self, feeder: Feeder, columns: Sequence[str] = ()) -> None:
        """Stand before the first row of the data, with columns of the user's own."""
        self._feeder, self._columns = feeder, tuple(sorted(columns))
        driver = Driver(wake=_return, asked=_ALL, decide=lambda raw: None, save=self._pack, load=self._unpack)
        self._install(driver)
        plainly = runs_interpreted(driver, feeder.total_rows, self._interpret)
        self._kept = Feed(cursors=feeder.cursors), driver  # compiled code has their addresses alone
        self._step = make_step(self.s, self._venue, *self._kept, plainly)

    def _install(self, driver: Driver) -> None:
        e = self.s.engine
        e.wake[0], e.trading[0], e.audit[0], self.s.risk.stops[0] = driver.asked, 1, FULL, 0
        remember(self._venue, self.s, True)

    def _make_feeder(self) -> Feeder:
        """What hands the market over."""
        return self.setup.feeder()

    # A source

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """What happens, each at its time."""
        while not self.ended:
            self._news.clear()
            arrival = self.next(self.clock.now())
            if arrival is not None:
                yield arrival
            elif not self.ended:
                await self._wait()

    async def _wait(self) -> None:
        """Until the next event is due, or a request has changed what that is."""
        asleep = asyncio.ensure_future(self.clock.sleep_until(self.due()))
        woken = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait((asleep, woken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (asleep, woken):
                task.cancel()

    def due(self) -> int:
        """When something happens next, ns since 1970, as far as is known; ``2^63 - 1`` if nothing will."""
        agenda = self.s.agenda
        dues = [agenda.due[row] for row in range(SOURCES) if row != TIMER_DUE]
        return min([self._timer_due, *(due for due in dues if due != STARVED)])

    def next(self, until: int = NEVER) -> Arrival | None:
        """What happens next up to a time, as if that were now; None if nothing does.

        Raises
        ------
        BarterBtError
            The data is bad, or an amount leaves its range.
        """
        if self._told:
            return self._told.popleft()
        until = max(until, self._floor)
        while True:
            event = self._advance(until)
            events = self._tell(*event) if event else ()
            marks = self._marked()
            if marks:
                if events:
                    self._told.append(Arrival(self.s.engine.time[0], events))
                return Arrival(marks[-1].time, marks)
            if events:
                return Arrival(self.s.engine.time[0], events)
            if event is None or (event[0] == TIMER and self.s.engine.time[0] > until):
                return None

    def _advance(self, until: int) -> tuple[int, list[int]] | None:
        """Let the loop go on to its next event: the kind, and the places of the cursors before."""
        s = self.s
        if self.ended:
            return None
        while True:
            s.agenda.due[TIMER_DUE] = min(self._timer_due, until + 1 if until < NEVER else NEVER)
            s.engine.budget[0], places = _ROWS, self._feeder.places()
            status = self._run()
            if status == loop.DATA:
                self._feeder.feed(s.engine.starved[0])
            elif status == loop.STRATEGY:
                return s.event.kind[0], places
            elif status == loop.DONE:
                self.ended = True
                return None

    def _run(self) -> int:
        self._forget()
        status = self._step()
        if table := out_of_memory.take():
            raise MemoryError(f"table {table} could not grow")
        if self._venue.fault.code[0] != NO_FAULT:
            now, setup = self.s.engine.time[0], self.setup
            raise explain(self._venue, self._feeder, setup.index, setup.scales, now, self.s.engine.history[0])
        return status

    # What has happened

    def _opening(self, exchange: str) -> Arrival:
        now = self.setup.begins
        return Arrival(now, (account(exchange, self._reports.snapshot(exchange, now)),))

    def _marked(self) -> tuple[Mark, ...]:
        """Marks since the last time."""
        times = self.s.equity.time
        marks = tuple(Mark(times[row]) for row in range(self._marks, len(self.s.equity)))
        self._marks = len(self.s.equity)
        return marks

    def _tell(self, kind: int, places: list[int]) -> tuple[Event, ...]:
        now = self.s.engine.time[0]
        if kind == TIMER:
            return self._fire_timer(now)
        if kind == BAR_CLOSE:
            return (Timer(now, closes_bar=True),) if self._wakes_at_bars else ()
        if kind & _ACCOUNT:
            told = self._reports.tell(len(self.s.account_items) - 1)
            while self.s.engine.part[0]:  # a strategy is woken by each of its parts
                self._run()
            return tuple(told)
        return (self._market(places, now),)

    def _fire_timer(self, now: int) -> tuple[Event, ...]:
        if now < self._timer_due:
            return ()
        self._timer_due += self._timer_ns
        return (Timer(now),)

    def _market(self, places: list[int], now: int) -> Event:
        """The row that has just arrived: of the one cursor at the engine that has moved to a row of the event's."""
        f, streams, i = self._feeder.cursors, self.s.engine.streams[0], self.s.event.instrument[0]
        if self.s.engine.again[0]:  # it comes once more, until when its cursor waits (rule 95)
            c = earliest(f, streams, 2 * streams)
            return self._told_of(c, f.row[c], i, now)
        after = self._feeder.places()
        for c in range(streams, 2 * streams):
            row = f.row[c] - 1
            if after[c] != places[c] and row >= 0 and f.instrument[c][row] == i:
                return self._told_of(c, row, i, now)
        raise AssertionError("a market event is a row of a cursor")

    def _told_of(self, c: int, row: int, i: int, now: int) -> Event:
        """A row of a cursor as an event."""
        chunk, stream = self._feeder.chunk_of(c), self._feeder.stream_of(c)
        if stream.kind == "trades" and chunk.columns["side"][row] == 0:
            self._warn_of_sides(stream.name)
        exchange = self.setup.index.instruments[i].exchange
        own = [name for name in self._columns if name in stream.extra]
        return tell_market(chunk, row, stream.kind, exchange, self.setup.index.names[i], now, own)

    def _warn_of_sides(self, stream: str) -> None:
        if stream not in self._sideless:
            self._sideless.add(stream)
            warnings.warn(f"{stream}: trades without a side are told as buys", SimulatedWarning, stacklevel=2)

    def open(self, request: OrderRequestOpen) -> EngineError | None:
        """Send an order; one that nothing could fill is warned of, once for each instrument."""
        i = self.setup.index.instrument(request.key.instrument)
        if i in self._never_filled:
            self._never_filled.remove(i)
            never = f"orders of {self.setup.index.names[i]!r} can never fill"
            warnings.warn(f"{never}: the exchange sees no stream of what they are in", SimulatedWarning, stacklevel=2)
        return super().open(request)

    # From one program to the next

    def save(self, directory: Path, arrivals: int, unheard: Sequence[Arrival]) -> None:
        """Write down how it is beside a recording (:class:`~barter_bt.live.protocols.KeepsState`)."""
        path = checkpoint_path(directory, self.exchanges)
        if self.ended:
            path.unlink(missing_ok=True)  # of a part before
            return
        self._heard_of = arrivals
        self._told.extendleft(reversed(unheard))
        self._checkpoint().save(path)

    def load(self, directory: Path, arrivals: int) -> None:
        """Be as it was when its session was shut down; time goes on from then, at the pace of the clock.

        Raises
        ------
        ConfigError
            The session was killed or its data had ended, or data, terms or balances are not as they were.
        """
        path = checkpoint_path(directory, self.exchanges)
        check_there(path)
        self._checkpoint().load(path)
        check_arrivals(path, self._heard_of, arrivals)
        self._floor = self.s.engine.time[0]

    def _checkpoint(self) -> Run:
        setup, driver = self.setup, self._kept[1]

        def made_from(tables: Arrays) -> Identity:
            state, venue = _begun(setup)
            there = Stored({"engine": state, "venue": venue}, ("watched", "fault")).arrays()
            return identity(setup.made_from(), setup.streams, None, driver, there)

        return Run(self.s, self._venue, self._feeder, driver, made_from)

    def _pack(self) -> bytes:
        told = {"arrivals": self._heard_of, "keys": packed_keys(self._keys), "strategies": self.strategies}
        told |= {"told": packed(self._told), "marks": self._marks, "coming": self._coming()}
        told |= {"timer_due": self._timer_due, "sideless": sorted(self._sideless)}
        return json.dumps(told).encode()

    def _unpack(self, content: bytes) -> None:
        told = json.loads(content)
        self._heard_of, self._marks, self._timer_due = told["arrivals"], told["marks"], told["timer_due"]
        self.strategies[:], self._sideless = told["strategies"], set(told["sideless"])
        for number, key in unpacked_keys(told["keys"]).items():
            self._keys.add(number, key)
        self._told.clear()
        self._told.extend(unpacked(told["told"]))
        self._come(told["coming"])

    def _coming(self) -> list[Any]:
        """What the market has told and nobody has read; here it has all been there from the start."""
        return []

    def _come(self, told: list[Any]) -> None:
        """Let it be read."""

    # For the system

    def engine_arguments(self) -> dict[str, Any]:
        """Keyword arguments of an :class:`~barter_bt.system.Engine` that counts as the venue does."""
        return engine_arguments(self.setup)

    def instruments(self) -> list[Instrument]:
        """What is traded, with the increments that prices and quantities are counted in."""
        return instruments_of(self.setup)

    def attach(self, engine: Engine, *, timer_ns: int, bar_close: bool) -> None:
        """Count as an engine does, and tell it of timers and bar closes as its strategy asks to be woken."""
        for name in ("tick_noise", "lot_noise"):  # data is rounded to increments that are not declared (rule 20)
            getattr(engine.state.terms, name)[:] = getattr(self.s.terms, name)
        self.strategies[:] = engine.strategies or [engine.strategy.id]
        self._timer_ns, self._wakes_at_bars = timer_ns, bar_close
        if engine.columns_read:
            keep_columns(self.s, len(own_columns(self.setup.streams)))
            self._open(self.setup.feeder(engine.columns_read), engine.columns_read)
        if timer_ns:
            self._timer_due = -(-self.setup.begins // timer_ns) * timer_ns

    @property
    def digest(self) -> str:
        """Digest of orders, trades, positions and balances at the exchange, as of a backtest's run (rule 25)."""
        index = self.setup.index
        names = (tuple(index.names), tuple(index.asset_names), tuple(self.strategies))
        return digests(self.s, names)["digest"]


def _begun(setup: Setup) -> tuple[EngineState, VenueState]:
    """Engine and venue before the first event; limits are the business of the system's engine."""
    return replace(setup, risk=None, managers=(), record=None).begin()
