"""``backtest``: from market data, instruments and a strategy to a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from barter_bt.backtest.result import Result
from barter_bt.backtest.run import run
from barter_bt.backtest.simulation import Simulation
from barter_bt.backtest.spill import SPILL, Spill
from barter_bt.data import MarketData, Stream
from barter_bt.data.flows import CashFlows
from barter_bt.data.sessions import Sessions
from barter_bt.instrument import Instrument
from barter_bt.instrument.instrument import Number
from barter_bt.venue.terms import Venue

if TYPE_CHECKING:
    from barter_bt.backtest.checkpoint import Checkpoint
    from barter_bt.backtest.commands import Commands
    from barter_bt.backtest.record import Record
    from barter_bt.risk.managers import Given


def backtest(
    data: Stream | MarketData | Sequence[Stream],
    instruments: Instrument | Sequence[Instrument],
    strategy: Any,
    *,
    balances: Mapping[str, Number],
    units: Mapping[str, Number] | None = None,
    venues: Venue | Mapping[str, Venue] | None = None,
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
    checkpoint: Checkpoint | None = None,
    resume: str | Path | None = None,
    seed: int = 0,
    spill: Spill | None = SPILL,
    interpret: bool | None = None,
    progress: bool | Callable[[int, int], None] | None = None,
) -> Result:
    """Replay market data through the engine and a simulated venue.

    Parameters
    ----------
    data
        One stream or several, in the order that decides at equal times (rule 10).
    instruments
        What can be traded. Rows of other instruments are an error.
    strategy
        :class:`~barter_bt.strategy.Signals`, :class:`~barter_bt.strategy.Schedule`,
        :class:`~barter_bt.strategy.Compiled`, or an object with ``generate_algo_orders(state)``; or several of
        them, which share one account (:class:`~barter_bt.strategy.StrategyGroup`).
    balances
        Starting balance of each asset, by ``asset`` or ``exchange.asset``; others start at 0.
    units
        Smallest amount of an asset that is counted, such as ``{"usd": "0.01"}``; of the others one that suits the
        starting balances (rule 1), mostly 1e-9. A run counts up to 4.6e18 of them.
    venues
        Terms of every exchange, or by exchange; without fees, latency or margin accounts if not given.
    risk
        Limits that every order is held against, or a mapping of their parameters; a risk manager of your own: an object
        with ``check(state, order)`` (:class:`~barter_bt.risk.RiskManager`), or a
        :class:`~barter_bt.risk.CompiledRisk`; or a list of them, of which limits are asked first.
    commands
        What somebody outside tells the engine, by time: see :class:`Commands`.
    cash_flows
        Money that no order moves, and splits: what :func:`~barter_bt.data.funding`,
        :func:`~barter_bt.data.dividends`, :func:`~barter_bt.data.splits`, :func:`~barter_bt.data.interest` and
        :func:`~barter_bt.data.cash_flows` give, or a list of such.
    sessions
        When exchanges are open, for orders that know of it: what :func:`~barter_bt.data.exchange_sessions` or
        :func:`~barter_bt.data.sessions` give, or the name of a calendar, whose sessions around the data are taken; for
        all instruments, or by exchange, or by instrument, which comes before its exchange.
    trading
        Whether trading is enabled when the run starts. While it is disabled the strategy is not asked, and signals
        and orders that were decided before the run are passed over.
    reporting
        Asset of the equity; by default the quote asset of the first instrument.
    rates
        At which assets are converted beside the market's: ``{"eur/usd": 1.08}``, or a frame or file with ``time`` and
        ``rate``; a pair converts both ways, and trades nothing (rule 74). It may name assets that no instrument has,
        such as another to report in.
    mark_every
        Interval of the equity marks, such as ``"1m"``; by default each candle close, a minute without candles.
    record
        State columns to keep as one more table.
    audit
        ``"actions"``: keep what the engine did and because of which event; ``"full"``: every event, so that
        :class:`~barter_bt.engine.replica.StateReplica` can follow.
    start, end
        First and last venue time (with a zone) of the data that takes part. The account begins at ``start``, also
        where the data begins later; without it at the first time in the data. Signals are computed over all of the
        data; of targets before ``start`` the last of each instrument is followed there (rule 12).
    checkpoint
        Where to save the run from time to time.
    resume
        A file that a run with ``checkpoint`` left: go on from there. Everything else must be as in that run: data,
        instruments, terms, settings, the strategy's code and parameters; what differs is an error that names it.
        What a strategy in Python remembers is unpickled: resume only files that you made.
    seed
        Kept in the manifest; nothing in this version is random.
    spill
        How much memory orders, trades and all else that a run writes may take, and where it lies beyond that; by
        default 1 GiB, then in temporary files; None: all lies in memory.
    interpret
        Run in plain Python, without Numba; by default as the environment variable BARTER_BT_INTERPRET says.
    progress
        True: a bar on stderr; or a function of rows done and rows in all.

    Returns
    -------
    Result

    See Also
    --------
    Simulation : prepares all but the strategy once, for many runs.

    Raises
    ------
    BarterBtError
        For bad input: the message names what and where, and how to put it right.

    Examples
    --------
    >>> import barter_bt as bt
    >>> candles = bt.data.candles(bt.data.generate.candles(1_000, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> result = bt.backtest(candles, btc, bt.strategy.builtin.SmaCross(), balances={"usd": 1_000}, interpret=True)
    >>> result.trades.height == result.orders.height
    True
    """
    began = time.perf_counter()
    simulation = Simulation(
        data,
        instruments,
        balances=balances,
        units=units,
        venues=venues,
        risk=risk,
        commands=commands,
        cash_flows=cash_flows,
        sessions=sessions,
        trading=trading,
        reporting=reporting,
        rates=rates,
        mark_every=mark_every,
        record=record,
        audit=audit,
        start=start,
        end=end,
        seed=seed,
        spill=spill,
        interpret=interpret,
    )
    seconds = time.perf_counter() - began
    given: dict[str, Any] = {"checkpoint": checkpoint, "resume": resume, "progress": progress}
    result = run(simulation.setup, strategy, interpret=interpret, alone=True, **given)
    result.timings["prepare"] += seconds
    return result
