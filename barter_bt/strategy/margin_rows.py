"""Margin that rows of a schedule move, in whole units of the settlement asset (rule 104)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl

from barter_bt.engine.targets import MARGIN_ROW
from barter_bt.strategy.cells import values_or
from barter_bt.strategy.driver import Market
from barter_bt.strategy.rows import MOST_STEPS, fail


def margin_column(frame: pl.DataFrame, codes: np.ndarray, action: np.ndarray, market: Market) -> np.ndarray:
    """The amounts, 0 in other rows; errors of what cannot be moved."""
    rows = action == MARGIN_ROW
    if not rows.any():
        return np.zeros(len(frame), np.int64)
    given = frame["amount"] if "amount" in frame.columns else pl.Series([None] * len(frame), dtype=pl.Float64)
    per_unit = np.array([float(1 / Fraction(market.scales.units[k])) for k in market.index.settlement_assets])
    amount = np.where(rows, values_or(given.cast(pl.Float64), 0.0), 0.0)
    with np.errstate(over="ignore"):  # which is refused below
        scaled = np.abs(amount) * per_unit[codes]
    whole = np.where(scaled < MOST_STEPS, np.floor(scaled + 0.5), 0).astype(np.int64)
    none = rows & (whole == 0)
    if none.any():
        asset = market.index.settlement_assets[int(codes[none.argmax()])]
        unit = f"a unit is {market.scales.units[asset]} {market.index.assets[asset][1]}"
        fail(frame, none, "an amount of margin that is none, or beyond what can be counted", unit)
    found: np.ndarray = np.where(amount < 0, -whole, whole)
    return found
