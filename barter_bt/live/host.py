"""What runs a system: one queue, one task that processes it, one task for each source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any

from barter_bt.engine.agenda import NEVER
from barter_bt.errors import BarterBtError, EngineError, StrategyError
from barter_bt.live.arrival import Arrival, Event, Mark
from barter_bt.live.clock import Clock
from barter_bt.live.delays import Delays
from barter_bt.live.drain import warn_of
from barter_bt.live.entries import ENDED, WAKE, Answer, Entries
from barter_bt.live.ledger import account_items
from barter_bt.live.listeners import Listeners
from barter_bt.live.protocols import ExecutionClient, Source
from barter_bt.live.reconcile import Reconciler
from barter_bt.live.recorder import Recorder
from barter_bt.live.resuming import keep, resume
from barter_bt.live.session import Session
from barter_bt.live.silence import Silences
from barter_bt.protocol import Candle, Item, Market, Shutdown, TradingState, TradingStateUpdate
from barter_bt.system import Audit, Timer

_IN_A_ROW = 256  # messages of an iterator before others have their turn
_AT_ONCE = 16  # of a source
_TURNS_OF_A_REQUEST = 4  # of the loop, until a client's task has written it


class Host:
    """Runs a session.

    Parameters
    ----------
    session
        The engine and what it saw.
    sources, clients
        What it hears of, and what sends its requests; both are closed in the end.
    clock
        What time it is.
    as_iterator
        Whether the one source is gone through without waiting.
    tells_audits
        Whether audits can be listened to.
    keeps_time
        Whether timers and bar closes are told here, because no source does.
    recorder
        Keeps what the engine saw.
    reconciler
        Holds what exchanges say against what they said before.
    drain_ns
        How long a shutdown waits for answers.
    mark_ns
        The interval of equity marks; where a source tells them itself it is not looked at.
    stale_ns, behind_ns
        After how long without a market event an instrument is stale, and how long its events may wait before it is
        behind; None: that is not looked at.

    Attributes
    ----------
    error
        What ended it, if something did.
    listeners
        Who is told what happens.
    """

    def __init__(
        self,
        session: Session,
        sources: Sequence[Source],
        clients: Sequence[ExecutionClient],
        clock: Clock,
        *,
        as_iterator: bool,
        tells_audits: bool,
        keeps_time: bool,
        recorder: Recorder | None,
        reconciler: Reconciler | None,
        drain_ns: int,
        mark_ns: int,
        stale_ns: int | None,
        behind_ns: int | None,
    ) -> None:
        self.session, self.clock, self.listeners = session, clock, Listeners(is_allowed=tells_audits)
        self._sources, self._clients, self._recorder = sources, clients, recorder
        self.reconciler = reconciler
        self._as_iterator, self._keeps_time = as_iterator, keeps_time
        self._main: asyncio.Task[None] | None = None
        self._working: asyncio.Task[None] | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self._entries = Entries()
        self._drained, self._drain_ns = asyncio.Event(), drain_ns
        self._answered: asyncio.Event | None = None  # there once a shutdown waits for that
        self._is_stopped = False
        self._mark_ns, self._mark_due = mark_ns, NEVER
        self.silences = (
            None if stale_ns is None else Silences(session.engine.index, clock, stale_ns, self.listeners.tell)
        )
        self.delays = None if behind_ns is None else Delays(session.engine.index, behind_ns, self.listeners.tell)
        self.error: BaseException | None = None
        session.watch = self.listeners.tell

    # Life

    def start(self) -> None:
        """Run in the present event loop.

        Raises
        ------
        EngineError
            It has been started before.
        ConfigError
            The recorder cannot begin, or what it is to go on with is no session that could.
        """
        if self._main is not None:
            raise EngineError("the system has been started before", "make another one")
        if self._recorder:
            if self._recorder.resumes:
                resume(self.session, self._sources, self._recorder.directory, keeps_time=self._keeps_time)
                if self.reconciler:
                    self.reconciler.resumed_at = self.session.now
            self._recorder.begin(self.session.engine)
            self.session.records = self._recorder
        self._working = asyncio.create_task(self._work())
        self._main = asyncio.create_task(self._run(self._working))

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._main is not None and not self._main.done()

    async def drained(self) -> None:
        """Wait until no source has any more, or the system has ended."""
        waiting = asyncio.create_task(self._drained.wait())
        await asyncio.wait((waiting, self._task()), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self.error is not None:
            await self.ended()

    async def ended(self) -> None:
        """Wait until the system has ended."""
        await asyncio.wait((self._task(),))
        self.raise_error()

    async def abort(self) -> None:
        """End at once, without a shutdown."""
        self._cancel()
        await asyncio.wait((self._task(),))

    def raise_error(self) -> None:
        """Raise what ended it, if something did."""
        if self.error is not None:
            raise self.error

    def _cancel(self) -> None:
        self._is_stopped = True
        if self._working is not None:
            self._working.cancel()

    def _task(self) -> asyncio.Task[None]:
        if self._main is None:
            raise EngineError("the system has not been started", "await system.start()")
        return self._main

    async def _run(self, work: asyncio.Task[None]) -> None:
        """Wait for the work, however it ends, and close everything."""
        try:
            await asyncio.wait((work,))
        finally:
            if not work.cancel() and not work.cancelled():
                self.error = self.error or work.exception()
            await self._end()

    async def _work(self) -> None:
        if self._as_iterator:
            await self._iterate()
            return
        sources = [self._spawn(self._pump(source.arrivals())) for source in self._sources]
        self._spawn(self._watch(sources))
        if self._keeps_time and self.session.timer_ns:
            self._spawn(self._pump(self._timers()))
        if self.silences:
            self._spawn(self.silences.watch())
        await self._stream()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin a task that lives as long as the system, and whose failure ends it."""
        task = asyncio.create_task(work)
        self._pumps.add(task)
        task.add_done_callback(self._fail)
        return task

    def _fail(self, task: asyncio.Task[None]) -> None:
        self._pumps.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and self.error is None:
            self.error = error
            self._cancel()
            self._drained.set()

    async def _end(self) -> None:
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._keep_state(self._entries.refuse_rest())
        closing: list[Awaitable[None]] = [one.close() for one in {id(o): o for o in self._all()}.values()]
        for failed in await asyncio.gather(*closing, return_exceptions=True):
            self.error = self.error or failed
        try:
            if self._recorder:
                self._recorder.close()
        except BarterBtError as error:
            self.error = self.error or error
        self._entries.refuse_rest()
        self.listeners.end()
        self._drained.set()

    def _keep_state(self, unheard: list[Arrival]) -> None:
        """Let the session go on elsewhere, unless an error has ended it."""
        if self._recorder is None or self.error is not None:
            return
        try:
            keep(self._sources, self._recorder, unheard)
        except BarterBtError as error:
            self.error = error

    def _all(self) -> list[Any]:
        return [*self._sources, *self._clients]

    # Events

    async def _stream(self) -> None:
        while not self.session.engine.terminated:
            entry = await self._entries.get()
            if entry is not WAKE:
                self._process(*entry)

    async def _iterate(self) -> None:
        while not self.session.engine.terminated:
            if self._drained.is_set() or not self._entries.is_empty:
                self._process(*await self._entries.get())
            elif self._take_some(self._sources[0]):
                await asyncio.sleep(0)
            else:
                self._drained.set()

    def _take_some(self, source: Any) -> bool:
        """Process what an iterator has next, so many messages at most; False when it has no more."""
        for _ in range(_IN_A_ROW):
            arrival = source.next()
            if arrival is None:
                return False
            self.session.process(arrival)
            self._look_at(arrival)
            if self.session.engine.terminated:
                break
        return True

    async def _pump(self, arrivals: AsyncIterator[Arrival]) -> None:
        """Hand on one message after another, each when the one before has been processed.

        What comes in time of the clock, and has nothing before it, is processed here, without two turns of the loop for
        each. Who listens has a turn behind each, others behind so many. A replay gives them to everybody, for there a
        turn is all that passes between two messages; and so does the first, for whoever begins to listen.
        """
        in_a_row, is_first = 0, True
        async with aclosing(arrivals):  # type: ignore[type-var]
            async for arrival in arrivals:
                is_at_once, is_first = self._keeps_time and not is_first and self._entries.is_empty, False
                if not is_at_once or self._is_stopped or self.session.engine.terminated:
                    await self._entries.put(arrival)
                    continue
                sent = self.session.sent
                self._process(arrival)
                if self.session.engine.terminated:
                    self._entries.wake()
                in_a_row += 1
                if self.listeners or in_a_row >= _AT_ONCE:
                    in_a_row = 0
                    await asyncio.sleep(0)
                if self.session.sent > sent:  # by the message, or a mark behind it
                    for _ in range(_TURNS_OF_A_REQUEST):
                        await asyncio.sleep(0)

    async def _watch(self, pumps: Sequence[asyncio.Task[None]]) -> None:
        """When all sources have ended, so it is known."""
        if pumps:
            await asyncio.wait(pumps)
        self._drained.set()

    async def _timers(self) -> AsyncIterator[Arrival]:
        every, due = self.session.timer_ns, self.clock.now()
        while True:
            due = -(-(due + 1) // every) * every
            await self.clock.sleep_until(due)
            yield Arrival(due, (Timer(due),))

    def _process(self, what: Arrival | Event, answer: Answer | None = None) -> None:
        """One entry of the queue. What a command asks that cannot be is its sender's to hear, and ends nothing."""
        is_command = not isinstance(what, Arrival)
        arrival = Arrival(max(self.clock.now(), self.session.now), (what,)) if not isinstance(what, Arrival) else what
        try:
            audits = self.session.process(arrival)
        except BarterBtError as error:
            ends = not is_command or isinstance(error, StrategyError)
            if answer is not None and not answer.done():
                answer.set_exception(error)
                if ends:
                    answer.exception()  # it is told by the end
            if ends:
                raise
            return
        if answer is not None and not answer.done():
            answer.set_result(audits)
        self._look_at(arrival)
        if self._answered is not None and not self.session.unanswered():
            self._answered.set()
        if self._keeps_time and self.session.wakes_at_bars and _closes_bar(arrival):
            self._entries.put(Arrival(arrival.time, (Timer(arrival.time, closes_bar=True),)))

    def _look_at(self, arrival: Arrival) -> None:
        """What the host does itself behind each message."""
        self._reconcile(arrival)
        if self.silences:
            self.silences.hear(arrival)
        if self.delays:
            self.delays.hear(arrival)
        if not self._keeps_time or self.session.engine.terminated:
            return
        if self._mark_due == NEVER and any(True for _ in account_items(arrival)):
            self._mark_due = 0  # something is known of the account
        if (now := self.session.now) >= self._mark_due:
            self._mark_due = now - now % self._mark_ns + self._mark_ns
            self.session.process(Arrival(now, (Mark(now),)))

    def _reconcile(self, arrival: Arrival) -> None:
        """Stop trading where money is not explained, and ask for orders that a snapshot does not list (rule 84)."""
        if self.reconciler is None or self.session.engine.terminated:
            return
        now = self.session.now
        if self.reconciler.sees_trouble(arrival, now):
            self._entries.put(TradingStateUpdate(TradingState.DISABLED))
        for client, missing in self.reconciler.missing(arrival, self._clients):
            self._spawn(self._pump(self.reconciler.ask(client, missing, self.clock)))

    async def command(self, event: Event) -> list[Audit]:
        """Let the engine process an event of the handle's, behind what has arrived.

        Raises
        ------
        EngineError
            The system has ended.
        BarterBtError
            The event cannot be: nothing has changed.
        """
        if not self.is_running:
            self.raise_error()
            raise EngineError(ENDED, "make another one")
        return await self._entries.put(event)

    async def shutdown(self) -> None:
        """Wait for answers, let the engine process a shutdown, and wait until everything has ended."""
        is_drained = await self._drain()
        await self.command(Shutdown())
        await self.ended()
        if not is_drained and (left := self.session.unanswered()):
            warn_of(left, self._drain_ns)

    async def _drain(self) -> bool:
        """Send nothing new, and wait until what was sent is answered; whether it was within its time.

        Not where nothing can be answered any more, nor in a replay, whose time would go on.
        """
        if not self._keeps_time or self._drained.is_set() or not self.is_running:
            return True
        if self._entries.is_empty and not self.session.unanswered():
            return True  # the shutdown is the next that is processed
        await self.command(TradingStateUpdate(TradingState.DISABLED))
        if not self.session.unanswered():
            return True
        self._answered = asyncio.Event()
        ends = self._answered.wait(), self._drained.wait(), self.clock.sleep_until(self.clock.now() + self._drain_ns)
        waiting = [asyncio.ensure_future(end) for end in ends]
        await asyncio.wait([*waiting, self._task()], return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
        return not self.session.unanswered()


def _closes_bar(arrival: Arrival) -> bool:
    return any(
        isinstance(event, Market) and isinstance(event.event, Item) and isinstance(event.event.value.kind, Candle)
        for event in arrival.events
    )
