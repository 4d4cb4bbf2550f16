"""Whether the targets of signals and schedules are others with the whole data than with what was known at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from barter_bt.backtest.divergence import Divergence, texts
from barter_bt.data import Stream
from barter_bt.data.schema import TIME
from barter_bt.statistic.tables import nanoseconds
from barter_bt.strategy.beside import expressions_of
from barter_bt.strategy.lookahead import first_change
from barter_bt.strategy.panel import Panel, panel
from barter_bt.strategy.schedule import Schedule
from barter_bt.strategy.signals import Signals
from barter_bt.strategy.stamps import stamped_with_opens
from barter_bt.strategy.targets import long_form
from barter_bt.strategy.windows import taken_apart

_ROUNDING = 1e-9
"""Values that differ by less than this part of them are equal: sums may be added up in another order."""


def looked_ahead(
    full: Any, part: Any, streams: Sequence[Stream], known: Sequence[Stream], time_ns: int
) -> Divergence | None:
    """Find the first target until a time that is another with the whole data than with what was known.

    Parameters
    ----------
    full, part
        The signals, or the schedule, as made from the whole data and from what was known.
    streams, known
        The whole data and what was known.
    """
    if isinstance(full, Signals) and isinstance(part, Signals):
        if isinstance(full.target, pl.Expr) and isinstance(part.target, pl.Expr):
            others = expressions_of(full), expressions_of(part)
            pairs = [(each, others[1][name]) for name, each in others[0].items() if name in others[1]]
            found = (_expressions(*pair, streams, known) for pair in ((full.target, part.target), *pairs))
            return next((one for one in found if one is not None), None)
    both = _given(full), _given(part)
    return None if both[0] is None or both[1] is None else _frames(both[0], both[1], time_ns)


def _given(strategy: Any) -> pl.DataFrame | None:
    """The targets of a strategy that is a frame of them, as ``time``, ``instrument`` and ``target``; else None."""
    if isinstance(strategy, Signals):
        return None if isinstance(strategy.target, pl.Expr) else long_form(strategy.target)
    if not isinstance(strategy, Schedule):
        return None
    frame: pl.DataFrame = strategy.frame
    if "target" not in frame.columns:
        return None
    if "action" in frame.columns:
        frame = frame.filter(pl.col("action").cast(pl.String) == "target")
    return long_form(frame)


def stamped(strategy: Any, streams: Sequence[Stream]) -> Divergence | None:
    """Find the first target of a frame that bears the time at which a candle opens."""
    given = _given(strategy)
    if given is None or not any(stream.kind == "candles" for stream in streams):
        return None
    found = stamped_with_opens(given, streams)
    if found.is_empty():
        return None
    row = texts(found.head(1)).row(0, named=True)
    time_ns = int(nanoseconds(found["time"])[0])
    return Divergence("signals", 0, time_ns, "time", (row["time"], row["time_exchange"]), (row, row))


def _expressions(full: pl.Expr, part: pl.Expr, streams: Sequence[Stream], known: Sequence[Stream]) -> Divergence | None:
    names = {*full.meta.root_names(), *part.meta.root_names()}
    across = any(taken_apart(each).across for each in (full, part))
    panels = _candles(streams, names, across), _candles(known, names, across)
    found = first_change(full, part, panels)
    if found is None:
        return None
    own = pl.selectors.starts_with("__") | pl.selectors.by_name("time")
    at = panels[1].frame.slice(found.row, 1).drop(own).collect()
    text = texts(at).row(0, named=True)
    time_ns = int(nanoseconds(at["time_exchange"])[0])
    return Divergence("signals", found.row, time_ns, found.part, found.values, (text, text))


def _candles(streams: Sequence[Stream], names: Iterable[str], across: bool) -> Panel:
    candles = [stream for stream in streams if stream.kind == "candles"]
    return panel(candles, [0] * len(candles), list(names), across)


def _frames(full: pl.DataFrame, part: pl.DataFrame, time_ns: int) -> Divergence | None:
    """Compare targets that were given as frames."""
    limit = pl.lit(time_ns).cast(TIME)
    key = pl.col("time").cast(TIME), pl.col("instrument").cast(pl.String)
    a, b = (frame.select(*key, "target").filter(pl.col("time") <= limit) for frame in (full, part))
    both = a.join(b, on=["time", "instrument"], how="full", coalesce=True, suffix="_part").sort("time")
    a_value, b_value = both["target"], both["target_part"]
    near = ((a_value - b_value).abs() <= a_value.abs() * _ROUNDING).fill_null(False)
    rows = (a_value.ne_missing(b_value) & ~near).arg_true()
    if not len(rows):
        return None
    row = int(rows[0])
    values = (a_value[row], b_value[row])
    text = texts(both.slice(row, 1)).row(0, named=True)
    return Divergence("signals", row, int(nanoseconds(both["time"])[row]), "target", values, (text, text))
