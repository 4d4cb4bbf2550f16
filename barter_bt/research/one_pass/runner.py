"""Runs of signals in one pass over the candles of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.describe import time_zone_of
from barter_bt.backtest.journal import per_unit
from barter_bt.columns.kernel import interprets
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS
from barter_bt.engine.terms import RATE, Terms
from barter_bt.research.one_pass import kernel
from barter_bt.research.one_pass.figures import Run
from barter_bt.research.one_pass.moments import WIDE
from barter_bt.research.one_pass.tables import (
    Account,
    Amounts,
    Asked,
    Bars,
    Columns,
    Found,
    Given,
    Kept,
    Moments,
    Samples,
    State,
    Targets,
)
from barter_bt.research.one_pass.targets import SharedColumns
from barter_bt.statistic.calendar import is_zone
from barter_bt.statistic.curve import Curve
from barter_bt.strategy import Signals
from barter_bt.strategy.panel import panel

if TYPE_CHECKING:
    from barter_bt.backtest.setup import Setup
    from barter_bt.data import Stream

Integers = npt.NDArray[np.int64]
_SIZES = {"units": UNITS, "notional": NOTIONAL, "equity": EQUITY}
_MOST_STEPS = 4.6e18


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
    ) -> None:
        stream = setup.streams[0]
        chunks = [chunk.columns for chunk in stream.chunks(setup.index.codes)]
        opens, closes = (np.concatenate([each[name] for each in chunks]) for name in ("time_open", "time_exchange"))
        if not ((opens < closes).all() and (opens[1:] >= closes[:-1]).all()):
            raise ValueError("candles overlap")
        self._terms, self._setup = setup.state.terms, setup
        self._rows = slice(*_within(closes, setup.first, setup.last))
        prices = (np.concatenate([each[name] for each in chunks])[self._rows] for name in ("open", "close"))
        ticks = [_ticks(self._terms, each) for each in prices]
        zone = options.get("time_zone") or time_zone_of(setup.streams)
        opens, closes = opens[self._rows].copy(), closes[self._rows]
        begins = int(closes[0] > setup.begins)  # else the mark of the first candle takes the place of the start's
        times = np.concatenate(([setup.begins][:begins], closes))
        if len(times) == 1:
            raise ValueError("one mark alone")
        given = {name: value for name, value in options.items() if name != "time_zone"}
        self.curve = Curve(times, np.ones(len(times)), time_zone=zone if is_zone(zone) else "UTC", **given)
        self._bars = {"time_open": opens, "open": ticks[0], "close": ticks[1]}
        self._samples = self.curve.rows + (1 - begins)
        self._samples[0] = 0
        self.columns = columns_of(stream) if columns is None else columns
        self._interpret = interprets() if interpret is None else interpret

    def run(self, signals: Sequence[Signals]) -> Iterator[Run | None]:
        """Run each; None where only a full run can say what happens.

        What is given is valid until the next is asked for.

        Raises
        ------
        Exception
            Targets cannot be computed.
        """
        given = Given(terms=self._terms, bars=Bars.over(self._bars), samples=Samples.over({"mark": self._samples}))
        kept = Kept(**{name: Amounts(64) for name in list(Kept.layout)[:-1]}, columns=Columns(WIDE))
        found = Found(state=State(1), moments=Moments(1))
        asked = Asked(account=self._account(), targets=Targets(1))
        step = self._step(given, asked, kept, found)
        for one, targets in zip(signals, self.columns.targets([each.target for each in signals]), strict=True):
            self._ask(asked, one)
            asked.account.last[0] = _last(targets[: self._rows.start])
            asked.targets.point("value", 0, targets[self._rows])
            yield None if step() else Run(found, self.curve)

    def _step(self, given: Given, asked: Asked, kept: Kept, found: Found) -> Callable[[], int]:
        blocks = (given, asked, kept, found)
        if self._interpret:
            return partial(kernel.run, *blocks)
        from barter_bt.columns.entry import compile_entry

        entry = compile_entry(kernel.run, tuple(type(block) for block in blocks), {})  # type: ignore[arg-type]
        step = partial(entry, *(block.address for block in blocks))
        vars(step)["blocks"] = blocks  # live as long as what reads them
        return step

    def _account(self) -> Account:
        account, setup = Account(1), self._setup
        quote = self._terms.quote[0]
        account.cash[0] = setup.state.assets.total[quote]
        account.begins[0], account.ends[0] = int(self.curve.times[0]), int(self.curve.times[-1])
        account.unit[0], divides = per_unit(setup.scales.units[quote])
        account.divides[0], account.free[0] = int(divides), self.curve.free
        return account

    def _ask(self, asked: Asked, one: Signals) -> None:
        a, scales = asked.account, self._setup.scales
        steps = {"units": scales.lots[0], "notional": scales.units[self._terms.quote[0]]}
        a.size[0], a.with_fee[0], a.resize[0] = _SIZES[one.size], int(one.with_fee), int(one.resize)
        a.band[0], a.on_change[0] = round((one.band or 0.0) * RATE), int(one.rebalance == "on_change")
        a.per_unit[0] = 1e9 if one.size == "equity" else per_steps(steps[one.size])


def columns_of(stream: Stream) -> SharedColumns:
    """Columns over the candles of a stream."""
    return SharedColumns(panel([stream], [0], list(stream.extra), across=False), stream.rows)


def _within(closes: Integers, first: int, last: int) -> tuple[int, int]:
    """Rows of candles that close from one time to another."""
    low, high = np.searchsorted(closes, first), np.searchsorted(closes, last, side="right")
    if low == high:
        raise ValueError("no candle")
    return int(low), int(high)


def _last(targets: npt.NDArray[np.float64]) -> float:
    """The last that is one; NaN without any."""
    there = np.flatnonzero(~np.isnan(targets))
    return float(targets[there[-1]]) if len(there) else float("nan")


def per_steps(step: Any) -> float:
    """How many steps a unit has."""
    from fractions import Fraction

    return float(1 / Fraction(step))


def _ticks(terms: Terms, prices: npt.NDArray[np.float64]) -> Integers:
    """Prices as ticks (rule 20)."""
    scaled = prices * terms.ticks_per_unit[0]
    nearest = np.floor(scaled + 0.5)
    noise = terms.tick_noise[0] + scaled * 4e-16
    if not ((scaled >= 0.0) & (scaled < _MOST_STEPS) & (np.abs(scaled - nearest) <= noise) & (nearest > 0.0)).all():
        raise ValueError("a price off the grid")
    return nearest.astype(np.int64)
