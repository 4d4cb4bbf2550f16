"""Several strategies over one simulation at the same time, as Barter's ``run_backtests`` has them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import polars as pl

from barter_bt.backtest import Simulation
from barter_bt.errors import ConfigError
from barter_bt.research.executors import count_of
from barter_bt.statistic import FIGURES, Summary


@dataclass(frozen=True)
class BacktestArguments:
    """What differs from one backtest to the next: Barter's dynamic arguments.

    Attributes
    ----------
    id
        Its name, once in all.
    strategy
        What is run: Signals, a Compiled strategy or an object in Python. Give each its own object.
    risk_free
        Rate without risk of its figures, a year.
    risk
        Limits or risk managers in place of the simulation's; None: the simulation's.
    """

    id: str
    strategy: Any
    risk_free: float = 0.0
    risk: Any = None


@dataclass(frozen=True)
class Backtests:
    """Summaries of several backtests; made by :func:`run_backtests`.

    Attributes
    ----------
    summaries
        Figures of each by its id, in the order in which they were given.
    digests
        Digest of each run by its id.
    warnings
        What each run was warned of, by its id.
    seconds
        How long it took in all.
    """

    summaries: dict[str, Summary]
    digests: dict[str, str]
    warnings: dict[str, list[str]]
    seconds: float

    @property
    def frame(self) -> pl.DataFrame:
        """A row for each backtest: ``id`` and every figure."""
        rows = [{"id": name, **{each: one[each] for each in FIGURES}} for name, one in self.summaries.items()]
        return pl.DataFrame(rows, infer_schema_length=None)

    def __len__(self) -> int:
        return len(self.summaries)


def run_backtests(
    simulation: Simulation, arguments: Iterable[BacktestArguments], *, workers: int | None = None, **options: Any
) -> Backtests:
    """Run several backtests over the same data and terms, at the same time in threads.

    A simulation is what Barter calls the constant arguments. For many parameters of one strategy :func:`sweep` is
    faster and counts trials.

    Parameters
    ----------
    simulation
        Data, instruments, venues, balances and the rest: the same for all.
    arguments
        What differs. Those with the same ``risk`` share what is prepared for it.
    workers
        How many run at a time; by default one for each processor. Results do not depend on it.
    options
        Of the figures, as for :func:`barter_bt.statistic.summarise`; the rate without risk is each one's own.

    Raises
    ------
    ConfigError
        An id is there twice, or there is nothing to run.
    BarterBtError
        As a run raises it; none that is not done yet is begun then.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(300, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> simulation = bt.Simulation(candles, btc, balances={"usd": 1_000}, interpret=True)
    >>> crosses = [
    ...     bt.research.BacktestArguments(f"{fast}/20", bt.strategy.builtin.SmaCross(fast, 20)) for fast in (5, 10)
    ... ]
    >>> bt.research.run_backtests(simulation, crosses).frame.select("id", "trades").rows()
    [('5/20', 16), ('10/20', 16)]
    """
    given = list(arguments)
    names = [each.id for each in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or not given:
        said = "there is nothing to run" if twice is None else f"two backtests have the id {twice!r}"
        raise ConfigError(said, "give each its own, as results are known by it")
    if "risk_free" in options:
        raise ConfigError("risk_free is each backtest's own", "BacktestArguments(..., risk_free=0.02)")
    began = time.perf_counter()
    risks = {id(each.risk): each.risk for each in given}
    prepared = {key: simulation if risk is None else simulation.with_risk(risk) for key, risk in risks.items()}

    def run(each: BacktestArguments) -> tuple[Summary, str, list[str]]:
        result = prepared[id(each.risk)].run(each.strategy)
        summary = result.summary(risk_free=each.risk_free, **options)
        return Summary.from_dict(summary.to_dict()), result.digest, result.warnings  # without the run's tables

    with ThreadPoolExecutor(min(count_of(workers), len(given))) as pool:
        futures = [pool.submit(run, each) for each in given]
        try:
            found = [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
    summaries, digests, warnings = (dict(zip(names, column, strict=True)) for column in zip(*found, strict=True))
    return Backtests(summaries, digests, warnings, time.perf_counter() - began)
