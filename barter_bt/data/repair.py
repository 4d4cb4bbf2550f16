"""Explicit repairs of market data: only what is asked for, counted, never silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from barter_bt.data.rules import crossed_rule, row_rules


@dataclass(frozen=True)
class Repair:
    """What to mend in a stream; it is then held in memory. ``stream.repairs`` counts what was done.

    Parameters
    ----------
    sort
        Sort by time of arrival (``time_received``, then ``time_exchange``), equal times in their order.
        Counted: rows that came after a later one.
    drop_duplicates
        Drop rows that are equal in every column to the row above (candles: to any row before).
        Two different candles of one instrument at one time stay an error.
    drop_invalid
        Drop rows that are bad by themselves: null, NaN or infinite, price or amount out of range,
        high or low inside the body, open after close, no valid side or time.
    drop_crossed
        Drop quotes whose bid is above their ask.

    Examples
    --------
    >>> from barter_bt.data import generate, trades
    >>> stream = trades(generate.trades(3).reverse(), repair=Repair(sort=True))
    >>> stream.repairs
    {'sorted': 2}
    """

    sort: bool = False
    drop_duplicates: bool = False
    drop_invalid: bool = False
    drop_crossed: bool = False


def repaired(
    frame: pl.DataFrame, kind: str, repair: Repair, extra: Sequence[str] = (), signed: pl.Expr | None = None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """Mend a canonical frame; also say how many rows each repair touched.

    ``extra`` columns decide nothing; ``signed`` says where prices can be 0 or below.
    """
    counts: dict[str, int] = {}
    names = [name for name in frame.columns if name not in extra]
    if repair.drop_invalid:
        bad = [pl.col(name).is_null() for name in names]
        bad += [rule.bad for rule in row_rules(kind, names, signed) if not rule.warning]
        frame, counts["invalid"] = _without(frame, pl.any_horizontal(bad))
    if repair.drop_crossed and kind == "quotes":
        frame, counts["crossed"] = _without(frame, crossed_rule().bad)
    if repair.sort:
        keys = [name for name in ("time_received", "time_exchange") if name in frame.columns]
        late = frame.select(pl.col(keys[0]) < pl.col(keys[0]).cum_max()).to_series()
        counts["sorted"] = int(late.sum() or 0)
        frame = frame.sort(keys, maintain_order=True, nulls_last=True)
    if repair.drop_duplicates and kind == "candles":
        before = frame.height
        frame = frame.unique(names, keep="first", maintain_order=True)
        counts["duplicates"] = before - frame.height
    elif repair.drop_duplicates:
        same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in names)
        frame, counts["duplicates"] = _without(frame, same)
    return frame, counts


def _without(frame: pl.DataFrame, bad: pl.Expr) -> tuple[pl.DataFrame, int]:
    kept = frame.filter(~bad.fill_null(False))
    return kept, frame.height - kept.height
