"""One small market and strategies for the tests of this room."""

from __future__ import annotations

from typing import Any

import barter_bt as bt
from barter_bt.data import generate

BTC = bt.Instrument("x", "btc_usd", price_increment="0.0001", quantity_increment="0.001")
VENUE = bt.Venue(fees=bt.Fees(0.0005, 0.001), latency=bt.Latency("10ms", "5ms"))


def simulation(rows: int = 120, **settings: Any) -> bt.Simulation:
    """Candles of a random walk, fees and latency."""
    candles = bt.data.candles(generate.candles(rows, instrument="btc_usd"))
    given: dict[str, Any] = {"balances": {"usd": 10_000}, "venues": VENUE, "interpret": True} | settings
    return bt.Simulation(candles, BTC, **given)


class Crosses:
    """Buys at the market when the last close is above the average of ten, sells with a limit when it is below."""

    wake: Any = ("bar_close", "fill")
    candle_history = 10

    def generate_algo_orders(self, state: Any) -> Any:
        close = state.candles("btc_usd").close
        if len(close) < self.candle_history or state.working("btc_usd"):
            return None
        position = state.position("btc_usd")
        if close[-1] > close.mean() and not position:
            return [], [bt.OrderRequest("btc_usd", 1)]
        if close[-1] < close.mean() and position:
            return [], [bt.OrderRequest("btc_usd", -position, round(close[-1] * 0.9999, 4))]
        return None


class Quotes:
    """Keeps a bid and an ask around the price, and moves them every five minutes; wakes at every event."""

    def generate_algo_orders(self, state: Any) -> Any:
        if state.event != "candle" or state.time // 60_000_000_000 % 5:
            return None
        price, position = state.price("btc_usd"), state.position("btc_usd")
        opens = [bt.OrderRequest("btc_usd", 1, round(price * 0.9995, 4), post_only=True)]
        if position:
            opens.append(bt.OrderRequest("btc_usd", -position, round(price * 1.0005, 4)))
        return state.cancel_all("btc_usd"), opens


class Once:
    """Buys one at the first candle."""

    wake = "candle"

    def generate_algo_orders(self, state: Any) -> Any:
        return [], [] if len(state.raw.orders) else [bt.OrderRequest("btc_usd", 1)]
