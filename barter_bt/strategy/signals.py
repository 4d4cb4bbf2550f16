"""Signals: Polars expressions that give a target position at each candle's close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from barter_bt.errors import StrategyError, nearest
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.hooks import Hooks
from barter_bt.strategy.schedule import Schedule, Size


@dataclass(frozen=True)
class Signals:
    """Targets from an expression over the candles, or from a frame.

    Parameters
    ----------
    target
        An expression over the columns of the candle stream, evaluated for each instrument in order of time over the
        whole stream (rule 8); its value is the target known when the candle has closed and arrived. Or a frame of
        ``time``, ``instrument``, ``target``. Null: no change; NaN: an error.
    size
        What the target is: ``"units"``, ``"notional"`` (in quote) or ``"equity"`` (a fraction of it).
    with_fee
        Size notional and equity targets so that the taker fee is paid out of them.
    strict
        Reject an order that cannot be paid, instead of cutting it.
    hooks
        What it does when a link is lost, when trading is disabled, and to close positions.
    shared, each
        Data of its own for the hooks, with first values, as for :class:`~barter_bt.strategy.compiled.Compiled`:
        ``my.shared.name[0]``, ``my.each.name[i]``.
    name
        The strategy id in the tables.

    Examples
    --------
    >>> above = pl.col("close") > pl.col("close").rolling_mean(50)
    >>> Signals(above.cast(pl.Float64)).size
    'units'
    """

    target: pl.Expr | pl.DataFrame
    size: Size = "units"
    with_fee: bool = True
    strict: bool = False
    hooks: Hooks = field(default_factory=Hooks)
    shared: Mapping[str, float] = field(default_factory=dict)
    each: Mapping[str, float] = field(default_factory=dict)
    name: str = "signals"

    def __post_init__(self) -> None:
        if not isinstance(self.target, pl.Expr | pl.DataFrame):
            raise StrategyError(
                f"target is {type(self.target).__name__}; it must be a Polars expression over the candles, or a frame",
                'pl.lit(1.0) for a constant; pl.DataFrame({"time": ..., "instrument": ..., "target": ...}) for values',
            )

    def rows(self, market: Market) -> pl.DataFrame:
        """Rows of ``time``, ``instrument``, ``target`` without nulls."""
        if isinstance(self.target, pl.DataFrame):
            frame = self.target
        else:
            candles = [stream for stream in market.streams if stream.kind == "candles"]
            if not candles:
                raise StrategyError(
                    "an expression needs a stream of candles, and the data has none", "give a frame of targets"
                )
            delays = dict(zip(market.streams, market.feed_ns, strict=True))
            frame = pl.concat([self._of(stream, delays[stream]) for stream in candles])
            if len(candles) > 1:
                frame = frame.sort("time", maintain_order=True)
        return frame.select("time", "instrument", pl.col("target").cast(pl.Float64)).drop_nulls("target")

    def _of(self, stream: object, feed_ns: int) -> pl.DataFrame:
        """Targets of one stream, each known when its candle arrives."""
        assert isinstance(self.target, pl.Expr)
        lazy: pl.LazyFrame = stream.frame()  # type: ignore[attr-defined]
        single = len(stream.instruments) == 1  # type: ignore[attr-defined]
        target = self.target if single else self.target.over("instrument")
        instrument, known = pl.col("instrument"), pl.col("time_exchange")
        if "time_received" in lazy.collect_schema().names():
            known = pl.col("time_received")
        elif feed_ns:
            known = known + pl.duration(nanoseconds=feed_ns, time_unit="ns")
        rows = lazy.select(time=known, instrument=instrument, target=target.cast(pl.Float64))
        try:
            return rows.filter(pl.col("target").is_not_null()).collect()
        except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError) as error:
            first = str(error).split("\n", 1)[0]
            raise StrategyError(
                f"the signal's expression cannot be computed over the candles: {first}", "its value must be a number"
            ) from error
        except pl.exceptions.ColumnNotFoundError as error:
            missing, there = _missing(self.target, lazy)
            guess = nearest(missing, there)
            raise StrategyError(
                f"the signal's expression names column {missing!r}; the candles have {', '.join(there)}",
                f"did you mean {guess!r}?" if guess else None,
            ) from error

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        rows, own = self.rows(market), (self.hooks, self.shared, self.each)
        return Schedule(rows, self.size, self.with_fee, self.strict, *own).prepare(market)


def _missing(target: pl.Expr, candles: pl.LazyFrame) -> tuple[str, list[str]]:
    """The first column that an expression names and the candles do not have, and those that they have."""
    there = candles.collect_schema().names()
    return next(name for name in target.meta.root_names() if name not in there), there
