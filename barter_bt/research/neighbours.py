"""Sets of a grid beside each other: whether a good one stands on a plateau or is a spike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.errors import ConfigError
from barter_bt.research.ranking import LOWER_IS_BETTER
from barter_bt.research.sets import is_whole

_MOST = 100_000  # places around a set that are looked at


def steps(sets: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Place of each set along each parameter: numbers in order, others as they come first. Shape (sets, parameters)."""
    return np.column_stack([_places(column) for column in sets])


def around(sets: pl.DataFrame, row: int, reach: int = 1) -> npt.NDArray[np.int64]:
    """Rows that are at most ``reach`` steps away along each parameter, and how many steps in all; itself with 0.

    Examples
    --------
    >>> around(pl.DataFrame({"fast": [5, 10, 20]}), 0).tolist()
    [[0, 0], [1, 1]]
    """
    away = np.abs(steps(sets) - steps(sets)[row])
    rows = np.flatnonzero((away <= _checked(reach)).all(axis=1))
    return np.column_stack((rows, away[rows].sum(axis=1)))


def stability(sets: pl.DataFrame, values: pl.Series, reach: int = 1) -> pl.DataFrame:
    """Of each set what its neighbours are like.

    Parameters
    ----------
    sets
        A row for each set.
    values
        A figure of each.
    reach
        So many steps along each parameter, also along several at a time.

    Returns
    -------
    polars.DataFrame
        ``neighbours`` (how many have a value), ``neighbour_mean``, ``neighbour_worst`` and ``neighbour_std`` (n in the
        divisor), null where there are none.

    Examples
    --------
    >>> stability(pl.DataFrame({"fast": [5, 10, 20]}), pl.Series("sharpe", [1.0, 4.0, 2.0])).rows()[1]
    (2, 1.5, 1.0, 0.5)
    """
    places, value = steps(sets) + _checked(reach), values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    offsets = _offsets(places.shape[1], reach)
    sizes = tuple(places.max(axis=0) + reach + 1)
    if np.prod(sizes, dtype=float) > 2**62:
        raise ConfigError(f"{len(sizes)} parameters with {max(sizes):,} values have no neighbours: that is no grid")
    key = np.ravel_multi_index(tuple(places.T), sizes)
    order = np.argsort(key)
    count, total, square = (np.zeros(len(key)) for _ in range(3))
    worst = np.full(len(key), np.nan)
    pick = np.fmax if values.name in LOWER_IS_BETTER else np.fmin
    for offset in offsets:
        wanted = np.ravel_multi_index(tuple((places + offset).T), sizes)
        found = order[np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)]
        there = (key[found] == wanted) & ~np.isnan(value[found])
        other = np.where(there, value[found], 0.0)
        count, total, square = count + there, total + other, square + other**2
        worst = pick(worst, np.where(there, value[found], np.nan))
    some = np.maximum(count, 1)
    spread = np.sqrt(np.maximum(square / some - (total / some) ** 2, 0.0))
    columns = {"neighbour_mean": total / some, "neighbour_worst": worst, "neighbour_std": spread}
    frame = pl.DataFrame({"neighbours": count.astype(np.int64), **columns})
    return frame.with_columns(pl.when(pl.col("neighbours") > 0).then(pl.col(*columns)))


def _offsets(width: int, reach: int) -> Sequence[npt.NDArray[np.int64]]:
    if (2 * reach + 1) ** width > _MOST:
        raise ConfigError(
            f"{width} parameters have more than {_MOST:,} places within {reach} step(s)", "a smaller reach"
        )
    every = product(range(-reach, reach + 1), repeat=width)
    return [np.array(each, np.int64) for each in every if any(each)]


def _checked(reach: int) -> int:
    if not is_whole(reach, 1):
        raise ConfigError(f"reach is {reach!r}; it must be a whole number of steps from 1")
    return reach


def _places(column: pl.Series) -> npt.NDArray[np.int64]:
    if column.dtype.is_numeric():
        found = column.rank("dense") - 1
    else:
        seen = {value: place for place, value in enumerate(column.unique(maintain_order=True).to_list())}
        found = column.replace_strict(seen, return_dtype=pl.Int64)
    return found.cast(pl.Int64).to_numpy()
