"""What the examples of this directory have in common: five real stocks, a strategy, and a simulation of both."""

from typing import Any

import barter_bt as bt

NAMES = ("aapl_usd", "fb_usd", "goog_usd", "ibm_usd", "msft_usd")
STOCKS = [bt.Instrument("xnas", name, price_increment="0.0001", quantity_increment=1) for name in NAMES]


class Trend:
    """Holds ``quantity`` of each stock while its last close stands above the average of ``window``."""

    wake = "bar_close"

    def __init__(self, window: int = 50, quantity: float = 100, name: str = "trend") -> None:
        self.candle_history, self.quantity, self.name = window, quantity, name

    def generate_algo_orders(self, state: Any) -> tuple[list[int], list[bt.OrderRequest]]:
        """At each close: what brings every position to where it should be."""
        opens = []
        for stock in state.instruments:
            close = state.candles(stock).close
            if len(close) < self.candle_history or state.working(stock):
                continue
            missing = (self.quantity if close[-1] > close.mean() else 0) - state.position(stock)
            if missing:
                opens.append(bt.OrderRequest(stock, missing))
        return [], opens


def simulation(**settings: Any) -> bt.Simulation:
    """The stocks from 2008 on, at an exchange that takes 0.05 %."""
    prices = bt.candles(bt.data.sample("stocks_daily"))
    given: dict[str, Any] = {"balances": {"usd": 100_000}, "venues": bt.Venue(fees="0.05%")} | settings
    return bt.Simulation(prices, STOCKS, **given)
