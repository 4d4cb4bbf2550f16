"""Positions that the venue itself closes, because they are liquidated or settled, and who pays what they leave owing.

See rules 43, 46 and 70.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range, notional
from barter_bt.engine.fault import fail_range
from barter_bt.engine.flows import INSURANCE
from barter_bt.engine.messages import FLOW
from barter_bt.engine.order import BUY, SELL
from barter_bt.engine.terms import CROSS, ISOLATED
from barter_bt.venue.margin import backing, own_money
from barter_bt.venue.posting import post
from barter_bt.venue.report import report_close_out, report_flow
from barter_bt.venue.state import VenueState


def close_whole(v: VenueState, i: int, ticks: int, fee: int, reason: int) -> None:
    """Close all of a position."""
    close_out(v, i, abs(v.markets.quantity[i]), ticks, fee, reason)


@unit
def close_out(v: VenueState, i: int, lots: int, ticks: int, fee: int, reason: int) -> None:
    """Close so much of a position at ``ticks`` for a fee, and report it: a fill of an order that nobody has sent.

    What an isolated position gives back is all that it can lose.
    """
    a, asset = v.accounts, v.terms.quote[i]
    aside, total = v.markets.aside[i], a.total[asset]
    side = SELL if v.markets.quantity[i] > 0 else BUY
    value = notional(v.terms, i, lots, ticks)
    if value > LIMIT or fee > LIMIT:
        fail_range(v.fault, i, asset)
        return
    post(v, i, side, lots, ticks, value, fee)
    report_close_out(v, i, lots, ticks, value, fee, reason)
    if v.terms.margined[i] == ISOLATED:
        left = bounded_sum(aside - v.markets.aside[i], bounded_sum(a.total[asset], -total))
        if left < 0:
            _pay_insurance(v, asset, -left)


def insure(v: VenueState, asset: int) -> None:
    """An insurance pays what the account owes once nothing is margined in an asset: nobody has less than nothing."""
    owed = bounded_sum(v.accounts.aside[asset], -own_money(v, asset))
    if v.accounts.backed[asset]:
        owed = bounded_sum(owed, -backing(v, asset, -1, 0))
    if owed > 0 and not _is_margined(v, asset):
        _pay_insurance(v, asset, owed)


def _is_margined(v: VenueState, asset: int) -> bool:
    """Whether positions stand together in an asset; also those that need nothing to be held, and so are not watched."""
    for i in range(len(v.markets)):
        if v.markets.quantity[i] != 0 and v.terms.margined[i] == CROSS and v.terms.quote[i] == asset:
            return True
    return False


def _pay_insurance(v: VenueState, asset: int, owed: int) -> None:
    a, f = v.accounts, v.flows
    v.clock.bankrupt[0] += 1
    a.total[asset] = bounded_sum(a.total[asset], owed)
    a.counterparty[asset] = bounded_sum(a.counterparty[asset], -owed)
    if not (in_range(a.total[asset]) and in_range(a.counterparty[asset])):
        fail_range(v.fault, -1, asset)
    for row in range(len(f)):
        if f.kind[row] == INSURANCE and f.asset[row] == asset:
            report_flow(v, FLOW, row, owed)
