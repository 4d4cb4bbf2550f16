"""The socket side of the loopback exchange: who listens to what, and what goes out."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from barter_bt.testing.exchange.faults import Spoiler

Message = dict[str, Any]


def encode(message: Any) -> str:
    """A message as text."""
    return msgspec.json.encode(message).decode()


class Sockets:
    """Connections that listen, by stream."""

    ACCOUNT = "@account"

    def __init__(self) -> None:
        self.open: dict[web.WebSocketResponse, set[str]] = {}
        self._raw: set[web.WebSocketResponse] = set()
        self.spoilers: dict[str, Spoiler] = defaultdict(Spoiler)
        self.spoiler = self.spoilers[""]
        self.is_mute = False
        self.connections = self.pongs = 0
        self.sent: list[str] = []
        self._outbox: list[tuple[web.WebSocketResponse, str]] = []

    async def accept(
        self, request: web.Request, streams: set[str], answer: Any, *, is_raw: bool = False
    ) -> web.WebSocketResponse:
        """Serve a connection until it ends; ``answer`` says what to each of its requests.

        One that is raw gets messages as they are, without the name of their stream.
        """
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.open[socket] = streams
        if is_raw:
            self._raw.add(socket)
        self.connections += 1
        try:
            async for frame in socket:
                self.pongs += frame.type == WSMsgType.PONG
                if frame.type == WSMsgType.TEXT:
                    await socket.send_str(encode(answer(socket, msgspec.json.decode(frame.data))))
        finally:
            self.open.pop(socket, None)
            self._raw.discard(socket)
        return socket

    def say(self, stream: str, message: Message) -> None:
        """Queue a message for all that listen to a stream; :meth:`flush` sends it."""
        self.say_text(stream, encode(message))

    def say_text(self, stream: str, text: str) -> None:
        """The same, of one that is text already."""
        of_stream = self.spoilers.get(stream, self.spoiler)
        for socket, streams in self.open.items():
            if stream in streams and not self.is_mute:
                spoiler = of_stream if of_stream.is_asked else self.spoiler
                told = text if socket in self._raw else _wrapped(stream, text)
                if spoiler.is_asked:
                    self._outbox += spoiler.through((socket, told))
                else:
                    self._outbox.append((socket, told))

    async def flush(self) -> None:
        """Send what is queued, in order; what goes to a connection that its client is closing is lost."""
        outbox, self._outbox = self._outbox, []
        for socket, text in outbox:
            if not socket.closed:
                self.sent.append(text)
                with suppress(ConnectionError):
                    await socket.send_str(text)

    async def ping(self) -> None:
        """Send a ping to everybody, as the exchange does every 20 s."""
        for socket in [] if self.is_mute else list(self.open):
            await socket.ping()

    async def close(self, code: int, stream: str | None = None) -> None:
        """Close connections, all of them or those that listen to a stream."""
        for socket, streams in list(self.open.items()):
            if stream is None or stream in streams:
                await socket.close(code=code, message=b"internal error", drain=False)


def _wrapped(stream: str, text: str) -> str:
    is_account = stream == Sockets.ACCOUNT
    return f'{{"subscriptionId":0,"event":{text}}}' if is_account else f'{{"stream":"{stream}","data":{text}}}'
