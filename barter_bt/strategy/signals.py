"""Signals: Polars expressions that give a target position at each candle's close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, Literal, TypeAlias

import polars as pl

from barter_bt.errors import StrategyError
from barter_bt.strategy import beside, lookahead, targets
from barter_bt.strategy.computed import NEW, computed, on_grid
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.entry_rows import PriceBy
from barter_bt.strategy.hooks import Hooks
from barter_bt.strategy.leaving import EXIT_AFTER, left_after, steps_of, with_exits
from barter_bt.strategy.panel import Panel, overlap
from barter_bt.strategy.schedule import Schedule, Size, SizeAt, check_size_at
from barter_bt.strategy.triggers import PROTECTION, ProtectBy, check_protect_by

_SHARED = ("size", "with_fee", "resize", "hooks", "variables", "per_instrument", "protect_by", "price_by", "size_at")
Amount: TypeAlias = float | pl.Expr
"""A number, or an expression over the candles that gives one for each."""


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
    stop_loss, take_profit, trailing_stop, trailing_activation
        What protects each order that enlarges a position (rule 31): numbers, or expressions over the candles, of which
        the value at the target's candle counts (null: none). A frame of targets in long form may have columns of these
        names instead. The trailing stop follows the best price from when the price has come to its activation, if there
        is one (rule 103).
    protect_by
        What they are: a ``"fraction"`` of the price of the entry, a ``"distance"`` from it, that in ``"ticks"``, or a
        ``"price"``.
    rebalance
        Which targets are followed. ``"on_change"``: those that differ from the instrument's last, or that come behind
        a row without one, so that a constant fraction of the equity is bought once, and a position that a stop has
        closed stays closed; ``pl.when(month_end).then(0.5)`` is followed at the end of each month. ``"always"``: all,
        so that a constant fraction trades at each bar. ``"outside_band"``: only where position and orders are off by
        more than ``band``, a fraction of the target: 0.1 leaves 0.9 to 1.1 of it alone. By default ``"on_change"``
        where following a target again would trade: of expressions for notional or equity, and where entries are
        protected; else ``"always"``: of units, which a target that has been reached does not trade again, and of
        frames, whose rows are there to be followed. The attribute says which it is.
    band
        With ``rebalance="outside_band"``.
    exit_after
        Targets become 0 so many rows after they took their sign (the row that did counts as none), until they change
        it: a position that is left by time. Or a length of time, such as ``"5d"`` or a ``timedelta``: exactly so long
        after that. An expression of either, or a column of the frame, says it for each position by itself: the value
        at the row that took the sign counts (null: it is not left by time).
    order
        How targets enter (rule 60): ``"market"``, ``"limit"``, ``"stop"`` or ``"stop_limit"``. What reduces a position
        is a market order. A new target cancels an entry that is still at work, unless it would send the same again.
    price, limit
        Price of the limit, or trigger of the stop; of a stop limit the ``limit`` as well. Numbers, expressions or
        columns, as for protection; where one is null, so is the target, unless it is 0. The size of the entry goes by
        the limit, of a stop by its trigger.
    price_by
        What they are: a ``"price"``, a ``"distance"`` from the market, that in ``"ticks"``, or a ``"fraction"`` of its
        price: limits on the near side of it, stops on the far side, and the ``limit`` of a stop limit so far beyond its
        trigger.
    time_in_force, post_only, candle_fill
        Of the entry, as in :class:`~barter_bt.OrderRequest`; with ``order="market"`` of every order: ``"at_close"`` is
        market on close. Or columns of the frame, as is ``trigger_by``.
    good_till, good_after
        When the entry ends by itself, and until when it is held back (rule 35); with ``order="market"`` of every order.
        A length of time after the target is known, such as ``"2d"``, an expression of such lengths or of times, or a
        column of the frame (null: none).
    trigger_by
        Which prices stops and triggers look at (rule 28): ``"last"``, ``"quote"`` or ``"mark"``; None: as the exchange
        has it.
    size_at
        ``"decision"``: lots are those at the price when the target is known. ``"fill"``: they are worked out once more
        at the price of the fill, of the same amount of money (rule 61).

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
    stop_loss: Amount | None = None
    take_profit: Amount | None = None
    trailing_stop: Amount | None = None
    protect_by: ProtectBy = "fraction"
    rebalance: Literal["always", "on_change", "outside_band"] | None = None
    band: float | None = None
    exit_after: int | str | timedelta | pl.Expr | None = None
    order: beside.EntryOrder = "market"
    price: Amount | None = None
    limit: Amount | None = None
    price_by: PriceBy = "price"
    time_in_force: str = "gtc"
    post_only: bool = False
    candle_fill: str | None = None
    trigger_by: beside.TriggerBy | None = None
    size_at: SizeAt = "decision"
    good_till: str | timedelta | pl.Expr | None = None
    good_after: str | timedelta | pl.Expr | None = None
    trailing_activation: Amount | None = None

    def __post_init__(self) -> None:
        check_protect_by(self.protect_by)
        check_size_at(self.size_at, self.size)
        if self.rebalance not in (None, "always", "on_change", "outside_band"):
            raise StrategyError(f"rebalance is {self.rebalance!r}; allowed: always, on_change, outside_band")
        if (self.rebalance == "outside_band") != (self.band is not None):
            raise StrategyError(
                f"rebalance is {self.rebalance!r} and band {self.band!r}; they go together",
                'for example rebalance="outside_band", band=0.1',
            )
        if self.exit_after is not None and not isinstance(self.exit_after, pl.Expr):
            steps_of(self.exit_after)
        if not (isinstance(self.target, pl.Expr) or targets.is_frame(self.target)):
            raise StrategyError(
                f"target is {type(self.target).__name__}; it must be a Polars expression over the candles, or a frame",
                'pl.lit(1.0) for a constant; pl.DataFrame({"time": ..., "instrument": ..., "target": ...}) for values',
            )
        by_frame = not isinstance(self.target, pl.Expr)
        beside.check_beside(self, by_frame=by_frame)
        if by_frame:
            object.__setattr__(self, "target", targets.polars_frame(self.target))
            beside.check_columns(self, self.target.columns)
        beside.check_protected(self, self.target.columns if by_frame else ())
        if self.rebalance is None:
            object.__setattr__(self, "rebalance", self._rebalance_by_default())

    def rows(self, market: Market) -> pl.DataFrame:
        """Rows of ``time``, ``instrument``, ``target`` without nulls, in order of time, and of what goes with them."""
        if isinstance(self.target, pl.Expr):
            return self._computed(market)[0].drop(NEW, strict=False)
        return targets.long_form(self.target, market.index.names, beside.names_of(self))

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        if not isinstance(self.target, pl.Expr):
            return self._schedule(self.rows(market)).prepare(market)
        rows, candles = self._computed(market)
        driver, others = self.driver(market, rows), beside.expressions_of(self)
        warned = [lookahead.warning(each, candles, rows) for each in (self.target, *others.values())]
        return replace(driver, warnings=lambda: [*driver.warnings(), *filter(None, warned)])

    def driver(self, market: Market, rows: pl.DataFrame) -> Driver:
        """The driver of a run that follows what was computed over the candles."""
        warned = market.once("overlap", lambda: overlap([one for one in market.streams if one.kind == "candles"]))
        return replace(self._schedule(rows).driver(market), warnings=lambda: [warned] if warned else [])

    def _computed(self, market: Market) -> tuple[pl.DataFrame, Panel]:
        """What the expressions give, on its grids, and the candles that it is computed over."""
        others = beside.expressions_of(self)
        rows, candles = computed(self.target, others, market, with_new=self.rebalance == "on_change")
        for names, by in ((PROTECTION, self.protect_by), (("price", "limit"), self.price_by)):
            rows = on_grid(rows, [name for name in names if name in others], market, by)
        return rows, candles

    def _schedule(self, rows: pl.DataFrame) -> Schedule:
        """The rows as a schedule with the same settings."""
        rows = beside.with_numbers(self, rows)
        rows = with_exits(rows, None if isinstance(self.exit_after, pl.Expr) else self.exit_after)
        rows = left_after(rows) if EXIT_AFTER in rows.columns else rows
        shared = {one.name: getattr(self, one.name) for one in fields(Schedule) if one.name in _SHARED}
        rows = beside.with_terms(self, self._followed(rows))
        if not any(name in rows.columns for name in PROTECTION):  # a schedule refuses what nothing reads
            del shared["protect_by"]
        return Schedule(rows, band=self.band or 0.0, **shared)

    def _followed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows that are followed: all of them, or those whose target is another than that of the row before."""
        if self.rebalance == "on_change":
            new = pl.col(NEW).fill_null(False) if NEW in rows.columns else pl.lit(False)
            changed = pl.col("target").ne_missing(pl.col("target").shift(1).over("instrument"))
            rows = rows.filter(new | changed)
        return rows.drop(NEW) if NEW in rows.columns else rows

    def _rebalance_by_default(self) -> Literal["always", "on_change"]:
        by_frame = isinstance(self.target, pl.DataFrame)
        columns = self.target.columns if by_frame else ()
        protected = any(getattr(self, name) is not None or name in columns for name in PROTECTION)
        return "on_change" if protected or (self.size != "units" and not by_frame) else "always"
