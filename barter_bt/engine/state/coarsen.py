"""A coarser unit for the money of one asset, while a state is in use: larger amounts fit, the last digits are rounded.

Needed where amounts are told by an exchange and not known before (the event engine); a backtest chooses its units once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from barter_bt.columns.exact import LIMIT
from barter_bt.columns.table import Table
from barter_bt.engine.state.assets import update_rest
from barter_bt.engine.state.tables import EngineState

_OF_A_POSITION = ("cost_basis", "realised", "fees_enter", "fees_exit")
_OF_AN_OPEN_ONE = (*_OF_A_POSITION, "aside", "settled")


def can_coarsen(s: EngineState, asset: int, power: int) -> bool:
    """Whether one lot of every spot instrument of this base would still be a whole number of units."""
    t = s.terms
    return all(t.base_units[i] % 10**power == 0 for i in range(len(t)) if t.base[i] == asset)


def most_lots(s: EngineState, i: int, powers: Mapping[int, int]) -> int:
    """The most lots that a notional can be counted of (``terms.lots_max``), with assets coarser by these powers."""
    t = s.terms
    base_units = t.base_units[i] // 10 ** powers.get(t.base[i], 0)
    value = Fraction(t.num[i], t.den[i]) / 10 ** powers.get(t.quote[i], 0)
    return int(LIMIT // max(base_units if t.derivative[i] < 0 else max(value.numerator, base_units), 1))


def coarsen(s: EngineState, asset: int, power: int) -> None:
    """Let a unit of ``asset`` be 10^``power`` of what it is: every amount and every term of dealing that counts in it.

    The limits of the risk manager are to be written anew (:meth:`barter_bt.risk.Limits.apply_amounts`).
    """
    by, quoted = 10**power, s.terms.array("quote") == asset
    _divide(s.instruments, _OF_AN_OPEN_ONE, quoted, by)
    _divide(s.positions, _OF_A_POSITION, quoted[s.positions.array("instrument")], by)
    for journal in (s.orders, s.trades):
        _divide(journal, ("notional", "fees"), quoted[journal.array("instrument")], by)
    _divide(s.balances, ("total", "free"), s.balances.array("asset") == asset, by)
    _divide(s.assets, ("total", "free", "held"), np.arange(len(s.assets)) == asset, by)
    s.assets.units_per_unit[asset] /= by
    update_rest(s, asset)
    _convert(s, asset, by)
    for i in range(len(s.terms)):
        if s.terms.zero[i] == 0:
            s.terms.lots_max[i] = most_lots(s, i, {asset: power})
        _restate(s, i, asset, by)


def _divide(table: Table, names: tuple[str, ...], rows: npt.NDArray[np.bool_], by: int) -> None:
    """Divide these rows, rounded half to even."""
    for name in names:
        column: npt.NDArray[Any] = table.array(name)
        quotient, rest = np.divmod(column[rows], by)
        column[rows] = quotient + ((2 * rest > by) | ((2 * rest == by) & (quotient % 2 == 1)))


def _convert(s: EngineState, asset: int, by: int) -> None:
    """The steps of the valuation that begin or end at this asset (rule 24)."""
    a = s.assets
    for each in range(len(a)):
        ratio = Fraction(a.step_num[each], a.step_den[each])
        ratio = ratio * by if each == asset else ratio
        ratio = ratio / by if a.next[each] == asset else ratio
        a.step_num[each], a.step_den[each] = ratio.numerator, ratio.denominator


def _restate(s: EngineState, i: int, asset: int, by: int) -> None:
    """The terms of one instrument, in the new units."""
    t = s.terms
    if t.base[i] == asset:
        t.base_units[i] //= by
    if t.quote[i] == asset:
        value = Fraction(t.num[i], t.den[i]) / by
        t.num[i], t.den[i], t.den_inverse[i] = value.numerator, value.denominator, 1.0 / value.denominator
        t.notional_min[i] = math.ceil(Fraction(t.notional_min[i], by))
        for amounts in (t.order_fee, t.fee_min, t.fee_step):
            amounts[i] = round(Fraction(amounts[i], by))
        for num, den in ((t.lot_fee_num, t.lot_fee_den), (t.lot_margin_num, t.lot_margin_den)):
            amount = Fraction(num[i], den[i]) / by
            num[i], den[i] = amount.numerator, amount.denominator
