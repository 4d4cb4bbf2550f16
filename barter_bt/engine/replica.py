"""A copy of the engine's state that is kept by the audit alone."""

from __future__ import annotations

from barter_bt.engine.audit import (
    ACCOUNT_DISCONNECT,
    ADOPTED,
    COARSENED,
    FULL,
    LEVELS,
    MARKET_DISCONNECT,
    NOW_DISABLED,
    NOW_ENABLED,
    OFF,
    REFUSED_AMEND,
    REFUSED_OPEN,
    REPLACED,
    SENT_AMEND,
    SENT_CANCEL,
    SENT_OPEN,
)
from barter_bt.engine.event import (
    BALANCE,
    MARKET_CANDLE,
    MARKET_OTHER,
    MARKET_QUOTE,
    MARKET_TRADE,
    ORDER_SNAPSHOT,
    OWN_TRADE,
)
from barter_bt.engine.messages import CLOSE_OUT, DELIVERED, copy_report
from barter_bt.engine.order import copy_request
from barter_bt.engine.report import apply_report, record_own
from barter_bt.engine.state.amending import record_amend
from barter_bt.engine.state.coarsen import coarsen
from barter_bt.engine.state.connectivity import heal_market, lose_account, lose_market, set_trading
from barter_bt.engine.state.market import update_from_candle, update_from_quote, update_from_trade
from barter_bt.engine.state.orders import record_cancel, record_open, replace
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import BarterBtError

# What makes up the state that a replica has: all columns of these tables but scratch, and of the engine those named.
TABLES = ("health", "assets", "instruments", "orders", "amends", "trades", "positions", "splits", "balances")
SCRATCH = ("worth", "unpriced", "value", "unrealised", "chosen", "step_num", "step_den", "rate")  # of one's own use
CLOCK = ("time", "sequence", "trading", "market_time", "unhealthy", "positions", "foreign_rests")


class AuditError(BarterBtError):
    """An audit from which no replica can be built."""


class StateReplica:
    """Follows an engine by its audit, from a snapshot of its state on.

    Parameters
    ----------
    snapshot
        The state at some sequence; it is copied.

    Attributes
    ----------
    state
        The replica, :class:`~barter_bt.engine.state.tables.EngineState`.
    """

    def __init__(self, snapshot: EngineState) -> None:
        self.state = snapshot.copy()
        self.state.engine.audit[0] = OFF

    def follow(self, log: EngineState) -> None:
        """Apply the audit that ``log`` holds; events before the snapshot are skipped.

        Raises
        ------
        AuditError
            If an event is missing, or the audit was not kept at level ``"full"``.
        """
        if log.engine.audit[0] != FULL:
            raise AuditError(
                f"the audit was kept at level {LEVELS[log.engine.audit[0]]!r}; a replica needs every event",
                'run with audit="full"',
            )
        gap = follow_audit(self.state, log)
        if gap >= 0:
            raise AuditError(
                f"the audit goes on with event {log.audits.sequence[gap]}, but the replica has seen only the "
                f"{self.state.engine.sequence[0]} events before event {self.state.engine.sequence[0]}",
                "take a snapshot at or after the gap",
            )


def differences(one: EngineState, other: EngineState) -> list[str]:
    """Where two states differ, as ``table.column``; empty if they are equal."""
    found = [f"engine.{name}" for name in CLOCK if one.engine.array(name)[0] != other.engine.array(name)[0]]
    for table in TABLES:
        mine, theirs = getattr(one, table), getattr(other, table)
        names = [name for name in mine.schema if name not in SCRATCH]
        found += [f"{table}.{name}" for name in names if mine.array(name).tobytes() != theirs.array(name).tobytes()]
    return found


def follow_audit(s: EngineState, log: EngineState) -> int:
    """Apply all events and outputs in order; returns the row that does not follow, -1 if all do."""
    output, first = 0, s.engine.sequence[0]
    while output < len(log.outputs) and log.outputs.sequence[output] < first:
        output += 1
    for row in range(len(log.audits)):
        sequence = log.audits.sequence[row]
        if sequence < first or sequence < s.engine.sequence[0] - 1:
            continue
        if sequence > s.engine.sequence[0]:
            return row
        s.engine.sequence[0] = sequence + 1
        s.engine.time[0] = log.audits.time[row]
        s.event.exchange[0] = log.audits.exchange[row]
        output = _apply_outputs(s, log, output, sequence, 1)
        _apply_event(s, log, row)
        output = _apply_outputs(s, log, output, sequence, 0)
    s.engine.pending[0] = 0
    return -1


def _apply_event(s: EngineState, log: EngineState, row: int) -> None:
    kind, i, item = log.audits.kind[row], log.audits.instrument[row], log.audits.item[row]
    if kind in (OWN_TRADE, ORDER_SNAPSHOT, BALANCE):
        if item >= 0:  # all that a report of several events brings is applied with the first
            _apply_account(s, log, i, item)
        return
    if kind not in (MARKET_TRADE, MARKET_QUOTE, MARKET_CANDLE, MARKET_OTHER):
        return
    s.engine.market_time[0] = s.engine.time[0]
    heal_market(s, s.event.exchange[0] if s.event.exchange[0] >= 0 else s.terms.exchange[i])
    if kind == MARKET_OTHER:
        return
    m = log.market_items
    time, a, b, c, d, e = m.time_exchange[item], m.first[item], m.second[item], m.third[item], m.fourth[item], 0.0
    if kind == MARKET_TRADE:
        update_from_trade(s, i, time, a, b)
    elif kind == MARKET_QUOTE:
        update_from_quote(s, i, time, a, b, c, d)
    else:
        e = m.fifth[item]
        update_from_candle(s, i, time, a, b, c, d, e)


def _apply_account(s: EngineState, log: EngineState, i: int, item: int) -> None:
    s.reports.truncate(0)
    row = s.reports.append()
    copy_report(s.reports, row, log.account_items, item)
    if s.reports.kind[row] in (CLOSE_OUT, DELIVERED):
        record_own(s, i, row)
    apply_report(s, row)
    s.reports.truncate(0)


def _apply_outputs(s: EngineState, log: EngineState, output: int, sequence: int, before: int) -> int:
    """Units are coarsened, orders adopted and replaced before the event can concern them; all else comes after it."""
    while output < len(log.outputs) and log.outputs.sequence[output] == sequence:
        if before and not ADOPTED <= log.outputs.kind[output] <= COARSENED:
            break
        _apply_output(s, log, output)
        output += 1
    return output


def _apply_output(s: EngineState, log: EngineState, row: int) -> None:
    kind, what = log.outputs.kind[row], log.outputs.what[row]
    if kind in (SENT_OPEN, REFUSED_OPEN, ADOPTED):
        _apply_open(s, log, log.outputs.asked[row])
    elif kind == REPLACED:
        replace(s, what)
    elif kind == COARSENED:
        coarsen(s, what, log.outputs.asked[row])
    elif kind == SENT_CANCEL:
        record_cancel(s, what)
    elif kind in (SENT_AMEND, REFUSED_AMEND):
        asked = log.outputs.asked[row]
        s.engine.time[0] = log.asked.time[asked]
        record_amend(s, log.asked.order[asked], log.asked, asked, log.asked.reason[asked])
    elif kind in (NOW_ENABLED, NOW_DISABLED):
        set_trading(s, int(kind == NOW_ENABLED))
    elif kind == MARKET_DISCONNECT:
        lose_market(s, what)
    elif kind == ACCOUNT_DISCONNECT:
        lose_account(s, what)


def _apply_open(s: EngineState, log: EngineState, asked: int) -> None:
    s.actions.truncate(0)
    row = s.actions.append()
    copy_request(s.actions, row, log.asked, asked)
    s.engine.time[0] = log.asked.time[asked]
    record_open(s, row, log.asked.reason[asked])
    s.actions.truncate(0)
