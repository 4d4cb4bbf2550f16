"""Barter's ``TradingSummary`` of a run: with corrected figures, or with Barter's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from barter_bt.errors import ConfigError
from barter_bt.statistic.tables import Tables

if TYPE_CHECKING:
    from barter_bt.protocol.summary import TradingSummary


def trading_summary(
    run: Tables,
    *,
    interval: str = "annual_365",
    risk_free: float = 0.0,
    figures: Literal["corrected", "barter"] = "corrected",
) -> TradingSummary:
    """Tear sheets of every instrument and asset, traded or not, with Barter's names; making them changes nothing.

    Parameters
    ----------
    run
        The run.
    interval
        What ratios are stated for: "annual_365", "annual_252", "daily", "actual", or a length such as "30d".
    risk_free
        Rate of return without risk: per year; with Barter's own figures it is held against the return of a position.
    figures
        "corrected": each figure as :func:`~barter_bt.statistic.summary.summarise` defines it, over the part of the
        run (:func:`~barter_bt.statistic.part.parts`), undefined is None. "barter": as Barter 0.14 computes it, its
        faults included (:mod:`barter_bt.statistic.barter`).

    Examples
    --------
    >>> import barter_bt as bt
    >>> prices = bt.data.candles(bt.data.generate.candles(300, instrument="btc_usd"))
    >>> btc = bt.Instrument("x", "btc_usd", price_increment="0.0001")
    >>> run = bt.backtest(prices, btc, bt.strategy.builtin.SmaCross(5, 20), balances={"usd": 1_000}, interpret=True)
    >>> list(trading_summary(run).instruments)
    ['x-btc_usd']
    """
    from barter_bt.statistic.tear_sheets import trading_summary_of

    if figures not in ("corrected", "barter"):
        raise ConfigError(f"figures is {figures!r}; allowed: corrected, barter")
    return trading_summary_of(run, interval, risk_free, own=figures == "barter")
