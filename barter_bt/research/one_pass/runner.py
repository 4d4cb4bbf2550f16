"""Runs of signals in one pass over the candles of a simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from barter_bt.backtest.describe import time_zone_of
from barter_bt.backtest.journal import per_unit
from barter_bt.columns.kernel import interprets
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS
from barter_bt.engine.terms import RATE, Terms
from barter_bt.research.one_pass.figures import Run
from barter_bt.research.one_pass.kernel import run
from barter_bt.research.one_pass.moments import WIDE
from barter_bt.research.one_pass.several import run_several
from barter_bt.research.one_pass.tables import (
    Account,
    Amounts,
    Asked,
    Bars,
    Columns,
    Each,
    Found,
    Given,
    Holdings,
    Kept,
    Moments,
    Queue,
    Samples,
    State,
    Targets,
)
from barter_bt.research.one_pass.targets import SharedColumns
from barter_bt.statistic.calendar import is_zone
from barter_bt.statistic.curve import Curve
from barter_bt.strategy import Signals

if TYPE_CHECKING:
    from barter_bt.backtest.setup import Setup

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
        candles = sorted_candles(setup)
        self._terms, self._setup = setup.state.terms, setup
        self._rows = slice(*_within(candles["time"], setup.first, setup.last))
        self._instruments = candles["instrument"]
        bars = {name: np.ascontiguousarray(values[self._rows]) for name, values in candles.items()}
        zone = options.get("time_zone") or time_zone_of(setup.streams)
        closes = np.unique(bars["time"])
        begins = int(closes[0] > setup.begins)  # else the mark of the first candle takes the place of the start's
        times = np.concatenate(([setup.begins][:begins], closes))
        if len(times) == 1:
            raise ValueError("one mark alone")
        given = {name: value for name, value in options.items() if name != "time_zone"}
        self.curve = Curve(times, np.ones(len(times)), time_zone=zone if is_zone(zone) else "UTC", **given)
        self._bars = bars | {"following": _following(bars["instrument"])}
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
        given = Given(terms=self._terms, bars=Bars.over(self._bars), samples=Samples.over({"mark": self._samples}))
        sums = {name: Amounts(64) for name, kind in Kept.layout.items() if kind is Amounts}
        kept = Kept(**sums, columns=Columns(WIDE), queue=Queue(64))
        count = len(self._setup.index)
        found = Found(state=State(1), holdings=Holdings(count), moments=Moments(1))
        asked = Asked(account=self._account(), targets=Targets(1), each=Each(count))
        for name in ("slip_ticks", "slip_rate"):
            asked.each.array(name)[:] = self._setup.fill_terms.array(name)
        step = self._step(given, asked, kept, found)
        for one, targets in zip(signals, self.columns.targets([each.target for each in signals]), strict=True):
            self._ask(asked, one)
            self._remember(asked.each, targets)
            asked.targets.point("value", 0, targets[self._rows])
            yield None if step() else Run(found, self.curve, kept.equity)

    def _step(self, given: Given, asked: Asked, kept: Kept, found: Found) -> Callable[[], int]:
        blocks = (given, asked, kept, found)
        root: Any = run if len(self._setup.index) == 1 else run_several
        if self._interpret:
            return partial(root, *blocks)
        from barter_bt.columns.entry import compile_entry

        entry = compile_entry(root, tuple(type(block) for block in blocks), {})
        step = partial(entry, *(block.address for block in blocks))
        vars(step)["blocks"] = blocks  # live as long as what reads them
        return step

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

    def _remember(self, each: Each, targets: npt.NDArray[np.float64]) -> None:
        """The last target of each instrument before the first candle."""
        each.array("last")[:] = np.nan
        if self._rows.start == 0:
            return
        before = np.flatnonzero(~np.isnan(targets[: self._rows.start]))
        each.array("last")[self._instruments[before]] = targets[before]


def sorted_candles(setup: Setup) -> dict[str, Integers]:
    """Times and prices of the candles as whole numbers, by the time of their close, then by instrument.

    Raises
    ------
    ValueError
        They are not sound.
    """
    chunks = [chunk.columns for chunk in setup.streams[0].chunks(setup.index.codes)]
    names = ("time_exchange", "time_open", "instrument", "open", "close")
    close, opened, instrument, *prices = (np.concatenate([each[name] for each in chunks]) for name in names)
    instrument = instrument.astype(np.int64)
    order = order_of(close, instrument)
    if order is not None:
        close, opened, instrument = close[order], opened[order], instrument[order]
        prices = [each[order] for each in prices]
    if not _follow_each_other(opened, close, instrument):
        raise ValueError("candles overlap")
    ticks = [_ticks(setup.state.terms, instrument, each) for each in prices]
    return {"time": close, "time_open": opened, "instrument": instrument, "open": ticks[0], "close": ticks[1]}


def order_of(close: Integers, instrument: Integers) -> Integers | None:
    """Rows by time, then instrument; None if they are in it."""
    later = close[1:] > close[:-1]
    if (later | ((close[1:] == close[:-1]) & (instrument[1:] > instrument[:-1]))).all():
        return None
    return np.lexsort((instrument, close))


def _follow_each_other(opened: Integers, close: Integers, instrument: Integers) -> bool:
    """Whether each candle of an instrument opens where the one before has closed, or later."""
    rows = np.argsort(instrument, kind="stable")
    same = instrument[rows][1:] == instrument[rows][:-1]
    return bool((opened < close).all() and (~same | (opened[rows][1:] >= close[rows][:-1])).all())


def _following(instrument: Integers) -> Integers:
    """The next row of each row's instrument; -1 for the last."""
    rows = np.argsort(instrument, kind="stable")
    found = np.full(len(instrument), -1)
    same = instrument[rows][1:] == instrument[rows][:-1]
    found[rows[:-1][same]] = rows[1:][same]
    return found


def columns_of(setup: Setup) -> SharedColumns:
    """Columns over the candles of a simulation."""
    chunks = [chunk.columns for chunk in setup.streams[0].chunks(setup.index.codes)]
    close, instrument = (np.concatenate([each[name] for each in chunks]) for name in ("time_exchange", "instrument"))
    return SharedColumns(setup.streams[0], order_of(close, instrument))


def _within(closes: Integers, first: int, last: int) -> tuple[int, int]:
    """Rows of candles that close from one time to another."""
    low, high = np.searchsorted(closes, first), np.searchsorted(closes, last, side="right")
    if low == high:
        raise ValueError("no candle")
    return int(low), int(high)


def _ticks(terms: Terms, instrument: Integers, prices: npt.NDArray[np.float64]) -> Integers:
    """Prices as ticks (rule 20)."""
    scaled = prices * terms.array("ticks_per_unit")[instrument]
    nearest = np.floor(scaled + 0.5)
    noise = terms.array("tick_noise")[instrument] + scaled * 4e-16
    if not ((scaled >= 0.0) & (scaled < _MOST_STEPS) & (np.abs(scaled - nearest) <= noise) & (nearest > 0.0)).all():
        raise ValueError("a price off the grid")
    ticks: Integers = nearest.astype(np.int64)
    return ticks
