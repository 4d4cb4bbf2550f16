"""Snapshots that were asked for beside a stream of changes, and arrived behind changes that they lack."""

from __future__ import annotations

import polars as pl

from barter_bt.errors import DataError

_TIMES = ("time_exchange", "time_received")


def complete_snapshots(frame: pl.DataFrame) -> pl.DataFrame:
    """Put into each snapshot the changes that came before it in the frame and that it does not have yet.

    A snapshot that answers a request (Binance's ``/depth``) says what the book was at its number; changes with higher
    numbers may have arrived before it. A client keeps them and applies them to the snapshot when it comes. This does
    the same: their rows are repeated behind those of the snapshot, as rows of it, so that its message, at its time,
    says what such a client knew, with the number of the last of these changes.

    Parameters
    ----------
    frame
        Rows as for :func:`~barter_bt.data.book`, under the canonical names, with ``sequence`` and ``snapshot``; of one
        instrument, or of several with a column ``instrument``.

    Returns
    -------
    polars.DataFrame
        The same rows in the same order, and the repeated ones.

    Raises
    ------
    DataError
        A column is missing.

    Examples
    --------
    >>> rows = [(1, "bid", 9.0, 5.0, False, 7), (2, "bid", 8.0, 1.0, False, 8), (3, "bid", 9.0, 4.0, True, 7)]
    >>> names = ("time_exchange", "side", "price", "amount", "snapshot", "sequence")
    >>> frame = pl.DataFrame(rows, dict.fromkeys(names), orient="row")
    >>> complete_snapshots(frame).tail(2).rows()
    [(3, 'bid', 9.0, 4.0, True, 8), (3, 'bid', 8.0, 1.0, True, 8)]
    """
    for name in ("snapshot", "sequence", "time_exchange"):
        if name not in frame.columns:
            raise DataError(f"the frame has no column {name!r}; there are {', '.join(frame.columns)}")
    by = [name for name in ("instrument",) if name in frame.columns]
    kinds = {name: kind for name, kind in frame.schema.items() if name in ("snapshot", *_TIMES)}
    whole = pl.col(
        [name for name in kinds if name != "snapshot"]
    ).to_physical()  # a datetime of Python has no nanoseconds
    rows = frame.with_row_index("_row").with_columns(pl.col("snapshot").cast(pl.Boolean), whole)
    heads = [name for name in (*by, *_TIMES, "sequence") if name in frame.columns]
    snapshots = rows.filter("snapshot").group_by(heads, maintain_order=True).agg(pl.col("_row").max().alias("_end"))
    if not snapshots.height:
        return frame
    changes, parts = rows.filter(~pl.col("snapshot")), [rows]
    for head in snapshots.iter_rows(named=True):
        lacks = (pl.col("_row") < head["_end"]) & (pl.col("sequence") > head["sequence"])
        for name in by:
            lacks &= pl.col(name) == head[name]
        lacking = changes.filter(lacks)
        if not lacking.height:
            continue
        number = lacking["sequence"].max()
        of_head = [pl.col(name) == head[name] for name in heads] + [pl.col("snapshot")]
        parts[0] = parts[0].with_columns(
            pl.when(*of_head).then(pl.lit(number)).otherwise("sequence").cast(rows.schema["sequence"]).alias("sequence")
        )
        own = rows.row(head["_end"], named=True)
        same = [name for name in (*_TIMES, "previous_sequence") if name in frame.columns]
        fixed = {name: pl.lit(own[name], rows.schema[name]) for name in same}
        fixed |= {"_row": pl.lit(head["_end"], rows.schema["_row"]), "snapshot": pl.lit(True)}
        parts.append(lacking.with_columns(**fixed, sequence=pl.lit(number, rows.schema["sequence"])))
    found = pl.concat(parts).sort("_row", maintain_order=True).drop("_row")
    return found.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items())
