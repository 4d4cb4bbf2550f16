"""Limits of the risk manager, and what it remembers between orders."""

from __future__ import annotations

from barter_bt.columns.column import I64, I64s
from barter_bt.columns.table import Table


class RiskLimits(Table):
    """One row per instrument and a last one for the whole account; 0: no limit."""

    order_quantity: I64  # lots
    order_notional: I64  # units of quote
    position_quantity: I64
    position_notional: I64
    open_orders: I64
    order_rate: I64  # orders sent within ``order_window`` ns
    order_window: I64
    price_band: I64  # fraction of the market's price, in 1e-9
    exposure: I64  # units of the reporting asset; of the account only, like the next
    leverage: I64  # multiple of the equity, in 1e-9
    resize: I64  # 1: an order that is too large is made smaller
    sent: I64s  # times of the last ``order_rate`` orders sent, a ring
    slot: I64  # of the ring, where the oldest stands


class Managers(Table):
    """One row for each risk manager of the user's own, in the order in which they are asked."""

    known_by: I64  # the number by which Python knows it
    code: I64  # address of its compiled function; 0: it is asked in Python
    my: I64  # address of its own tables
    first: I64  # the first of its reasons, among those of all managers
    reasons: I64  # how many it has


class Risk(Table, rows=1):
    """One row: whether there are limits, scratch of the check of one order, and what the stops remember."""

    active: I64
    price: I64  # ticks, 0: unknown
    before: I64  # position if all working orders of the order's side fill
    reach: I64  # largest position that working orders may lead to, on either side
    gross: I64  # 1: the account's exposure matters to this order
    reduces: I64  # 1: reduce-only, which no limit on positions concerns
    others: I64  # exposure of all other instruments
    allowed: I64  # exposure that the leverage allows
    stops: I64  # 1: losses are watched
    drawdown: I64  # fraction of the highest equity, in 1e-9; 0: no limit
    daily_loss: I64  # units of the reporting asset
    marked: I64  # 1: there has been a mark since the start, or since the last stop
    peak: I64  # highest equity marked
    latest: I64  # equity of the last known mark
    day: I64  # days since 1970, and the equity that it began with
    day_equity: I64
    stopped: I64  # why the last stop fired, and when
    stopped_at: I64
