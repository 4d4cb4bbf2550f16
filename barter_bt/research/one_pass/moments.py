"""What figures are made of, from what one pass has kept; sums are in the order of those of the statistics."""

from __future__ import annotations

from math import sqrt

from barter_bt.columns.marks import unit
from barter_bt.research.one_pass.tables import Amounts, Columns, Found, Kept

WIDE = 512  # values that are added up side by side
_ROUNDING = 1e-14  # returns that differ by less are equal


def total(amounts: Amounts, columns: Columns) -> float:
    """The sum in the order of the statistics: long ones in columns, row by row, then what is left."""
    count, found, begin = len(amounts), 0.0, 0
    if count > WIDE:
        begin = count // WIDE * WIDE
        for c in range(WIDE):
            columns.sum[c] = amounts.value[c]
        for row in range(WIDE, begin):
            columns.sum[row % WIDE] += amounts.value[row]
        for c in range(WIDE):
            found += columns.sum[c]
    for row in range(begin, count):
        found += amounts.value[row]
    return found


def put(amounts: Amounts, value: float) -> None:
    """One more."""
    row = amounts.append()
    amounts.value[row] = value


@unit
def measure(kept: Kept, found: Found, free: float) -> None:
    """Sums and moments of a run, of returns less the rate without risk ``free``."""
    m, equity, terms, columns = found.moments, kept.equity, kept.terms, kept.columns
    last = len(equity) - 1
    m.first[0], m.last[0] = equity.value[0], equity.value[last]
    m.mean_equity[0] = total(equity, columns) / (last + 1)
    m.fees[0], m.notional[0] = total(kept.fees, columns), total(kept.notional, columns)
    terms.truncate(0)
    for row in range(len(kept.realised)):
        put(terms, max(kept.realised.value[row], 0.0))
    m.gains[0] = total(terms, columns)
    terms.truncate(0)
    for row in range(len(kept.realised)):
        put(terms, min(kept.realised.value[row], 0.0))
    m.losses[0] = total(terms, columns)
    _measure_returns(kept, found, free)


@unit
def _measure_returns(kept: Kept, found: Found, free: float) -> None:
    m, equity, returns, terms, columns = found.moments, kept.equity, kept.returns, kept.terms, kept.columns
    returns.truncate(0)
    m.defined[0], m.mean[0], m.deviation[0], m.downside[0] = 1, 0.0, 0.0, 0.0
    for row in range(1, len(equity)):
        before = equity.value[row - 1]
        if before > 0.0:
            change = equity.value[row] / before - 1.0
            put(returns, change - free if free != 0.0 else change)
        else:
            m.defined[0] = 0
    n = len(returns)
    if m.defined[0] == 0 or n == 0:
        return
    m.mean[0] = mean = total(returns, columns) / n
    most, least = returns.value[0], returns.value[0]
    terms.truncate(0)
    for row in range(n):
        most, least = max(most, returns.value[row]), min(least, returns.value[row])
        put(terms, (returns.value[row] - mean) * (returns.value[row] - mean))
    if n > 1 and most - least > _ROUNDING * (1.0 + abs(mean)):
        m.deviation[0] = sqrt(total(terms, columns) / (n - 1))
    terms.truncate(0)
    for row in range(n):
        below = min(returns.value[row], 0.0)
        put(terms, below * below)
    m.downside[0] = sqrt(total(terms, columns) / n)
