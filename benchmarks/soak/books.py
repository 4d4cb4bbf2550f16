"""What both sides know in the end, held against each other: trades, orders, fills, balances."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from barter_bt.live import Arrival, LiveRun, Source
from barter_bt.protocol import Item, Market, PublicTrade, Reconnecting
from benchmarks.soak.exchange import BUYS_AT, SELLS_AT, cents_of

_STATUS = {"NEW": "open", "PARTIALLY_FILLED": "open", "FILLED": "filled", "CANCELED": "cancelled", "EXPIRED": "expired"}
_NEVER_THERE = ("rejected", "refused")


class Heard:
    """A source whose trades are counted as they pass.

    Attributes
    ----------
    last
        Number of the last.
    wrong, altered
        How many did not follow the one before, and how many do not say what the exchange said.
    over_stream
        How many came by themselves; the others were asked for.
    told_losses
        How often it told that its link was lost.
    arrived
        When each trade came that the strategy answers, ns.

    Parameters
    ----------
    market
        The source.
    every
        How many trades go by for one that the strategy answers.
    """

    def __init__(self, market: Source, every: int) -> None:
        self._market, self._every = market, every
        self.last = self.wrong = self.altered = self.over_stream = self.told_losses = self._received = 0
        self.arrived: dict[int, int] = {}

    async def arrivals(self) -> AsyncIterator[Arrival]:
        """What the market tells."""
        async for arrival in self._market.arrivals():
            for event in arrival.events:
                if isinstance(event, Market):
                    self._hear(event)
            yield arrival

    def _hear(self, event: Market) -> None:
        if isinstance(event.event, Reconnecting):
            self.told_losses += 1
        if not isinstance(event.event, Item) or not isinstance(event.event.value.kind, PublicTrade):
            return
        trade, received = event.event.value.kind, event.event.value.time_received
        number, cents = int(trade.id), round(trade.price * 100)
        self.wrong += number != self.last + 1
        self.altered += cents not in (cents_of(number), BUYS_AT, SELLS_AT)
        self.over_stream += received != self._received
        self.last, self._received = number, received
        if number % self._every == 0:
            self.arrived[number] = received

    async def close(self) -> None:
        """Close the market."""
        await self._market.close()


def differences(run: LiveRun, view: Any, there: Mapping[str, Any]) -> list[str]:
    """What is not the same on both sides, in words; nothing if all is.

    Parameters
    ----------
    run
        Ours.
    view
        Of the engine.
    there
        What the exchange reports.
    """
    known, found = dict(there["orders"]), list[str]()
    orders, filled = run.orders, run.trades.group_by("order_id").agg(pl.col("quantity").sum())
    if len(known) != there["order_count"]:
        found.append(f"{there['order_count'] - len(known)} orders came twice")
    of_orders = dict(filled.iter_rows())
    for number, status in orders.select("order_id", pl.col("status").cast(pl.String)).iter_rows():
        cid, amount = view.key_of(number).cid, round(of_orders.get(number, 0.0), 8)
        told = known.pop(cid, None)
        if told is None and status not in _NEVER_THERE:
            found.append(f"order {cid} is {status} here and nothing there")
        elif told is not None and (status, amount) != (_STATUS[told[0]], told[1]):
            found.append(f"order {cid} is {status}, {amount} filled, here and {told} there")
    found += [f"order {cid} is {told} there and nothing here" for cid, told in known.items()]
    waiting = [one.key.cid for one in view.orders("btc_usdt") if type(one.state).__name__.endswith("InFlight")]
    found += [f"order {cid} is in flight" for cid in waiting]
    for asset, amount in there["balances"].items():
        if view.balance(asset)[0] != Decimal(amount):
            found.append(f"there are {view.balance(asset)[0]} {asset} here and {amount} there")
    if view.position("btc_usdt") != Decimal(there["held"]):
        found.append(f"the position is {view.position('btc_usdt')} here and {there['held']} there")
    return found
