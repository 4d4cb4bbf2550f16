"""What is drawn: a backtest with limits, a risk manager, commands, and the decisions of its strategy, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

import barter_bt as bt
from barter_bt.backtest import Result
from barter_bt.testing.scenario import Scenario, to_backtest
from barter_bt.testing.scenario.plain import Plain
from tests.system.hosts.decides import Closing, Decides, Decision
from tests.system.hosts.told import Told

COMMANDS: dict[str, Any] = {
    "time": pl.Datetime("ns", "UTC"),
    "command": pl.String,
    "instrument": pl.String,
    "exchange": pl.String,
    "order": pl.Int64,
    "quantity": pl.Float64,
    "price": pl.Float64,
    "time_in_force": pl.String,
    "post_only": pl.Boolean,
    "amount": pl.Float64,
}
WATCHED = bt.Record(("engine.time",))  # so that it is known when the equity was marked
HALF = "half"  # in place of a reason


class Whims:
    """A risk manager that says one thing after another; then it approves. It keeps what it saw.

    Parameters
    ----------
    verdicts
        A reason, ``HALF`` (the order is made smaller), or nothing to approve.
    """

    def __init__(self, verdicts: Iterable[str]) -> None:
        self.verdicts = iter(verdicts)
        self.saw: list[Any] = []

    def check(self, state: Any, order: bt.OrderRequest) -> Any:
        i, said = state.index(order.instrument), next(self.verdicts, "")
        ins, lots = state.raw.instruments, round(abs(order.quantity) * state.raw.terms.lots_per_unit[i])
        self.saw.append((order.instrument, order.quantity, order.price, ins.quantity[i], ins.working[i], ins.live[i]))
        return (lots + 1) // 2 / state.raw.terms.lots_per_unit[i] if said == HALF else said or None


@dataclass(frozen=True, repr=False)
class Plan(Plain):
    """One run, of which a failing test prints what makes it again.

    Parameters
    ----------
    scenario
        Data, instruments, venues and settings. If it has a schedule, that is a second strategy.
    decisions
        Of the strategy in Python, one for each wake-up.
    amid
        It also decides between two events of one report.
    closing
        It also decides how positions are closed.
    limits
        As for :class:`barter_bt.Limits`.
    verdicts
        Of a risk manager, which there is if it is to say something.
    commands
        Rows for :class:`barter_bt.Commands`.
    """

    scenario: Scenario
    decisions: tuple[Decision, ...] = ()
    amid: bool = False
    closing: bool = False
    limits: Mapping[str, Any] | None = None
    verdicts: tuple[str, ...] = ()
    commands: tuple[Mapping[str, Any], ...] = ()
    trading: Literal["enabled", "disabled"] = "enabled"

    def backtest(self) -> tuple[Result, Told]:
        """Run it, and make ready to tell the event engine of it.

        Raises
        ------
        BarterBtError
            It cannot be run.
        """
        arguments = to_backtest(self.scenario)
        strategy = (Closing if self.closing else Decides)(self.decisions, self.amid)
        scheduled = bool(self.scenario.schedule)
        mine, theirs = Whims(self.verdicts), Whims(self.verdicts)
        result = bt.backtest(
            **arguments | {"strategy": [arguments["strategy"], strategy] if scheduled else strategy},
            risk=self._risk(mine),
            commands=pl.DataFrame(self.commands, COMMANDS) if self.commands else None,
            trading=self.trading,
            audit="full",
            record=WATCHED,
            interpret=True,
        )
        told = Told(result, strategy.asked, int(scheduled), risk=self._risk(theirs), venues=arguments["venues"])
        return result, told.watching(lambda: self.amid or mine.saw[: len(theirs.saw)] == theirs.saw)

    def _risk(self, manager: Whims) -> Any:
        return ([self.limits] if self.limits else []) + ([manager] if self.verdicts else [])
