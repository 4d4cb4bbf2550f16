"""Strategies, some of which raise or end their process, in a module that workers in other processes can import."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import polars as pl

import barter_bt as bt
from barter_bt.research.runs import Runs

WALK = bt.data.generate.candles(400, instrument="btc_usd", seed=2)
BTC = bt.Instrument("x", "btc_usd", price_increment="0.0001")


def simulation(data=WALK, **terms):
    return bt.Simulation(bt.data.candles(data), BTC, balances={"usd": 1_000}, venues=bt.Venue(**terms), interpret=True)


def crossing(fast, slow):
    mean = pl.col("close").rolling_mean
    return bt.Signals((mean(fast) > mean(slow)) * 1.0)


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


def holding(bars, lock):
    """What it holds cannot be given to another process."""
    return Every(bars)


def failing(bars):
    """A simulation, but for the first set none."""
    if bars == 3:
        return simulation()
    raise ZeroDivisionError(f"no bars: {bars}")


class Elsewhere(Runs):
    """Whose data is other data in another process."""

    def whole_of(self, number):
        return super().whole_of(number) if os.getpid() == self.seed else simulation(WALK.head(100))


PRICES = WALK.head(150)
NOISY = bt.research.add_noise(PRICES, 0.3, seed=1).with_columns(pl.col("open", "high", "low", "close").round(4))
VARIANTS = {"walk": PRICES, "noisy": NOISY, "short": PRICES.head(120)}


def priced(fee, latency, slip, data):
    """A simulation with terms and data as parameters."""
    terms = {"fees": fee, "latency": bt.Latency(latency, 0), "slippage": bt.Slippage(rate=slip)}
    return simulation(VARIANTS[data], **terms)


def in_and_out(s, my):
    my.variables.seen[0] += 1
    if my.variables.seen[0] % my.parameters.bars[0] == 0:
        if bt.strategy.api.position(s, 0) > 0:
            bt.strategy.api.close(s, 0)
        else:
            bt.strategy.api.buy(s, 0, 1.0)


def compiled(bars):
    return bt.Compiled(in_and_out, parameters={"bars": bars}, variables={"seen": 0}, wake="bar_close")


def above(bars):
    return crossing(bars, 3 * bars)


DRIVERS = {"signals": above, "compiled": compiled, "python": Every}


def driven(driver, bars):
    """A strategy of any driver."""
    return DRIVERS[driver](bars)


LATER = 90_000_000_000
SETS = pl.DataFrame(
    {
        "fee": ["0", "1%", "1%", "0.05%"],
        "latency": [0, LATER, 0, 250_000_000],
        "slip": [0.0, 0.0, 0.001, 0.001],
        "data": ["walk", "noisy", "short", "walk"],
        "driver": ["signals", "compiled", "python", "signals"],
        "bars": [5, 5, 9, 9],
    }
)
"""Each driver, with terms and data of its own."""
