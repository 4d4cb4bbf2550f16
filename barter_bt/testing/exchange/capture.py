"""What an exchange has really said, said again by a loopback exchange: raw messages of a recorded session.

============  =====================================================================================================
row           what the exchange does
============  =====================================================================================================
``text``      says it over the stream that it came over
``answer``    answers the request with it, when it comes; the first of several first
``failed``    answers with that error; where there was no answer, with 503
``lost``      closes the connection with 1011, and waits until a client listens again
``given_up``  nothing: that was the reader's
============  =====================================================================================================

A request that was asked in the capture, and is asked more often now, is answered with 503; one that is not in it, as
the exchange itself would. Only the market is replayed: what an account is told depends on what it sends.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.live.clock import SECOND_NS, Clock
from barter_bt.live.raw import read_raw
from barter_bt.testing.exchange.server import LoopbackExchange

_LOOK_NS = SECOND_NS // 100


class _Said(msgspec.Struct):
    """A message of a stream."""

    stream: str
    data: msgspec.Raw


async def replay_capture(exchange: LoopbackExchange, directory: str | Path, clock: Clock) -> None:
    """Say what a recorded session heard of a market, each message at its time or as soon as somebody listens.

    Parameters
    ----------
    exchange
        Says it; of the kind that was recorded.
    directory
        Of a session that was recorded with raw messages (``--raw``).
    clock
        The exchange's. Where its time is past that of the messages already, they come as fast as they can be said.

    Raises
    ------
    ConfigError
        There are no raw messages of a market.
    DataError
        A part is damaged.
    """
    rows = read_raw(directory).filter(pl.col("adapter") == "market")
    if rows.is_empty():
        raise ConfigError(f"{directory} has no raw messages of a market", "record a session with --raw")
    answers: dict[str, deque[tuple[str, str]]] = defaultdict(deque)
    for source, kind, raw in _columns(rows, "answer", "failed"):
        answers[source].append((kind, raw))
    exchange.captured = answers
    messages = rows.filter(pl.col("kind").is_in(["text", "lost"]))
    for source in messages["source"].unique(maintain_order=True):
        await _heard(exchange, _streams(source), clock)
    for time, source, kind, raw in messages.select(
        pl.col("time").to_physical(), "source", "kind", "raw"
    ).iter_rows():  # fmt: skip
        await clock.sleep_until(time)
        if kind == "lost":
            await exchange.close_sockets(1011, _streams(source)[0])
            await _heard(exchange, _streams(source), clock)
            continue
        said = msgspec.json.decode(raw, type=_Said)
        exchange.sockets.say_text(said.stream, bytes(said.data).decode())
        await exchange.flush()
        await asyncio.sleep(0)


def _columns(rows: pl.DataFrame, *kinds: str) -> list[tuple[str, str, str]]:
    return rows.filter(pl.col("kind").is_in(kinds)).select("source", "kind", "raw").rows()


def _streams(source: str) -> list[str]:
    """What was listened to at an address."""
    return parse_qs(urlsplit(source).query)["streams"][0].split("/")


async def _heard(exchange: LoopbackExchange, streams: list[str], clock: Clock) -> None:
    """Wait until a client listens."""
    while not any(set(streams) <= names for names in exchange.sockets.open.values()):
        await clock.sleep_until(clock.now() + _LOOK_NS)
