"""Where the money came from: the profit of each instrument in parts that add up to it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import polars as pl

from barter_bt.backtest.marked import Dealt, MarkedFills, final_price, marked, worth
from barter_bt.backtest.mids import Mids
from barter_bt.data.duration import duration_ns
from barter_bt.engine.order import LIMIT, NO_TIME
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError

PARTS = ("spread", "inventory", "fees", "rebates", "flows", "rounding")
"""What ``pnl`` is the sum of."""
_MONEY = (*PARTS, "pnl", "adverse_selection")
_SCHEMA: dict[str, Any] = {
    "instrument": pl.String, "strategy": pl.String, "asset": pl.String, "fills": pl.Int64, "quantity": pl.Float64,
    **dict.fromkeys(_MONEY, pl.Float64), "orders": pl.Int64, "fill_ratio": pl.Float64,
    "queue_time": pl.Duration("ns"), "inventory_mean": pl.Float64, "inventory_max": pl.Float64,
}  # fmt: skip


def attribution(run: Dealt, by: Literal["instrument", "strategy"], horizon: str | int) -> pl.DataFrame:
    """The table of :meth:`~barter_bt.backtest.result.Result.attribution`."""
    if by not in ("instrument", "strategy"):
        raise ConfigError(f"by is {by!r}; allowed: 'instrument', 'strategy'")
    span = duration_ns(horizon, "horizon")
    if span < 0:
        raise ConfigError(f"horizon is {horizon!r}; it must not be below 0, for it follows a fill")
    rows = []
    for i, mids, fills in marked(run):
        groups = [(name, k) for k, name in enumerate(run.strategies)] if by == "strategy" else [(None, None)]
        for name, k in groups:
            mine = fills if k is None else fills.of_strategy(k)
            row = _parts(run, i, mids, mine, fills, span)
            row["flows"] = _flows(run.state, i) if k is None or len(groups) == 1 else 0
            rows.append({"strategy": name} | _made(row) | _making(run, i, k, mine) | {"i": i})
        if len(groups) > 1 and _flows(run.state, i):  # nobody's in particular
            rows.append(_made(dict.fromkeys(_MONEY, 0) | {"flows": _flows(run.state, i)}) | {"i": i})
    frame = pl.DataFrame([_natural(run, row) for row in rows], schema=_SCHEMA)
    return frame if by == "strategy" else frame.drop("strategy")


def _parts(run: Dealt, i: int, mids: Mids, fills: MarkedFills, every: MarkedFills, horizon: int) -> dict[str, int]:
    """The parts in units, and what they are checked against: what was paid, and what is held at the end."""
    s, signed = run.state, fills.signed.tolist()
    held = np.cumsum(fills.signed).tolist()
    end = final_price(s, i, every)
    spread = worth(s, i, signed, fills.mid.tolist()) - worth(s, i, signed, fills.price.tolist())
    moves = worth(s, i, held[:-1], fills.mid[1:].tolist()) - worth(s, i, held, fills.mid.tolist())
    last = _value(s, i, held[-1], end) if held else Fraction()
    paid, rebates = int(np.maximum(fills.fee, 0).sum()), -int(np.minimum(fills.fee, 0).sum())
    late = mids.rows_at(fills.time + horizon)
    known = np.flatnonzero((fills.time + horizon <= mids.times[-1]) & (late >= 0)) if len(mids.times) else late[:0]
    drift = worth(s, i, fills.signed[known].tolist(), mids.doubled[late[known]].tolist())
    drift -= worth(s, i, fills.signed[known].tolist(), fills.mid[known].tolist())
    found = {
        "spread": round(spread), "inventory": round(moves + last), "fees": -paid, "rebates": rebates,
        "adverse_selection": round(drift),
    }  # fmt: skip
    total = round(last) - sum(fills.cost) - paid + rebates
    return found | {"rounding": total - found["spread"] - found["inventory"] + paid - rebates, "pnl": total}


def _made(row: dict[str, int]) -> dict[str, Any]:
    """The parts with the flows in the sum."""
    return row | {"pnl": row["pnl"] + row["flows"]}


def _value(s: EngineState, i: int, lots: int, doubled: Fraction) -> Fraction:
    """Units that signed lots are worth at a price that need not be whole."""
    one = Fraction(s.terms.num[i], s.terms.den[i])
    return -2 * lots * one / doubled if s.terms.derivative[i] < 0 else lots * doubled * one / 2


def _flows(s: EngineState, i: int) -> int:
    """Units of the quote or settlement asset that cash flows of an instrument paid, its trading fees aside."""
    p, flow = s.payments, s.payments.array("flow")
    mine = (s.flows.array("instrument")[flow] == i) & (s.flows.array("asset")[flow] == s.terms.quote[i])
    return int(p.array("amount")[mine & (p.array("trade") < 0)].sum())


def _making(run: Dealt, i: int, strategy: int | None, fills: MarkedFills) -> dict[str, Any]:
    """Orders that rested, how much of them filled, how long the first fill took, and what was held over time."""
    s, o = run.state, run.state.orders
    mine = (o.array("instrument") == i) & (o.array("kind") == LIMIT) & (o.array("time_exchange") != NO_TIME)
    if strategy is not None:
        mine &= o.array("strategy") == strategy
    asked = int(o.array("quantity")[mine].sum())
    order = s.trades.array("order")[fills.rows]
    _, first = np.unique(order, return_index=True)
    first = first[(fills.maker[first] == 1) & mine[order[first]]]
    waited = fills.time[first] - o.array("time_exchange")[order[first]]
    held = np.abs(np.cumsum(fills.signed))
    spans = np.diff(np.append(fills.time, max(s.engine.time[0], int(fills.time[-1])))) if len(held) else held
    return {
        "fills": len(fills.rows), "quantity": int(np.abs(fills.signed).sum()), "orders": int(mine.sum()),
        "fill_ratio": int(o.array("filled")[mine].sum()) / asked if asked else None,
        "queue_time": round(float(waited.mean())) if len(waited) else None,
        "inventory_mean": float((held * spans).sum() / spans.sum()) if spans.sum() > 0 else None,
        "inventory_max": int(held.max()) if len(held) else 0,
    }  # fmt: skip


def _natural(run: Dealt, row: dict[str, Any]) -> dict[str, Any]:
    """The row in natural units and names."""
    i = row.pop("i")
    asset = run.state.terms.quote[i]
    unit, lot = run.scales.units[asset], run.scales.lots[i]
    amounts = {name: float(row[name] * unit) for name in _MONEY}
    lots = {
        name: float(Decimal(row[name]) * lot) for name in ("quantity", "inventory_mean", "inventory_max")
        if row.get(name) is not None
    }  # fmt: skip
    named = {"instrument": run.index.names[i], "asset": run.index.assets[asset][1]}
    return dict.fromkeys(_SCHEMA) | row | amounts | lots | named
