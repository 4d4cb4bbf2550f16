"""The soak's exchange for clients of an older dialect: listen keys, and streams that are subscribed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from barter_bt.testing.exchange import Sockets
from barter_bt.testing.exchange.sockets import Message, encode
from benchmarks.soak.exchange import SoakExchange

_KEY, _PATH = "listen-key", "/api/v3/userDataStream"


class _KeyedSockets(Sockets):
    """What the account is told goes out over the stream of its listen key as well."""

    def say(self, stream: str, message: Message) -> None:
        super().say(stream, message)
        if stream == self.ACCOUNT:
            self.say_text(_KEY, encode(message))


class KeyedExchange(SoakExchange):
    """Gives a listen key, and takes subscriptions on its streams."""

    WEIGHTS: Mapping[str, int] = {**SoakExchange.WEIGHTS, f"POST {_PATH}": 2, f"PUT {_PATH}": 2}
    SOCKETS = _KeyedSockets

    def _admit(self, route: str, key: str | None, payload: str, params: Mapping[str, str]) -> None:
        if route.endswith(_PATH):
            self._guard.check_key(key)
        else:
            super()._admit(route, key, payload, params)

    def _answer(self, route: str, params: Mapping[str, str]) -> Any:
        return {"listenKey": _KEY} if route.endswith(_PATH) else super()._answer(route, params)

    async def _streams(self, request: web.Request) -> web.StreamResponse:
        names = set(request.query.get("streams", "").split("/")) - {""}
        return await self.sockets.accept(request, names, self._subscribe)
