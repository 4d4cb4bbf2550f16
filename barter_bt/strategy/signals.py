"""Signals: Polars expressions that give a target position at each candle's close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

import polars as pl

from barter_bt.data import Stream
from barter_bt.errors import StrategyError, nearest
from barter_bt.strategy import lookahead, targets
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.hooks import Hooks
from barter_bt.strategy.panel import Panel, overlap, own_columns, panel
from barter_bt.strategy.schedule import Schedule, Size
from barter_bt.strategy.triggers import PROTECTION, ProtectBy, check_protect_by
from barter_bt.strategy.windows import Apart, taken_apart

_SHARED = ("size", "with_fee", "resize", "hooks", "variables", "per_instrument", "protect_by")


@dataclass(frozen=True)
class Signals:
    """Targets from an expression over the candles, or from a frame.

    Parameters
    ----------
    target
        An expression over the candles, computed once over all of them (rule 8); its value is the target, known when
        the candle has closed and arrived. Or a frame of targets, of Polars, pandas or pyarrow: long, with ``time``,
        ``instrument`` and ``target``, or wide, with ``time`` (in pandas: an index of times) and one column for each
        instrument; each target is known at the time that it bears. Null is no change (in pandas: NaN); NaN an error.
    size
        What the target is: ``"units"``, ``"notional"`` (in quote) or ``"equity"`` (a fraction of it).
    with_fee
        Size notional and equity targets so that the taker fee is paid out of them.
    resize
        Whether an order that cannot be paid is made smaller, not rejected.
    hooks
        What it does when a link is lost, when trading is disabled, and to close positions.
    variables, per_instrument
        Data of its own for the hooks, with first values, as for :class:`~barter_bt.strategy.compiled.Compiled`:
        ``my.variables.name[0]``, ``my.per_instrument.name[i]``.
    name
        The strategy id in the tables.
    stop_loss, take_profit, trailing_stop
        What protects each order that enlarges a position (rule 31), as numbers; a frame of targets in long form may
        have columns of these names instead, one value for each target.
    protect_by
        What they are: a ``"fraction"`` of the price of the entry, a ``"distance"`` from it, or a ``"price"``.
    rebalance
        ``"always"``: every target is followed, so that a constant fraction of the equity trades at each bar.
        ``"on_change"``: only a target that differs from the instrument's last, so that a position that a stop has
        closed stays closed until the target changes. ``"outside_band"``: only where position and orders are off by more
        than ``band``, a fraction of the target: 0.1 leaves 0.9 to 1.1 of it alone. By default ``"on_change"`` where
        entries are protected, else ``"always"``.
    band
        With ``rebalance="outside_band"``.
    exit_after
        Targets become 0 so many rows after they took their sign (the row that did counts as none), until they change
        it: a position that is left by time.

    Notes
    -----
    An expression sees the candles of all streams in long form: their columns, the close as ``time``, and the user's own
    columns of the frame, which count as known when their row arrives. What it does is done for each instrument alone,
    in order of time. What is to look across instruments says so with ``.over``: ``.over("time")`` groups the candles
    that close at one time. A window inside another one is computed first, as if it were a column (Polars would
    compute it within each group of the outer one)::

        change = pl.col("close").pct_change(20).over("instrument")
        best = change.rank(descending=True).over("time") <= 2
        Signals(best * 0.4, size="equity")

    A target that looks across instruments is known when all the candles that it looks at have arrived. An expression
    whose values change when later candles are taken away, such as ``shift(-1)``, and a frame whose targets bear the
    times at which candles open, are warned of in ``result.warnings``.

    Examples
    --------
    >>> above = pl.col("close") > pl.col("close").rolling_mean(50)
    >>> Signals(above.cast(pl.Float64)).size
    'units'
    """

    target: Any
    size: Size = "units"
    with_fee: bool = True
    resize: bool = True
    hooks: Hooks = field(default_factory=Hooks)
    variables: Mapping[str, float] = field(default_factory=dict)
    per_instrument: Mapping[str, float] = field(default_factory=dict)
    name: str = "signals"
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    protect_by: ProtectBy = "fraction"
    rebalance: Literal["always", "on_change", "outside_band"] | None = None
    band: float | None = None
    exit_after: int | None = None

    def __post_init__(self) -> None:
        check_protect_by(self.protect_by)
        if self.rebalance not in (None, "always", "on_change", "outside_band"):
            raise StrategyError(f"rebalance is {self.rebalance!r}; allowed: always, on_change, outside_band")
        if (self.rebalance == "outside_band") != (self.band is not None):
            raise StrategyError(
                f"rebalance is {self.rebalance!r} and band {self.band!r}; they go together",
                'for example rebalance="outside_band", band=0.1',
            )
        after: object = self.exit_after
        if after is not None and (not isinstance(after, int) or isinstance(after, bool) or after < 1):
            raise StrategyError(f"exit_after is {after!r}; it must be a whole number of rows, at least 1")
        if not (isinstance(self.target, pl.Expr) or targets.is_frame(self.target)):
            raise StrategyError(
                f"target is {type(self.target).__name__}; it must be a Polars expression over the candles, or a frame",
                'pl.lit(1.0) for a constant; pl.DataFrame({"time": ..., "instrument": ..., "target": ...}) for values',
            )
        if not isinstance(self.target, pl.Expr):
            object.__setattr__(self, "target", targets.polars_frame(self.target))

    def rows(self, market: Market) -> pl.DataFrame:
        """Rows of ``time``, ``instrument``, ``target`` without nulls, in order of time."""
        if isinstance(self.target, pl.Expr):
            return _computed(self.target, market)[0]
        return targets.long_form(self.target, market.index.names)

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        if not isinstance(self.target, pl.Expr):
            return self._schedule(self.rows(market)).prepare(market)
        rows, candles = _computed(self.target, market)
        driver = self._schedule(rows).driver(market)
        warned = [market.once("overlap", lambda: overlap([one for one in market.streams if one.kind == "candles"]))]
        warned.append(lookahead.warning(self.target, candles, rows))
        return replace(driver, warnings=[text for text in warned if text])

    def _schedule(self, rows: pl.DataFrame) -> Schedule:
        """The rows as a schedule with the same settings."""
        if self.exit_after is not None:
            rows = targets.left_after(rows, self.exit_after)
        shared = {one.name: getattr(self, one.name) for one in fields(Schedule) if one.name in _SHARED}
        return Schedule(self._protected(rows), band=self.band or 0.0, **shared)

    def _protected(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with what protects the entries that they become."""
        given = {name: getattr(self, name) for name in PROTECTION if getattr(self, name) is not None}
        twice = [name for name in given if name in rows.columns]
        if twice:
            raise StrategyError(f"the frame of targets has a column {twice[0]!r}, and {twice[0]} is given as well")
        rows = rows.with_columns(pl.lit(value, pl.Float64).alias(name) for name, value in given.items())
        protected = any(name in rows.columns for name in PROTECTION)
        if (self.rebalance or ("on_change" if protected else "always")) != "on_change":
            return rows
        return rows.filter(pl.col("target").ne_missing(pl.col("target").shift(1).over("instrument")))


def _computed(target: pl.Expr, market: Market) -> tuple[pl.DataFrame, Panel]:
    """Targets by the time at which they are known, and the candles that they are computed over."""
    given = {one: delay for one, delay in zip(market.streams, market.feed_ns, strict=True) if one.kind == "candles"}
    if not given:
        raise StrategyError("an expression needs a stream of candles, and the data has none", "give a frame of targets")
    apart = taken_apart(target)
    candles = _panel(market, given, target.meta.root_names(), apart.across)
    try:
        return _rows(apart, candles), candles
    except (Exception, pl.exceptions.PanicException) as error:  # a function of the user's own raises what it likes
        raise _error(target, market, error) from error


def _panel(market: Market, given: Mapping[Stream, int], names: list[str], across: bool) -> Panel:
    """The candles; where they must be sorted, a second run keeps them so for those after it."""
    key = "panel", frozenset(names) & {name for stream in given for name in stream.extra}, across
    found = market.kept.get(key)
    if found is None:
        made: Panel = market.once(key, lambda: panel(list(given), list(given.values()), names, across))
        return made
    held: Panel = market.once((*key, "held"), found.held)
    return held


def _rows(apart: Apart, candles: Panel) -> pl.DataFrame:
    """Targets without nulls; of those of an instrument that become known at one time, the last."""
    rows = apart.columns(candles).with_columns(pl.col("target").cast(pl.Float64))
    frame = candles.collect(rows.filter(pl.col("target").is_not_null(), pl.col("time").is_not_null()))
    if not frame["time"].is_sorted():
        frame = frame.sort("time", maintain_order=True)
    return frame.unique(["time", "instrument"], keep="last", maintain_order=True) if candles.several else frame


def _error(target: pl.Expr, market: Market, error: BaseException) -> StrategyError:
    """What Polars says, in the words of a user."""
    there = own_columns([stream for stream in market.streams if stream.kind == "candles"])
    missing = next((name for name in target.meta.root_names() if name not in there), None)
    if missing is not None:
        guess = nearest(missing, there)
        return StrategyError(
            f"the signal's expression names column {missing!r}; the candles have {', '.join(there)}",
            f"did you mean {guess!r}?" if guess else None,
        )
    first = str(error).split("\n", 1)[0]
    return StrategyError(
        f"the signal's expression cannot be computed over the candles: {first}",
        "its value must be one number (or null) for each candle",
    )
