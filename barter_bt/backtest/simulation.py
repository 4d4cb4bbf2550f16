"""``Simulation``: market data, instruments and terms, prepared once for any number of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from barter_bt.backtest.prepare import Asked, prepare
from barter_bt.backtest.result import Result
from barter_bt.backtest.run import merge, run
from barter_bt.backtest.setup import Setup
from barter_bt.backtest.spill import SPILL, Spill
from barter_bt.data import MarketData, Stream
from barter_bt.data.flows import CashFlows
from barter_bt.data.forked import refuse_fork
from barter_bt.data.sessions import Sessions
from barter_bt.instrument import Instrument
from barter_bt.instrument.instrument import Number
from barter_bt.venue.terms import Venue

if TYPE_CHECKING:
    from barter_bt.backtest.checkpoint import Checkpoint
    from barter_bt.backtest.commands import Commands
    from barter_bt.backtest.record import Record
    from barter_bt.risk.managers import Given


class Simulation:
    """Everything of a backtest but the strategy, prepared once; ``run`` tries one strategy after another.

    A run gives what :func:`~barter_bt.backtest` gives: the same digest, warnings and manifest. Runs do not know of each
    other and may go on at the same time, in threads of one process (compiled code leaves Python's lock) or, a
    simulation in each, in several processes.

    Parameters
    ----------
    data, instruments, venues, balances, units, risk, commands, cash_flows, sessions
        As for :func:`~barter_bt.backtest`.
    trading, reporting, rates, mark_every, record, audit, start, end, seed, spill, interpret
        As for :func:`~barter_bt.backtest`.

    Raises
    ------
    BarterBtError
        For bad input: the message names what and where, and how to put it right.

    Notes
    -----
    What is kept for later runs: what a stream knows of itself (its rows are checked once), and of data in memory the
    columns as the engine and signals read them, from the second run on. Files are streamed anew in each run.

    A strategy in Python that remembers something remembers it in the next run as well: give each run its own object.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(500, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> simulation = bt.Simulation(candles, btc, balances={"usd": 1_000}, interpret=True)
    >>> crosses = [bt.strategy.builtin.SmaCross(fast, 50) for fast in (5, 10)]
    >>> runs = [simulation.run(cross) for cross in crosses]
    >>> alone = bt.backtest(candles, btc, crosses[1], balances={"usd": 1_000}, interpret=True)
    >>> runs[1].digest == alone.digest
    True
    """

    def __init__(
        self,
        data: Stream | MarketData | Sequence[Stream],
        instruments: Instrument | Sequence[Instrument],
        *,
        venues: Venue | Mapping[str, Venue] | None = None,
        balances: Mapping[str, Number],
        units: Mapping[str, Number] | None = None,
        risk: Given = None,
        commands: Commands | pl.DataFrame | None = None,
        cash_flows: CashFlows | Sequence[CashFlows] | None = None,
        sessions: Sessions | str | Mapping[str, Sessions | str] | None = None,
        trading: Literal["enabled", "disabled"] = "enabled",
        reporting: str | None = None,
        rates: Mapping[str, Any] | None = None,
        mark_every: str | int | None = None,
        record: Record | Mapping[str, Any] | None = None,
        audit: Literal["off", "actions", "full"] = "off",
        start: datetime | None = None,
        end: datetime | None = None,
        seed: int = 0,
        spill: Spill | None = SPILL,
        interpret: bool | None = None,
    ) -> None:
        refuse_fork()
        self._asked = Asked(**{name: value for name, value in locals().items() if name != "self"})
        self._interpret, self._setup = interpret, prepare(self._asked)

    @property
    def setup(self) -> Setup:
        """What has been prepared, for other hosts of the loop."""
        return self._setup

    @property
    def interpret(self) -> bool | None:
        """Whether runs are interpreted; None: as it suits."""
        return self._interpret

    @cached_property
    def span(self) -> tuple[datetime, datetime]:
        """From the start of the account to the last market event, in UTC: the time that folds split.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(60, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> start, end = simulation.span
        >>> end - start
        datetime.timedelta(seconds=3600)
        """
        last = min(max(stream.time_range()[1] for stream in self._setup.streams), self._setup.last)
        begins, ends = self._setup.begins // 1_000, -(-last // 1_000)
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return epoch + timedelta(microseconds=begins), epoch + timedelta(microseconds=ends)

    def run(
        self,
        strategy: Any,
        *,
        checkpoint: Checkpoint | None = None,
        resume: str | Path | None = None,
        progress: bool | Callable[[int, int], None] | None = None,
    ) -> Result:
        """Run one strategy over the data.

        Parameters
        ----------
        strategy, checkpoint, resume, progress
            As for :func:`~barter_bt.backtest`.

        Returns
        -------
        Result

        Raises
        ------
        BarterBtError
            The strategy cannot be prepared, raised or asked for something impossible, or the data is bad; of a run that
            had begun the error has what was done until then as ``result``.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(50, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> simulation.run(bt.Signals(pl.lit(0.0))).warnings
        ['no order was sent']
        """
        return run(
            self._setup, strategy, interpret=self._interpret, checkpoint=checkpoint, resume=resume, progress=progress
        )

    def compile(self, strategy: Any) -> None:
        """Compile a strategy and risk managers into the engine's loop, for runs that call them many millions of times.

        Without it the loop, which is compiled once for all strategies, calls them by address: some nanoseconds a
        call. This takes ten seconds or more, once: the result is kept, and every later run of the strategy takes it, in
        this process or another. Tables are the same either way.

        Parameters
        ----------
        strategy
            As for :meth:`run`.

        Raises
        ------
        StrategyError
            It cannot be compiled.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(50, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9})
        >>> simulation.compile(bt.Signals(pl.lit(0.0)))  # doctest: +SKIP
        """
        merge(self._setup, strategy)

    def between(self, start: datetime, end: datetime) -> Simulation:
        """The same in a part of the time: an account of its own, which begins at ``start``.

        Raises
        ------
        BarterBtError
            There is no market data in it.

        Examples
        --------
        >>> from datetime import UTC, datetime
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(500, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> hour = simulation.between(datetime(2020, 1, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, 2, tzinfo=UTC))
        >>> hour.run(bt.Signals(pl.lit(0.0))).equity.height
        61
        """
        return _made(self._asked._replace(start=start, end=end))

    def with_risk(self, risk: Any) -> Simulation:
        """The same with other limits and risk managers.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(9, instrument="btc_usd"))
        >>> simulation = bt.Simulation(candles, bt.Instrument("x", "btc_usd"), balances={"usd": 9}, interpret=True)
        >>> simulation.with_risk(bt.Limits(order_notional=1)).fingerprint == simulation.fingerprint
        False
        """
        return _made(self._asked._replace(risk=risk))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides what a strategy's run does: data, instruments, terms and settings.

        It is the same in every process, wherever the data lies.

        Examples
        --------
        >>> import barter_bt as bt
        >>> candles = bt.data.candles(bt.data.generate.candles(9, instrument="btc_usd"))
        >>> btc = bt.Instrument("x", "btc_usd")
        >>> one, other = (bt.Simulation(candles, btc, balances={"usd": cash}, interpret=True) for cash in (1, 2))
        >>> one.fingerprint == other.fingerprint
        False
        """
        from barter_bt.backtest.identity import fingerprint

        return fingerprint(self._setup.made_from(), self._setup.streams)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled is what it was made from, with frames in memory: it is prepared anew on the other side."""
        return _made, (self._asked,)

    def __repr__(self) -> str:
        setup = self._setup
        return f"Simulation({', '.join(map(repr, setup.streams))}; {len(setup.index)} instrument(s))"


def _made(asked: Asked) -> Simulation:
    return Simulation(**asked._asdict())
