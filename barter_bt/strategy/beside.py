"""What goes with the targets of signals: protection, how and for how long they enter, when they are left.

As numbers or lengths of time, as expressions, or as columns of a frame of targets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import polars as pl

from barter_bt.engine.order import ASKED_TIMES, CANDLE_FILLS, TRIGGER_PRICES
from barter_bt.errors import StrategyError, refuse_unknown
from barter_bt.strategy.entry_rows import check_price_by
from barter_bt.strategy.leaving import EXIT_AFTER, length_of, time_after
from barter_bt.strategy.timing import ONLY_MAKERS
from barter_bt.strategy.triggers import NO_STOP, ONE_OF_PROTECTION, ONLY_TRAILING, PROTECTION

EntryOrder = Literal["market", "limit", "stop", "stop_limit"]
TriggerBy = Literal["last", "quote", "mark"]
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "market": (),
    "limit": ("price",),
    "stop": ("price",),
    "stop_limit": ("price", "limit"),
}
_COLUMNS: Mapping[str, dict[str, str]] = {  # what a schedule calls them
    "limit": {"price": "price"},
    "stop": {"price": "stop"},
    "stop_limit": {"price": "stop", "limit": "price"},
}
_SHOWN = {
    "market": 'give an order, such as order="limit", or leave it out',
    "limit": 'such as price=0.005, price_by="fraction", half a percent better than the market',
    "stop": 'such as price=0.005, price_by="fraction", half a percent beyond the market',
    "stop_limit": 'such as price=0.005, limit=0.002, price_by="fraction": price is the trigger, limit lies beyond it',
}
_SPAN = 'it must be a length of time after the target, such as "2d" or timedelta(hours=1), or an expression'
TERMS = ("time_in_force", "post_only", "candle_fill", "trigger_by")
"""Terms of orders that are not numbers."""
TIMES = ("good_after", "good_till")


def names_of(signals: Any) -> tuple[str, ...]:
    """Columns that a frame of targets may have for these signals."""
    return (*_computed_of(signals), *TERMS)


def _computed_of(signals: Any) -> tuple[str, ...]:
    """What may be given by expressions."""
    return (*PROTECTION, *_NEEDS[signals.order], EXIT_AFTER, *TIMES)


def expressions_of(signals: Any) -> dict[str, pl.Expr]:
    """What is given by expressions."""
    given = {name: getattr(signals, name) for name in _computed_of(signals)}
    return {name: each for name, each in given.items() if isinstance(each, pl.Expr)}


def check_columns(signals: Any, columns: Sequence[str]) -> None:
    """Refuse columns of a frame of targets in long form that nobody reads.

    Raises
    ------
    StrategyError
        There is one. In a wide frame each column is an instrument.
    """
    if "instrument" not in columns and "target" not in columns:
        return
    known = ("time", "instrument", "target", *names_of(signals))
    for name in ("price", "limit"):
        if name in columns and name not in known:
            raise StrategyError(f"the frame of targets has {name}, and order is {signals.order!r}", _SHOWN["market"])
    refuse_unknown(
        columns, known, "the frame of targets", StrategyError, "leave it out: frame.select(...) what is to be read"
    )


def check_beside(signals: Any, *, by_frame: bool) -> None:
    """Refuse what does not go together, or has no effect.

    Raises
    ------
    StrategyError
        Something does.
    """
    allowed = {
        "order": tuple(_NEEDS),
        "time_in_force": ASKED_TIMES,
        "candle_fill": (None, *CANDLE_FILLS[1:]),
        "trigger_by": (None, *TRIGGER_PRICES[1:]),
    }
    for name, values in allowed.items():
        if getattr(signals, name) not in values:
            told = ", ".join(str(each) for each in values if each)
            raise StrategyError(f"{name} is {getattr(signals, name)!r}; allowed: {told}")
    for name in TIMES:
        given = getattr(signals, name)
        if given is not None and not isinstance(given, pl.Expr) and length_of(given, name) < 1:
            raise StrategyError(f"{name} is {given!r}; {_SPAN}")
    for name in (*PROTECTION, "price", "limit"):
        given = getattr(signals, name)
        if isinstance(given, bool) or not isinstance(given, int | float | pl.Expr | None):
            raise StrategyError(f"{name} is {given!r}; it must be a number, or an expression", "2 % is 0.02")
    check_price_by(signals.price_by)
    needs, order = _NEEDS[signals.order], signals.order
    for name in ("price", "limit"):
        given = getattr(signals, name) is not None
        if given != (name in needs) and not (by_frame and name in needs):
            what = f"{name} is {getattr(signals, name)!r}" if given else f"{name} is missing"
            raise StrategyError(f"{what}, and order is {order!r}", _SHOWN[order])
    if signals.post_only and order != "limit":
        raise StrategyError(f"post_only, and order is {order!r}", 'a limit makes: order="limit", price=...')
    if signals.post_only and signals.time_in_force not in ("gtc", "day"):
        raise StrategyError(f"post_only, and time_in_force is {signals.time_in_force!r}", ONLY_MAKERS)
    if signals.price_by != "price" and not needs:
        raise StrategyError(f"price_by is {signals.price_by!r}, and order is {order!r}", _SHOWN[order])
    if by_frame and expressions_of(signals):
        raise StrategyError(
            f"{next(iter(expressions_of(signals)))} is an expression, and the targets are a frame",
            "give the frame a column of that name",
        )


def check_protected(signals: Any, columns: Iterable[str]) -> None:
    """Refuse a unit of protection where nothing protects; ``columns`` are those of a frame of targets.

    Raises
    ------
    StrategyError
        It has no effect.
    """
    given = any(getattr(signals, name) is not None for name in PROTECTION) or set(PROTECTION) & set(columns)
    if signals.protect_by != "fraction" and not given:
        raise StrategyError(f"protect_by is {signals.protect_by!r}, and nothing protects", ONE_OF_PROTECTION)
    if signals.trailing_activation is not None and signals.trailing_stop is None and "trailing_stop" not in columns:
        raise StrategyError(
            f"trailing_activation is {signals.trailing_activation!s:.40}, and nothing trails", ONLY_TRAILING
        )


def with_numbers(signals: Any, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with a column for each number that goes with all of them; without those that say not where to enter.

    Raises
    ------
    StrategyError
        A column is given twice, or missing.
    """
    given = {name: getattr(signals, name) for name in (*PROTECTION, *_NEEDS[signals.order])}
    given = {name: value for name, value in given.items() if value is not None and not isinstance(value, pl.Expr)}
    _refuse_twice(given, rows)
    if given:
        rows = rows.with_columns(pl.lit(value, pl.Float64).alias(name) for name, value in given.items())
    for name in _NEEDS[signals.order]:
        if name not in rows.columns:
            raise StrategyError(
                f"order is {signals.order!r}, and {name} is neither given nor a column of the frame of targets, "
                f"which has {', '.join(rows.columns)}",
                _SHOWN[signals.order],
            )
        rows = rows.filter(pl.col(name).is_not_null() | (pl.col("target") == 0))
    if "trailing_activation" in given or "trailing_activation" in expressions_of(signals):
        trails = pl.col("trailing_stop").is_not_null()
        rows = rows.with_columns(trailing_activation=pl.when(trails).then(pl.col("trailing_activation")))
    return rows


def with_terms(signals: Any, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as a schedule has them: what is entered where the target is not 0, with times of that order."""
    if signals.order == "market":
        says = pl.lit(True)
    else:
        says = pl.col("target") != 0
        columns = _COLUMNS[signals.order]
        moved = [pl.when(says).then(pl.col(name)).alias(column) for name, column in columns.items()]
        rows = rows.with_columns(moved).drop([name for name in columns if name not in columns.values()])
    rows = _with_times(signals, rows, says)
    told = {name: getattr(signals, name) for name in TERMS}
    given = {name: pl.lit(value) for name, value in told.items() if value not in (None, False, "gtc")}
    _refuse_twice(given, rows)
    given.pop("trigger_by", None)  # it goes by what has a trigger
    given |= {name: pl.col(name) for name in TERMS if name in rows.columns}
    if given:
        rows = rows.with_columns(pl.when(says).then(value).alias(name) for name, value in given.items())
    return _with_trigger_by(signals.trigger_by, rows) if signals.trigger_by else rows


def _with_times(signals: Any, rows: pl.DataFrame, says: pl.Expr) -> pl.DataFrame:
    """When entries begin and end: so long after the target is known, or at a time (rule 107)."""
    for name in TIMES:
        given: str | timedelta | pl.Expr | None = getattr(signals, name)
        column = pl.col(name)
        if given is not None and not isinstance(given, pl.Expr):
            _refuse_twice([name], rows)
            column = pl.lit(length_of(given, name)).cast(pl.Duration("ns"))
            rows = rows.with_columns(column.alias(name))
        if name not in rows.columns:
            continue
        kind = rows.schema[name]
        if kind == pl.Duration:
            column = time_after(column)
        elif kind != pl.Null and not (isinstance(kind, pl.Datetime) and kind.time_zone):
            raise StrategyError(
                f"{name} of the signals is {kind}; it must be lengths of time after the target, or times with a zone",
                'pl.duration(days=2), or pl.col("time").dt.offset_by("2d")',
            )
        rows = rows.with_columns(pl.when(says).then(column).alias(name))
    return rows


def _refuse_twice(names: Iterable[str], rows: pl.DataFrame) -> None:
    for name in names:
        if name in rows.columns:
            raise StrategyError(f"the frame of targets has a column {name!r}, and {name} is given as well")


def _with_trigger_by(which: str, rows: pl.DataFrame) -> pl.DataFrame:
    stops: Sequence[str] = [name for name in ("stop", "stop_loss", "trailing_stop") if name in rows.columns]
    if not stops:
        raise StrategyError(f"trigger_by is {which!r}, and nothing has a trigger", NO_STOP)
    there = pl.any_horizontal(pl.col(name).is_not_null() for name in stops)
    return rows.with_columns(trigger_by=pl.when(there).then(pl.lit(which)))
