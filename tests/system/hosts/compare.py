"""Where two hosts differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from barter_bt.engine.audit import OUTPUTS, REFUSED_OPEN, SENT_OPEN
from barter_bt.engine.event import BAR_CLOSE, ENGINE_UPDATE, SCHEDULED
from barter_bt.engine.order import FILLED, REFUSED, REJECTED
from barter_bt.engine.replica import SCRATCH, TABLES
from barter_bt.engine.state.tables import EngineState

CLOCK = ("time", "trading", "unhealthy", "positions", "market_time", "foreign_rests")
# What Barter's messages do not tell of every order: who made, that a target's may be cut, why an exchange ended it,
# what was filled until then. What they do tell is compared below.
UNTOLD = {("trades", "maker"), *(("orders", name) for name in ("resize", "reason", "filled", "quantity"))}


def state_difference(one: EngineState, other: EngineState) -> str:
    """Where the states differ, with what the backtest and the event engine have."""
    for name in CLOCK:
        if getattr(one.engine, name)[0] != getattr(other.engine, name)[0]:
            return f"engine.{name}: {getattr(one.engine, name)[0]}, {getattr(other.engine, name)[0]}"
    for table in TABLES:
        mine, theirs = getattr(one, table), getattr(other, table)
        for name in mine.schema:
            if name in SCRATCH or (table, name) in UNTOLD:
                continue
            if mine.array(name).tobytes() != theirs.array(name).tobytes():
                return f"{table}.{name}: {mine.array(name).tolist()}, {theirs.array(name).tolist()}"
    return next(filter(None, (_order_difference(one, other, order) for order in range(len(one.orders)))), "")


def _order_difference(one: EngineState, other: EngineState, order: int) -> str:
    o, p = one.orders, other.orders
    status = o.status[order]
    if status == REFUSED and o.reason[order] != p.reason[order]:
        return f"reason of refused order {order}: {o.reason[order]}, {p.reason[order]}"
    if status <= FILLED and o.filled[order] != p.filled[order]:
        return f"filled of order {order}: {o.filled[order]}, {p.filled[order]}"
    was_cut = o.resize[order] and status in (FILLED, REJECTED) and o.quantity[order] == o.filled[order]
    if o.quantity[order] != p.quantity[order] and not was_cut:
        return f"quantity of order {order}: {o.quantity[order]}, {p.quantity[order]}"
    return ""


def output_difference(one: EngineState, theirs: Iterable[Any], other: EngineState, before: int) -> str:
    """Of what was done at an event: in a backtest, and in the event engine from a row of its outputs on."""
    o = other.outputs
    ours = [_output(other, o.kind[k], o.what[k], o.asked[k]) for k in range(before, len(o))]
    done = [_output(one, *each) for each in theirs]
    return "" if ours == done else f"outputs: backtest {done}, event engine {ours}"


def _output(s: EngineState, kind: int, what: int, asked: int) -> Any:
    if kind not in (SENT_OPEN, REFUSED_OPEN):
        return OUTPUTS[kind], what
    return OUTPUTS[kind], what, {name: getattr(s.asked, name)[asked] for name in s.asked.schema if name != "resize"}


def audit_difference(one: EngineState, row: int, other: EngineState, more: int) -> str:
    """Of the events themselves; the event engine has had so many ``more``."""
    a, b, last = one.audits, other.audits, len(other.audits) - 1
    if b.sequence[last] - more != a.sequence[row]:
        return f"audits.sequence: backtest {a.sequence[row]}, event engine {b.sequence[last]}"
    for name in ("time", "kind", *(("command", "exchange") if a.kind[row] == ENGINE_UPDATE else ())):
        mine, theirs = getattr(a, name)[row], getattr(b, name)[last]
        if mine != theirs and not (name == "kind" and mine in (SCHEDULED, BAR_CLOSE)):
            return f"audits.{name}: backtest {mine}, event engine {theirs}"
    return ""
