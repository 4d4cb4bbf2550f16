"""An order book as a frame, for strategies in Python."""

from __future__ import annotations

import polars as pl

from barter_bt.book.read import level_lots, level_ticks
from barter_bt.book.tables import ASKS, BIDS
from barter_bt.engine.state.tables import EngineState
from barter_bt.strategy.api.amounts import natural


def book_frame(s: EngineState, i: int, levels: int | None) -> pl.DataFrame:
    """A row for each level of both sides, the best first; null where a side has fewer."""
    count = max(s.books.sides.count[2 * i + BIDS], s.books.sides.count[2 * i + ASKS])
    count = count if levels is None else min(levels, count)
    columns: dict[str, list[float | None]] = {}
    for name, side in (("bid", 2 * i + BIDS), ("ask", 2 * i + ASKS)):
        there = range(min(count, s.books.sides.count[side]))
        missing = [None] * (count - len(there))
        ticks, lots = s.terms.ticks_per_unit[i], s.terms.lots_per_unit[i]
        columns[f"{name}_price"] = [*(natural(level_ticks(s.books, side, n), ticks) for n in there), *missing]
        columns[f"{name}_amount"] = [*(natural(level_lots(s.books, side, n), lots) for n in there), *missing]
    return pl.DataFrame(columns, dict.fromkeys(columns, pl.Float64)).with_row_index("level")
