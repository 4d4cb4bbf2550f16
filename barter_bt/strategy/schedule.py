"""Strategies decided before the run: signals (target positions) and explicit orders, as rows by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import polars as pl

from barter_bt.columns.memory import array
from barter_bt.data.moment import moment
from barter_bt.engine.action.protect import NO_UNIT
from barter_bt.engine.order import NO_GROUP
from barter_bt.engine.sizing import EQUITY, NOTIONAL, UNITS
from barter_bt.engine.state.tables import Schedule as Columns
from barter_bt.engine.targets import AMEND_ROW, BELOW_LOT, CANCEL_ROW, MARGIN_ROW, NOT_SENT, OPEN_ROW, TARGET_ROW
from barter_bt.errors import StrategyError, refuse_unknown
from barter_bt.instrument import IndexedInstruments
from barter_bt.strategy.amend_rows import check_protection, codes_of_amends
from barter_bt.strategy.cells import codes_of
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.entry_rows import PriceBy, check_price_by, entry_columns, says_how, trigger_by_column
from barter_bt.strategy.hooks import Hooks
from barter_bt.strategy.kinds import as_kinds
from barter_bt.strategy.margin_rows import margin_column
from barter_bt.strategy.order_rows import TOO_FINE, order_columns, protection_columns, wrong_sides
from barter_bt.strategy.own import own_tables
from barter_bt.strategy.read_cells import refuse_idle, refuse_unread
from barter_bt.strategy.rows import (
    MOST_STEPS,
    fail,
    instrument_codes,
    known_times,
    shared_column,
    target_values,
    toward_zero,
    whole_units,
)
from barter_bt.strategy.targets import is_frame, polars_frame
from barter_bt.strategy.timing import TIMING
from barter_bt.strategy.triggers import PROTECTION, RIGHT_SIDE, TRIGGERS, WRONG_SIDE, ProtectBy, check_protect_by

Size = Literal["units", "notional", "equity"]
SizeAt = Literal["decision", "fill"]
SIZES = {"units": UNITS, "notional": NOTIONAL, "equity": EQUITY}
COLUMNS = (
    *("time", "instrument", "action", "quantity", "price", "time_in_force", "post_only", "reduce_only", *TRIGGERS),
    *("trigger_by", *TIMING, *PROTECTION, "group", "after", "ref", "trigger", "target", "amount"),
)
"""What a frame may have."""
_UNREAD = "leave it out: frame.drop(...); quantities and targets are signed, below 0 is a sale"
_DEFAULTS = [
    pl.Series("quantity", [0.0]),
    pl.Series("price", [None], pl.Float64),
    pl.Series("time_in_force", ["gtc"]),
    pl.Series("post_only", [False]),
    pl.Series("ref", [-1]),
    pl.Series("target", [0.0]),
]
BLOCK_ROWS = 1 << 13  # rows of which all that is computed stays in the processor's cache
_TOO_FINE = {
    "units": TOO_FINE,
    "notional": 'count the money in coarser units: units={"usd": "0.01"}, for example',
    "equity": "a fraction of the equity is 1.0 for all of it",
}


def check_size_at(when: str, size: str) -> None:
    """Refuse a time of sizing that is none, or has no effect."""
    if when not in ("decision", "fill"):
        raise StrategyError(f"size_at is {when!r}; allowed: decision, fill")
    if when == "fill" and size == "units":
        raise StrategyError('size_at is "fill", and size is "units"', 'units are what they are: size="equity"')


def _repeated(columns: dict[str, np.ndarray], unchanged: np.ndarray) -> np.ndarray:
    """Which rows are targets of an instrument that has one at the same time already: neither could be the wish."""
    found = np.zeros(len(unchanged), bool)
    if (columns["time"][1:] > columns["time"][:-1]).all():
        return found
    time, instrument, wanted = columns["time"], columns["instrument"], (columns["action"] == TARGET_ROW) & ~unchanged
    order = np.flatnonzero(wanted) if not wanted.all() else None
    if order is not None:
        time, instrument = time[order], instrument[order]
    by_time = _sorted(instrument, time)
    if by_time is not None:
        time, instrument, order = time[by_time], instrument[by_time], by_time if order is None else order[by_time]
    again = np.flatnonzero((time[1:] == time[:-1]) & (instrument[1:] == instrument[:-1])) + 1
    found[again if order is None else order[again]] = True
    return found


def _sorted(key: np.ndarray, time: np.ndarray) -> np.ndarray | None:
    """Stable order by time, then key; None if rows are in it, as those of most frames are."""
    later = time[1:] > time[:-1]
    in_order = later.all() or (later | ((time[1:] == time[:-1]) & (key[1:] >= key[:-1]))).all()
    return None if in_order else np.lexsort((key, time))


def merged(
    schedules: Mapping[str, Mapping[str, np.ndarray]], names: Sequence[str], index: IndexedInstruments
) -> dict[str, np.ndarray]:
    """The schedules of several strategies, by name, as one; ``names`` are those of all strategies of the run."""
    parts, base = [], 0
    for name, columns in schedules.items():
        strategy = names.index(name)
        ref = np.where(columns["ref"] >= 0, columns["ref"] + base, -1)
        group = np.where(columns["group"] >= 0, columns["group"] + base, NO_GROUP)
        bonds = {"parent": columns["parent"] + base, "group": group}
        parts.append({**columns, **bonds, "ref": ref, "strategy": np.full(len(ref), strategy, np.int64)})
        base += len(ref)
    whole = {name: np.concatenate([part[name] for part in parts]) for name in Columns.schema}
    unchanged = np.zeros(base, bool)
    again = np.flatnonzero(_repeated(whole, unchanged))
    if len(again):
        row = again[0]
        raise StrategyError(
            f"strategy {names[whole['strategy'][row]]!r} has a target of {index.names[whole['instrument'][row]]!r} at "
            f"{moment(int(whole['time'][row]))}, at which another has one",
            "an instrument has one position, so only one strategy can say what it should be",
        )
    return _followed(whole, unchanged, apart=False)


def _followed(columns: dict[str, np.ndarray], unchanged: np.ndarray, apart: bool) -> dict[str, np.ndarray]:
    """Rows in the order in which they are followed (rule 18), without targets that change nothing.

    ``apart``: each has a time of its own.
    """
    is_target = columns["action"] == TARGET_ROW
    order = None
    if not apart:
        explicit_first = columns["instrument"] if is_target.all() else np.where(is_target, columns["instrument"], -1)
        order = _sorted(explicit_first, columns["time"])
    left_out = is_target & unchanged
    if order is None and not left_out.any():
        if not is_target.all():
            refers = (columns["action"] == CANCEL_ROW) | (columns["action"] == AMEND_ROW)
            columns = {**columns, "ref": np.where(refers, columns["ref"], -1)}
        return {name: np.ascontiguousarray(columns[name]) for name in Columns.schema}
    order = np.arange(len(is_target)) if order is None else order
    order = order[~left_out[order]]
    place = np.zeros(len(is_target), np.int64)
    place[order] = np.arange(len(order))
    refers = (columns["action"] == CANCEL_ROW) | (columns["action"] == AMEND_ROW)
    ref = np.where(refers, place[np.maximum(columns["ref"], 0)], -1)
    columns = {**columns, "ref": ref}
    if columns["follows"].any() or (columns["group"] >= 0).any():
        columns["parent"] = place[columns["parent"]]
        columns["group"] = np.where(columns["group"] >= 0, place[np.maximum(columns["group"], 0)], NO_GROUP)
    return {name: np.ascontiguousarray(columns[name][order]) for name in Columns.schema}


@dataclass(frozen=True)
class Schedule:
    """Orders and targets given as a frame, one row each, in order of time.

    Parameters
    ----------
    frame
        ``time`` (Datetime with zone), ``instrument``, ``action`` (``"open"``, ``"cancel"``, ``"amend"``, ``"target"``,
        ``"margin"``; all are targets if the column is missing); for opens ``quantity`` (signed), ``price`` (null:
        market), ``time_in_force``, ``post_only``, ``reduce_only``, ``stop``, ``if_touched``, ``trailing``,
        ``trailing_rate``, ``trailing_ticks``, ``activation``, ``good_after`` and ``good_till`` (Datetime with zone),
        ``candle_fill``, ``group`` (a label for rows of one time) and ``after`` (row number of an open of that time; see
        :class:`~barter_bt.OrderRequest`); for cancels ``ref``, the row number of the open; for amends (rule 33) ``ref``
        and what they give of ``price``, ``quantity``, ``trigger``, ``trailing``, ``trailing_rate``, ``trailing_ticks``
        and ``activation``, null for what stays, and of ``stop_loss``, ``take_profit``, ``trailing_stop`` and
        ``trailing_activation``, for what protects the entry that row ``ref`` has become, an open or a target (rule
        101); for targets ``target``, and to enter by a limit, a stop or both (rule 60) ``price`` and ``stop``, with
        ``post_only``, and ``time_in_force``, times and ``candle_fill`` of that order, else of the target's market
        order. For opens and targets ``trigger_by``: ``"last"``, ``"quote"`` or ``"mark"``, the prices that triggers
        look at (rule 28). For margin that an isolated position is given, or that is taken from it, ``instrument`` and
        ``amount`` (rule 104). Columns that no row needs may be missing; what a row would not read is an error.
    size
        What targets are: ``"units"``, ``"notional"`` (in quote) or ``"equity"`` (fraction of it).
    with_fee
        Size notional and equity targets so that the taker fee is paid out of them.
    resize
        Whether a target's order that cannot be paid is made smaller, not rejected.
    hooks
        What it does when a link is lost, when trading is disabled, and to close positions.
    variables, per_instrument
        Data of its own for the hooks, with first values, as for :class:`~barter_bt.strategy.compiled.Compiled`:
        ``my.variables.name[0]``, ``my.per_instrument.name[i]``.
    name
        The strategy id in the tables.
    protect_by
        What ``stop_loss``, ``take_profit``, ``trailing_stop`` and ``trailing_activation`` of the frame are, columns of
        opens and targets that protect an entry (rules 31 and 103): ``"price"``, ``"distance"`` from the price of the
        entry, that in ``"ticks"``, or ``"fraction"`` of it.
    band
        Fraction of a target by which position and orders may be off without an order (rule 18): 0.1 leaves a position
        between 0.9 and 1.1 of its target alone.
    price_by
        What ``price`` and ``stop`` of targets are: a ``"price"``, a ``"distance"`` from the market, that in
        ``"ticks"``, or a ``"fraction"`` of its price: limits lie on the near side, stops on the far side (rule 60).
        Those of opens are prices.
    size_at
        When the lots of targets by ``"notional"`` and ``"equity"`` are worked out: at the ``"decision"``, or once more
        at the ``"fill"``, at its price (rule 61).
    """

    frame: Any
    size: Size = "units"
    with_fee: bool = True
    resize: bool = True
    hooks: Hooks = field(default_factory=Hooks)
    variables: Mapping[str, float] = field(default_factory=dict)
    per_instrument: Mapping[str, float] = field(default_factory=dict)
    name: str = "schedule"
    protect_by: ProtectBy = "price"
    band: float = 0.0
    price_by: PriceBy = "price"
    size_at: SizeAt = "decision"

    def __post_init__(self) -> None:
        check_protect_by(self.protect_by)
        check_price_by(self.price_by)
        check_size_at(self.size_at, self.size)
        if not 0 <= self.band < 1:
            raise StrategyError(f"band is {self.band}; allowed: from 0 until below 1", "0.1 is a tenth of the target")
        if self.size not in SIZES:
            raise StrategyError(f"size is {self.size!r}; allowed: {', '.join(SIZES)}")
        if not is_frame(self.frame):
            raise StrategyError(
                f"the schedule is {type(self.frame).__name__}; it must be a frame, one row for each order or target",
                'pl.DataFrame({"time": ..., "instrument": ..., "target": ...})',
            )
        frame = polars_frame(self.frame)
        refuse_unknown(frame.columns, COLUMNS, "the schedule", StrategyError, _UNREAD)
        object.__setattr__(self, "frame", as_kinds(frame, "the schedule", StrategyError))
        refuse_idle(self)

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        driver, candles = self.driver(market), [one for one in market.streams if one.kind == "candles"]
        if all(one.is_in_memory for one in candles):
            return replace(driver, warnings=lambda: self._warned(candles))
        found = self._warned(candles)  # files may be other ones later
        return replace(driver, warnings=lambda: found)

    def _warned(self, candles: Sequence[Any]) -> list[str]:
        """What its targets are warned of beside these candles."""
        from barter_bt.strategy.stamps import warning

        frame = self.frame
        if "action" in frame.columns:
            frame = frame.filter(pl.col("action").cast(pl.String) == "target")
        if "target" in frame.columns and frame["target"].null_count():
            frame = frame.drop_nulls("target")
        warned = warning(frame, candles)
        return [warned] if warned else []

    def driver(self, market: Market) -> Driver:
        """Integer columns in order of time, targets of one time by instrument index."""
        frame = self._complete()
        n = len(frame)
        time = known_times(frame)
        apart = bool((time[1:] > time[:-1]).all())  # every row has a time of its own
        back = np.empty(0, np.int64) if apart else np.flatnonzero(time[1:] < time[:-1])
        if len(back):
            row = int(back[0]) + 1
            raise StrategyError(f"row {row} of the schedule goes back in time", "sort the frame by time")
        action = self._actions(frame, market)
        refuse_unread(self.frame, action)
        codes = codes_of_amends(frame, action, instrument_codes(frame, action, market))
        target, unchanged = target_values(frame["target"])
        is_target = action == TARGET_ROW
        wanted, only_targets = is_target & ~unchanged, bool(is_target.all())
        columns = {"time": time, "action": action, "instrument": codes}
        columns["target"], columns["sent"] = self._targets(frame, target, wanted, codes, market)
        if "action" in frame.columns:
            columns["target"] += margin_column(frame, codes, action, market)
        resize = shared_column(market, n, int(self.resize), np.int8)
        columns["resize"] = resize if only_targets else resize * is_target
        columns |= {name: shared_column(market, n, 0) for name in ("strategy", "offset", "offset_rate", "wish")}
        columns |= order_columns(frame, codes, action, market)
        columns |= entry_columns(frame, codes, action, columns, market, self.price_by)
        if self.size_at == "fill":
            fail(frame, columns["enter_by"] != NO_UNIT, 'an entry and size_at="fill"', "its size goes by its own price")
        protectable = wanted if only_targets else (action == OPEN_ROW) | (action == AMEND_ROW) | wanted
        columns |= protection_columns(frame, codes, protectable, market, self.protect_by)
        if any(name in frame.columns for name in PROTECTION):
            check_protection(frame, action, self.protect_by)
            protected = (columns["protect_by"] != NO_UNIT) & (columns["reduce_only"] > 0)
            fail(frame, protected, "reduce_only and what would protect it", "protect what opens a position")
            fail(frame, wrong_sides(action == OPEN_ROW, columns), f"a row that {WRONG_SIDE}", RIGHT_SIDE)
        columns["trigger_by"] = trigger_by_column(frame, columns, unchanged, market)
        if not apart:
            again = _repeated(columns, unchanged)
            fail(frame, again, "a second target of one instrument at one time", "keep one of them")
        if only_targets:
            columns["ref"] = shared_column(market, n, -1)
        columns = _followed(columns, unchanged, apart)
        return Driver(
            wake=self.hooks.wake(None),
            my=own_tables({}, self.variables, self.per_instrument, market.index),
            asked=self.hooks.asked(0),
            hooks=self.hooks.bits,
            schedule=columns,
            size=SIZES[self.size],
            with_fee=self.with_fee,
            band=self.band,
            size_at_fill=self.size_at == "fill",
        )

    @staticmethod
    def _actions(frame: pl.DataFrame, market: Market) -> np.ndarray:
        if "action" not in frame.columns:
            return shared_column(market, len(frame), TARGET_ROW, np.int8)
        known = {"open": OPEN_ROW, "cancel": CANCEL_ROW, "amend": AMEND_ROW, "target": TARGET_ROW, "exercise": OPEN_ROW}
        known["margin"] = MARGIN_ROW
        found = codes_of(frame["action"], known).astype(np.int8)
        fail(frame, found == -1, "an unknown action", f"allowed: {', '.join(known)}")
        return found

    def _complete(self) -> pl.DataFrame:
        given: pl.DataFrame = self.frame
        have = given.columns
        for name in ("time", "instrument"):
            if name not in have:
                raise StrategyError(f"the schedule has no column {name!r}; it has {', '.join(have)}")
        if "action" not in have:  # targets alone need nothing else
            if "target" not in have:
                raise StrategyError("the schedule has neither a column 'action' nor a column 'target'")
            if not says_how(given):
                return given
        frame = given.hstack([one.new_from_index(0, len(given)) for one in _DEFAULTS if one.name not in have])
        absent = {"quantity": (pl.Float64, 0.0), "ref": (pl.Int64, -1)}
        filled = [
            pl.col(name).fill_null(value)
            for name, (kind, value) in absent.items()
            if frame.schema[name] != kind or frame[name].null_count()
        ]
        return frame.with_columns(filled) if filled else frame

    def _targets(
        self, frame: pl.DataFrame, target: np.ndarray, wanted: np.ndarray, codes: np.ndarray, market: Market
    ) -> tuple[np.ndarray, np.ndarray]:
        """Targets in steps, and whether one is less than a step, where the loop notes what became of it."""
        if not wanted.all():
            target = np.where(wanted, target, 0.0)
        each = market.once(("per unit", self.size), lambda: self._per_unit(market))
        targets, sent = array(len(frame), np.int64), array(len(frame), np.int64, NOT_SENT)
        signed = target.min(initial=0.0) < 0
        for start in range(0, len(frame), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            scaled = np.abs(target[rows]) * (each if len(each) == 1 else each[codes[rows]])
            if not scaled.max(initial=0.0) < MOST_STEPS:  # also for NaN
                fail(frame, ~np.isfinite(target), "a target that is NaN or infinite", "use null for no change")
                beyond = np.abs(target) * each[codes] >= MOST_STEPS
                fail(frame, beyond, f"a target beyond {MOST_STEPS:g} steps", _TOO_FINE[self.size])
            if self.size == "notional":
                whole = whole_units(np.abs(target[rows]), scaled, codes[rows], market)
            elif (np.floor(scaled) == scaled).all():  # as of most targets
                whole = scaled
            else:
                whole = toward_zero(scaled) if self.size == "units" else np.rint(scaled)
            if whole is not scaled:
                sent[rows][(whole == 0) & (scaled > 0)] = BELOW_LOT
            targets[rows] = np.where(target[rows] < 0, -whole, whole) if signed else whole
        if self.size == "equity":
            self._refuse_foreign(np.flatnonzero(np.bincount(codes[wanted])), market)
        return targets, sent

    def _per_unit(self, market: Market) -> np.ndarray:
        """Of each instrument the steps that one of a target is made of: lots, units of quote, or 1e-9 of the equity."""
        if self.size == "equity":
            return np.full(len(market.index), 1e9)
        steps = market.scales.lots
        if self.size == "notional":
            steps = tuple(market.scales.units[quote] for quote in market.index.settlement_assets)
        return np.array([float(1 / Fraction(step)) for step in steps])

    def _refuse_foreign(self, codes: np.ndarray, market: Market) -> None:
        """A fraction of the equity must be an amount of the instrument's money (rule 18)."""
        index, units, reporting = market.index, market.scales.units, market.reporting
        for i in codes.tolist():
            quote = index.settlement_assets[i]
            if index.assets[quote][1] != index.assets[reporting][1] or units[quote] != units[reporting]:
                raise StrategyError(
                    f"targets of {index.names[i]!r} are fractions of the equity, which is in "
                    f"{index.asset_names[reporting]!r}; the instrument's money is in {index.asset_names[quote]!r}",
                    'give its targets in size="units" or "notional", or another reporting asset',
                )
