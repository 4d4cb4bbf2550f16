"""A configuration, data for it, and an engine that returns a run without running."""

from __future__ import annotations

import pytest

import barter_bt.backtest
from barter_bt.data import generate
from tests.statistic.fakes import crossing_run

CONFIG = """
[run]
seed = 3
reporting = "usd"
start = 2020-01-01T00:00:00Z

[[data]]
kind = "candles"
path = "candles.parquet"
interval = "1m"

[[instruments]]
exchange = "xsim"
name = "walk_usd"
price_increment = "0.0001"

[balances]
usd = 10_000

[venues.xsim]
fees = { taker = 0.001 }
latency = { request = "50ms", feed = 7 }
max_age = "1s"

[strategy]
name = "sma_cross"
parameters = { fast = 20, slow = 50 }
"""


class Crossing:
    """Stands for a built-in strategy."""

    def __init__(self, fast=20, slow=50, quantity=1):
        self.parameters = (fast, slow, quantity)


class Holding:
    """Stands for another."""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A directory with a good configuration and its data, and built-in strategies."""
    strategies = {"sma_cross": Crossing, "buy_and_hold": Holding}
    monkeypatch.setattr("barter_bt.strategy.builtin.BUILTIN", strategies)
    generate.candles(20).drop("time_open").write_parquet(tmp_path / "candles.parquet")
    path = tmp_path / "run.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def engine(monkeypatch):
    """The calls of an engine that returns the run ``engine.result``."""

    class Engine:
        def __init__(self):
            self.calls = []
            self.result = crossing_run(500, 10)

        def __call__(self, **arguments):
            self.calls.append(arguments)
            return self.result

    made = Engine()
    monkeypatch.setattr(barter_bt.backtest, "backtest", made, raising=False)
    return made
