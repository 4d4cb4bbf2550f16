"""The audit of a run: its start, and the public table of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from barter_bt.engine.audit import (
    ACCOUNT_SNAPSHOT,
    COMMANDED,
    FULL,
    LEVELS,
    OFF,
    OUTPUTS,
    POSITION_EXIT,
    REFUSED_AMEND,
    REFUSED_OPEN,
    SENT_AMEND,
    SENT_CANCEL,
    SENT_OPEN,
    begin,
    note_event,
)
from barter_bt.engine.event import (
    BALANCE,
    BAR_CLOSE,
    ENGINE_UPDATE,
    MARKET_CANDLE,
    MARKET_OTHER,
    MARKET_QUOTE,
    MARKET_TRADE,
    ORDER_SNAPSHOT,
    OWN_TRADE,
    SCHEDULED,
    STOPPED,
    TIMER,
)
from barter_bt.engine.order import REASONS
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments

EVENTS = {
    ACCOUNT_SNAPSHOT: "account_snapshot",
    MARKET_TRADE: "market_trade",
    MARKET_QUOTE: "market_quote",
    MARKET_CANDLE: "market_candle",
    OWN_TRADE: "account_trade",
    ORDER_SNAPSHOT: "account_order",
    BALANCE: "account_balance",
    TIMER: "timer",
    BAR_CLOSE: "bar_close",
    SCHEDULED: "schedule",
    ENGINE_UPDATE: "command",
    MARKET_OTHER: "market_other",
    STOPPED: "risk_stop",
}


def start_audit(state: EngineState, level: str) -> EngineState | None:
    """Switch the audit on, event 0 first; returns the snapshot that a replica starts from, if one can follow."""
    if level not in LEVELS:
        raise ConfigError(f"audit is {level!r}; allowed: {', '.join(LEVELS)}")
    state.engine.audit[0] = LEVELS.index(level)
    if level != LEVELS[FULL]:
        return None
    begin(state, ACCOUNT_SNAPSHOT, -1, -1, -1, -1)
    note_event(state, -1)
    return state.copy()


def _names(codes: np.ndarray, names: list[str]) -> pl.Series:
    """Names of codes; -1 is null."""
    known = pl.Series(codes.astype(np.int64)).replace(-1, None)
    return known.replace_strict(dict(enumerate(names)), default=None, return_dtype=pl.Enum(names))


def _commands() -> list[str]:
    """Names of commands by code."""
    from barter_bt.backtest.commands import COMMANDS

    return sorted(COMMANDS, key=COMMANDS.__getitem__)


def _outputs(state: EngineState, reasons: Sequence[str]) -> pl.DataFrame:
    """One row per sequence, with the list of what was done."""
    o = state.outputs
    kind, what = o.array("kind").astype(np.int64), o.array("what")
    of_order = np.isin(kind, (SENT_CANCEL, SENT_OPEN, REFUSED_OPEN))
    refused = np.where(kind == REFUSED_OPEN, what, 0)
    reason = state.orders.array("reason")[refused] if len(state.orders) else np.zeros(len(kind), np.int64)
    of_amend = np.isin(kind, (SENT_AMEND, REFUSED_AMEND))
    amended = state.amends.array("order")[np.where(of_amend, what, 0)] if len(state.amends) else what
    frame = pl.DataFrame(
        {
            "sequence": o.array("sequence").copy(),
            "output": _names(kind, list(OUTPUTS)),
            "order_id": pl.Series(np.where(of_amend, amended, what)).set(pl.Series(~(of_order | of_amend)), None),
            "reason": _names(np.where(kind == REFUSED_OPEN, reason, -1), list(reasons)),
            "amend_id": pl.Series(what).set(pl.Series(~of_amend), None),
            "position": pl.Series(what).set(pl.Series(kind != POSITION_EXIT), None),
            "command": _names(np.where(kind == COMMANDED, what, -1), _commands()),
        }
    )
    return frame.group_by("sequence", maintain_order=True).agg(pl.struct(pl.all().exclude("sequence")).alias("outputs"))


def audit_frame(state: EngineState, index: IndexedInstruments, reasons: Sequence[str] = REASONS) -> pl.DataFrame | None:
    """The audit as a public table; None if none was kept.

    One row per event: ``sequence``, ``time_engine``, ``event``, what it concerns (null where nothing), and
    ``outputs``: a list of what the engine did, each with its order, reason, row of `positions`, or command.
    """
    if state.engine.audit[0] == OFF:
        return None
    a = state.audits
    lost, told = (np.where(a.array("kind") == ENGINE_UPDATE, a.array(name), -1) for name in ("exchange", "command"))
    kinds = list(EVENTS)
    frame = pl.DataFrame(
        {
            "sequence": a.array("sequence").copy(),
            "time_engine": pl.Series(a.array("time").copy()).cast(pl.Datetime("ns", "UTC")),
            "event": _names(np.array([kinds.index(k) for k in a.array("kind")]), [EVENTS[k] for k in kinds]),
            "instrument": _names(a.array("instrument"), list(index.names)),
            "order_id": pl.Series(a.array("order").copy()).replace(-1, None),
            "exchange": _names(lost, list(index.exchanges)),
            "command": _names(told, _commands()),
        }
    )
    return frame.join(_outputs(state, reasons), on="sequence", how="left", maintain_order="left")
