"""Signals, of continuous series, too, and schedules as configuration files write them: by files, text and numbers."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.duration import duration_ns
from barter_bt.data.source import open_source
from barter_bt.errors import ConfigError, StrategyError
from barter_bt.strategy.beside import TIMES
from barter_bt.strategy.continuing import ContinuousSignals
from barter_bt.strategy.leaving import EXIT_AFTER
from barter_bt.strategy.schedule import Schedule
from barter_bt.strategy.signals import Signals
from barter_bt.strategy.triggers import PROTECTION

FILES = (".csv", ".parquet")
OF_FILES = {"signals": "target", "schedule": "frame"}
"""The parameter of built-in strategies that may be a file, by their names."""
_BY_TEXT = (*PROTECTION, "price", "limit")
_BY_LENGTH = (EXIT_AFTER, *TIMES)
_OF_PROGRAMS = ("hooks", "variables", "per_instrument")
_LENGTHS = """leave the name out; a length of time is "2d", in SQL INTERVAL '2 days'"""
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
        The others of :class:`~barter_bt.Signals`. Those of prices and distances may be SQL, too, and so may
        ``exit_after``, ``good_till`` and ``good_after`` where they are no length of time: SQL that gives numbers of
        rows, lengths of time, such as ``INTERVAL '2 days'``, or times.

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
    texts = [name for name in (*_BY_TEXT, *_BY_LENGTH) if isinstance(terms.get(name), str)]
    computed = {name: _expression(name, terms[name]) for name in texts if not _is_length(name, terms[name])}
    return Signals(given, **(terms | computed))


def continuous(target: str, **terms: Any) -> ContinuousSignals:
    """Signals over futures one after the other, by an expression over their series in SQL.

    Parameters
    ----------
    target
        SQL over the columns of the series.
    terms
        The others of :class:`~barter_bt.strategy.builtin.ContinuousSignals`.

    Raises
    ------
    StrategyError
        Text is no SQL, or as that class says.

    Examples
    --------
    >>> continuous("CASE WHEN close > open THEN 1 ELSE 0 END", roll="volume", adjust="ratio").roll
    'volume'
    """
    return ContinuousSignals(_expression("target", target), **terms)


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


def _is_length(name: str, text: str) -> bool:
    """Whether text is a length of time where that may be."""
    try:
        return name in _BY_LENGTH and duration_ns(text, name) is not None
    except ConfigError:
        return False


def _is_file(given: object) -> bool:
    return isinstance(given, str | Path) and str(given).endswith(FILES)


def _rows(path: str) -> pl.DataFrame:
    return open_source(path).lazy().collect()


def _expression(name: str, text: object) -> pl.Expr:
    if not isinstance(text, str):
        raise StrategyError(f"{name} is {text!r}; it must be text: SQL over the columns of the candles", _EXAMPLE)
    try:
        found = pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        why = str(error).split("\n", 1)[0]
        raise StrategyError(f"{name} is {text!r}, which is no SQL over the candles: {why}", _EXAMPLE) from error
    if not found.meta.undo_aliases().meta.eq(found):  # to SQL "2 days" is 2, which shall be called "days"
        raise StrategyError(
            f"{name} is {text!r}, in which {found.meta.output_name()!r} is only a name for a value", _LENGTHS
        )
    return found


BUILTIN: dict[str, Callable[..., Any]] = {
    "signals": written(Signals, signals),
    "schedule": written(Schedule, schedule),
    "continuous": written(ContinuousSignals, continuous),
}
