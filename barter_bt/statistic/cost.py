"""Figures of what trading cost and of how much was at stake."""

from __future__ import annotations

import numpy as np
import polars as pl

from barter_bt.statistic.activity import Activity, plain
from barter_bt.statistic.curve import Curve, ratio
from barter_bt.statistic.figure import figure
from barter_bt.statistic.held import time_in_market_ns
from barter_bt.statistic.holdings import holdings
from barter_bt.statistic.tables import codes, floats, nanoseconds, total


@figure("Fees", "money", "Costs", needs="activity", sample="trades", key=True)
def fees(activity: Activity) -> float | None:
    """Sum of the fees of all fills, in the one quote asset traded."""
    if activity.quote is None:
        return None if activity.run.trades.height else 0.0
    return total(floats(activity.run.trades["fees"]))


@figure("Slippage", "money", "Costs", needs="activity", sample="trades", source="Perold (1988)")
def slippage(activity: Activity) -> float | None:
    """Sum over all fills of (price - market's price when the order was sent) times quantity, contract size and +1 for
    buys, -1 for sells: what was paid beyond the price that the strategy saw; in the one asset that money is in. Orders
    that were sent while there was no price are left out.
    """
    sent = activity.run.orders
    if activity.quote is None or "price_sent" not in sent.columns:
        return None
    fills = activity.run.trades
    rows = np.searchsorted(sent["order_id"].to_numpy(), fills["order_id"].to_numpy())
    seen = floats(sent["price_sent"])[rows]
    price, notional, signed = floats(fills["price"]), floats(fills["notional"]), activity.signed(fills)
    known = np.isfinite(seen) & (price != 0) & (seen != 0) & ~signed
    bought, inverse = np.where(_buys(fills), 1.0, -1.0), activity.inverse(fills)[known]
    share = np.where(inverse, price[known] / seen[known] - 1.0, 1.0 - seen[known] / price[known])
    paid = total(notional[known] * share * bought[known])
    if not signed.any():
        return paid
    amount = floats(fills["quantity"]) * activity.sizes(fills) * bought
    around = np.isfinite(seen) & signed  # at prices around 0, which nothing can be divided by
    return paid + total(((price - seen) * amount)[around])


@figure("Turnover", "ratio", "Costs", needs="activity", sample="trades", key=True)
def turnover(activity: Activity) -> float | None:
    """Sum of |notional| of all fills / mean of equity's samples, above 0; quote = reporting asset only."""
    mean = _mean_equity(activity)
    return None if mean is None else ratio(total(np.abs(floats(activity.run.trades["notional"]))), mean)


@figure("Exposure (time)", "fraction", "Costs", needs="activity", sample="positions", key=True)
def exposure(activity: Activity) -> float | None:
    """Part of the duration in which at least one position was open."""
    curve = activity.curve
    if curve is None:
        return None
    return ratio(time_in_market_ns(activity.run, int(curve.times[0]), int(curve.times[-1])), float(curve.span_ns))


@figure("Exposure (notional)", "fraction", "Costs", needs="activity", sample="trades")
def exposure_notional(activity: Activity) -> float | None:
    """Mean over time of the sum of |quantity held| times contract size and |price| of the instrument's last own
    fill, / mean of equity's samples, which must be above 0; quote = reporting asset only.
    """
    mean, curve = _mean_equity(activity), activity.curve
    if mean is None or curve is None or not activity.run.trades.height:
        return None if mean is None or curve is None else 0.0
    return ratio(_held_notional(holdings(activity.run), curve), mean * curve.span_ns)


def _held_notional(changes: pl.DataFrame, curve: Curve) -> float:
    """Notional times nanoseconds held, all instruments together."""
    time = np.clip(nanoseconds(changes["time_exchange"]), curve.times[0], curve.times[-1])
    venue, _ = codes(changes["exchange"])
    name, names = codes(changes["instrument"])
    key = venue * len(names) + name
    rows = np.argsort(key, kind="stable")
    key, time = key[rows], time[rows]
    worth = floats(changes["worth"])[rows]
    held = np.cumsum(floats(changes["change"])[rows])
    first = np.concatenate(([True], key[1:] != key[:-1]))
    before = np.concatenate(([0.0], held[:-1]))[first]
    held -= np.repeat(before, np.diff(np.append(np.flatnonzero(first), len(key))))
    until = np.where(np.append(first[1:], True), curve.times[-1], np.append(time[1:], 0))
    return total(np.abs(held * worth) * (until - time))


def _mean_equity(activity: Activity) -> float | None:
    """Mean of the samples where amounts of the quote asset can be held against it."""
    curve = activity.curve
    if curve is None or activity.quote is None or activity.quote != plain(activity.run.reporting):
        return None
    samples = curve.money[curve.rows]
    mean = total(samples) / len(samples)
    return mean if mean > 0 else None


def _buys(fills: pl.DataFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    side, sides = codes(fills["side"])
    return side == sides.index("buy") if "buy" in sides else np.zeros(len(side), bool)
