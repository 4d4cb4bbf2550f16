"""One backtest as plain data, and random ones: what the fuzzing of this package draws.

A :class:`Scenario` is nothing but names, numbers and rows, so that it can be printed, altered and given to another
engine; :func:`to_backtest` turns it into arguments of :func:`barter_bt.backtest`.
"""

from barter_bt.testing.scenario.arguments import to_backtest
from barter_bt.testing.scenario.case import Case
from barter_bt.testing.scenario.make import make, random_scenario
from barter_bt.testing.scenario.margined import make_margined
from barter_bt.testing.scenario.numbers import CENTER, START
from barter_bt.testing.scenario.shift import shifted
from barter_bt.testing.scenario.simple import make_simple
from barter_bt.testing.scenario.source import Drawn, Seeded, Source
from barter_bt.testing.scenario.spec import (
    Conditions,
    Entry,
    ExchangeSpec,
    FaultSpec,
    InstrumentSpec,
    Row,
    Scenario,
    StreamSpec,
)
from barter_bt.testing.scenario.waiting import make_waiting

__all__ = [
    "CENTER",
    "START",
    "Case",
    "Conditions",
    "Drawn",
    "Entry",
    "ExchangeSpec",
    "FaultSpec",
    "InstrumentSpec",
    "Row",
    "Scenario",
    "Seeded",
    "Source",
    "StreamSpec",
    "make",
    "make_margined",
    "make_simple",
    "make_waiting",
    "random_scenario",
    "shifted",
    "to_backtest",
]
