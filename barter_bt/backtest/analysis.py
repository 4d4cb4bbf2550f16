"""What can be asked of any run, finished just now or read back from its directory: figures, pictures, pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import polars as pl

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from barter_bt.protocol.summary import TradingSummary
    from barter_bt.statistic.flows import FlowsBy
    from barter_bt.statistic.part import By
    from barter_bt.statistic.season import Season
    from barter_bt.statistic.summary import Summary
    from barter_bt.statistic.tables import Tables


class Analysis:
    """Questions to a run's tables. Options are those of :func:`barter_bt.statistic.summarise`."""

    @property
    def _tables(self) -> Tables:
        return cast("Tables", self)

    def summary(self, **options: Any) -> Summary:
        """The run's figures, each with its definition: see :func:`barter_bt.statistic.summarise`."""
        from barter_bt.statistic.summary import summarise

        return summarise(self._tables, **options)

    @property
    def terms(self) -> pl.DataFrame:
        """Which margin, maintenance, liquidation and mark was in force for each instrument, given or by default.

        Columns are ``exchange``, ``instrument``, ``kind``, ``account``, ``margin`` (``cross``, ``isolated``, ``none``),
        whether it is that of who gives none (``by_default``, null without margin), its ``rate`` or ``per_contract``,
        ``maintenance`` or ``maintenance_per_contract``, how many ``tiers`` stand in their place (rule 71),
        ``liquidation`` (``whole``, ``by_tier`` or ``none``) with its ``liquidation_fee``, the ``mark`` (rule 73), the
        ``settlement`` (``closing`` or ``daily``, rule 102), and the ``settlement_price``, null where it is the last
        price.

        Examples
        --------
        >>> import barter_bt as bt
        >>> future = bt.Instrument("x", "a_usd", kind="future", price_increment=1, quantity_increment=1)
        >>> buys = bt.testing.schedule({"at": 60, "buy": 5})
        >>> run = bt.testing.run(bt.testing.bars(10, 12), buys, future, balances={"usd": 100}, interpret=True)
        >>> run.terms.select("margin", "rate", "maintenance", "liquidation", "mark").row(0)
        ('cross', 1.0, 0.0, 'whole', 'weighted_mid')
        """
        from barter_bt.statistic.in_force import terms_in_force

        return terms_in_force(self._tables.config)

    def figures_by(self, by: By, **options: Any) -> pl.DataFrame:
        """Figures of each instrument, strategy, exchange or asset: see :func:`barter_bt.statistic.figures_by`."""
        from barter_bt.statistic.part import figures_by

        return figures_by(self._tables, by, **options)

    def flows_by(self, by: FlowsBy = "reason") -> pl.DataFrame:
        """What cash flows paid, by reason, instrument or asset: see :func:`barter_bt.statistic.flows_by`."""
        from barter_bt.statistic.flows import flows_by

        return flows_by(self._tables, by)

    def returns_by(self, season: Season, time_zone: str | None = None) -> pl.DataFrame:
        """Returns by year, month, week, day, weekday or hour: see :func:`barter_bt.statistic.returns_by`."""
        from barter_bt.statistic.season import returns_by

        return returns_by(self._tables, season, time_zone)

    def by_session(self, calendar: str | None = None) -> pl.DataFrame:
        """The account at the close of each trading session: see :func:`barter_bt.statistic.by_session`."""
        from barter_bt.statistic.sessions import by_session

        return by_session(self._tables, calendar)

    def rolling(self, window: int | None = None, **options: Any) -> pl.DataFrame:
        """Figures of the last ``window`` returns: see :func:`barter_bt.statistic.rolling`."""
        from barter_bt.statistic.windows import rolling

        return rolling(self._tables, window, **options)

    def bootstrap(self, **options: Any) -> pl.DataFrame:
        """Confidence intervals of figures: see :func:`barter_bt.statistic.bootstrap`."""
        from barter_bt.statistic.resampled import bootstrap

        return bootstrap(self._tables, **options)

    def drawdowns(self, count: int = 10) -> pl.DataFrame:
        """The deepest falls from a peak: ``depth``, ``time_peak``, ``time_trough``, ``time_end``, ``duration``."""
        from barter_bt.statistic.curve import curve_of
        from barter_bt.statistic.drawdown import drawdown_table

        return drawdown_table(curve_of(self._tables.equity), count)

    def trading_summary(self, **options: Any) -> TradingSummary:
        """Barter's summary, corrected or with Barter's own figures: see :func:`barter_bt.statistic.trading_summary`."""
        from barter_bt.statistic.barter_summary import trading_summary

        return trading_summary(self._tables, **options)

    def report(self, path: str | Path, **options: Any) -> Path:
        """One self-contained HTML page: see :func:`barter_bt.report.page.write_page`."""
        from barter_bt.report.page import write_page

        return write_page(self._tables, path, **options)

    def plot(self, path: str | Path | None = None, **options: Any) -> Figure:
        """Price with fills, equity and drawdown; written to ``path`` if given: see :mod:`barter_bt.report`."""
        from barter_bt.report.tearsheet import plot

        return plot(self._tables, path, **options)
