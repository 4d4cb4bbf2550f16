"""Runs of signals in one pass over the candles of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.backtest.describe import time_zone_of
from barter_bt.backtest.journal import per_unit
from barter_bt.columns.kernel import interprets
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS
from barter_bt.engine.terms import RATE
from barter_bt.research.one_pass.candles import columns_of, following, sorted_candles, within
from barter_bt.research.one_pass.conditions import AMOUNTS, is_protected, protection_of
from barter_bt.research.one_pass.dealing import MOST_STEPS, toward_zero
from barter_bt.research.one_pass.figures import Run
from barter_bt.research.one_pass.guards import amounts_of
from barter_bt.research.one_pass.kernel import run
from barter_bt.research.one_pass.moments import WIDE
from barter_bt.research.one_pass.protected import run_protected
from barter_bt.research.one_pass.several import run_several
from barter_bt.research.one_pass.tables import (
    Account,
    Amounts,
    Asked,
    Bars,
    Brackets,
    Columns,
    Each,
    Found,
    Given,
    Guards,
    Holdings,
    Kept,
    Moments,
    Protection,
    Queue,
    Ranges,
    Samples,
    State,
    Targets,
    Volume,
)
from barter_bt.research.one_pass.targets import SharedColumns
from barter_bt.statistic.calendar import is_zone
from barter_bt.statistic.curve import Curve
from barter_bt.strategy import Signals
from barter_bt.strategy.triggers import UNITS_OF_PROTECTION

if TYPE_CHECKING:
    from barter_bt.backtest.setup import Setup

Integers = npt.NDArray[np.int64]
_AMOUNTS = 4096  # that there is room for at once: to make more, a kernel enters the interpreter, and waits for others
_SIZES = {"units": UNITS, "notional": NOTIONAL, "equity": EQUITY}


class OnePass:
    """What all runs of signals on one simulation have in common; it may be used by threads at the same time.

    Parameters
    ----------
    setup
        Of a simulation that :func:`~barter_bt.research.one_pass.conditions.why_not` has nothing against.
    options
        Of the figures: ``sampling``, ``interval``, ``risk_free``, ``time_zone``.
    columns
        Of another with the same candles.
    early
        Whether the last target of before the run's start is followed there (rule 12); in a span of a fold it is not.

    Raises
    ------
    ValueError
        The candles are not sound; what is wrong with them a full run says.
    """

    def __init__(
        self,
        setup: Setup,
        options: Mapping[str, Any],
        *,
        interpret: bool | None = None,
        columns: SharedColumns | None = None,
        early: bool = True,
    ) -> None:
        candles = sorted_candles(setup)
        self._terms, self._setup = setup.state.terms, setup
        self._rows = slice(*within(candles["time"], setup.first, setup.last))
        self._instruments, self._early = candles["instrument"], early
        bars = {name: np.ascontiguousarray(values[self._rows]) for name, values in candles.items()}
        self._waits = int(bars["time"][0] == setup.begins)
        if bars["time_open"][0] < setup.begins:  # an order of the start meets the close alone (rule 16)
            bars["open"][0], bars["time_open"][0] = bars["close"][0], bars["time"][0]
        zone = options.get("time_zone") or time_zone_of(setup.streams)
        closes = bars["time"][np.insert(np.diff(bars["time"]) > 0, 0, True)]
        begins = int(closes[0] > setup.begins)  # else the mark of the first candle takes the place of the start's
        times = np.concatenate(([setup.begins][:begins], closes))
        if len(times) == 1:
            raise ValueError("one mark alone")
        given = {name: value for name, value in options.items() if name != "time_zone"}
        self.curve = Curve(times, np.ones(len(times)), time_zone=zone if is_zone(zone) else "UTC", **given)
        self._bars = bars | {"following": following(bars["instrument"])}
        self._samples = self.curve.rows + (1 - begins)
        self._samples[0] = 0
        lots, money = ([float(1 / Fraction(each)) for each in of] for of in (setup.scales.lots, setup.scales.units))
        notional = [money[self._terms.quote[0]]] * len(lots)
        self._per_unit = {"units": np.array(lots), "notional": np.array(notional), "equity": np.full(len(lots), 1e9)}
        self.columns = columns_of(setup) if columns is None else columns
        self._interpret = interprets() if interpret is None else interpret

    def run(self, signals: Sequence[Signals]) -> Iterator[Run | None]:
        """Run each; None where only a full run can say what happens.

        What is given is valid until the next is asked for.

        Raises
        ------
        Exception
            Targets cannot be computed.
        """
        sums = {name: Amounts(_AMOUNTS) for name, kind in Kept.layout.items() if kind is Amounts}
        kept = Kept(
            **sums,
            columns=Columns(WIDE),
            queue=Queue(64),
            brackets=Brackets(4),
            volume=self._volume(),
            intervals=self._setup.fees.intervals.copy(),
        )
        count = len(self._setup.index)
        found = Found(state=State(1), holdings=Holdings(count), moments=Moments(1))
        asked = Asked(
            account=self._account(),
            targets=Targets(1),
            each=Each(count),
            protection=Protection(1),
            guards=Guards(1),
        )
        for name in ("slip_ticks", "slip_rate"):
            asked.each.array(name)[:] = self._setup.fill_terms.array(name)
        blocks = (self._given(signals), asked, kept, found)
        steps: dict[Any, Callable[[], int]] = {}
        for one, targets in zip(signals, self.columns.targets([each.target for each in signals]), strict=True):
            self._ask(asked, one)
            self._remember(asked.each, targets)
            asked.targets.point("value", 0, targets[self._rows])
            self._guard(asked, one, targets)
            root = self._root(one)
            if root not in steps:
                steps[root] = self._step(root, blocks)
            left = self._begin(asked, root)
            yield None if left or steps[root]() else Run(found, self.curve, kept.equity)

    def _given(self, signals: Sequence[Signals]) -> Given:
        """What is the same for all of them; with a copy of the terms where a run changes rates."""
        fees = self._setup.fees
        ranged = len(self._setup.index) == 1 and any(self._root(one) is run_protected for one in signals)
        return Given(
            terms=self._terms.copy() if len(fees.volumes) else self._terms,
            bars=Bars.over(self._bars),
            ranges=Ranges.over(self._ranges) if ranged else Ranges(0),
            samples=Samples.over({"mark": self._samples}),
            levels=fees.levels,
        )

    @cached_property
    def _ranges(self) -> dict[str, Integers]:
        candles = sorted_candles(self._setup, ("low", "high"))
        return {name: np.ascontiguousarray(candles[name][self._rows]) for name in ("low", "high")}

    def _root(self, one: Signals) -> Any:
        """The kernel that runs a set."""
        if is_protected(one) or len(self._setup.fees.volumes):
            return run_protected
        return run if len(self._setup.index) == 1 else run_several

    def _step(self, root: Any, blocks: tuple[Given, Asked, Kept, Found]) -> Callable[[], int]:
        if self._interpret:
            return partial(root, *blocks)
        from barter_bt.columns.entry import compile_entry

        entry = compile_entry(root, tuple(type(block) for block in blocks), {})
        step = partial(entry, *(block.address for block in blocks))
        vars(step)["blocks"] = blocks  # live as long as what reads them
        return step

    def _volume(self) -> Volume:
        """What the rates of fees go by, before the first candle."""
        volume, fees = Volume(1), self._setup.fees
        volume.due[0] = volume.first_due[0] = NEVER
        for every in fees.every_ns:
            volume.every[0], volume.before[0] = every, fees.intervals.amount[0]
            volume.first_due[0] = (self._setup.begins // every + 1) * every
        return volume

    def _account(self) -> Account:
        account, setup = Account(1), self._setup
        quote = self._terms.quote[0]
        account.cash[0] = setup.state.assets.total[quote]
        account.ends[0] = int(self.curve.times[-1])
        account.unit[0], divides = per_unit(setup.scales.units[quote])
        account.divides[0], account.free[0] = int(divides), self.curve.free
        return account

    def _ask(self, asked: Asked, one: Signals) -> None:
        a = asked.account
        a.size[0], a.with_fee[0], a.resize[0] = _SIZES[one.size], int(one.with_fee), int(one.resize)
        a.band[0], a.on_change[0] = round((one.band or 0.0) * RATE), int(one.rebalance == "on_change")
        asked.each.array("per_unit")[:] = self._per_unit[one.size]

    def _guard(self, asked: Asked, one: Signals, targets: npt.NDArray[np.float64]) -> None:
        """Say what protects entries; of what is computed, at each candle."""
        p, amounts = asked.protection, protection_of(self._terms, one) if is_protected(one) else [0, 0, 0]
        p.stop_loss[0], p.take_profit[0], p.trailing_stop[0] = amounts
        p.unit[0], p.touch[0] = UNITS_OF_PROTECTION[one.protect_by], self._setup.fill_terms.touch[0]
        p.orders[0] = int(amounts[0] + amounts[2] > 0) + int(amounts[1] > 0)
        p.by_row[0] = int(any(isinstance(getattr(one, name), pl.Expr) for name in AMOUNTS))
        if p.by_row[0]:
            for name, column in amounts_of(one, self.columns, self._setup.market, targets).items():
                asked.guards.point(name, 0, column[self._rows])

    def _remember(self, each: Each, targets: npt.NDArray[np.float64]) -> None:
        """The last target of each instrument before the first candle, and that of its last candle."""
        each.array("last")[:] = each.array("early")[:] = np.nan
        if self._rows.start == 0:
            return
        rows = targets[: self._rows.start]
        before = np.flatnonzero(~np.isnan(rows))
        each.array("early")[self._instruments[before]] = rows[before]
        each.array("last")[self._instruments[: self._rows.start]] = rows

    def _begin(self, asked: Asked, root: Any) -> bool:
        """What the last targets of before the start ask for there; whether that is left to a full run.

        No price is known there, so orders of those that need one are refused (rule 18).
        """
        account, early = asked.account, asked.each.array("early")
        account.early[0], account.refused[0], account.waits[0] = 0, 0, self._waits
        if not self._early:
            return False
        steps = np.nan_to_num(early * asked.each.array("per_unit"), nan=0.0)
        if account.size[0] != UNITS:
            account.refused[0] = int(np.count_nonzero(np.round(steps)))
            return False
        if root is not run or not abs(steps[0]) < MOST_STEPS:
            return bool(steps.any())
        lots = toward_zero(abs(steps[0]))
        account.early[0] = lots if steps[0] > 0.0 else -lots
        return self._waits == 1 and 0 < lots < self._terms.quantity_min[0]
