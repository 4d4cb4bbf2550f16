"""The journals of a run: the tables that both engines are compared by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Table = list[dict[str, Any]]
ORDERS = "instrument side kind price tif post_only trigger_kind trigger trail trail_rate"
ORDERS += " activation activation_by reduce_only"
ORDERS += " parent follows group good_till good_after candle_fill trigger_by quantity quantity_requested"
ORDERS += " filled notional fees status reason time_sent time_exchange time_triggered time_closed"
TRADES = "order instrument side price quantity notional fees liquidity time_exchange time_engine position_id"
TRADES += " fill_reason"
POSITIONS = "position_id instrument side quantity_max realised fees_enter fees_exit time_enter time_exit"
POSITIONS += " trade_enter trade_exit"
AMENDS = "order price quantity trigger trail trail_rate activation price_before status reason"
AMENDS += " time_sent time_exchange time_engine"
BALANCES = "time_exchange asset total free"
PAYMENTS = "time_exchange time_engine instrument asset amount reason"
SCALES = "tick lot num den"


def above_zero(tables: Tables, zeros: Sequence[int]) -> Tables:
    """Rule 76: the same with prices in ticks from a price of 0 on, which counts as so many ticks of an instrument."""
    for table in (tables.orders, tables.trades, tables.amends):
        for row in table:
            zero = zeros[tables.orders[row["order"]]["instrument"] if "instrument" not in row else row["instrument"]]
            for name in ("price", "trigger", "activation", "price_before"):
                if zero and row.get(name) and not (name == "activation" and row.get("activation_by")):
                    row[name] = f"{row[name] - zero} from 0"  # where 0 is none
    return tables


def row_of(columns: str, *cells: Any) -> dict[str, Any]:
    return dict(zip(columns.split(), cells, strict=True))


@dataclass
class Tables:
    """The journals of a run and what their integers mean; ``sequence`` counts engine events."""

    assets: tuple[tuple[str, str], ...]  # (exchange, name)
    units: tuple[Fraction, ...]
    instruments: tuple[str, ...]
    scales: tuple[dict[str, Any], ...]  # per instrument: tick, lot, num, den
    orders: Table = field(default_factory=list)
    trades: Table = field(default_factory=list)
    positions: Table = field(default_factory=list)
    balances: Table = field(default_factory=list)
    payments: Table = field(default_factory=list)
    amends: Table = field(default_factory=list)
    equity: Table = field(default_factory=list)
    sequence: int = 0
