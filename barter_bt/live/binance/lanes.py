"""Streams of a market, each in its own order: one that waits for what was missed holds back itself alone.

What a message tells are steps (:mod:`barter_bt.live.binance.asking`). While an answer is on its way, messages of that
stream wait in its *lane*, and those of all others are told as they come. A few questions are asked at one time, pages
of trades some ahead of what is told, and a part of the exchange's limits is left to orders. What fails is asked again,
ever less often.
"""

from __future__ import annotations

import asyncio
import warnings
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from barter_bt.errors import ConnectionFailed
from barter_bt.live.binance.asking import Ask, Steps, Told
from barter_bt.live.binance.inbox import Inbox
from barter_bt.live.binance.link import backoff_ns
from barter_bt.live.binance.reader import BinanceWarning
from barter_bt.live.binance.rest import Rest
from barter_bt.live.clock import Clock

AT_ONCE = 4
"""Questions that are on their way at one time, of all streams."""
SHARE = 0.8
"""Of the exchange's limits, that they may use."""
IN_A_ROW = 1000
"""Messages that have waited are told before others have their turn: as many as a page has trades."""
Heard = tuple[str, int, Told]
"""Of which stream, when it came, and what it tells."""


@dataclass(eq=False)
class Lane:
    """A stream that waits.

    Parameters
    ----------
    stream, received, steps
        Which; when the message came that it waits with; and what that tells.

    Attributes
    ----------
    waiting
        Messages behind it, with the times at which they came.
    answer
        What the steps get next.
    asked
        Questions that are on their way, or answered and not looked at yet.
    is_given_up
        Whether what comes is passed over, until the link is built anew.
    """

    stream: str
    received: int
    steps: Steps
    waiting: deque[tuple[int, msgspec.Raw]] = field(default_factory=deque)
    answer: Any = None
    asked: dict[tuple[Any, ...], asyncio.Task[Any]] = field(default_factory=dict)
    is_given_up: bool = False


class Lanes:
    """Those of one market.

    Parameters
    ----------
    rest, clock, random
        Whom to ask, what time it is, and what draws the jitter between attempts.
    inbox
        Gets each lane when its answer is there, and counts the messages that wait.
    read
        Makes steps of a stream's message and of when it came.
    """

    def __init__(
        self, rest: Rest, clock: Clock, random: Random, inbox: Inbox, read: Callable[[str, msgspec.Raw, int], Steps]
    ) -> None:  # fmt: skip
        self._rest, self._clock, self._random, self._inbox, self._read = rest, clock, random, inbox, read
        self._of: dict[str, Lane] = {}
        inbox.give_up_held = self._give_up_waiting
        self._paused: list[Lane] | None = None
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[Any]] = set()

    def since(self) -> dict[str, int]:
        """The streams that wait, and when the message came that they wait with."""
        return {stream: lane.received for stream, lane in self._of.items()}

    # What is told

    def take(self, stream: str, received: int, data: msgspec.Raw) -> Iterator[Heard]:
        """What a message tells now."""
        self.resume()
        if (lane := self._of.get(stream)) is None:
            steps = self._read(stream, data, received)
            for step in steps:
                if isinstance(step, Ask):
                    lane = self._of[stream] = Lane(stream, received, steps)
                    self._ask(lane, step)
                    return
                yield stream, received, step
        elif not lane.is_given_up:
            lane.waiting.append((received, data))
            self._inbox.held += 1

    def go_on(self, lane: Lane) -> Iterator[Heard]:
        """What a stream tells when its answer is there, until it has to ask again or others have their turn.

        Raises
        ------
        ConnectionFailed
            What the exchange answers leads nowhere: what the stream tells is passed over until the link is built anew.
        """
        if self._paused is not None:
            self._paused.append(lane)
            return
        answer, lane.answer, count = lane.answer, None, 0
        while count < IN_A_ROW:
            try:
                step = lane.steps.send(answer)
            except StopIteration:
                if not lane.waiting:
                    del self._of[lane.stream]
                    return
                lane.received, data = lane.waiting.popleft()
                self._inbox.held -= 1
                lane.steps, answer, count = self._read(lane.stream, data, lane.received), None, count + 1
                continue
            except (ConnectionFailed, msgspec.MsgspecError):
                self._give_up(lane)
                raise
            answer = None
            if isinstance(step, Ask):
                self._ask(lane, step)
                return
            yield lane.stream, lane.received, step
        self._inbox.put(lane, stays=True)

    def pause(self) -> None:
        """A link is lost: tell nothing of what was missed until one is there, or it would seem to be."""
        self._paused = self._paused or []
        self._of = {stream: lane for stream, lane in self._of.items() if not lane.is_given_up}

    def resume(self) -> None:
        """A link is there."""
        for lane in self._paused or ():
            self._inbox.put(lane, stays=True)
        self._paused = None

    def _give_up_waiting(self) -> None:
        """There are too many messages: they are asked for over the next link."""
        for lane in self._of.values():
            lane.waiting.clear()

    def _give_up(self, lane: Lane) -> None:
        for task in lane.asked.values():
            task.cancel()
        self._inbox.held -= len(lane.waiting)
        lane.waiting.clear()
        lane.is_given_up = True

    # What is asked for

    def _ask(self, lane: Lane, what: Ask) -> None:
        """Ask for what a stream must know before it goes on, and some ahead."""
        wanted = {one.key: one for one in (what, *what.ahead)}
        for key in [key for key in lane.asked if key not in wanted]:
            lane.asked.pop(key).cancel()
        for key, one in wanted.items():
            if key not in lane.asked:
                lane.asked[key] = self._start(self._answer(one))
        self._start(self._hand_on(lane, lane.asked.pop(what.key)))

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._inbox.close(task.exception())

    async def _hand_on(self, lane: Lane, asked: asyncio.Task[Any]) -> None:
        lane.answer = await asked
        self._inbox.put(lane, stays=True)

    async def _answer(self, what: Ask) -> Any:
        if what.wait_ns:
            await self._clock.sleep_until(self._clock.now() + what.wait_ns)
        failures = 0
        while True:
            try:
                async with self._gate:
                    return await self._rest.get(what.path, what.kind, what.params, weight=what.weight, share=SHARE)
            except ConnectionFailed as error:
                failures += 1
                if failures == 1:
                    told = f"what was missed could not be asked for, and is asked for again: {error}"
                    warnings.warn(told, BinanceWarning, stacklevel=2)
            await self._clock.sleep_until(self._clock.now() + backoff_ns(failures, self._random))

    async def close(self) -> None:
        """Ask no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
