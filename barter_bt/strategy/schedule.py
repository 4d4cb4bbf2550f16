"""Strategies decided before the run: signals (target positions) and explicit orders, as rows by time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import polars as pl

from barter_bt.engine.action.protect import NO_UNIT
from barter_bt.engine.order import BUY, IF_TOUCHED, LIMIT, MARKET, SELL, STOP, TIMES_IN_FORCE
from barter_bt.engine.schedule import (
    BELOW_LOT,
    CANCEL_ROW,
    EQUITY,
    NOT_SENT,
    NOTIONAL,
    OPEN_ROW,
    TARGET_ROW,
    UNITS,
)
from barter_bt.engine.state.tables import Schedule as Columns
from barter_bt.engine.terms import RATE
from barter_bt.errors import StrategyError
from barter_bt.strategy.driver import Driver, Market
from barter_bt.strategy.hooks import Hooks
from barter_bt.strategy.own import own_tables
from barter_bt.strategy.stamps import warning
from barter_bt.strategy.targets import is_frame, polars_frame
from barter_bt.strategy.triggers import (
    ON_GRID,
    PROTECTION,
    TOGETHER,
    TRIGGER_COLUMNS,
    TRIGGERS,
    UNITS_OF_PROTECTION,
    ProtectBy,
    check_protect_by,
)

Size = Literal["units", "notional", "equity"]
_SIZES = {"units": UNITS, "notional": NOTIONAL, "equity": EQUITY}
_NOT_ORDER_COLUMNS = ("time", "action", "instrument", "sent", "strategy", "resize", "target", "protect_by", *PROTECTION)
_MOST = 4.6e18
BLOCK_ROWS = 1 << 13  # rows of which all that is computed stays in the processor's cache
_TOO_FINE = {
    "units": "give the instrument a coarser quantity_increment",
    "notional": 'count the money in coarser units: units={"usd": "0.01"}, for example',
    "equity": "a fraction of the equity is 1.0 for all of it",
}


def _fail(frame: pl.DataFrame, bad: pl.Series | np.ndarray, what: str, hint: str) -> None:
    rows = (bad if isinstance(bad, np.ndarray) else bad.fill_null(False).to_numpy()).nonzero()[0].tolist()
    if rows:
        first = ", ".join(str(r) for r in rows[:5])
        raise StrategyError(f"{what} in {len(rows)} row(s) of the signals, first {first}: {frame.row(rows[0])}", hint)


def _steps(values: np.ndarray, per_unit: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Signed floats as integer steps, and which rows are off the grid."""
    scaled = np.abs(values) * per_unit
    whole = np.floor(scaled + 0.5)
    off = ~(np.abs(scaled - whole) <= noise + scaled * 4e-16) | ~(scaled < _MOST)
    return (np.sign(values) * np.where(scaled < _MOST, whole, 0)).astype(np.int64), off


def _whole(steps: np.ndarray) -> np.ndarray:
    """Whole steps; of those that are not whole, but for noise, the next ones towards zero."""
    whole: np.ndarray = np.floor(steps + 0.5)
    beside = ~(np.abs(steps - whole) <= 1e-6 + steps * 4e-16)
    if beside.any():
        whole[beside] = np.floor(steps[beside])
    return whole


def _codes(frame: pl.DataFrame, action: np.ndarray, market: Market) -> np.ndarray:
    names, codes, cancels = frame["instrument"], market.index.codes, action == CANCEL_ROW
    if isinstance(names.dtype, pl.Enum) and not names.null_count():  # by category, not row by row
        known = np.array([codes.get(name, -1) for name in names.dtype.categories], np.int64)
        found: np.ndarray = known[names.to_physical().to_numpy()]
    else:
        found = names.cast(pl.String).replace_strict(codes, default=-1, return_dtype=pl.Int64).to_numpy()
    if cancels.any():
        found = np.where(cancels, 0, found)  # a cancel's order knows its instrument
    _fail(frame, found < 0, "unknown instrument", f"known: {', '.join(market.index.names[:10])}")
    return found


def _same(market: Market, n: int, value: int, dtype: Any = np.int64) -> np.ndarray:
    """A column of one value, which nobody writes: all runs on a market share it."""
    room = 1 << n.bit_length()
    column: np.ndarray = market.once(("same", value, str(dtype), room), lambda: np.full(room, value, dtype))
    return column[:n]


def _values(targets: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Targets, 0 where they are null, and where that is."""
    if targets.null_count() or targets.dtype != pl.Float64:
        return targets.fill_null(0.0).to_numpy(), targets.is_null().to_numpy()
    return targets.to_numpy(), np.zeros(len(targets), bool)


def _times(frame: pl.DataFrame) -> np.ndarray:
    kind = frame.schema["time"]
    if not isinstance(kind, pl.Datetime) or kind.time_zone is None:
        raise StrategyError(
            f"column 'time' of the signals is {kind}; it must be a Datetime with a time zone",
            'for example .dt.replace_time_zone("UTC"), in pandas tz_localize("UTC"); it says when the row is '
            "known: of what was computed from a candle, the close"
            if kind.is_temporal()
            else None,
        )
    times = frame["time"]
    if times.null_count():
        _fail(frame, times.is_null(), "null time", "every row needs the time at which it is known")
    times = times if kind.time_unit == "ns" else times.dt.cast_time_unit("ns")
    return times.to_physical().to_numpy()


def _grid(market: Market, codes: np.ndarray, *names: str) -> list[np.ndarray]:
    """Of each row's instrument ticks and lots per unit, or their noise."""
    each = market.once("grid", lambda: _grids(market))
    return [each[name][codes] for name in names]


def _grids(market: Market) -> dict[str, np.ndarray]:
    scales, listed = market.scales, market.index.instruments
    return {
        "ticks": np.array([float(1 / Fraction(step)) for step in scales.ticks]),
        "lots": np.array([float(1 / Fraction(step)) for step in scales.lots]),
        "tick_noise": np.array([1e-6 if one.price_increment else 1.0 for one in listed]),
        "lot_noise": np.array([1e-6 if one.quantity_increment else 1.0 for one in listed]),
    }


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


def merged(schedules: Sequence[tuple[int, Mapping[str, np.ndarray]]]) -> dict[str, np.ndarray]:
    """The schedules of several strategies, each with its index, as one."""
    parts, base = [], 0
    for strategy, columns in schedules:
        ref = np.where(columns["ref"] >= 0, columns["ref"] + base, -1)
        parts.append({**columns, "ref": ref, "strategy": np.full(len(ref), strategy, np.int64)})
        base += len(ref)
    whole = {name: np.concatenate([part[name] for part in parts]) for name in Columns.schema}
    unchanged = np.zeros(base, bool)
    again = np.flatnonzero(_repeated(whole, unchanged))
    if len(again):
        names = [int(whole["strategy"][again[0]]), int(whole["instrument"][again[0]])]
        raise StrategyError(
            f"strategy {names[0]} has a target of instrument {names[1]} at a time at which another has one",
            "an instrument has one position, so only one strategy can say what it should be",
        )
    return _followed(whole, unchanged)


def _followed(columns: dict[str, np.ndarray], unchanged: np.ndarray) -> dict[str, np.ndarray]:
    """Rows in the order in which they are followed (rule 18), without targets that change nothing."""
    is_target = columns["action"] == TARGET_ROW
    explicit_first = columns["instrument"] if is_target.all() else np.where(is_target, columns["instrument"], -1)
    order = _sorted(explicit_first, columns["time"])
    left_out = is_target & unchanged
    if order is None and is_target.all() and not left_out.any():
        return {name: np.ascontiguousarray(columns[name]) for name in Columns.schema}
    order = np.arange(len(is_target)) if order is None else order
    order = order[~left_out[order]]
    place = np.zeros(len(is_target), np.int64)
    place[order] = np.arange(len(order))
    ref = np.where(columns["action"] == CANCEL_ROW, place[np.maximum(columns["ref"], 0)], -1)
    columns = {**columns, "ref": ref}
    return {name: np.ascontiguousarray(columns[name][order]) for name in Columns.schema}


@dataclass(frozen=True)
class Schedule:
    """Orders and targets given as a frame, one row each, in order of time.

    Parameters
    ----------
    frame
        ``time`` (Datetime with zone), ``instrument``, ``action`` (``"open"``, ``"cancel"``, ``"target"``; all are
        targets if the column is missing); for opens
        ``quantity`` (signed), ``price`` (null: market), ``time_in_force``, ``post_only``, ``reduce_only``, ``stop``,
        ``if_touched``, ``trailing``, ``trailing_rate`` (see :class:`~barter_bt.OrderRequest`); for cancels ``ref``, the
        row number of the open; for targets ``target``. Columns that no row needs may be missing.
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
        What ``stop_loss``, ``take_profit`` and ``trailing_stop`` of the frame are, columns of opens and targets that
        protect an entry (rule 31): ``"price"``, ``"distance"`` from the price of the entry, or ``"fraction"`` of it.
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

    def __post_init__(self) -> None:
        check_protect_by(self.protect_by)
        if self.size not in _SIZES:
            raise StrategyError(f"size is {self.size!r}; allowed: {', '.join(_SIZES)}")
        if not is_frame(self.frame):
            raise StrategyError(
                f"the schedule is {type(self.frame).__name__}; it must be a frame, one row for each order or target",
                'pl.DataFrame({"time": ..., "instrument": ..., "target": ...})',
            )
        object.__setattr__(self, "frame", polars_frame(self.frame))

    def prepare(self, market: Market) -> Driver:
        """The driver of one run."""
        driver, frame = self.driver(market), self.frame
        if "action" in frame.columns:
            frame = frame.filter(pl.col("action").cast(pl.String) == "target")
        frame = frame.drop_nulls("target") if "target" in frame.columns else frame
        warned = warning(frame, market.streams)
        return replace(driver, warnings=[warned] if warned else [])

    def driver(self, market: Market) -> Driver:
        """Integer columns in order of time, targets of one time by instrument index."""
        frame = self._complete()
        n = len(frame)
        time = _times(frame)
        back = np.flatnonzero(time[1:] < time[:-1])
        if len(back):
            row = int(back[0]) + 1
            raise StrategyError(f"row {row} of the schedule goes back in time", "sort the frame by time")
        action = self._actions(frame)
        codes = _codes(frame, action, market)
        columns = {"time": time, "action": action, "instrument": codes, "sent": np.full(n, NOT_SENT, np.int64)}
        columns |= {"strategy": _same(market, n, 0), "resize": (self.resize & (action == TARGET_ROW)).astype(np.int8)}
        target, unchanged = _values(frame["target"])
        wanted = (action == TARGET_ROW) & ~unchanged
        columns["target"] = self._targets(frame, target, wanted, codes, market)
        columns["sent"][wanted & (columns["target"] == 0) & (target != 0)] = BELOW_LOT
        columns |= {name: _same(market, n, 0) for name in ("parent", "offset", "offset_rate")}
        columns |= self._orders(frame, codes, action, market)
        columns |= self._protection(frame, codes, (action == OPEN_ROW) | wanted, market)
        _fail(frame, _repeated(columns, unchanged), "a second target of one instrument at one time", "keep one of them")
        if (action == TARGET_ROW).all():
            columns["ref"] = _same(market, n, -1)
        columns = _followed(columns, unchanged)
        return Driver(
            wake=self.hooks.wake(None),
            my=own_tables({}, self.variables, self.per_instrument, market.index),
            asked=self.hooks.asked(0),
            hooks=self.hooks.bits,
            schedule=columns,
            size=_SIZES[self.size],
            with_fee=self.with_fee,
        )

    @staticmethod
    def _actions(frame: pl.DataFrame) -> np.ndarray:
        if "action" not in frame.columns:
            return np.full(len(frame), TARGET_ROW, np.int8)
        known = {"open": OPEN_ROW, "cancel": CANCEL_ROW, "target": TARGET_ROW}
        found = frame["action"].replace_strict(known, default=-1, return_dtype=pl.Int8)
        _fail(frame, found == -1, "an unknown action", f"allowed: {', '.join(known)}")
        return found.to_numpy()

    def _complete(self) -> pl.DataFrame:
        given: pl.DataFrame = self.frame
        have = given.columns
        for name in ("time", "instrument"):
            if name not in have:
                raise StrategyError(f"the schedule has no column {name!r}; it has {', '.join(have)}")
        if "action" not in have:  # targets alone need nothing else
            if "target" not in have:
                raise StrategyError("the schedule has neither a column 'action' nor a column 'target'")
            return given
        defaults = {
            "quantity": pl.lit(0.0),
            "price": pl.lit(None, pl.Float64),
            "time_in_force": pl.lit("gtc"),
            "post_only": pl.lit(False),
            "ref": pl.lit(-1, pl.Int64),
            "target": pl.lit(0.0),
        }
        frame = given.with_columns(**{k: v for k, v in defaults.items() if k not in have})
        return frame.with_columns(pl.col("quantity").fill_null(0.0), pl.col("ref").fill_null(-1))

    def _orders(self, frame: pl.DataFrame, codes: np.ndarray, action: np.ndarray, market: Market) -> dict[str, Any]:
        if (action == TARGET_ROW).all():
            columns = [name for name in Columns.schema if name not in _NOT_ORDER_COLUMNS]
            return {name: _same(market, len(frame), 0, Columns.dtype(name)) for name in columns}
        opens = pl.Series(action == OPEN_ROW)
        ticks, lots, tick_noise, lot_noise = _grid(market, codes, "ticks", "lots", "tick_noise", "lot_noise")
        hint = "round it to the instrument's increment; without one, give a quantity_increment that is fine enough"
        beyond = opens & pl.Series(np.abs(frame["quantity"].to_numpy()) * lots >= _MOST)
        _fail(frame, beyond, f"a quantity beyond {_MOST:g} lots", _TOO_FINE["units"])
        quantity, off = _steps(frame["quantity"].to_numpy(), lots, lot_noise)
        _fail(frame, opens & pl.Series(off | (quantity == 0)), "a quantity of 0 or off the grid", hint)
        given = frame["price"].fill_null(0.0)
        price, off = _steps(given.to_numpy(), ticks, tick_noise)
        wrong = pl.Series(off | (price < 0)) | (frame["price"].is_not_null() & pl.Series(price == 0))
        _fail(frame, opens & wrong, "a price that is not positive or off the grid", hint)
        tif = frame["time_in_force"].fill_null("gtc").replace_strict(list(TIMES_IN_FORCE), [0, 1, 2], default=-1)
        _fail(frame, tif == -1, "an unknown time_in_force", f"allowed: {', '.join(TIMES_IN_FORCE)}")
        ref = frame["ref"].to_numpy()
        row = np.arange(len(frame))
        earlier = (ref >= 0) & (ref < row)
        bad = (action == CANCEL_ROW) & ~(earlier & (action[np.where(earlier, ref, 0)] == OPEN_ROW))
        _fail(frame, pl.Series(bad), "a cancel without an earlier open", "ref is the row number of the open")
        return {
            "side": np.where(quantity < 0, SELL, BUY).astype(np.int8),
            "kind": np.where(price > 0, LIMIT, MARKET).astype(np.int8),
            "time_in_force": tif.cast(pl.Int8).to_numpy(),
            "post_only": frame["post_only"].fill_null(False).cast(pl.Int8).to_numpy(),
            "price": price,
            "quantity": np.abs(quantity),
            "ref": ref.astype(np.int64),
            **self._triggers(frame, codes, action == OPEN_ROW, market),
        }

    @staticmethod
    def _triggers(frame: pl.DataFrame, codes: np.ndarray, opens: np.ndarray, market: Market) -> dict[str, np.ndarray]:
        """What orders are held for, and whether they only reduce (rules 28, 32, 34)."""
        n, ticks, noise = len(frame), *_grid(market, codes, "ticks", "tick_noise")
        columns = {name: np.zeros(n, Columns.dtype(name)) for name in TRIGGER_COLUMNS}
        columns["reduce_only"] = np.zeros(n, np.int8)
        if "reduce_only" in frame.columns:
            columns["reduce_only"] = (frame["reduce_only"].fill_null(False).to_numpy() & opens).astype(np.int8)
        given = {name: frame[name].cast(pl.Float64) for name in TRIGGERS if name in frame.columns}
        asked = {name: values.is_not_null().to_numpy() & opens for name, values in given.items()}
        if not any(rows.any() for rows in asked.values()):
            return columns
        never = np.zeros(n, bool)
        stop, touched, trailing, rate = (asked.get(name, never) for name in TRIGGERS)
        wrong = (touched & (stop | trailing | rate)) | (trailing & rate)
        _fail(frame, wrong, "triggers that do not go together", TOGETHER)
        post_only = frame["post_only"].fill_null(False).to_numpy()
        held = stop | touched | trailing | rate
        _fail(frame, held & post_only, "a trigger and post_only", "what is triggered takes: leave post_only out")
        for name, column in (("stop", "trigger"), ("if_touched", "trigger"), ("trailing", "trail")):
            if name in given:
                found, off = _steps(given[name].fill_null(0.0).to_numpy(), ticks, noise)
                _fail(
                    frame, asked[name] & (off | (found <= 0)), f"a {name} that is not positive or off the grid", ON_GRID
                )
                columns[column] = np.where(asked[name], found, columns[column])
        if "trailing_rate" in given:
            rates = given["trailing_rate"].fill_null(0.0).to_numpy()
            bad = rate & ~((rates > 0) & (rates < 1))
            _fail(frame, bad, "a trailing_rate that is not between 0 and 1", "it is a fraction: 2 % is 0.02")
            columns["trail_rate"] = np.where(rate, np.rint(rates * RATE), 0).astype(np.int64)
        columns["trigger_kind"] = np.where(touched, IF_TOUCHED, np.where(held, STOP, 0)).astype(np.int8)
        return columns

    def _protection(
        self, frame: pl.DataFrame, codes: np.ndarray, entries: np.ndarray, market: Market
    ) -> dict[str, np.ndarray]:
        """What protects the entries that rows become (rule 31)."""
        columns = {name: _same(market, len(frame), 0, Columns.dtype(name)) for name in ("protect_by", *PROTECTION)}
        if not any(name in frame.columns for name in PROTECTION):
            return columns
        any_at_all = np.zeros(len(frame), bool)
        for name in (name for name in PROTECTION if name in frame.columns):
            asked = frame[name].is_not_null().to_numpy() & entries
            values = frame[name].cast(pl.Float64).fill_null(0.0).to_numpy()
            if self.protect_by == "fraction":
                bad = asked & ~((values > 0) & ((values < 1) | (name == "take_profit")) & np.isfinite(values))
                _fail(frame, bad, f"a {name} that is no fraction of a price", "2 % is 0.02")
                amounts = np.rint(np.where(asked, values, 0.0) * RATE).astype(np.int64)
            else:
                ticks, noise = _grid(market, codes, "ticks", "tick_noise")
                amounts, off = _steps(values, ticks, noise)
                _fail(frame, asked & (off | (amounts <= 0)), f"a {name} that is not positive or off the grid", ON_GRID)
            columns[name] = np.where(asked, amounts, 0)
            any_at_all |= asked
        columns["protect_by"] = np.where(any_at_all, UNITS_OF_PROTECTION[self.protect_by], NO_UNIT).astype(np.int8)
        return columns

    def _targets(
        self, frame: pl.DataFrame, target: np.ndarray, wanted: np.ndarray, codes: np.ndarray, market: Market
    ) -> np.ndarray:
        if not wanted.all():
            target = np.where(wanted, target, 0.0)
        each = market.once(("per unit", self.size), lambda: self._per_unit(market))
        targets = np.empty(len(frame), np.int64)
        for start in range(0, len(frame), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            scaled = np.abs(target[rows]) * (each if len(each) == 1 else each[codes[rows]])
            if not (scaled < _MOST).all():  # also for NaN
                _fail(frame, ~np.isfinite(target), "a target that is NaN or infinite", "use null for no change")
                beyond = np.abs(target) * each[codes] >= _MOST
                _fail(frame, beyond, f"a target beyond {_MOST:g} steps", _TOO_FINE[self.size])
            targets[rows] = np.copysign(_whole(scaled) if self.size == "units" else np.rint(scaled), target[rows])
        if self.size == "equity":
            self._refuse_foreign(np.flatnonzero(np.bincount(codes[wanted])), market)
        return targets

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
