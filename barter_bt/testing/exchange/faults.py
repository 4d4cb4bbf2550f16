"""What can go wrong between an exchange and its client, on demand.

================================  =====================================================================
fault                             how it is asked for
================================  =====================================================================
429, 418, any status              ``exchange.answer_next("POST /api/v3/order", Status(429, retry_after=2))``
5xx that was processed all same   ``Status(503, processed=True)``
an answer that never comes        ``Lost()``; ``Lost(processed=False)`` is a request that never arrived
a late answer                     ``Late()``, until its ``release()``
gap, duplicate, reorder, cut      ``exchange.spoil_next("gap" | "duplicate" | "reorder" | "truncate")``
the same of one stream            ``exchange.spoil_next("gap", stream=Sockets.ACCOUNT)``
mute but open                     ``exchange.mute()``
a close with a code               ``await exchange.close_sockets(1011)``
a fill while nobody listens       ``exchange.is_down = True``, ``exchange.trade(...)``, ``is_down = False``
clock skew                        ``exchange.skew_ms = 5_000``
================================  =====================================================================

A slow reader needs nothing of the exchange but many messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Spoiling = Literal["gap", "duplicate", "reorder", "truncate"]


@dataclass(frozen=True)
class Status:
    """Answer with a status of HTTP.

    Parameters
    ----------
    status
        Of HTTP: 429 and 418 are limits, 5xx says nothing of what became of the request.
    code, message
        Of the document, as Binance numbers its errors; by default -1003 of limits, -1000 of others.
    retry_after
        Seconds, as a header.
    processed
        Whether the request is processed all the same.
    """

    status: int
    code: int | None = None
    message: str = "Something went wrong."
    retry_after: int | None = None
    processed: bool = False


@dataclass(frozen=True)
class Lost:
    """The connection is cut without an answer.

    Parameters
    ----------
    processed
        Whether the request arrived, and only its answer is lost.
    """

    processed: bool = True


@dataclass
class Late:
    """The request is processed at once, and answered when it is released."""

    _gate: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let the answer go."""
        self._gate.set()

    async def wait(self) -> None:
        """Wait for that."""
        await self._gate.wait()


Fault = Status | Lost | Late


Message = tuple[Any, str]


class Spoiler:
    """Spoils the next messages, one for each time that it was asked; a message is to whom, and what.

    Examples
    --------
    >>> spoiler = Spoiler()
    >>> spoiler.next.append("reorder")
    >>> list(spoiler.through((1, "first"))), list(spoiler.through((1, "second")))
    ([], [(1, 'second'), (1, 'first')])
    """

    def __init__(self) -> None:
        self.next: list[Spoiling | None] = []
        self._held: list[Message] = []

    @property
    def is_asked(self) -> bool:
        """Whether the next message does not go through as it is."""
        return bool(self.next or self._held)

    def through(self, message: Message) -> Iterator[Message]:
        """What is sent in place of a message."""
        if self._held:
            yield message
            yield self._held.pop()
            return
        match self.next.pop(0) if self.next else None:
            case "gap":
                return
            case "duplicate":
                yield message
                yield message
            case "reorder":
                self._held.append(message)
            case "truncate":
                to, text = message
                yield to, text[: len(text) // 2]
            case _:
                yield message
