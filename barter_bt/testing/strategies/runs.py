"""Schedules of orders, and whole backtests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl
from hypothesis import reject
from hypothesis import strategies as st

from barter_bt.errors import ConfigError, EngineError, StrategyError
from barter_bt.strategy import Schedule
from barter_bt.testing.scenario.arguments import schedule_frame
from barter_bt.testing.scenario.case import Case
from barter_bt.testing.scenario.conditions import with_conditions, with_protection
from barter_bt.testing.scenario.given import plan_of
from barter_bt.testing.scenario.make import make
from barter_bt.testing.scenario.margined import make_margined
from barter_bt.testing.scenario.orders import make_schedule
from barter_bt.testing.scenario.simple import make_simple
from barter_bt.testing.scenario.source import Drawn, Source, chance
from barter_bt.testing.scenario.spec import PROTECT_BY, Scenario
from barter_bt.testing.scenario.waiting import make_waiting
from barter_bt.testing.strategies.common import TWO, Instruments, builds, several


def schedules(
    frames: pl.DataFrame | Sequence[pl.DataFrame], instruments: Instruments = TWO, *, reporting: str | None = None
) -> st.SearchStrategy[Schedule]:
    """Orders, cancels and targets while there is data, limit prices near its prices.

    Parameters
    ----------
    frames
        Market data, as the strategies of this module draw it.
    instruments
        What is traded.
    reporting
        Asset of the equity, by default the first instrument's quote; targets in fractions of it need it.

    Examples
    --------
    >>> import barter_bt as bt
    >>> from hypothesis import given, settings
    >>> from hypothesis import strategies as st
    >>> @settings(max_examples=20, deadline=None)
    ... @given(st.data())
    ... def test(data):
    ...     frame = data.draw(bt.testing.strategies.candles())
    ...     plan = data.draw(schedules(frame))
    ...     result = bt.testing.run(bt.data.candles(frame), plan, TWO)
    ...     bt.testing.assert_all(result)
    >>> test()
    """
    plan = plan_of([frames] if isinstance(frames, pl.DataFrame) else frames, several(instruments), reporting)

    def make_one(source: Drawn) -> Schedule:
        scenario = plan.sized(source.pick(("units", "notional", "equity")))
        rows = make_schedule(source, scenario, plan.step_ns, plan.spans)
        if source.pick((False, True)):
            rows = with_conditions(source, rows, scenario.instruments, plan.spans)
        by = source.pick(PROTECT_BY)
        if source.pick((False, True)):
            rows = with_protection(source, rows, scenario.instruments, by, plan.spans)
        pays, cuts = source.pick((True, False)), source.pick((False, True))
        return Schedule(schedule_frame(rows), scenario.size, pays, cuts, protect_by=by)

    return builds(make_one)


def scenarios() -> st.SearchStrategy[Scenario]:
    """Whole backtests as plain data: what :func:`cases` runs.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(scenarios())
    ... def test(scenario):
    ...     assert 1 <= len(scenario.instruments) <= 4
    >>> test()
    """
    return builds(_make)


def _make(source: Source) -> Scenario:
    """Of any kind, now and then of the simplest, of orders that wait, or of positions on margin alone."""
    kinds = (make_simple, make_simple, make_waiting, make_margined)
    return source.pick(kinds)(source) if chance(source, 20) else make(source)


def cases(strategy: Any = None) -> st.SearchStrategy[Case]:
    """Whole backtests: one to four instruments on one or two exchanges, all kinds of data, terms, orders, settings.

    Parameters
    ----------
    strategy
        A function without arguments that makes a strategy, in place of drawn orders.

    Examples
    --------
    >>> import barter_bt as bt
    >>> from hypothesis import given, settings
    >>> @settings(max_examples=20, deadline=None)
    ... @given(cases())
    ... def test(case):
    ...     with accepted():
    ...         result = case.backtest()
    ...     bt.testing.assert_all(result)
    >>> test()
    """
    return scenarios().map(lambda scenario: Case(scenario, None if strategy is None else strategy()))


@contextmanager
def accepted() -> Iterator[None]:
    """A drawn case that the engine refuses, or whose amounts leave the range of its units, is no example.

    Examples
    --------
    >>> from barter_bt.errors import ConfigError
    >>> from hypothesis import given
    >>> from hypothesis import strategies as st
    >>> @given(st.integers(0, 9))
    ... def test(number):
    ...     with accepted():
    ...         if number > 4:
    ...             raise ConfigError("too large")
    ...     assert number <= 4
    >>> test()
    """
    try:
        yield
    except (ConfigError, StrategyError):
        reject()
    except EngineError as error:
        if "left the range" not in str(error):
            raise
        reject()
