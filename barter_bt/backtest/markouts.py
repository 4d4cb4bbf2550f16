"""Markouts: what fills are worth a while later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from barter_bt.backtest.marked import Dealt, marked
from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError

_SCHEMA: dict[str, Any] = {
    "instrument": pl.String, "liquidity": pl.Enum(["maker", "taker"]), "horizon": pl.Duration("ns"), "fills": pl.Int64,
    "quantity": pl.Float64, "spread": pl.Float64, "move": pl.Float64, "markout": pl.Float64, "markout_bps": pl.Float64,
}  # fmt: skip


def markouts(run: Dealt, horizons: str | int | Sequence[str | int]) -> pl.DataFrame:
    """The table of :meth:`~barter_bt.backtest.result.Result.markouts`."""
    horizons = [horizons] if isinstance(horizons, str | int) else horizons
    spans = [duration_ns(each, "horizons") for each in horizons]
    if any(span < 0 for span in spans):
        raise ConfigError(f"horizons are {list(horizons)!r}; none may be below 0")
    rows = []
    for i, mids, fills in marked(run):
        tick, lot = float(run.scales.ticks[i]), float(run.scales.lots[i])
        for maker, liquidity in ((1, "maker"), (0, "taker")):
            for span in spans:
                late = mids.rows_at(fills.time + span)
                there = len(mids.times) > 0 and mids.times[-1] >= fills.time + span
                mine = np.flatnonzero((fills.maker == maker) & (late >= 0) & there)
                if not len(mine):
                    continue
                lots, side = np.abs(fills.signed[mine]), np.sign(fills.signed[mine])
                price, met, then = fills.price[mine], fills.mid[mine], mids.doubled[late[mine]]
                weight = lots / lots.sum()
                spread, move = ((weight * side * (b - a)).sum() * tick / 2 for a, b in ((price, met), (met, then)))
                paid = float((weight * np.abs(price)).sum()) * tick / 2
                made = spread + move
                rows.append(
                    (run.index.names[i], liquidity, span, len(mine), float(lots.sum()) * lot, spread, move, made,
                     1e4 * made / paid if paid else None)
                )  # fmt: skip
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
