"""Weights from a portfolio optimiser, time by time, each from what was known by then."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import polars as pl

from barter_bt.errors import ConfigError, StrategyError
from barter_bt.research.panel import panel_of
from barter_bt.statistic.tables import Floats


class Optimiser(Protocol):
    """What finds weights from returns, as estimators of skfolio and others of scikit-learn's kind do.

    Attributes
    ----------
    weights_
        After a fit: one for each instrument, in the order of the columns.
    """

    weights_: Any

    def fit(self, X: Any) -> Any:
        """Find weights from returns, float64 of shape (observations, instruments)."""


def optimised_weights(
    optimiser: Optimiser, prices: pl.DataFrame, *, window: int, at: int | Sequence[datetime] | pl.Series
) -> pl.DataFrame:
    """Fit an optimiser again and again, each time on the last returns, and give its weights as targets.

    Parameters
    ----------
    optimiser
        Has ``fit(returns)`` and then ``weights_``; each fit is of a copy.
    prices
        Columns ``time`` or ``time_exchange``, ``instrument`` and ``close`` or ``price``.
    window
        How many returns it sees, at least 2: from one of the prices' times to the next.
    at
        Times at which it is fitted, of those at which there are prices; or every so many of those, from the first that
        has a whole window behind it.

    Returns
    -------
    polars.DataFrame
        ``time``, ``instrument``, ``target``: what ``Signals(frame, size="equity")`` takes. An instrument without a
        price at each time of the window has 0.

    Raises
    ------
    ConfigError
        A column is missing, a number out of range, or a time has no price or no whole window behind it.
    DataError
        A price is not above 0, or there twice.
    StrategyError
        The optimiser raised, or its weights are not one finite number for each instrument.

    Notes
    -----
    A weight at a time comes from prices up to that time: later ones change nothing. As a target it is known then, and
    its order meets the market after it.

    Examples
    --------
    >>> class Equal:
    ...     def fit(self, X):
    ...         self.weights_ = np.full(X.shape[1], 1 / X.shape[1])
    >>> days = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 4), "1d", time_zone="UTC", eager=True)
    >>> rows = [(day, name, 10.0 + n) for n, day in enumerate(days) for name in ("a", "b")]
    >>> prices = pl.DataFrame(rows, schema=["time", "instrument", "close"], orient="row")
    >>> optimised_weights(Equal(), prices, window=2, at=1)["target"].to_list()
    [0.5, 0.5, 0.5, 0.5]
    """
    if window < 2:
        raise ConfigError(f"window is {window}; it must be at least 2")
    panel = panel_of(prices, "prices")
    chosen = _rows(panel["time"], at, window)
    names = panel.columns[1:]
    values: Floats = panel.drop("time").to_numpy()
    found = []
    for row in chosen:
        seen = values[row - window : row + 1]
        there = np.flatnonzero(np.isfinite(seen).all(axis=0))
        weights = np.zeros(len(names))
        if len(there):
            part = seen[:, there]
            weights[there] = _fitted(optimiser, part[1:] / part[:-1] - 1.0, panel["time"][row])
        found.append(weights)
    table = pl.DataFrame(np.array(found).reshape(len(chosen), len(names)), schema=names)
    return (
        table.insert_column(0, panel["time"].gather(chosen))
        .unpivot(index="time", variable_name="instrument", value_name="target")
        .sort("time", maintain_order=True)
    )


def _rows(times: pl.Series, at: int | Sequence[datetime] | pl.Series, window: int) -> list[int]:
    if isinstance(at, int):
        if at < 1:
            raise ConfigError(f"at is {at}; it must be at least 1, or times")
        return list(range(window, len(times), at))
    asked = (at if isinstance(at, pl.Series) else pl.Series(list(at))).cast(times.dtype).unique().sort()
    rows = times.search_sorted(asked)
    for time, row in zip(asked, rows, strict=True):
        if row == len(times) or times[row] != time:
            raise ConfigError(f"at holds {time}, when there are no prices")
        if row < window:
            raise ConfigError(f"at holds {time}, with {row} returns behind it; the window is {window}")
    return rows.to_list()


def _fitted(optimiser: Optimiser, returns: Floats, time: datetime) -> Floats:
    one = copy.deepcopy(optimiser)
    try:
        one.fit(returns)
    except Exception as error:
        raise StrategyError(f"the optimiser raised {type(error).__name__} at {time}: {error}") from error
    weights: Floats = np.asarray(one.weights_, dtype=np.float64)
    if weights.shape != (returns.shape[1],) or not np.isfinite(weights).all():
        raise StrategyError(
            f"the optimiser's weights at {time} are {weights}; allowed: {returns.shape[1]} finite numbers"
        )
    return weights
