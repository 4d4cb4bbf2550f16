"""Physical delivery: a fill of the underlying that nobody has ordered (rule 65).

Assumptions: what cannot be paid, or is not there, is settled in cash, which is worth the same at that moment.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import base_amount, notional
from barter_bt.engine.order import BUY
from barter_bt.venue.margin import has_margin_for, mark_ticks, replace_contribution
from barter_bt.venue.posting import post
from barter_bt.venue.reducing import cancel_reducing
from barter_bt.venue.report import report_delivery
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import VenueState


def ticks_of_underlying(v: VenueState, i: int, ticks: int) -> int:
    """A price of what delivers in ticks of what is delivered, at least one."""
    return max(muldiv(ticks, v.endings.den[i], v.endings.num[i]), 1)


@unit
def deliver(v: VenueState, i: int, side: int, lots: int, ticks: int, reason: int) -> bool:
    """Buy or sell the underlying for ``lots`` of instrument ``i`` at ``ticks``; says whether it could be done."""
    u = v.endings.underlying[i]
    delivered = muldiv(lots, v.endings.ratio[i], 1)
    value = notional(v.terms, u, delivered, ticks)
    if not _can_deliver(v, u, side, delivered, ticks, value):
        v.clock.undelivered[0] += 1
        return False
    mark = v.markets.fill_mark[u]
    post(v, u, side, delivered, ticks, value, 0)
    v.markets.fill_mark[u] = mark  # it is no price
    if mark_ticks(v, u) == 0:
        v.markets.fill_mark[u] = ticks
    if v.terms.margined[u]:
        replace_contribution(v, u, mark_ticks(v, u))
    report_delivery(v, u, i, side, delivered, ticks, value, reason)
    if v.markets.reducing[u] > 0 and v.markets.quantity[u] * side >= 0:
        cancel_reducing(v, u, side)
        update_triggers(v, u)
    return True


def _can_deliver(v: VenueState, u: int, side: int, lots: int, ticks: int, value: int) -> bool:
    a, t = v.accounts, v.terms
    amount = base_amount(t, u, lots)
    if v.clock.time[0] >= t.expiry[u] or value > LIMIT or amount > LIMIT or lots > LIMIT:
        return False
    if abs(v.markets.quantity[u]) > LIMIT - lots:
        return False
    if t.margined[u]:
        return has_margin_for(v, u, side, lots, ticks, value, 0)
    if side == BUY:
        return value <= a.total[t.quote[u]] - a.reserved[t.quote[u]]
    return amount <= a.total[t.base[u]] - a.reserved[t.base[u]]
