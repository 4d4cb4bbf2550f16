"""Money that no order moves: funding, interest, dividends, cash flows of one's own (rules 41 to 48, 79, 102)."""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import in_range, notional
from barter_bt.engine.agenda import CASH_FLOW, NEVER
from barter_bt.engine.fault import fail_range
from barter_bt.engine.flows import (
    ASSIGNED,
    BORROW_FEE,
    DEBT_INTEREST,
    DIVIDEND,
    ENTITLEMENT,
    FUNDING,
    INTEREST,
    SPLIT,
    TRANSFER,
    VARIATION,
    VOLUME,
)
from barter_bt.engine.messages import ENTITLED, FLOW
from barter_bt.engine.state.tables import CashFlows
from barter_bt.engine.terms import ISOLATED
from barter_bt.venue.isolated import fund_aside
from barter_bt.venue.margin import mark_ticks
from barter_bt.venue.matches import note_worth
from barter_bt.venue.option import assign
from barter_bt.venue.report import report_flow
from barter_bt.venue.split import split
from barter_bt.venue.state import VenueState
from barter_bt.venue.transfer import transfer
from barter_bt.venue.variation import settle_day
from barter_bt.venue.volume import end_interval


@unit
def pay_flows(v: VenueState) -> None:
    """Pay all that is due at one time, in the order given."""
    agenda, f = v.agenda, v.flows
    now, once = agenda.due[CASH_FLOW], agenda.first[CASH_FLOW]
    v.clock.time[0] = now
    again = _due_again(v, 0, now)
    while again >= 0 or _is_due(v, once, now):
        if again < 0 or (_is_due(v, once, now) and f.given[once] < f.given[again]):
            _pay(v, once)
            once += 1
        else:
            _pay(v, again)
            f.time[again] = now + f.every[again] if now <= f.until[again] - f.every[again] else NEVER
            again = _due_again(v, again + 1, now)
    agenda.first[CASH_FLOW] = once
    agenda.due[CASH_FLOW] = next_due(f, once)


def next_due(f: CashFlows, once: int) -> int:
    """When the next is due: row ``once``, or one of those that are due again."""
    due, row = f.time[once] if once < len(f) else NEVER, 0
    while row < len(f) and f.every[row] > 0:
        due = min(due, f.time[row])
        row += 1
    return due


def _is_due(v: VenueState, once: int, now: int) -> bool:
    return once < len(v.flows) and v.flows.time[once] == now


def _due_again(v: VenueState, row: int, now: int) -> int:
    """The first from ``row`` on of those due again and again that is due now; -1 if none is."""
    f = v.flows
    while row < len(f) and f.every[row] > 0:
        if f.time[row] == now:
            return row
        row += 1
    return -1


def _pay(v: VenueState, row: int) -> None:
    if v.flows.kind[row] == SPLIT:
        split(v, row)
        return
    if v.flows.kind[row] == ENTITLEMENT:
        _entitle(v, row)
        return
    if v.flows.kind[row] == TRANSFER:
        transfer(v, row, v.flows.num[row])
        return
    if v.flows.kind[row] == VARIATION:
        settle_day(v, row)
        return
    if v.flows.kind[row] == ASSIGNED:
        wanted = v.flows.num[row]
        v.clock.unassigned[0] += int(assign(v, v.flows.instrument[row], wanted) != wanted)
        note_worth(v, v.flows.asset[row])
        return
    if v.flows.kind[row] == VOLUME:
        end_interval(v, v.flows.num[row])
        return
    a, asset, paid = v.accounts, v.flows.asset[row], _amount(v, row)
    if paid == 0:
        return
    a.total[asset] = bounded_sum(a.total[asset], paid)
    a.counterparty[asset] = bounded_sum(a.counterparty[asset], -paid)
    if not (in_range(paid) and in_range(a.total[asset]) and in_range(a.counterparty[asset])):
        fail_range(v.fault, v.flows.instrument[row], asset)
    if v.flows.kind[row] == FUNDING and v.terms.margined[v.flows.instrument[row]] == ISOLATED:
        fund_aside(v, v.flows.instrument[row], paid)
    report_flow(v, FLOW, row, paid)
    note_worth(v, asset)


def _entitle(v: VenueState, row: int) -> None:
    """What is held now is what will be paid; who is owed nothing has nothing withheld."""
    f, asset = v.flows, v.flows.asset[row]
    amount = _share(f.num[row], f.den[row], v.accounts.total[v.terms.base[f.instrument[row]]])
    if not in_range(amount):
        fail_range(v.fault, f.instrument[row], asset)
        return
    paid = f.pays[row]
    taken, withheld = f.pays[paid], 0
    if taken >= 0:
        withheld = _share(f.num[taken], f.den[taken], max(amount, 0))
        f.num[taken], f.den[taken] = -withheld, 1
    f.num[paid], f.den[paid] = amount, 1
    if amount != withheld:
        report_flow(v, ENTITLED, row, amount - withheld)


def _amount(v: VenueState, row: int) -> int:
    """What the account gets; below 0 it pays."""
    f, i = v.flows, v.flows.instrument[row]
    kind, num, den = f.kind[row], f.num[row], f.den[row]
    if kind == FUNDING:
        lots = v.markets.quantity[i]
        return _share(num, den, -_notional(v, i, lots) if lots > 0 else _notional(v, i, -lots))
    if kind == DIVIDEND:
        return _share(num, den, v.accounts.total[v.terms.base[i]])
    if kind == INTEREST:
        return _share(num, den, max(v.accounts.total[f.asset[row]], 0))
    if kind == DEBT_INTEREST:
        return _share(num, den, min(v.accounts.total[f.asset[row]], 0))
    if kind == BORROW_FEE:
        return _share(num, den, -_notional(v, i, _borrowed(v, i)))
    return num


def _notional(v: VenueState, i: int, lots: int) -> int:
    """Notional of some lots at the mark, without a sign; there may be no price yet for none."""
    return abs(notional(v.terms, i, lots, mark_ticks(v, i))) if lots > 0 else 0


def _borrowed(v: VenueState, i: int) -> int:
    """Lots that a position is short of what the account itself had."""
    t = v.terms
    short, owed = -v.markets.quantity[i], max(-v.accounts.total[t.base[i]], 0)
    return min(short, -(-owed // t.base_units[i]))


def _share(num: int, den: int, of: int) -> int:
    """``of * num / den``, rounded half to even, of either sign."""
    if abs(of) > LIMIT:
        return TOO_LARGE
    share = muldiv(abs(of), abs(num), den)
    return share if (of > 0) == (num > 0) else -share
