"""Assets that count as collateral for what is margined in another (rule 75)."""

from __future__ import annotations

from barter_bt.columns.column import I64
from barter_bt.columns.exact import LIMIT, TOO_LARGE, muldiv
from barter_bt.columns.table import Table
from barter_bt.engine.accounting import exchanged
from barter_bt.engine.terms import RATE


class Pledges(Table):
    """One row per asset that counts, by asset."""

    asset: I64
    counts_in: I64  # asset in which all that is margined on its exchange is margined
    instrument: I64  # whose price converts one into the other
    divides: I64
    num: I64  # as for the steps of a conversion
    den: I64
    share: I64  # that counts, in 1e-9


def pledge_worth(p: Pledges, row: int, amount: int, ticks: int) -> int:
    """What an amount counts at a price, in units of the other asset."""
    if amount <= 0 or ticks <= 0:
        return 0
    worth = exchanged(amount, ticks, p.num[row], p.den[row], p.divides[row]) if amount <= LIMIT else TOO_LARGE
    return muldiv(worth, p.share[row], RATE) if worth <= LIMIT else TOO_LARGE
