"""Money that no order moves: funding, dividends, cash flows of the user's own (rules 41, 45 and 48)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range, notional
from barter_bt.engine.agenda import CASH_FLOW, NEVER
from barter_bt.engine.fault import fail_range
from barter_bt.engine.flows import DIVIDEND, FUNDING
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.matches import note_worth
from barter_bt.venue.report import report_flow
from barter_bt.venue.state import VenueState


@unit
def pay_flows(v: VenueState) -> None:
    """Pay all that is due at one time, in the order given."""
    agenda, f = v.agenda, v.flows
    now, row = agenda.due[CASH_FLOW], agenda.first[CASH_FLOW]
    v.clock.time[0] = now
    while row < len(f) and f.time[row] == now:
        _pay(v, row)
        row += 1
    agenda.first[CASH_FLOW] = row
    agenda.due[CASH_FLOW] = f.time[row] if row < len(f) else NEVER


def _pay(v: VenueState, row: int) -> None:
    a, asset, paid = v.accounts, v.flows.asset[row], _amount(v, row)
    if paid == 0:
        return
    a.total[asset] = bounded_sum(a.total[asset], paid)
    a.counterparty[asset] = bounded_sum(a.counterparty[asset], -paid)
    if not (in_range(paid) and in_range(a.total[asset]) and in_range(a.counterparty[asset])):
        fail_range(v.fault, v.flows.instrument[row], asset)
    report_flow(v, v.flows.exchange[row], row, asset, paid)
    if v.clock.needs_marks[0]:
        note_worth(v, asset)


def _amount(v: VenueState, row: int) -> int:
    """What the account gets; below 0 it pays."""
    f, i = v.flows, v.flows.instrument[row]
    if f.kind[row] == FUNDING:
        lots = v.markets.quantity[i]
        if lots == 0:
            return 0  # there may be no price yet
        value = notional(v.terms, i, abs(lots), mark_ticks(v, i))
        return _share(f.num[row], f.den[row], -value if lots > 0 else value)
    if f.kind[row] == DIVIDEND:
        return _share(f.num[row], f.den[row], v.accounts.total[v.terms.base[i]])
    return f.num[row]


def _share(num: int, den: int, of: int) -> int:
    """``of * num / den``, rounded half to even, of either sign."""
    if abs(of) > LIMIT:
        return TOO_LARGE
    share = muldiv(abs(of), abs(num), den)
    return share if (of > 0) == (num > 0) else -share
