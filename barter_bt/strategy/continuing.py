"""Signals over futures one after the other: targets of one series, orders of the contract in front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from barter_bt.data.continuous import Adjust, Anchor, continuous, contract_targets
from barter_bt.errors import DataError, StrategyError
from barter_bt.instrument import Instrument
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.panel import KNOWN, panel
from barter_bt.strategy.schedule import Size
from barter_bt.strategy.signals import Signals
from barter_bt.strategy.triggers import ProtectBy

_TERMS = (
    *("size", "with_fee", "resize", "rebalance", "band", "stop_loss", "take_profit", "trailing_stop", "protect_by"),
    *("time_in_force", "name"),
)
_AHEAD = (
    "targets of the continuous series change where later candles are taken away: the expression looks ahead, or reads "
    "levels of anchor='last', which know of later gaps"
)


@dataclass(frozen=True)
class ContinuousSignals:
    """Targets of an expression over :func:`~barter_bt.data.continuous` candles, in the contract in front.

    Where another contract comes in front, the one before gets a target of 0, and the new one the last target that there
    was. In a configuration file it is called ``"continuous"``.

    Parameters
    ----------
    target
        An expression over the series: ``open``, ``high``, ``low``, ``close``, ``volume``, ``contract``, ``adjustment``,
        ``time_exchange`` and columns of the user's own, one row after the other. Null is no change.
    roll, adjust, anchor
        As of :func:`~barter_bt.data.continuous`.
    contracts
        Names of the futures; by default all of the run that have an expiry, which are then of one underlying.
    size, with_fee, resize, rebalance, band, stop_loss, take_profit, trailing_stop, protect_by, time_in_force, name
        As of :class:`~barter_bt.Signals`; protection in numbers. ``rebalance`` is ``"on_change"`` unless given.

    Examples
    --------
    >>> above = pl.col("close") > pl.col("close").rolling_mean(50)
    >>> ContinuousSignals(above.cast(pl.Float64), roll="5d", adjust="ratio").rebalance
    'on_change'
    """

    target: pl.Expr
    roll: str = "5d"
    adjust: Adjust = "none"
    anchor: Anchor = "first"
    contracts: Sequence[str] | None = None
    size: Size = "units"
    with_fee: bool = True
    resize: bool = True
    rebalance: Literal["always", "on_change", "outside_band"] = "on_change"
    band: float | None = None
    stop_loss: float | None = None
    take_profit: float | None = None
    trailing_stop: float | None = None
    protect_by: ProtectBy = "fraction"
    time_in_force: str = "gtc"
    name: str = "continuous"

    def __post_init__(self) -> None:
        if not isinstance(self.target, pl.Expr):
            raise StrategyError(
                f"target is {type(self.target).__name__}; it must be a Polars expression over the continuous series",
                "signals of a frame are Signals(bt.data.contract_targets(...))",
            )
        if self.anchor != "first" and self.adjust == "none":
            raise StrategyError(f"anchor is {self.anchor!r}, and adjust is 'none'", "leave it out, or adjust prices")
        self._signals(pl.DataFrame({"time": [], "instrument": [], "target": []}))  # its terms are told of now

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        contracts, rows = self._contracts(market), self._candles(market)
        try:
            targets = self._targets(rows, contracts)
            ahead = self._looks_ahead(rows, contracts, targets)
        except DataError as error:
            raise StrategyError(error.message, error.hint) from error
        driver = self._signals(contract_targets(targets)).prepare(market)
        return replace(driver, warnings=lambda: [*driver.warnings(), *([_AHEAD] if ahead else [])])

    def _signals(self, frame: pl.DataFrame) -> Signals:
        return Signals(frame, **{name: getattr(self, name) for name in _TERMS})

    def _contracts(self, market: Market) -> list[Instrument]:
        """The futures that the series is made of."""
        there = {one.name: one for one in market.index.instruments if one.kind == "future" and one.expiry is not None}
        names = list(there) if self.contracts is None else list(self.contracts)
        for name in names:
            if name not in there:
                raise StrategyError(f"contracts has {name!r}, which is no future with an expiry: {', '.join(there)}")
        found = [there[name] for name in names]
        underlyings = dict.fromkeys(f"{one.base}/{one.quote} at {one.exchange}" for one in found)
        if len(underlyings) != 1:
            told = f"of {' and of '.join(underlyings)}" if found else "none"
            raise StrategyError(
                f"the futures of the run are {told}; a series is made of those of one underlying",
                'name them: contracts=["es_h", "es_m"]' if found else "give futures with an expiry",
            )
        return found

    def _candles(self, market: Market) -> pl.DataFrame:
        """Candles of all streams, and by when they, and all that closed before, are known."""
        streams = {one: ns for one, ns in zip(market.streams, market.feed_ns, strict=True) if one.kind == "candles"}
        if not streams:
            raise StrategyError("a continuous series needs candles of its contracts, and the data has none")
        candles = panel(list(streams), list(streams.values()), self.target.meta.root_names(), across=True)
        return candles.collect(candles.frame).with_columns(pl.col(KNOWN).cum_max())

    def _targets(self, rows: pl.DataFrame, contracts: Sequence[Instrument]) -> pl.DataFrame:
        """Targets by when they are known, with the contract that is in front then."""
        series = continuous(rows, contracts, self.roll, adjust=self.adjust, anchor=self.anchor)
        try:
            held = series.with_columns(self.target.cast(pl.Float64).alias("target"))
        except pl.exceptions.PolarsError as error:
            first, there = str(error).split("\n", 1)[0], [name for name in series.columns if name != KNOWN]
            raise StrategyError(
                f"the target cannot be computed over the continuous series: {first}", f"it has {', '.join(there)}"
            ) from error
        # what several candles say that are known at one time is what the last of them says that says something
        known = held.with_columns(there_was=pl.col("target").forward_fill()).group_by(KNOWN, maintain_order=True)
        last = known.agg(pl.col("contract", "there_was").last(), pl.col("target").drop_nulls().last())
        rolls = pl.col("contract") != pl.col("contract").shift()
        target = pl.when(rolls).then("there_was").otherwise("target").alias("target")
        return last.select(pl.col(KNOWN).alias("time_exchange"), "contract", target)

    def _looks_ahead(self, rows: pl.DataFrame, contracts: Sequence[Instrument], targets: pl.DataFrame) -> bool:
        """Whether targets before the last roll are others where nothing behind them is there; without one of a half."""
        rolls = (targets["contract"] != targets["contract"].shift()).arg_true()
        behind = int(rolls[-1]) if len(rolls) else targets.height // 2
        if not behind:
            return False
        alone = self._targets(rows.filter(pl.col(KNOWN) <= targets["time_exchange"][behind - 1]), contracts)
        whole = targets.head(alone.height)
        same = (pl.col("target") - pl.col("other")).abs() <= 1e-9 * pl.max_horizontal(pl.col("target").abs(), 1.0)
        both = whole.select("target", other=alone["target"])
        missing = pl.col("target").is_null() != pl.col("other").is_null()
        return bool(both.select((missing | ~same.fill_null(True)).any()).item())
