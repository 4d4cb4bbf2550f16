"""Positions that are not covered any more are closed by the venue (rules 42 and 43).

Assumptions: all that is margined in one asset stands together (cross margin) and is closed at one blow, whole, at the
price that showed that it must be; what the market offers does not bound it, and the liquidation fee is what it costs.
Of a candle only its extreme against a position counts, with all other positions at their marks.
"""

from __future__ import annotations

from barter_bt.columns.exact import LIMIT, TOO_LARGE, bounded_sum, muldiv
from barter_bt.columns.marks import unit
from barter_bt.engine.accounting import fee_of, fee_of_order, in_range, notional, position_value
from barter_bt.engine.agenda import CASH_FLOW
from barter_bt.engine.fault import fail_range
from barter_bt.engine.flows import INSURANCE
from barter_bt.engine.messages import CLOSED, FLOW
from barter_bt.engine.order import CANCELLED, LIQUIDATION
from barter_bt.engine.terms import RATE
from barter_bt.venue.alarm import set_alarm
from barter_bt.venue.closing import close_out
from barter_bt.venue.margin import mark_ticks, own_money, revalue
from barter_bt.venue.report import close, report_flow
from barter_bt.venue.resting import update_triggers
from barter_bt.venue.state import NOT_VALUED, VenueState

NOBODY_REACHED = -1


def maintenance(v: VenueState, i: int, ticks: int) -> int:
    """What a position needs as long as it is held, in units of quote (rule 42)."""
    m, lots = v.margin_terms, abs(v.markets.quantity[i])
    if v.terms.strike[i] > 0:
        if v.markets.quantity[i] > 0:
            return 0
        ticks = v.terms.strike[i]
    if m.lot_maintenance_num[i] > 0:
        return muldiv(lots, m.lot_maintenance_num[i], m.lot_maintenance_den[i])
    if m.maintenance_rate[i] == 0:
        return 0
    value = notional(v.terms, i, lots, ticks)
    return muldiv(value, m.maintenance_rate[i], RATE) if value <= LIMIT else TOO_LARGE


@unit
def check_worth(v: VenueState, asset: int) -> None:
    """Liquidate an asset whose worth is below what its positions must keep; else say how far their marks may move."""
    v.accounts.doubted[asset] = 0
    positions = v.accounts.watching[asset]
    if positions == 0:
        return
    revalue(v, asset)
    now = v.clock.time[0] if v.clock.stage[0] <= CASH_FLOW else NOT_VALUED  # candles close in class 0
    for i in range(len(v.markets)):
        if v.markets.shown_time[i] == now and _stands_in(v, i, asset) and _meets_extreme(v, i, asset):
            return
    spare = bounded_sum(_worth(v, asset), -_kept(v, asset, NOBODY_REACHED))
    if spare < 0:
        _liquidate(v, asset, NOBODY_REACHED, 0)
        return
    for i in range(len(v.markets)):
        if _stands_in(v, i, asset):
            set_alarm(v, i, mark_ticks(v, i), spare // positions)


@unit
def _meets_extreme(v: VenueState, i: int, asset: int) -> bool:
    """Liquidate at the first price between a candle's open and its extreme at which positions are not covered."""
    opened, extreme = v.markets.shown_open[i], v.markets.shown_extreme[i]
    if v.markets.increased[i] == v.clock.time[0]:
        return False  # it has grown since the candle opened
    others = bounded_sum(_worth(v, asset), -v.markets.value[i])
    spare = bounded_sum(others, -_kept(v, asset, i))
    if _is_covered(v, i, extreme, spare):
        return False
    covered, short = opened, extreme
    if not _is_covered(v, i, opened, spare):
        short = opened
    while abs(short - covered) > 1:
        middle = (covered + short) // 2
        if _is_covered(v, i, middle, spare):
            covered = middle
        else:
            short = middle
    _liquidate(v, asset, i, short)
    return True


def _is_covered(v: VenueState, i: int, ticks: int, spare: int) -> bool:
    """Whether a position, marked at ``ticks``, and all others, which can spare so much, are covered."""
    value = position_value(v.terms, i, v.markets.quantity[i], v.markets.cost_basis[i], ticks)
    return bounded_sum(spare, value) >= maintenance(v, i, ticks)


def _stands_in(v: VenueState, i: int, asset: int) -> bool:
    return v.markets.watched[i] != 0 and v.terms.quote[i] == asset


def _worth(v: VenueState, asset: int) -> int:
    """Money of its own and values of the positions, as last valued."""
    return bounded_sum(own_money(v, asset), v.accounts.collateral[asset])


def _kept(v: VenueState, asset: int, without: int) -> int:
    """What the positions in an asset must keep, but for one of them."""
    kept = 0
    for i in range(len(v.markets)):
        if i != without and _stands_in(v, i, asset):
            kept = bounded_sum(kept, maintenance(v, i, mark_ticks(v, i)))
    return kept


def _liquidate(v: VenueState, asset: int, reached: int, ticks: int) -> None:
    """Cancel orders, close positions, and make good what is missing; ``reached`` is closed at ``ticks``."""
    v.clock.liquidations[0] += 1
    _cancel_all(v, asset)
    for i in range(len(v.markets)):
        if _stands_in(v, i, asset):
            at = ticks if i == reached else _standing_price(v, i)
            close_out(v, i, at, _fee(v, i, at), LIQUIDATION)
    insure(v, asset)


def _cancel_all(v: VenueState, asset: int) -> None:
    for order in range(len(v.orders)):
        i = v.orders.instrument[order]
        if v.orders.live[order] and v.terms.margined[i] and v.terms.quote[i] == asset:
            close(v, order, i, CLOSED, CANCELLED, LIQUIDATION)
            update_triggers(v, i)


def _standing_price(v: VenueState, i: int) -> int:
    """What the standing quote pays for a position, if it has both sides and they are apart; else the mark."""
    b = v.markets
    if 0 < b.bid[i] < b.ask[i]:
        return b.bid[i] if b.quantity[i] > 0 else b.ask[i]
    return mark_ticks(v, i)


def _fee(v: VenueState, i: int, ticks: int) -> int:
    """That of a taker's order, and the liquidation fee."""
    t, lots = v.terms, abs(v.markets.quantity[i])
    value = notional(t, i, lots, ticks)
    if value > LIMIT:
        return TOO_LARGE
    taken = fee_of_order(t, i, fee_of(t, i, value, lots, 0), value)
    return bounded_sum(taken, muldiv(value, v.margin_terms.liquidation_rate[i], RATE))


def insure(v: VenueState, asset: int) -> None:
    """An insurance pays what the account owes once nothing is margined in an asset: nobody has less than nothing."""
    a, f, owed = v.accounts, v.flows, -own_money(v, asset)
    if owed <= 0 or a.watching[asset] > 0:
        return
    v.clock.bankrupt[0] += 1
    a.total[asset] = bounded_sum(a.total[asset], owed)
    a.counterparty[asset] = bounded_sum(a.counterparty[asset], -owed)
    if not (in_range(a.total[asset]) and in_range(a.counterparty[asset])):
        fail_range(v.fault, -1, asset)
    for row in range(len(f)):
        if f.kind[row] == INSURANCE and f.asset[row] == asset:
            report_flow(v, FLOW, row, owed)
