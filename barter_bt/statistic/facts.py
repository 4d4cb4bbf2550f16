"""What figures are computed from: a run's curve, its activity, and its curve beside a benchmark's."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from barter_bt.statistic.activity import Activity
from barter_bt.statistic.against import Against, against
from barter_bt.statistic.curve import Curve, curve_of, curve_of_run
from barter_bt.statistic.figure import Figure, Value
from barter_bt.statistic.in_force import terms_in_force, told
from barter_bt.statistic.interval import ACTUAL
from barter_bt.statistic.market import Market
from barter_bt.statistic.tables import Tables


class Facts:
    """What figures are computed from, made when first needed."""

    def __init__(
        self,
        run: Tables,
        benchmark: pl.DataFrame | None = None,
        *,
        sampling: str | None = None,
        interval: str = ACTUAL,
        risk_free: float = 0.0,
        time_zone: str | None = None,
    ) -> None:
        self._run, self._benchmark = run, benchmark
        self._options: dict[str, Any] = {"sampling": sampling, "interval": interval, "risk_free": risk_free}
        self._options["time_zone"] = time_zone

    @cached_property
    def curve(self) -> Curve | None:
        """The equity curve; None if no mark is known."""
        return curve_of_run(self._run, **self._options)

    @cached_property
    def activity(self) -> Activity:
        """Orders, fills and positions."""
        return Activity(self._run, self.curve)

    @cached_property
    def market(self) -> Market:
        """What the run knows of its market."""
        return Market(self._run)

    @cached_property
    def against(self) -> Against | None:
        """The curve beside the benchmark's."""
        return against(self.curve, self._benchmark) if self.curve and self._benchmark is not None else None

    @cached_property
    def margins(self) -> list[str]:
        """Which terms of margin were in force."""
        config = self._run.config
        return told(terms_in_force(config)) if "venues" in config else []

    @property
    def no_curve(self) -> str:
        """Why there is no curve."""
        if not self._run.equity.height:
            return "there is no mark of equity"
        return f"equity is null at every mark: there was no price to convert it to {self._run.reporting}"

    @property
    def no_benchmark(self) -> str:
        """Why there is no curve beside the benchmark's."""
        if self._benchmark is None:
            return "there is no benchmark"
        mine, other = self.curve, curve_of(self._benchmark)
        if mine is None or other is None or max(mine.times[0], other.times[0]) >= min(mine.times[-1], other.times[-1]):
            return "the run and the benchmark have no time in common"
        return "a return of the run or of the benchmark begins with an equity that is not above 0"

    def value(self, figure: Figure) -> Value:
        """Compute one figure."""
        of = getattr(self, figure.needs)
        return None if of is None else figure.compute(of)
