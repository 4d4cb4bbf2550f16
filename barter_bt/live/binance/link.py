"""A socket that is there again whenever it was lost: backoff with jitter, a watchdog for one that is open and mute."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from barter_bt.errors import ConnectionFailed
from barter_bt.live.binance.inbox import Inbox, Lost
from barter_bt.live.clock import SECOND_NS, Clock
from barter_bt.live.raw import Tap

FIRST_WAIT_NS, LONGEST_WAIT_NS = SECOND_NS // 2, 60 * SECOND_NS


def backoff_ns(failures: int, random: Random) -> int:
    """How long to wait before the next attempt.

    Twice as long after each failure, at most a minute; of that between a half and all, so that clients that were cut
    off together do not come back together.

    Parameters
    ----------
    failures
        In a row.
    random
        Draws the jitter.

    Examples
    --------
    >>> [round(backoff_ns(n, Random(7)) / 1e9, 2) for n in (1, 2, 3, 20)]
    [0.33, 0.66, 1.32, 39.71]
    """
    longest = min(LONGEST_WAIT_NS, FIRST_WAIT_NS << min(failures - 1, 20))
    return int(longest * (0.5 + random.random() / 2))


class Link:
    """Keeps one socket.

    Parameters
    ----------
    url
        Where to, or what says so for each new socket.
    session
        Gives the client that connects.
    inbox
        Gets every text, and a :class:`~barter_bt.live.binance.inbox.Lost` when the link is lost.
    clock, random
        What time it is, and the jitter.
    silence_ns
        After how long without any frame, pings included, an open socket is given up.
    prepare
        Is called with each new socket, before anything is heard.
    tap
        Is told what comes, as it comes.
    source
        What it is told that it comes from: an address without keys.

    Attributes
    ----------
    is_up
        Whether it is there.
    reconnects
        How often it was lost.
    heard
        When the last frame came.
    reason
        Why it was lost the last time.
    """

    def __init__(
        self,
        url: str | Callable[[], Awaitable[str]],
        session: Callable[[], Any],
        inbox: Inbox,
        clock: Clock,
        random: Random,
        silence_ns: int,
        prepare: Callable[[Any], Awaitable[None]],
        tap: Tap,
        source: str,
    ) -> None:
        self._url, self._session, self._inbox, self._clock = url, session, inbox, clock
        self._random, self._silence_ns, self._prepare = random, silence_ns, prepare
        self.is_up, self.reconnects, self.heard, self.reason = False, 0, 0, ""
        self._failures = 0
        self._dropped: asyncio.Future[str] | None = None
        self._tap, self._source = tap, source
        self._number: int | None = None

    def settle(self) -> None:
        """It works: the next wait is the shortest again."""
        self._failures = 0

    def drop(self, reason: str) -> None:
        """Give the present socket up, and build another."""
        if self._dropped is not None and not self._dropped.done():
            self._dropped.set_result(reason)

    async def keep(self) -> None:
        """Hold the link until cancelled; an error that is not of the way to the exchange closes the inbox with it."""
        try:
            while True:
                self.reason = await self._connection()
                self.is_up = False
                self._failures += 1
                self.reconnects += 1
                self._tap.saw(self._clock.now(), self._source, "lost", self.reason, self._number)
                self._inbox.put(Lost(self.reason), stays=True)
                await self._clock.sleep_until(self._clock.now() + backoff_ns(self._failures, self._random))
        except Exception as error:
            self._inbox.close(error)

    def _put(self, now: int, text: str) -> bool:
        """Hand on what has come, and write it down as it is."""
        given_up = self._inbox.dropped
        self._tap.saw(now, self._source, "text", text, self._number)
        if self._inbox.put((now, text)):
            return True
        self._tap.saw(now, self._source, "given_up", str(self._inbox.dropped - given_up), self._number)
        return False

    async def _connection(self) -> str:
        """One socket, from its beginning to its end; returns why it ended."""
        import aiohttp

        try:
            timeout = aiohttp.ClientWSTimeout(ws_close=0)
            url = self._url if isinstance(self._url, str) else await self._url()
            async with self._session().ws_connect(url, autoping=False, timeout=timeout) as socket:
                self._dropped, self._number = asyncio.get_running_loop().create_future(), self._tap.connect()
                self.heard = self._clock.now()
                await self._prepare(socket)
                self.is_up = True
                watching = asyncio.create_task(self._watch())
                reading = asyncio.create_task(self._read(socket))
                try:
                    await asyncio.wait((watching, reading, self._dropped), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in (watching, reading):
                        one.cancel()
                    ended = await asyncio.gather(reading, watching, return_exceptions=True)
                for result in ended:
                    if isinstance(result, Exception):
                        raise result
                if self._dropped.done():
                    return self._dropped.result()
                return next(result for result in ended if isinstance(result, str))
        except (aiohttp.ClientError, ConnectionFailed, OSError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"

    async def _read(self, socket: Any) -> str:
        from aiohttp import WSMsgType

        while True:
            frame = await socket.receive()
            self.heard = self._clock.now()
            if frame.type == WSMsgType.TEXT:
                if not self._put(self.heard, frame.data):
                    return f"fell behind: {self._inbox.dropped} messages given up"
            elif frame.type == WSMsgType.PING:
                await socket.pong(frame.data)
            elif frame.type != WSMsgType.PONG:
                return f"closed with {socket.close_code}"

    async def _watch(self) -> str:
        while (due := self.heard + self._silence_ns) > self._clock.now():
            await self._clock.sleep_until(due)
        return f"nothing was heard for {self._silence_ns / SECOND_NS:g} s"
