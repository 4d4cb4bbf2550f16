"""The digest of a run's tables (rule 25)."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from barter_bt.columns.table import Table
from barter_bt.engine.state.tables import EngineState

# Columns that only serve the engine while it runs, and terms of orders of which the other columns show what they did.
_INTERNAL = {"before", "after", "resize", "trigger_by", "wish"}


def table_digest(table: Table, names: tuple[tuple[str, ...], ...] = ()) -> Any:
    """SHA-256 over columns by name: name and type, values little-endian in row order; and the names behind indices."""
    state = hashlib.sha256()
    for column, code in sorted(table.schema.items()):
        if column in _INTERNAL:
            continue
        state.update(f"{column}:{code}:{len(table)};".encode())
        state.update(np.ascontiguousarray(table.array(column)).astype(f"<{code}", copy=False).tobytes())
    for group in names:
        for name in group:
            state.update(len(name).to_bytes(8, "little") + name.encode())
    return state


def digests(s: EngineState, names: tuple[tuple[str, ...], ...]) -> dict[str, str]:
    """Digest of each table, and ``digest``: of orders, trades, positions and balances together."""
    tables: dict[str, Table] = {
        "orders": s.orders,
        "trades": s.trades,
        "positions": s.positions,
        "balances": s.balances,
        "equity": s.equity,
    }
    if len(s.amends):
        tables["amends"] = s.amends
    each = {name: table_digest(table, names).digest() for name, table in tables.items()}
    whole = hashlib.sha256(b"".join(each[name] for name in ("orders", "trades", "positions", "balances")))
    whole.update(each.get("amends", b""))
    return {"digest": whole.hexdigest()} | {name: value.hex() for name, value in each.items()}
