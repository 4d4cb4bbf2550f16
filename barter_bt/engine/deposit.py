"""What a cash flow was worth, and what is still to be paid; deposits are no profit to stops (rules 27, 45 and 48)."""

from __future__ import annotations

from barter_bt.columns.exact import bounded_sum
from barter_bt.columns.marks import unit
from barter_bt.engine.flows import DEPOSIT
from barter_bt.engine.state.assets import expect
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN, convert, equity


@unit
def value_payment(s: EngineState, payment: int, flow: int) -> None:
    """Before the balance changes: what was paid in the reporting asset, and of a deposit the equity just before."""
    row, w, risk = s.worths.append(), s.worths, s.risk
    worth = convert(s, s.flows.asset[flow], s.payments.amount[payment])
    w.worth[row], w.equity_before[row] = worth, UNKNOWN
    if s.flows.kind[flow] != DEPOSIT:
        return
    w.equity_before[row] = equity(s)
    if worth != UNKNOWN:
        risk.peak[0] = bounded_sum(risk.peak[0], worth)
        risk.latest[0] = bounded_sum(risk.latest[0], worth)
        risk.day_equity[0] = bounded_sum(risk.day_equity[0], worth)


def note_entitlement(s: EngineState, flow: int, amount: int) -> None:
    """A dividend is part of the equity from its ex-date on."""
    row, e = s.entitlements.append(), s.entitlements
    e.time_engine[row], e.flow[row], e.amount[row] = s.engine.time[0], flow, amount
    expect(s, s.flows.asset[flow], amount)
