"""From messages that hold the levels of a book to a row for each level, as :func:`~barter_bt.data.book` reads them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

_MESSAGE, _LEVEL = "_message", "_level"
LEVELS = pl.List(pl.List(pl.String))
"""Levels of one side as exchanges send them: ``[["100.5", "2.0"], ...]``."""


def by_level(messages: pl.DataFrame) -> pl.DataFrame:
    """Make a row of each level of ``bids`` and ``asks``, bids first; a message without levels is a row with side 0.

    Examples
    --------
    >>> two = pl.DataFrame({"sequence": [7, 8], "bids": [[["9", "1"]], []], "asks": [[["10", "2"]], []]})
    >>> by_level(two).rows()
    [(7, 1, 9.0, 1.0), (7, -1, 10.0, 2.0), (8, 0, 0.0, 0.0)]
    """
    rows = messages.with_row_index(_MESSAGE)
    sides = [
        rows.select(
            pl.exclude("bids", "asks"), pl.lit(side, pl.Int8).alias("side"), pl.col(name).cast(LEVELS).alias(_LEVEL)
        ).explode(_LEVEL)
        for name, side in (("bids", 1), ("asks", -1))
    ]
    level = pl.col(_LEVEL).list
    levels = pl.concat(sides).filter(pl.col(_LEVEL).is_not_null()).select(
        pl.exclude(_LEVEL),
        level.get(0, null_on_oob=True).cast(pl.Float64).alias("price"),
        level.get(1, null_on_oob=True).cast(pl.Float64).alias("amount"),
    )  # fmt: skip
    return _in_order(rows.drop("bids", "asks"), levels)


def of_depth(states: pl.DataFrame, header: Sequence[str], levels: Sequence[tuple[int, str, str]]) -> pl.DataFrame:
    """Make a snapshot of each row that has its levels side by side, numbered so that no two are one message.

    Parameters
    ----------
    states
        A row for each state of the book.
    header
        Columns that each row of a message has.
    levels
        Side, and the columns of price and amount; a level without an amount is not there.
    """
    rows = states.with_row_index(_MESSAGE)
    numbered = rows.select(
        _MESSAGE,
        *header,
        snapshot=pl.lit(1, pl.Int8),
        sequence=pl.col(_MESSAGE).cast(pl.Int64) + 1,
        previous_sequence=pl.col(_MESSAGE).cast(pl.Int64),
    )
    found = [
        rows.select(
            _MESSAGE, pl.lit(side, pl.Int8).alias("side"), price=pl.col(price).cast(pl.Float64),
            amount=pl.col(amount).cast(pl.Float64),
        )
        for side, price, amount in levels
    ]  # fmt: skip
    there = pl.concat(found).filter(pl.col("amount") > 0)
    return _in_order(numbered, there.join(numbered, on=_MESSAGE, how="left", maintain_order="left"))


def _in_order(messages: pl.DataFrame, levels: pl.DataFrame) -> pl.DataFrame:
    """Levels by message, and a row for each message without any."""
    empty = messages.join(levels.select(_MESSAGE), on=_MESSAGE, how="anti").with_columns(
        side=pl.lit(0, pl.Int8), price=pl.lit(0.0), amount=pl.lit(0.0)
    )
    return pl.concat([levels.select(empty.columns), empty]).sort(_MESSAGE, maintain_order=True).drop(_MESSAGE)
