"""A strategy in plain Python, for paper.toml and stocks.toml: the same object in a backtest and on paper."""

from typing import Any

from barter_bt import OrderRequest


class Trend:
    """Holds ``quantity`` of each instrument while its fast average of closes stands above its slow one."""

    wake = "bar_close"

    def __init__(self, fast: int = 20, slow: int = 50, quantity: float = 100) -> None:
        self.fast, self.quantity = fast, quantity
        self.candle_history = slow

    def generate_algo_orders(self, state: Any) -> tuple[list[int], list[OrderRequest]]:
        """At each close: what brings every position to where it should be."""
        opens = []
        for name in state.instruments:
            close = state.candles(name).close
            if len(close) < self.candle_history or state.working(name):
                continue
            wanted = self.quantity if close[-self.fast :].mean() > close.mean() else 0
            missing = wanted - state.position(name)
            if missing:
                opens.append(OrderRequest(name, missing))
        return [], opens
