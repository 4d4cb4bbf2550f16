"""What goes wrong during a soak: each fault of the loopback exchange, in an order that a seed draws.

The deck of faults is gone through again and again, shuffled anew each time, so each comes equally often. The slow
reader is the client's part: see :mod:`benchmarks.soak.client`.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from barter_bt.testing.exchange import Late, Lost, Sockets, Status
from barter_bt.testing.exchange.faults import Fault, Spoiling
from benchmarks.soak.exchange import BUYS_AT, ORDER, SELLS_AT, STREAM, SoakExchange

Does = Callable[[SoakExchange, Random], Awaitable[None]]
MUTE_SECONDS = 4
_pause = asyncio.sleep
_OLD, _MONEY, _ONE = "GET /api/v3/historicalTrades", "GET /api/v3/account", "GET /api/v3/order"


def _spoils(how: Spoiling, stream: str) -> Does:
    async def spoil(exchange: SoakExchange, draw: Random) -> None:
        exchange.spoil_next(how, stream=stream)

    return spoil


def _answers(route: str, *faults: Fault) -> Does:
    async def answer(exchange: SoakExchange, draw: Random) -> None:
        exchange.answer_next(route, *faults)

    return answer


async def _late(exchange: SoakExchange, draw: Random) -> None:
    late = Late()
    exchange.answer_next(ORDER, late)
    await _pause(draw.uniform(0.5, 3))
    late.release()


async def _close(exchange: SoakExchange, draw: Random) -> None:
    await exchange.close_sockets(1011, draw.choice([STREAM, Sockets.ACCOUNT]))


async def _mute(exchange: SoakExchange, draw: Random) -> None:
    """As long as a client needs to notice."""
    exchange.mute()
    await _pause(MUTE_SECONDS)
    exchange.mute(is_mute=False)


async def _down(exchange: SoakExchange, draw: Random) -> None:
    """Everything that rests is filled while nobody can listen."""
    exchange.is_down = True
    await exchange.close_sockets(1011)
    exchange.reach(BUYS_AT)
    exchange.reach(SELLS_AT)
    await _pause(draw.uniform(0.5, 2))
    exchange.is_down = False


async def _skew(exchange: SoakExchange, draw: Random) -> None:
    exchange.skew_ms = draw.choice([-8000, -2000, 2000, 8000])
    await _pause(draw.uniform(0.5, 2))
    exchange.skew_ms = 0


FAULTS: dict[str, Does] = {
    **{f"{how} of a trade": _spoils(how, STREAM) for how in ("gap", "duplicate", "reorder", "truncate")},  # type: ignore[arg-type]
    **{f"{how} of a report": _spoils(how, Sockets.ACCOUNT) for how in ("gap", "duplicate", "reorder", "truncate")},  # type: ignore[arg-type]
    "mute but open": _mute,
    "close 1011": _close,
    "fills while disconnected": _down,
    "clock skew": _skew,
    "429 of an order": _answers(ORDER, Status(429, retry_after=2)),
    "418 of an order": _answers(ORDER, Status(418, retry_after=3)),
    "429 of old trades": _answers(_OLD, Status(429, retry_after=1)),
    "503, not processed": _answers(ORDER, Status(503)),
    "503, processed": _answers(ORDER, Status(503, processed=True)),
    "500 of queries": _answers(_ONE, Status(500), Status(500)),
    "502 of the account": _answers(_MONEY, Status(502)),
    "answer lost": _answers(ORDER, Lost()),
    "request lost": _answers(ORDER, Lost(processed=False)),
    "late answer": _late,
    "answer of a query lost": _answers(_MONEY, Lost()),
}


class Storm:
    """Lets faults happen, one after another.

    Parameters
    ----------
    exchange, draw
        Where, and what draws.
    mean_seconds
        Between two of them.
    names
        Which; by default all.

    Attributes
    ----------
    drawn
        How often each happened.
    times
        When each began and ended, ns.
    """

    def __init__(
        self, exchange: SoakExchange, draw: Random, mean_seconds: float, names: Sequence[str] = ()
    ) -> None:  # fmt: skip
        self._exchange, self._draw, self._mean, self._names = exchange, draw, mean_seconds, list(names or FAULTS)
        self._deck: list[str] = []
        self.drawn: Counter[str] = Counter()
        self.times: list[tuple[int, int]] = []

    async def rage(self, seconds: float) -> None:
        """For so long."""
        ends = time.perf_counter() + seconds
        while (now := time.perf_counter()) < ends:
            await _pause(min(self._draw.expovariate(1 / self._mean), ends - now))
            if time.perf_counter() >= ends:
                return
            if not self._deck:
                self._deck = self._draw.sample(self._names, len(self._names))
            name, began = self._deck.pop(), time.time_ns()
            await FAULTS[name](self._exchange, self._draw)
            self.drawn[name] += 1
            self.times.append((began, time.time_ns()))
