"""Strategies compiled into the loop: ``generate(s, my)`` over the state's columns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from keyword import iskeyword
from types import FunctionType
from typing import Any

from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError
from barter_bt.strategy.columns import column_numbers
from barter_bt.strategy.driver import Driver, Market, candle_history, wake_bits, without_candles
from barter_bt.strategy.hooks import Hooks
from barter_bt.strategy.own import own_tables


@dataclass(frozen=True)
class Compiled:
    """A strategy written as a function in the subset of Python that Numba compiles.

    Parameters
    ----------
    generate
        ``generate(s, my)``: called at each event that it asked for, with the engine's state and its own tables.
        It asks for orders with the functions of :mod:`barter_bt.strategy.api`. It cannot write the engine's columns,
        and a row that is not there raises ``IndexError``.
    parameters
        Numbers it reads as ``my.parameters.name[0]``. The name of an instrument reads as its index: instruments are
        numbered by exchange and name, not in the order in which they were given.
    variables
        Its own variables, with first values: ``my.variables.name[0]``.
    per_instrument
        Its own columns, one row per instrument, with first values: ``my.per_instrument.name[i]``.
    wake
        What wakes it: ``"every_event"``, ``"market"``, ``"trade"``, ``"quote"``, ``"candle"``, ``"bar_close"``,
        ``"order"``, ``"fill"``, ``"update"`` (a command, a trading-state change, a lost link), ``"timer:1m"``, or
        several of them.
    hooks
        What it does when a link is lost, when trading is disabled, and to close positions.
    name
        Its strategy id in the tables.
    candle_history
        How many of the last candles of each instrument it can look back at, with
        :func:`~barter_bt.strategy.api.candle_close` and its like.
    data_columns
        Names of columns of the data beside those of the market, which hold numbers: ``column(s, i,
        my.columns.sentiment[0])`` of :mod:`barter_bt.strategy.api` reads the last value that arrived.
    """

    generate: Callable[[EngineState, Any], None]
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    variables: Mapping[str, float] = field(default_factory=dict)
    per_instrument: Mapping[str, float] = field(default_factory=dict)
    wake: str | tuple[str, ...] = "every_event"
    hooks: Hooks = field(default_factory=Hooks)
    name: str = "compiled"
    candle_history: int = 0
    data_columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.generate, FunctionType):
            raise StrategyError(
                f"generate is {self.generate!r}; it must be a plain function", "define it with def generate(s, my):"
            )
        if len(inspect.signature(self.generate).parameters) != 2:
            raise StrategyError(f"{self.generate.__name__} must take two arguments: the state and its own tables")
        wake_bits(self.wake)
        candle_history(self.candle_history)

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        bits, timer_ns = wake_bits(self.wake)
        code = self.generate.__code__
        numbers = column_numbers(market.streams, self.data_columns, market.told)
        for name in numbers:
            if not name.isidentifier() or iskeyword(name) or name.startswith("_"):
                raise StrategyError(
                    f"a compiled strategy cannot read column {name!r}: my.columns.{name} is no name",
                    "rename it in the frame, with letters and digits",
                )
        return Driver(
            wake=self.hooks.wake(self.generate, bits),
            my=own_tables(self.parameters, self.variables, self.per_instrument, market.index, numbers),
            asked=self.hooks.asked(bits),
            hooks=self.hooks.bits,
            timer_ns=timer_ns,
            history=self.candle_history,
            columns=tuple(numbers),
            source=(code.co_filename, code.co_firstlineno),
            warnings=partial(without_candles, self.candle_history, market),
        )
