"""A whole backtest that was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from barter_bt.backtest import Result, backtest
from barter_bt.testing.scenario.arguments import to_backtest
from barter_bt.testing.scenario.spec import Scenario


@dataclass(frozen=True)
class Case:
    """Data, instruments, strategy and settings of one backtest; unpacks into these four.

    Parameters
    ----------
    scenario
        The same as plain data, which is what a failing test prints: ``Case(Scenario(...))`` makes it again.
    own
        Takes the place of the scenario's own schedule of orders.

    Examples
    --------
    >>> from barter_bt.testing.scenario import random_scenario
    >>> case = Case(random_scenario(1))
    >>> data, instruments, strategy, settings = case
    >>> sorted(settings)
    ['balances', 'cash_flows', 'mark_every', 'rates', 'reporting', 'sessions', 'start', 'units', 'venues']
    >>> case.backtest().orders.height
    5
    """

    scenario: Scenario
    own: Any = None

    @cached_property
    def _arguments(self) -> dict[str, Any]:
        return to_backtest(self.scenario)

    @property
    def data(self) -> Any:
        """Streams of market data."""
        return self._arguments["data"]

    @property
    def instruments(self) -> Any:
        """What is traded."""
        return self._arguments["instruments"]

    @property
    def strategy(self) -> Any:
        """Decisions: a schedule, or what was given."""
        return self._arguments["strategy"] if self.own is None else self.own

    @property
    def settings(self) -> dict[str, Any]:
        """The other arguments of :func:`barter_bt.backtest`, by name."""
        return {k: v for k, v in self._arguments.items() if k not in ("data", "instruments", "strategy")}

    def __iter__(self) -> Iterator[Any]:
        return iter((self.data, self.instruments, self.strategy, self.settings))

    def backtest(self, **changes: Any) -> Result:
        """Run it, interpreted; ``changes`` are arguments of :func:`barter_bt.backtest` that take the place of its own.

        Raises
        ------
        BarterBtError
            As any backtest. A case may well be refused: see :func:`barter_bt.testing.strategies.accepted`.
        """
        given = {**self._arguments, "strategy": self.strategy, "interpret": True} | changes
        return backtest(**given)
