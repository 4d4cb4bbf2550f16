"""What goes with the targets of signals: protection and how they enter, as numbers, expressions or columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import polars as pl

from barter_bt.engine.order import ASKED_TIMES, CANDLE_FILLS, TRIGGER_PRICES
from barter_bt.errors import StrategyError
from barter_bt.strategy.entry_rows import check_price_by
from barter_bt.strategy.triggers import NO_STOP, ONLY_TRAILING, PROTECTION

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


def names_of(signals: Any) -> tuple[str, ...]:
    """Columns that a frame of targets may have for these signals."""
    return (*PROTECTION, *_NEEDS[signals.order])


def expressions_of(signals: Any) -> dict[str, pl.Expr]:
    """What is given by expressions."""
    given = {name: getattr(signals, name) for name in names_of(signals)}
    return {name: each for name, each in given.items() if isinstance(each, pl.Expr)}


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
    check_price_by(signals.price_by)
    needs, order = _NEEDS[signals.order], signals.order
    for name in ("price", "limit"):
        given = getattr(signals, name) is not None
        if given != (name in needs) and not (by_frame and name in needs):
            what = f"{name} is {getattr(signals, name)!r}" if given else f"{name} is missing"
            raise StrategyError(f"{what}, and order is {order!r}", _SHOWN[order])
    if signals.post_only and order != "limit":
        raise StrategyError(f"post_only, and order is {order!r}", 'a limit makes: order="limit", price=...')
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
        raise StrategyError(
            f"protect_by is {signals.protect_by!r}, and nothing protects", f"allowed: {', '.join(PROTECTION)}"
        )
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
    given = {name: getattr(signals, name) for name in names_of(signals)}
    given = {name: value for name, value in given.items() if value is not None and not isinstance(value, pl.Expr)}
    twice = [name for name in given if name in rows.columns]
    if twice:
        raise StrategyError(f"the frame of targets has a column {twice[0]!r}, and {twice[0]} is given as well")
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
    terms = {"candle_fill": signals.candle_fill, "post_only": signals.post_only or None}
    terms["time_in_force"] = None if signals.time_in_force == "gtc" else signals.time_in_force
    told = {name: value for name, value in terms.items() if value is not None}
    rows = rows.with_columns(pl.when(says).then(pl.lit(value)).alias(name) for name, value in told.items())
    return _with_trigger_by(signals.trigger_by, rows) if signals.trigger_by else rows


def _with_trigger_by(which: str, rows: pl.DataFrame) -> pl.DataFrame:
    stops: Sequence[str] = [name for name in ("stop", "stop_loss", "trailing_stop") if name in rows.columns]
    if not stops:
        raise StrategyError(f"trigger_by is {which!r}, and nothing has a trigger", NO_STOP)
    there = pl.any_horizontal(pl.col(name).is_not_null() for name in stops)
    return rows.with_columns(trigger_by=pl.when(there).then(pl.lit(which)))
