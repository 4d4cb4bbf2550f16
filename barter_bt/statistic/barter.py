"""Barter's own figures, faults included, for those who want to compare: nothing else here is computed from them.

They are exact decimals over the returns of closed positions. Known faults are named where they are; the corrected
figures stand in :mod:`barter_bt.statistic.summary`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from barter_bt.protocol.summary import Drawdown

MAX: Final = Decimal("79228162514264337593543950335")
"""Barter's largest decimal, which stands for what is infinite or undefined."""
_DIGITS: Final = 28
_ZERO: Final = Decimal(0)


@dataclass
class DataSet:
    """Count, sum, mean and dispersion of values, one after the other, by Welford's recurrence.

    Source: B. P. Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4
    (1962). The variance is that of a population, n in the divisor.

    Examples
    --------
    >>> values = DataSet()
    >>> for each in (1, 2, 3):
    ...     values.update(Decimal(each))
    >>> values.mean, values.sum, values.high - values.low
    (Decimal('2.0'), Decimal('6'), Decimal('2'))
    """

    count: int = 0
    sum: Decimal = _ZERO
    mean: Decimal = _ZERO
    m: Decimal = _ZERO
    high: Decimal = _ZERO
    low: Decimal = _ZERO

    def update(self, value: Decimal) -> None:
        """Take in the next value."""
        first = self.count == 0
        self.count += 1
        self.sum += value
        before, self.mean = self.mean, self.mean + (value - self.mean) / self.count
        self.m += (value - before) * (value - self.mean)
        self.high = value if first else max(self.high, value)
        self.low = value if first else min(self.low, value)

    @property
    def variance(self) -> Decimal:
        """Variance with n in the divisor, 0 without values."""
        return self.m / self.count if self.count else _ZERO

    @property
    def variance_sample(self) -> Decimal:
        """Variance with n - 1 in the divisor, 0 for fewer than two values."""
        return self.m / (self.count - 1) if self.count > 1 else _ZERO

    @property
    def deviation(self) -> Decimal:
        """Root of the variance with n in the divisor."""
        return abs(self.variance).sqrt()


class DrawdownGenerator:
    """Drawdowns from a peak of a series, told when the peak is passed.

    Fault: of profit and loss the peak may be zero or negative, and the fraction means nothing.

    Examples
    --------
    >>> drawdowns = DrawdownGenerator()
    >>> [drawdowns.update(Decimal(value), time) for time, value in enumerate((100, 90, 110))]
    [None, None, Drawdown(value=Decimal('0.1'), time_start=0, time_end=2)]
    """

    peak: Decimal | None = None
    time_peak: int = 0
    time_now: int = 0
    deepest: Decimal = _ZERO

    def update(self, value: Decimal, time: int) -> Drawdown | None:
        """Take in the next value; tells the fall that it ends, if it ends one."""
        self.time_now = time
        if self.peak is None or value > self.peak:
            ended = None if self.peak is None else self.current()
            self.peak, self.time_peak, self.deepest = value, time, _ZERO
            return ended
        if self.peak != 0:
            self.deepest = max(self.deepest, (self.peak - value) / self.peak)
        return None

    def current(self) -> Drawdown | None:
        """The fall that has not ended."""
        return Drawdown(self.deepest, self.time_peak, self.time_now) if self.deepest != 0 else None


def mean_drawdown(drawdowns: Iterable[Drawdown]) -> tuple[Decimal, int] | None:
    """Mean depth and mean length, in whole milliseconds, of falls; a running mean whose division cuts the length.

    Fault: a mean told while a fall lasts counts it again when it ends; here the falls are given.

    Examples
    --------
    >>> mean_drawdown([Drawdown(Decimal("0.1"), 0, 2_000_000), Drawdown(Decimal("0.3"), 0, 4_000_000)])
    (Decimal('0.2'), 3)
    """
    mean: tuple[Decimal, int] | None = None
    for count, fall in enumerate(drawdowns, 1):
        depth, length = fall.value, (fall.time_end - fall.time_start) // 1_000_000
        if mean is None:
            mean = depth, length
        else:
            mean = mean[0] + (depth - mean[0]) / count, mean[1] + int((length - mean[1]) / count)
    return mean


def max_drawdown(drawdowns: Iterable[Drawdown]) -> Drawdown | None:
    """The fall of largest size, of equals the first.

    Examples
    --------
    >>> max_drawdown([Drawdown(Decimal("-0.1"), 0, 1), Drawdown(Decimal("0.05"), 0, 1)]).value
    Decimal('-0.1')
    """
    return max(drawdowns, key=lambda fall: abs(fall.value), default=None)


def sharpe_ratio(risk_free: Decimal, mean: Decimal, deviation: Decimal) -> Decimal:
    """(mean - risk free) / deviation. Fault: without deviation it is Barter's largest decimal, also for losses.

    Examples
    --------
    >>> sharpe_ratio(Decimal("0.0015"), Decimal("0.0025"), Decimal("0.02"))
    Decimal('0.05')
    """
    return (mean - risk_free) / deviation if deviation else MAX


def downside_ratio(risk_free: Decimal, mean: Decimal, risk: Decimal) -> Decimal:
    """(mean - risk free) / |risk|: Sortino's and Calmar's ratio.

    Risk is the deviation of the losing returns, or the maximum drawdown. Fault: without risk it is plus or minus
    Barter's largest decimal, 0 for no excess.

    Examples
    --------
    >>> downside_ratio(Decimal("0.001"), Decimal("-0.002"), Decimal("0.015"))
    Decimal('-0.2')
    """
    excess = mean - risk_free
    if risk:
        return excess / abs(risk)
    return MAX if excess > 0 else -MAX if excess < 0 else _ZERO


def scale(value: Decimal, length_ns: int, target_ns: int, *, root: bool = True) -> Decimal:
    """Turn a figure of one length of time into that of another: times the root of their ratio, or times the ratio.

    Faults: Calmar's ratio is scaled by the root as well; the length is that of the whole run where the returns are
    those of positions.

    Examples
    --------
    >>> scale(Decimal("0.05"), 2, 8), scale(Decimal("0.01"), 1, 252, root=False)
    (Decimal('0.10'), Decimal('2.52'))
    """
    if length_ns == 0:
        return MAX
    factor = abs(Decimal(target_ns)) / abs(Decimal(length_ns))
    found = value * (factor.sqrt() if root else factor)
    return found if abs(found) <= MAX else MAX


def profit_factor(profits: Decimal, losses: Decimal) -> Decimal | None:
    """|profits| / |losses|; plus or minus Barter's largest decimal where one is zero.

    Fault: what it is given as profits is the sum of all returns, losses included.

    Examples
    --------
    >>> profit_factor(Decimal(10), Decimal(-5))
    Decimal('2')
    """
    if not profits and not losses:
        return None
    return MAX if not losses else -MAX if not profits else abs(profits) / abs(losses)


def win_rate(wins: Decimal, count: Decimal) -> Decimal | None:
    """|wins| / |count|. Fault: what it is given as wins is the number of losses.

    Examples
    --------
    >>> win_rate(Decimal(6), Decimal(10))
    Decimal('0.6')
    """
    return abs(wins) / abs(count) if count else None


@dataclass(frozen=True)
class PnlReturns:
    """Sum of realised PnL, and the returns of all and of the losing positions.

    The return of a position is its realised PnL / (average entry price times largest quantity).
    """

    pnl: Decimal
    every: DataSet
    losses: DataSet
    drawdowns: tuple[Drawdown, ...]
    last: Drawdown | None


def pnl_returns(positions: Iterable[tuple[Decimal, Decimal, Decimal, int]]) -> PnlReturns:
    """Take in closed positions: realised PnL, average entry price, largest quantity, time of exit.

    Examples
    --------
    >>> found = pnl_returns([(Decimal(500), Decimal(100), Decimal(10), 1)])
    >>> found.pnl, found.every.mean, found.losses.count
    (Decimal('500'), Decimal('0.5'), 0)
    """
    with localcontext() as context:
        context.prec = _DIGITS
        pnl, every, losses, curve, ended = _ZERO, DataSet(), DataSet(), DrawdownGenerator(), []
        for realised, entry, quantity, time in positions:
            pnl += realised
            cost = entry * quantity
            change = realised / cost if cost else _ZERO
            every.update(change)
            if change.is_signed():
                losses.update(change)
            fall = curve.update(pnl, time)
            if fall is not None:
                ended.append(fall)
        return PnlReturns(pnl, every, losses, tuple(ended), curve.current())
