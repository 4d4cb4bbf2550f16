"""What the order of trades has to do with it: the same trades, as they might have come as well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.report.canvas import Look, panel, percent_axis
from barter_bt.report.style import title
from barter_bt.research.overfitting.matrix import Returns, series_of
from barter_bt.statistic.tables import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AT_ONCE = 2_000_000
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True, eq=False)
class TradeOrders:
    """Result of :func:`shuffle_trades`.

    Attributes
    ----------
    drawdowns
        Deepest fall from a peak in each order, as a fraction of the peak; float64. Above 1 where more was lost than
        there was.
    finals
        Equity at the end of each order.
    lows
        Lowest equity of each.
    drawdown, final
        Of the order in which the trades really came.
    """

    drawdowns: Floats
    finals: Floats
    lows: Floats
    drawdown: float
    final: float

    @property
    def luck(self) -> float:
        """Part of the orders with a deeper drawdown than the real one: near 1, the real order was a lucky one."""
        return float((self.drawdowns > self.drawdown).mean())

    def probability_of_ruin(self, equity: float = 0.0) -> float:
        """Part of the orders in which equity is at or below a level at any time.

        Examples
        --------
        >>> shuffle_trades([-6.0, -6.0, 20.0], capital=10, samples=3_000, seed=1).probability_of_ruin() < 0.4
        True
        """
        return float((self.lows <= equity).mean())

    def quantiles(self) -> pl.DataFrame:
        """What parts of the orders do not exceed: ``quantile``, ``drawdown``, ``final``."""
        return pl.DataFrame(
            {
                "quantile": _QUANTILES,
                "drawdown": np.quantile(self.drawdowns, _QUANTILES),
                "final": np.quantile(self.finals, _QUANTILES),
            }
        )

    def plot(self, ax: Axes | None = None, *, style: Look = "light") -> Axes:
        """Draw how deep the drawdowns are, and the real one.

        Parameters
        ----------
        ax
            Where to draw; by default a new figure.
        style
            "light" or "dark".
        """
        axes, look = panel(ax, style)
        axes.hist(self.drawdowns, bins=50, color=look.drawdown, alpha=0.5)
        axes.axvline(self.drawdown, color=look.equity, linewidth=1.6)
        percent_axis(axes, "x")
        title(axes, look, "Deepest drawdown, trades in any order", f"{self.luck:.0%} deeper than in the real order")
        return axes


def shuffle_trades(
    profits: Returns, *, capital: float, samples: int = 10_000, replace: bool = False, seed: int = 0
) -> TradeOrders:
    """Put trades in random order, many times: how deep could the fall have been that the real order happened to avoid.

    Parameters
    ----------
    profits
        Profit or loss of each trade in money, in the order in which they ended: ``result.positions["pnl_realised"]``.
    capital
        Equity before the first; above 0.
    samples
        How many orders.
    replace
        Draw trades with replacement, so that the equity at the end varies as well: what another run of such trades
        might do. By default each order has all of them.
    seed
        The same seed gives the same orders.

    Raises
    ------
    DataError
        There are no trades, or a profit is no finite number.
    ConfigError
        A number is out of range.

    Notes
    -----
    It assumes that trades do not depend on each other, and have the same size whatever the equity. Where several are
    open at a time, or losses come in rows, the real risk is higher than it says. Equity between the ends of trades is
    not looked at, so that drawdowns are less deep than those of the equity curve.

    Examples
    --------
    >>> found = shuffle_trades([50.0, -20.0, 30.0, -10.0, 40.0], capital=1_000, seed=1)
    >>> round(found.drawdown, 4), round(float(found.drawdowns.max()), 4), found.final
    (0.019, 0.03, 1090.0)
    """
    values = series_of(profits, "profits", observations=1)
    if not 0 < capital < float("inf") or samples < 1:
        raise ConfigError(f"capital is {capital} and samples {samples}; allowed: above 0, and at least 1")
    random, n = np.random.default_rng(seed), len(values)
    parts = []
    for first in range(0, samples, at_once := max(1, _AT_ONCE // n)):
        count = min(at_once, samples - first)
        drawn = random.choice(values, (count, n)) if replace else random.permuted(np.tile(values, (count, 1)), axis=1)
        parts.append(_falls(capital, drawn))
    drawdowns, finals, lows = (np.concatenate(each) for each in zip(*parts, strict=True))
    (drawdown,), (final,), _ = _falls(capital, values[None, :])
    return TradeOrders(drawdowns, finals if replace else np.full(samples, final), lows, float(drawdown), float(final))


def _falls(capital: float, profits: Floats) -> tuple[Floats, Floats, Floats]:
    """Deepest drawdown, last and lowest equity of each row."""
    equity = np.cumsum(profits, axis=1)
    equity += capital
    peaks = np.maximum(np.maximum.accumulate(equity, axis=1), capital)
    return np.maximum((1.0 - equity / peaks).max(axis=1), 0.0), equity[:, -1].copy(), equity.min(axis=1)
