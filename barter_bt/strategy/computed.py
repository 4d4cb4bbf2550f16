"""What the expressions of signals give over the candles: targets, and what goes with them, by when they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from barter_bt.data import Stream
from barter_bt.data.schema import TIME
from barter_bt.errors import StrategyError, nearest
from barter_bt.strategy.driver import Market
from barter_bt.strategy.indicators import crosses
from barter_bt.strategy.panel import Panel, own_columns, panel
from barter_bt.strategy.rows import fail, grid_of, instrument_codes
from barter_bt.strategy.windows import Apart, taken_apart

NEW = "__new"
"""Whether the row before a target, of the same instrument, had none."""
OF_TIME = ("exit_after", "good_after", "good_till")
"""What may be lengths of time, or times."""


def computed(
    target: pl.Expr, beside: Mapping[str, pl.Expr], market: Market, *, with_new: bool = False
) -> tuple[pl.DataFrame, Panel]:
    """Targets and what goes with them, by when they are known, and the candles that they are computed over.

    Parameters
    ----------
    target, beside
        Expressions of the target, and of what goes with it by name.
    with_new
        Whether there is a column :data:`NEW`.

    Raises
    ------
    StrategyError
        There are no candles, or an expression cannot be computed over them.
    """
    given, apart = _candle_streams(market), taken_apart(target, beside)
    names = [name for each in (target, *beside.values()) for name in each.meta.root_names()]
    candles = _panel(market, given, names, apart.across)
    try:
        return _rows(apart, candles, with_new=with_new), candles
    except (Exception, pl.exceptions.PanicException) as error:  # a function of the user's own raises what it likes
        raise _error(target, beside, candles, market, error) from error


def crossed(market: Market, fast: int, slow: int, quantity: float) -> pl.DataFrame | None:
    """Targets where two averages of the close cross: a quantity above, else 0; None where it takes an expression.

    Of one instrument whose candles are known in their order nothing is computed but the rows that count.
    """
    (stream, delay_ns), *others = _candle_streams(market).items()
    if others or stream.has_received or not stream.is_in_memory or len(stream.instruments) != 1:
        return None
    pieces = [piece.canonical for piece in stream.pieces()]
    closes, prices = (pl.concat([piece[name] for piece in pieces]) for name in ("time_exchange", "close"))
    if closes.null_count() or prices.null_count():
        return None
    rows, signs = crosses(prices.rechunk().to_numpy(), fast, slow)
    times = pl.Series(closes.rechunk().cast(pl.Int64).to_numpy()[rows] + delay_ns)
    name = pl.Series(stream.instruments, dtype=pl.Enum(stream.instruments)).new_from_index(0, len(rows))
    targets = np.where(signs > 0, quantity, 0.0)
    return _in_order(pl.DataFrame({"time": times.cast(TIME), "instrument": name, "target": targets}))


def on_grid(rows: pl.DataFrame, names: Sequence[str], market: Market, by: str) -> pl.DataFrame:
    """Computed prices and distances as whole ticks, or fractions of a price as whole 1e-9, at least one (rule 8).

    A price that can be negative is rounded to its nearest tick.

    Raises
    ------
    StrategyError
        One is below 0, or no number.
    """
    counted = {"fraction": 1e9, "ticks": 1.0}.get(by)  # what one of them is
    codes = instrument_codes(rows, np.zeros(rows.height, np.int8), market) if names and counted is None else None
    for name in names:
        values, signed = rows[name].fill_null(0.0).to_numpy(), np.zeros(rows.height, bool)
        if codes is not None and by == "price" and name != "trailing_stop":
            signed = grid_of(market, codes, "zero")[0] > 0
        bad = ~(((values >= 0) | signed) & np.isfinite(values))
        fail(rows, bad, f"a {name} that is below 0 or no number", "null for none")
        steps = np.full(len(values), counted or 1.0) if codes is None else grid_of(market, codes, "ticks")[0]
        whole = np.rint(values * steps)
        whole = np.where(signed, whole, np.maximum(whole, 1.0)) / steps
        if codes is not None:  # without a tick of its own an instrument takes any price
            whole = np.where(grid_of(market, codes, "tick_noise")[0] < 1.0, whole, values)
        rows = rows.with_columns(pl.when(pl.col(name).is_not_null()).then(pl.Series(whole)).alias(name))
    return rows


def _candle_streams(market: Market) -> dict[Stream, int]:
    """The streams of candles, with the feed latency of each."""
    given = {one: delay for one, delay in zip(market.streams, market.feed_ns, strict=True) if one.kind == "candles"}
    if not given:
        raise StrategyError(
            "an expression needs a stream of candles, and the data has none",
            'bt.data.aggregate(trades, every="1m") makes them of trades; or give a frame of targets',
        )
    return given


def _panel(market: Market, given: Mapping[Stream, int], names: list[str], across: bool) -> Panel:
    """The candles; where they must be sorted, a second run keeps them so for those after it."""
    key = "panel", frozenset(names) & {name for stream in given for name in stream.extra}, across
    found = market.kept.get(key)
    if found is None:
        made: Panel = market.once(key, lambda: panel(list(given), list(given.values()), names, across))
        return made
    held: Panel = market.once((*key, "held"), found.held)
    return held


def _rows(apart: Apart, candles: Panel, *, with_new: bool = False) -> pl.DataFrame:
    """Targets without nulls; of those of an instrument that become known at one time, the last."""
    numbers = [name for name in apart.beside if name not in OF_TIME]
    rows = apart.columns(candles).with_columns(pl.col("target", *numbers).cast(pl.Float64))
    there = [name for name in ("price", "limit") if name in apart.beside]  # without them a target is none
    enters = pl.all_horizontal(True, *(pl.col(name).is_not_null() | (pl.col("target") == 0) for name in there))
    given = pl.col("target").is_not_null() & enters
    if with_new:
        before = given.shift(1, fill_value=False)
        rows = rows.with_columns((~(before if candles.single else before.over("instrument"))).alias(NEW))
    rows = rows.filter(enters) if there else rows
    frame = _in_order(_known(candles.collect(rows)))
    return frame.unique(["time", "instrument"], keep="last", maintain_order=True) if candles.several else frame


def _known(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows with a target and a time; nothing is copied where only the first have none, as behind a rolling window."""
    nulls = frame["target"].null_count()
    if frame["time"].null_count() or frame["target"].head(nulls).null_count() < nulls:
        return frame.drop_nulls(["target", "time"])
    return frame.slice(nulls)


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows in order of time."""
    return frame if frame["time"].is_sorted() else frame.sort("time", maintain_order=True)


def _error(
    target: pl.Expr, beside: Mapping[str, pl.Expr], candles: Panel, market: Market, error: BaseException
) -> StrategyError:
    """What Polars says, in the words of a user."""
    there = own_columns([stream for stream in market.streams if stream.kind == "candles"])
    for name, each in {"": target, **beside}.items():
        which = f"the signal's expression{' of ' if name else ''}{name}"
        missing = next((column for column in each.meta.root_names() if column not in there), None)
        if missing is not None:
            guess = nearest(missing, there)
            return StrategyError(
                f"{which} names column {missing!r}; the candles have {', '.join(there)}",
                f"did you mean {guess!r}?" if guess else None,
            )
    name, found = _culprit(target, beside, candles, error)
    first = str(found).split("\n", 1)[0]
    return StrategyError(
        f"the signal's expression{' of ' if name else ''}{name} cannot be computed over the candles: {first}",
        "its value must be one number (or null) for each candle",
    )


def _culprit(
    target: pl.Expr, beside: Mapping[str, pl.Expr], candles: Panel, error: BaseException
) -> tuple[str, BaseException]:
    """Name of the expression that cannot be computed, the target's is "", and what Polars says of it alone."""
    for name, each in {"": target, **beside}.items() if beside else ():
        try:
            _rows(taken_apart(each), candles)
        except (Exception, pl.exceptions.PanicException) as alone:
            return name, alone
    return "", error
