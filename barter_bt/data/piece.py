"""Some rows of a stream, as they were given and as they are read."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from barter_bt.data.canonical import Canon


class Piece(NamedTuple):
    """Some rows of one source, as given (``raw``) and canonical.

    Parameters
    ----------
    source
        File name or ``"<frame>"``.
    first_row
        Row of the source, counted from 0, at which the piece starts.
    raw, canonical
        The same rows in the user's columns and in canonical ones.
    canon
        How one became the other.
    """

    source: str
    first_row: int
    raw: pl.DataFrame
    canonical: pl.DataFrame
    canon: Canon
