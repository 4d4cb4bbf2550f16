"""From integer journals to public tables: floats in natural units, names, times (rule 23)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from barter_bt.backtest.average import entry_ticks, order_ticks
from barter_bt.backtest.kept_lots import kept_lots
from barter_bt.backtest.net import net_equity
from barter_bt.backtest.still_open import open_positions
from barter_bt.columns.memory import array
from barter_bt.columns.table import Table
from barter_bt.engine.order import (
    EXERCISE,
    LIMIT,
    NO_TIME,
    ORDER_KINDS,
    REASONS,
    STATUSES,
    TIMES_IN_FORCE,
    Orders,
)
from barter_bt.engine.state.amends import AMEND_DONE, AMEND_REASONS, AMEND_STATUSES
from barter_bt.engine.state.tables import EngineState, Positions
from barter_bt.engine.state.valuation import UNKNOWN
from barter_bt.engine.terms import RATE
from barter_bt.instrument import IndexedInstruments, Scales

TIME = pl.Datetime("ns", "UTC")


def _category(names: Sequence[str | None], among: Sequence[str] | None = None) -> pl.Series:
    """What codes stand for, to gather from; None for a code without a name. The same for all runs: none takes long."""
    return _enum(tuple(names), tuple(name for name in names if name is not None) if among is None else tuple(among))


@lru_cache(256)
def _enum(names: tuple[str | None, ...], among: tuple[str, ...]) -> pl.Series:
    return pl.Series(names, dtype=pl.Enum(among))


_NULL = {"i": pl.Series([None], dtype=pl.Int64), "f": pl.Series([None], dtype=pl.Float64)}
_SIDES, _LIQUIDITY = _category(("buy", "sell")), _category(("maker", "taker"))
_KINDS, _TIMES_IN_FORCE = _category(ORDER_KINDS), _category(TIMES_IN_FORCE)
_STATUSES, _AMEND_STATUSES = _category(("open", *STATUSES[3:])), _category(AMEND_STATUSES)


def per_unit(step: Decimal) -> tuple[float, bool]:
    """A step as an exact float to divide by (0.01: 100) or multiply with (5)."""
    inverse = 1 / step
    return (float(inverse), True) if inverse == inverse.to_integral_value() else (float(step), False)


def _named(names: pl.Series, codes: np.ndarray) -> pl.Series:
    """The names of codes; of one code throughout, as most columns have it, without looking up each."""
    if len(codes) and (len(names) == 1 or codes.min() == codes.max()):
        return names.new_from_index(int(codes[0]), len(codes))
    return names[codes]


def order_kinds(o: Orders) -> np.ndarray:
    """What tables call the orders: their kind, and what they are held for."""
    trigger, limited = o.array("trigger_kind"), o.array("kind") == LIMIT
    trails = (o.array("trail") > 0) | (o.array("trail_rate") > 0)
    trailing, exercise = np.int8(ORDER_KINDS.index("trailing_stop")), np.int8(ORDER_KINDS.index("exercise"))
    first = np.where(trails, trailing, np.maximum(2 * trigger, 0))
    kinds: np.ndarray = np.where(o.array("kind") == EXERCISE, exercise, first + limited)
    return kinds.view(np.uint8)


NO_FLOWS: dict[str, Any] = {
    "time_exchange": TIME,
    "time_engine": TIME,
    "exchange": pl.String,
    "asset": pl.String,
    "instrument": pl.String,
    "reason": pl.String,
    "amount": pl.Float64,
    "worth": pl.Float64,
}


NO_SPLITS: dict[str, Any] = {
    "time_exchange": TIME,
    "time_engine": TIME,
    "exchange": pl.String,
    "instrument": pl.String,
    "ratio": pl.Float64,
    "position_id": pl.Int64,
    "quantity_before": pl.Float64,
    "quantity_after": pl.Float64,
    "amount": pl.Float64,
    "trade_id_next": pl.Int64,
}


NO_AMENDS: dict[str, Any] = {
    "amend_id": pl.Int64,
    "order_id": pl.Int64,
    "exchange": pl.String,
    "instrument": pl.String,
    **dict.fromkeys(
        ("price", "quantity", "trigger", "trailing", "trailing_rate", "activation", "price_before"), pl.Float64
    ),
    "status": pl.String,
    "reason": pl.String,
    "time_sent": TIME,
    "time_exchange": TIME,
    "time_engine": TIME,
}


def _where(known: np.ndarray, values: np.ndarray) -> pl.Series:
    """Values, null where they are not known; they share the memory of the array."""
    if known.all():
        return pl.Series(values)
    if not known.any():
        return _NULL[values.dtype.kind].new_from_index(0, len(values))
    return pl.Series(values).zip_with(pl.Series(known), _NULL[values.dtype.kind])


class Frames:
    """Builds the public tables of one run.

    Parameters
    ----------
    state
        The run's state, which nobody writes any more: tables share the memory of its journals.
    strategies
        Strategy ids in index order.
    reasons
        Names of the reasons of orders, by code.
    """

    def __init__(
        self,
        state: EngineState,
        index: IndexedInstruments,
        scales: Scales,
        strategies: Sequence[str],
        reasons: Sequence[str] = REASONS,
    ) -> None:
        self._s, self._index, self._scales = state, index, scales
        self._instruments, self._exchanges = _category(index.names), _category(index.exchanges)
        self._strategies = _category(strategies)
        self._reasons = list(reasons)
        self._zeros = state.terms.array("zero").copy()
        self._exchange = _category([one.exchange for one in index.instruments], index.exchanges)
        self._money = tuple(scales.units[quote] for quote in index.settlement_assets)

    @staticmethod
    def _scaled(values: np.ndarray, rows: np.ndarray, steps: Sequence[Decimal]) -> np.ndarray:
        """Integers times the step of each row, as the nearest floats."""
        found = array(len(values), np.float64)
        if len(set(steps)) == 1:
            factor, divides = per_unit(steps[0])
            (np.divide if divides else np.multiply)(values, factor, out=found)
            return found
        pairs = {step: per_unit(step) for step in set(steps)}
        factors = np.array([pairs[step][0] for step in steps])[rows]
        if all(divides for _, divides in pairs.values()):
            np.divide(values, factors, out=found)
            return found
        divides_each = np.array([pairs[step][1] for step in steps])[rows]
        natural: np.ndarray = np.where(divides_each, values / factors, values * factors)
        return natural

    def _prices(self, ticks: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Prices of instruments, whose ticks may count from below 0 (rule 76), as the nearest floats."""
        if self._zeros.any():
            ticks = ticks - self._zeros[rows]
        return self._scaled(ticks, rows, self._scales.ticks)

    def _prices_where(self, known: np.ndarray, ticks: np.ndarray, rows: np.ndarray) -> pl.Series:
        """The same, null where they are not known."""
        return _where(known, self._prices(ticks, rows) if known.any() else np.empty(len(ticks)))

    def _named(self, table: Table, sided: bool = True) -> dict[str, Any]:
        i = table.array("instrument")
        names = {"exchange": _named(self._exchange, i), "instrument": _named(self._instruments, i)}
        return names | {"side": self._side(table.array("side"))} if sided else names

    def _side(self, side: np.ndarray) -> pl.Series:
        return _named(_SIDES, (side < 0).view(np.uint8))

    @staticmethod
    def _time(values: np.ndarray, known: np.ndarray | None = None) -> pl.Series:
        return (pl.Series(values) if known is None else _where(known, values)).cast(TIME)

    def _average(self, money: np.ndarray, quantity: np.ndarray, i: np.ndarray, ticks: np.ndarray) -> np.ndarray:
        """Price at which a quantity is worth an amount of money (rule 4): of inverse contracts the harmonic mean.

        Where all fills had one price, ``ticks``, it is that.
        """
        prices = self._prices(ticks, i)
        if (ticks > 0).all():
            return prices
        sizes = np.array([float(one.contract_size) for one in self._index.instruments])
        inverse = np.array([one.is_inverse for one in self._index.instruments])
        sizes, inverse = sizes[0] if (sizes == sizes[0]).all() else sizes[i], inverse[i] if inverse.any() else inverse
        mean = money / (quantity * sizes)
        if inverse.any():
            mean = np.where(inverse, quantity * sizes / np.where(money > 0, money, np.nan), mean)
        found: np.ndarray = np.where(ticks > 0, prices, mean)
        return found

    def orders(self) -> pl.DataFrame:
        """One row per order, by number."""
        o, s = self._s.orders, self._scales
        i, filled = o.array("instrument"), o.array("filled")
        price, sent, kind = o.array("price"), o.array("price_sent"), o.array("kind")
        trigger, parent, group = o.array("trigger"), o.array("parent"), o.array("group")
        money = self._scaled(o.array("notional"), i, self._money)
        quantity = self._scaled(filled, i, s.lots)
        has_traded = filled != 0
        traded = quantity if has_traded.all() else self._scaled(np.maximum(filled, 1), i, s.lots)
        average = _where(has_traded, self._average(money, traded, i, order_ticks(self._s)))
        status = o.array("status")
        public = np.where(status <= 2, 0, status - 2)  # the three live states are "open" to a reader
        named = self._named(o)
        return pl.DataFrame(
            {
                "order_id": np.arange(len(o)),
                "strategy": _named(self._strategies, o.array("strategy")),
                **named,
                "kind": _named(_KINDS, order_kinds(o)),
                "time_in_force": _named(_TIMES_IN_FORCE, o.array("time_in_force")),
                "post_only": o.array("post_only").astype(bool),
                "reduce_only": o.array("reduce_only").astype(bool),
                "parent_id": _where(parent >= 0, parent),
                "group_id": _where(group >= 0, group),
                "price": self._prices_where((kind != 0) & (price != 0), price, i),
                "price_sent": self._prices_where(sent != 0, sent, i),
                "trigger": self._prices_where(trigger != 0, trigger, i),
                "quantity": self._scaled(o.array("quantity"), i, s.lots),
                "quantity_requested": self._scaled(o.array("quantity_requested"), i, s.lots),
                "filled": quantity,
                "price_average": average,
                "fees": self._scaled(o.array("fees"), i, self._money),
                "status": _named(_STATUSES, public),
                "reason": _named(_category((None, *self._reasons[1:])), o.array("reason")),
                "amended": self._amended(),
                "time_sent": self._time(o.array("time_sent"), o.array("time_sent") != NO_TIME),
                "time_exchange": self._time(o.array("time_exchange"), o.array("time_exchange") != NO_TIME),
                "time_triggered": self._time(o.array("time_triggered"), o.array("time_triggered") != NO_TIME),
                "time_closed": self._time(o.array("time_closed"), o.array("time_closed") != NO_TIME),
            }
        )

    def _amended(self) -> np.ndarray:
        """How many amends of each order have been in force (rule 33)."""
        a = self._s.amends
        done = a.array("order")[a.array("status") == AMEND_DONE]
        return np.bincount(done, minlength=len(self._s.orders)).astype(np.int64, copy=False)

    def amends(self) -> pl.DataFrame:
        """Requests to change orders, in the order asked, with what each gave: null where a term stayed."""
        a, o, s = self._s.amends, self._s.orders, self._scales
        order, reason = a.array("order"), a.array("reason").astype(np.int64)
        i = o.array("instrument")[order]
        names = _category((None, *AMEND_REASONS.values(), *self._reasons[1:]))  # codes below 0 come first
        known = np.where(reason > 0, reason + len(AMEND_REASONS), -reason)
        steps = {"quantity": s.lots, "trail": s.ticks}
        given = {name: self._given(self._scaled(a.array(name), i, each), a.array(name)) for name, each in steps.items()}
        prices = ("price", "trigger", "activation", "price_before")
        given |= {name: self._given(self._prices(a.array(name), i), a.array(name)) for name in prices}
        return pl.DataFrame(
            {
                "amend_id": np.arange(len(a)),
                "order_id": order,
                "exchange": self._exchange[i],
                "instrument": self._instruments[i],
                "price": given["price"],
                "quantity": given["quantity"],
                "trigger": given["trigger"],
                "trailing": given["trail"],
                "trailing_rate": self._given(a.array("trail_rate") / RATE, a.array("trail_rate")),
                "activation": given["activation"],
                "price_before": given["price_before"],
                "status": _AMEND_STATUSES[a.array("status")],
                "reason": names[known],
                "time_sent": self._time(a.array("time_sent")),
                "time_exchange": self._time(a.array("time_exchange"), a.array("time_exchange") != NO_TIME),
                "time_engine": self._time(a.array("time_engine"), a.array("time_engine") != NO_TIME),
            }
        )

    @staticmethod
    def _given(values: np.ndarray, steps: np.ndarray) -> pl.Series:
        return _where(steps != 0, values)

    def trades(self) -> pl.DataFrame:
        """Own fills, in the order in which the engine learnt of them."""
        t, s = self._s.trades, self._scales
        i, orders, kept = t.array("instrument"), t.array("order"), kept_lots(self._s)
        frame = pl.DataFrame(
            {
                "trade_id": np.arange(len(t)),
                "time_exchange": self._time(t.array("time_exchange")),
                "time_engine": self._time(t.array("time_engine")),
                **self._named(t),
                "price": self._prices(t.array("price"), i),
                "quantity": self._scaled(t.array("quantity"), i, s.lots),
                "notional": self._scaled(t.array("notional"), i, self._money),
                "fees": self._scaled(t.array("fees"), i, self._money),
                "liquidity": _named(_LIQUIDITY, 1 - t.array("maker")),
                "order_id": orders,
                "position_id": t.array("position"),
                "strategy": _named(self._strategies, self._s.orders.array("strategy")[orders]),
            }
        )
        return frame if kept is None else frame.with_columns(quantity_kept=self._scaled(kept, i, s.lots))

    def positions(self) -> pl.DataFrame:
        """Closed positions, in the order of closing."""
        return self._positions(self._s.positions)

    def open_positions(self) -> pl.DataFrame:
        """Positions that are open at the end, in the order of opening, with the columns of those that were closed."""
        return self._positions(open_positions(self._s))

    def quantities_closed_last(self) -> np.ndarray:
        """Of each closed position the quantity that its last fill closed: of a flip it opens another with the rest."""
        p = self._s.positions
        return self._scaled(p.array("quantity"), p.array("instrument"), self._scales.lots)

    def _positions(self, p: Positions) -> pl.DataFrame:
        s = self._scales
        i = p.array("instrument")
        quantity = self._scaled(p.array("quantity"), i, s.lots)
        basis = self._scaled(p.array("cost_basis"), i, self._money)
        return pl.DataFrame(
            {
                "position_id": p.array("position"),
                **self._named(p),
                "price_entry_average": self._average(basis, quantity, i, entry_ticks(self._s, p)),
                "quantity_abs_max": self._scaled(p.array("quantity_max"), i, s.lots),
                "pnl_realised": self._scaled(p.array("realised"), i, self._money),
                "fees_enter": self._scaled(p.array("fees_enter"), i, self._money),
                "fees_exit": self._scaled(p.array("fees_exit"), i, self._money),
                "time_enter": self._time(p.array("time_enter")),
                "time_exit": self._time(p.array("time_exit"), p.array("time_exit") != NO_TIME),
                "trade_id_enter": p.array("trade_enter"),
                "trade_id_exit": _where(p.array("trade_exit") >= 0, p.array("trade_exit")),
                "strategy": _named(self._strategies, p.array("strategy")),
            }
        )

    def balances(self) -> pl.DataFrame:
        """Balance snapshots, in the order in which the engine learnt of them."""
        b, asset = self._s.balances, self._s.balances.array("asset")
        units = self._scales.units
        return pl.DataFrame(
            {
                "time_exchange": self._time(b.array("time_exchange")),
                **self._of_assets(asset),
                "total": self._scaled(b.array("total"), asset, units),
                "free": self._scaled(b.array("free"), asset, units),
            }
        )

    def _of_assets(self, asset: np.ndarray) -> dict[str, pl.Series]:
        exchanges, names = zip(*self._index.assets, strict=True)
        return {
            "exchange": _named(_category(exchanges, self._index.exchanges), asset),
            "asset": _named(_category(names, sorted(set(names))), asset),
        }

    def cash_flows(self, reasons: Sequence[str]) -> pl.DataFrame:
        """Money that no order moved, in the order in which the engine learnt of it.

        Parameters
        ----------
        reasons
            Why, for each row of the state's cash flows.
        """
        p, flows = self._s.payments, self._s.flows
        rows, worth = p.array("flow"), self._s.worths.array("worth")
        asset, i = flows.array("asset")[rows], flows.array("instrument")[rows]
        return pl.DataFrame(
            {
                "time_exchange": self._time(p.array("time_exchange")),
                "time_engine": self._time(p.array("time_engine")),
                **self._of_assets(asset),
                "instrument": _category((None, *self._index.names))[i + 1],
                "reason": pl.Series(list(reasons), dtype=pl.String).gather(rows),
                "amount": self._scaled(p.array("amount"), asset, self._scales.units),
                "worth": self._known(worth, worth != UNKNOWN, self._s.engine.reporting[0]),
            }
        )

    def splits(self) -> pl.DataFrame:
        """Splits, in the order in which the engine learnt of them."""
        j, s = self._s.splits, self._scales
        i, flow, position = j.array("instrument"), j.array("flow"), j.array("position")
        named = self._named(j, sided=False)
        return pl.DataFrame(
            {
                "time_exchange": self._time(j.array("time_exchange")),
                "time_engine": self._time(j.array("time_engine")),
                **named,
                "ratio": self._s.flows.array("num")[flow] / self._s.flows.array("den")[flow],
                "position_id": _where(position >= 0, position),
                "quantity_before": self._scaled(j.array("before"), i, s.lots),
                "quantity_after": self._scaled(j.array("after"), i, s.lots),
                "amount": self._scaled(j.array("amount"), i, self._money),
                "trade_id_next": j.array("trade"),
            }
        )

    def equity(self, reporting: int) -> pl.DataFrame:
        """Marks in the reporting asset, null where something held had no price; ``net`` of what was paid in or out."""
        e = self._s.equity
        known, net = e.array("known").view(np.bool_), net_equity(self._s)
        columns = {"time": self._time(e.array("time")), "equity": self._known(e.array("equity"), known, reporting)}
        if net is not None:
            columns["net"] = self._known(net, known, reporting)
        return pl.DataFrame(columns)

    def _known(self, amounts: np.ndarray, known: np.ndarray, asset: int) -> pl.Series:
        """Amounts of one asset; null where they are not known."""
        return _where(known, self._scaled(amounts, np.zeros(0, int), (self._scales.units[asset],)))
