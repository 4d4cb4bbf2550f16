"""Cells of a frame as arrays, with no query where a column is full, empty, or of one text throughout, as most are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.columns.memory import array
from barter_bt.data.chunk import is_of_one


def is_given(column: pl.Series) -> npt.NDArray[np.bool_]:
    """Where a column is not null.

    Examples
    --------
    >>> is_given(pl.Series([1, None])).tolist()
    [True, False]
    """
    nulls = column.null_count()
    if nulls in (0, len(column)):
        return np.full(len(column), nulls == 0)
    return column.is_not_null().to_numpy()


def values_or(column: pl.Series, absent: bool | float) -> npt.NDArray[Any]:
    """Values of a column, with what stands for a null.

    Examples
    --------
    >>> values_or(pl.Series([1.0, None]), 0.0).tolist()
    [1.0, 0.0]
    """
    nulls = column.null_count()
    if nulls == len(column):
        return np.full(len(column), absent)
    return (column.fill_null(absent) if nulls else column).to_numpy()


def codes_of(texts: pl.Series, codes: Mapping[str, int], absent: str | None = None) -> npt.NDArray[np.int64]:
    """The code of each text, -1 of one that has none; ``absent`` stands for a null.

    Examples
    --------
    >>> codes_of(pl.Series(["buy", None, "hold"]), {"buy": 1, "": 0}, "").tolist()
    [1, 0, -1]
    """
    nulls, n = texts.null_count(), len(texts)
    if nulls == n:
        return np.full(n, codes.get(absent, -1) if absent is not None else -1, np.int64)
    texts = texts.cast(pl.String)
    if is_of_one(texts):
        return array(n, np.int64, codes.get(texts[0], -1))
    texts = texts.fill_null(absent) if nulls and absent is not None else texts
    return texts.replace_strict(codes, default=-1, return_dtype=pl.Int64).to_numpy()


def numbered(texts: Sequence[str]) -> dict[str, int]:
    """The place of each text.

    Examples
    --------
    >>> numbered(["", "last"])
    {'': 0, 'last': 1}
    """
    return {text: place for place, text in enumerate(texts)}
