"""Strategies that end their process, or raise, in a module that workers of other processes can import."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import barter_bt as bt
from barter_bt.research.runs import Runs

WALK = bt.data.generate.candles(400, instrument="btc_usd", seed=2)
BTC = bt.Instrument("x", "btc_usd", price_increment="0.0001")


class Every:
    """In Python: in and out every so many bars."""

    name, wake = "every", "bar_close"

    def __init__(self, bars):
        self.bars, self.seen = bars, 0

    def generate_algo_orders(self, state):
        self.seen += 1
        if self.seen % self.bars:
            return [], []
        return [], [bt.OrderRequest("btc_usd", -1.0 if state.position("btc_usd") else 1.0)]


def dying(bars, folder):
    """The first run of one of the sets ends its process."""
    mark = Path(folder, "died")
    if bars == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return Every(bars)


def failing(bars):
    """All but the first set fail."""
    if bars == 3:
        return Every(bars)
    raise ZeroDivisionError(f"no bars: {bars}")


class Elsewhere(Runs):
    """Whose data is other data in another process."""

    def whole_of(self, number):
        other = bt.Simulation(bt.data.candles(WALK.head(100)), BTC, balances={"usd": 1_000}, interpret=True)
        return super().whole_of(number) if os.getpid() == self.seed else other
