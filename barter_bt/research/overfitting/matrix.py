"""Returns of many configurations as one matrix, checked for its orientation; and of one as a series."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import polars as pl
from polars import selectors

from barter_bt.errors import DataError
from barter_bt.statistic.tables import Floats

Returns = Any
"""One-dimensional: a NumPy array, a Polars Series or a sequence of numbers."""
Matrix = Any
"""Observations x configurations: a NumPy array, or a Polars frame whose columns are configurations."""


class Configurations(NamedTuple):
    """Returns of configurations.

    Attributes
    ----------
    values
        float64, shape (observations, configurations), finite.
    names
        Of the configurations: columns of the frame, or numbers from 0.
    """

    values: Floats
    names: tuple[str | int, ...]


def matrix_of(
    returns: Matrix, what: str = "returns", *, observations: int = 2, configurations: int = 1
) -> Configurations:
    """Read returns, observations x configurations, each number finite.

    A frame says which are which; its columns of times are left out. An array that is wider than long looks
    transposed, and is refused.

    Raises
    ------
    DataError
        It has another shape, is too small, looks transposed, or holds what is no finite number.

    Examples
    --------
    >>> matrix_of(pl.DataFrame({"time": [1, 2], "fast": [0.1, 0.2], "slow": [0.0, 0.1]})).names
    ('fast', 'slow')
    """
    if isinstance(returns, pl.DataFrame):
        frame = returns.select(~selectors.temporal() - selectors.by_name("time", require_all=False))
        odd = [name for name, dtype in frame.schema.items() if not dtype.is_numeric()]
        if odd:
            raise DataError(
                f"{what}: column {odd[0]!r} is {frame.schema[odd[0]]}; allowed: time, and columns of numbers"
            )
        values = frame.cast(pl.Float64).to_numpy()
        names: tuple[str | int, ...] = tuple(frame.columns)
    else:
        values = _numbers(returns, what)
        names = tuple(range(values.shape[1])) if values.ndim == 2 else ()
    if values.ndim != 2:
        raise DataError(f"{what} has {values.ndim} dimension(s); allowed: 2, observations x configurations")
    rows, columns = values.shape
    if rows < columns and not isinstance(returns, pl.DataFrame):
        raise DataError(
            f"{what} has {rows:,} rows and {columns:,} columns, which looks transposed: rows are observations, columns "
            "configurations",
            f"give {what}.T; if there really are more configurations than observations, a Polars frame says so",
        )
    if rows < observations or columns < configurations:
        raise DataError(
            f"{what} has {rows:,} observations of {columns:,} configurations; allowed: at least {observations:,} of "
            f"{configurations:,}"
        )
    if not np.isfinite(values).all():
        row, column = (int(k[0]) for k in np.nonzero(~np.isfinite(values)))
        raise DataError(
            f"{what}: row {row} of configuration {names[column]!r} is {values[row, column]}; allowed: finite numbers",
            "a configuration that does not trade returns 0; leave out rows that not all configurations have",
        )
    return Configurations(values, names)


def series_of(returns: Returns, what: str = "returns", *, observations: int = 1) -> Floats:
    """Read the returns of one configuration: float64, one-dimensional, finite.

    Raises
    ------
    DataError
        It has another shape, is too short, or holds what is no finite number.
    """
    values = _numbers(returns, what)
    if values.ndim != 1:
        raise DataError(f"{what} has {values.ndim} dimensions; allowed: 1, the returns of one configuration")
    if len(values) < observations:
        raise DataError(f"{what} has {len(values):,} observations; allowed: at least {observations:,}")
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise DataError(f"{what}: row {row} is {values[row]}; allowed: finite numbers")
    return values


def _numbers(returns: Any, what: str) -> Floats:
    try:
        return np.asarray(returns, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{what} is {type(returns).__name__}, which cannot be read as numbers: {error}",
            "returns of runs are bt.compare({name: run, ...}).returns; a run of a sweep's set is sweep.run(parameters)",
        ) from error
