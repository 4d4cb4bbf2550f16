"""Signals and schedules as a configuration file writes them: by files, text and numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.source import open_source
from barter_bt.errors import StrategyError
from barter_bt.strategy.schedule import Schedule
from barter_bt.strategy.signals import Signals
from barter_bt.strategy.triggers import PROTECTION

FILES = (".csv", ".parquet")
OF_FILES = {"signals": "target", "schedule": "frame"}
"""The parameter of built-in strategies that may be a file, by their names."""
_BY_TEXT = (*PROTECTION, "price", "limit")
_OF_PROGRAMS = ("hooks", "variables", "per_instrument")
_EXAMPLE = 'such as "close > open"; a file of targets ends in .csv or .parquet'


def written(kind: type[Any], make: Callable[..., Any]) -> Callable[..., Any]:
    """A function that takes the parameters of a class, but for those that are no text, number or table."""
    plain = inspect.signature(kind)
    taken = [one for name, one in plain.parameters.items() if name not in _OF_PROGRAMS]
    make.__signature__ = plain.replace(parameters=taken)  # type: ignore[attr-defined]
    return make


def signals(target: str, **terms: Any) -> Signals:
    """Signals of a file of targets, or of an expression over the candles in SQL.

    Parameters
    ----------
    target
        A CSV or Parquet file, as :class:`~barter_bt.Signals` takes frames; or SQL over the columns of the candles.
    terms
        The others of :class:`~barter_bt.Signals`; ``stop_loss``, ``take_profit``, ``trailing_stop``, ``price`` and
        ``limit`` may be SQL, too.

    Raises
    ------
    StrategyError
        Text is no SQL, or as :class:`~barter_bt.Signals` says.

    Examples
    --------
    >>> signals("CASE WHEN close > open THEN 0.5 END", size="equity", stop_loss="(high - low) / close").size
    'equity'
    """
    given = _rows(target) if _is_file(target) else _expression("target", target)
    computed = {name: _expression(name, terms[name]) for name in _BY_TEXT if isinstance(terms.get(name), str)}
    return Signals(given, **(terms | computed))


def schedule(frame: str, **terms: Any) -> Schedule:
    """A schedule of a CSV or Parquet file.

    Raises
    ------
    StrategyError
        It is no such file, or as :class:`~barter_bt.Schedule` says.
    """
    if not _is_file(frame):
        raise StrategyError(f"frame is {frame!r}; it must be a file that ends in {' or '.join(FILES)}")
    return Schedule(_rows(frame), **terms)


def _is_file(given: object) -> bool:
    return isinstance(given, str | Path) and str(given).endswith(FILES)


def _rows(path: str) -> pl.DataFrame:
    return open_source(path).lazy().collect()


def _expression(name: str, text: object) -> pl.Expr:
    if not isinstance(text, str):
        raise StrategyError(f"{name} is {text!r}; it must be text: SQL over the columns of the candles", _EXAMPLE)
    try:
        return pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        why = str(error).split("\n", 1)[0]
        raise StrategyError(f"{name} is {text!r}, which is no SQL over the candles: {why}", _EXAMPLE) from error


BUILTIN: dict[str, Callable[..., Any]] = {
    "signals": written(Signals, signals),
    "schedule": written(Schedule, schedule),
}
