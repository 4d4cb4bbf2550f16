"""What a script lets happen at the loopback exchange, and lets it say over its streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from barter_bt.testing.exchange.listing import Levels, Listing, text
from barter_bt.testing.exchange.matching import Matching
from barter_bt.testing.exchange.sockets import Sockets


class Script:
    """Says what happens. Messages go out together, in order, with :meth:`flush`.

    Parameters
    ----------
    listings
        What can be traded.
    account
        Whose orders public trades reach.
    sockets
        Who listens.
    """

    def __init__(self, listings: dict[str, Listing], account: Matching, sockets: Sockets) -> None:
        self.listings, self.account, self.sockets = listings, account, sockets

    async def flush(self) -> None:
        """Send what has been said."""
        await self.sockets.flush()

    def quote(self, bid: str, ask: str, size: str = "1", symbol: str = "BTCUSDT") -> None:
        """Let the book be one level on either side, and say so."""
        self.book({bid: size}, {ask: size}, symbol)

    def book(self, bids: Mapping[str, str], asks: Mapping[str, str], symbol: str = "BTCUSDT") -> None:
        """Let the book be this, and say what has changed of it."""
        one = self.listings[symbol]
        first = one.update_id + 1
        changed = []
        for old, new in ((one.bids, bids), (one.asks, asks)):
            wanted = {Decimal(price): Decimal(size) for price, size in new.items()}
            gone = [[text(price), text(Decimal(0))] for price in old if price not in wanted]
            changed.append(gone + [[text(p), text(s)] for p, s in wanted.items() if old.get(p) != s])
            old.clear()
            old.update(wanted)
        one.update_id += max(1, len(changed[0]) + len(changed[1]))
        low = symbol.lower()
        best = [*_best(one.bids, max), *_best(one.asks, min)]
        ticker = {"u": one.update_id, "s": symbol, **dict(zip("bBaA", best, strict=True))}
        self.sockets.say(f"{low}@bookTicker", ticker | self._more_of_ticker())
        update = {"e": "depthUpdate", "E": self.account.now(), "s": symbol, "U": first, "u": one.update_id,
                  "b": changed[0], "a": changed[1]}  # fmt: skip
        self.sockets.say(f"{low}@depth@100ms", update | self._more_of_update(first - 1))
        self.sockets.say(f"{low}@depth", update | self._more_of_update(first - 1))

    def trade(self, price: str, quantity: str, side: str = "SELL", symbol: str = "BTCUSDT") -> None:
        """Let others trade, the taker on ``side``; resting orders of the account at that price or better are filled."""
        one = self.listings[symbol]
        number = one.trades[-1]["id"] + 1 if one.trades else 1
        row = {"id": number, "price": text(Decimal(price)), "qty": text(Decimal(quantity)),
               "time": self.account.now(), "isBuyerMaker": side == "SELL"}  # fmt: skip
        one.trades.append(row)
        self._say_trade(symbol, row)
        self.account.trade_through(one, Decimal(price), Decimal(quantity), side)

    def _say_trade(self, symbol: str, row: dict[str, Any]) -> None:
        event = {"e": "trade", "E": self.account.now(), "s": symbol, "t": row["id"], "p": row["price"], "q": row["qty"],
                 "T": row["time"], "m": row["isBuyerMaker"], "M": True}  # fmt: skip
        self.sockets.say(f"{symbol.lower()}@trade", event)

    def _more_of_ticker(self) -> dict[str, Any]:
        return {}

    def _more_of_update(self, last: int) -> dict[str, Any]:
        return {}

    def candle(
        self, start_ms: int, end_ms: int, prices: Sequence[str], volume: str = "10", interval: str = "1m",
        symbol: str = "BTCUSDT", *, is_closed: bool = True,
    ) -> None:  # fmt: skip
        """Say a candle, of open, high, low and close; one that is not closed is only on its way."""
        o, h, low, c = (text(Decimal(price)) for price in prices)
        rows = self.listings[symbol].candles.setdefault(interval, [])
        if is_closed:
            rows.append([start_ms, o, h, low, c, volume, end_ms - 1, "0", 5, "0", "0", "0"])
        k = {"t": start_ms, "T": end_ms - 1, "s": symbol, "i": interval, "f": 1, "L": 5, "o": o, "c": c, "h": h,
             "l": low, "v": volume, "n": 5, "x": is_closed, "q": "0", "V": "0", "Q": "0", "B": "0"}  # fmt: skip
        event = {"e": "kline", "E": self.account.now(), "s": symbol, "k": k}
        self.sockets.say(f"{symbol.lower()}@kline_{interval}", event)

    def say(self, stream: str, message: dict[str, Any]) -> None:
        """Say anything else over a stream, such as a line of a capture."""
        self.sockets.say(stream, message)


def _best(side: Levels, which: Callable[..., Decimal]) -> list[str]:
    price = which(side, default=Decimal(0))
    return [text(price), text(side.get(price, Decimal(0)))]
