"""What is paid for a spot instrument that is delisted, beside its position (rule 46).

Assumptions: nothing else of the run trades the asset or is paid in it, so that it is gone with its instrument.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, bounded_sum, muldiv
from barter_bt.engine.accounting import in_range
from barter_bt.engine.fault import fail_range
from barter_bt.engine.flows import DELISTED
from barter_bt.engine.messages import FLOW
from barter_bt.venue.matches import note_worth
from barter_bt.venue.report import report_flow
from barter_bt.venue.state import VenueState


def pay_rest(v: VenueState, i: int, ticks: int) -> None:
    """What no position holds of the base asset goes, too; without a price it stays."""
    t, base, quote = v.terms, v.terms.base[i], v.terms.quote[i]
    rest = v.accounts.total[base]
    if rest == 0 or (ticks == 0 and v.endings.settlement[i] < 0):
        return
    if ticks > LIMIT // t.num[i] or t.base_units[i] > LIMIT // t.den[i]:
        fail_range(v.fault, i, quote)
        return
    worth = muldiv(abs(rest), ticks * t.num[i], t.den[i] * t.base_units[i])
    _pay(v, i, base, -rest)
    _pay(v, i, quote, worth if rest > 0 else -worth)


def _pay(v: VenueState, i: int, asset: int, paid: int) -> None:
    a, f = v.accounts, v.flows
    if paid == 0:
        return
    a.total[asset] = bounded_sum(a.total[asset], paid)
    a.counterparty[asset] = bounded_sum(a.counterparty[asset], -paid)
    if not (in_range(paid) and in_range(a.total[asset]) and in_range(a.counterparty[asset])):
        fail_range(v.fault, i, asset)
    for row in range(len(f)):
        if f.kind[row] == DELISTED and f.instrument[row] == i and f.asset[row] == asset:
            report_flow(v, FLOW, row, paid)
    note_worth(v, asset)
