"""Why orders on books have filled: a column of own trades (rule 91)."""

from __future__ import annotations

import polars as pl

from barter_bt.venue.state import BOOK, FILL_REASONS, VenueState


def with_fill_reasons(trades: pl.DataFrame, venue: VenueState) -> pl.DataFrame:
    """Own trades with ``fill_reason``, where orders can fill on a book; those of one are learnt of in their order."""
    known, terms = venue.fill_reasons, venue.fill_terms
    if not terms.array("on_book").any() and not (terms.array("maker_fills_on") == BOOK).any():
        return trades
    reasons, told = pl.Enum(FILL_REASONS), (None, *FILL_REASONS)
    why = pl.DataFrame(
        {
            "order_id": pl.Series(known.array("order").copy()).cast(trades.schema["order_id"]),
            "fill_reason": pl.Series([told[code] for code in known.array("why").tolist()], dtype=reasons),
        }
    )
    turn = pl.int_range(pl.len()).over("order_id").alias("_turn")
    joined = trades.with_columns(turn).join(
        why.with_columns(turn), on=["order_id", "_turn"], how="left", maintain_order="left"
    )
    return joined.drop("_turn")
