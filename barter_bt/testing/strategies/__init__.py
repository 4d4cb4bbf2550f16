"""Hypothesis strategies: market data, instruments, terms, orders, and whole backtests.

They draw few prices and times on purpose, so that everything collides: several events at one time, orders at the very
price of the market, balances that do not suffice. Everything is valid: :func:`barter_bt.data.check` finds no error in
the data. Importing this module needs Hypothesis (``pip install hypothesis``), which this package does not install.
"""

from __future__ import annotations

from barter_bt.errors import MissingPackageError

try:
    import hypothesis as _hypothesis  # noqa: F401  # told of here, before anything else needs it
except ModuleNotFoundError as error:
    raise MissingPackageError("barter_bt.testing.strategies needs Hypothesis", "pip install hypothesis") from error

from barter_bt.testing.strategies.market import candles, markets, quotes, trades
from barter_bt.testing.strategies.runs import accepted, cases, scenarios, schedules
from barter_bt.testing.strategies.terms import balances, fees, instruments, latencies, slippages, venues

__all__ = [
    "accepted",
    "balances",
    "candles",
    "cases",
    "fees",
    "instruments",
    "latencies",
    "markets",
    "quotes",
    "scenarios",
    "schedules",
    "slippages",
    "trades",
    "venues",
]
