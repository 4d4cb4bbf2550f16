"""How Barter's ``TradingSummary`` of a run is made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import polars as pl

from barter_bt.protocol.account import Balance
from barter_bt.protocol.summary import (
    NAMED_INTERVALS,
    Drawdown,
    ExchangeAsset,
    MeanDrawdown,
    PerInterval,
    Ratio,
    TearSheet,
    TearSheetAsset,
    TradingSummary,
)
from barter_bt.statistic import barter
from barter_bt.statistic.curve import Curve, curve_of
from barter_bt.statistic.drawdown import mean_drawdown, mean_drawdown_duration
from barter_bt.statistic.interval import SECOND_NS, interval_ns
from barter_bt.statistic.part import Part, parts
from barter_bt.statistic.summary import Summary, summarise
from barter_bt.statistic.tables import Tables, nanoseconds


def trading_summary_of(run: Tables, interval: str, risk_free: float, *, own: bool) -> TradingSummary:
    """Tear sheets of every instrument and asset; ``own``: with Barter's own figures."""
    marks = nanoseconds(run.equity["time"])
    start, end = (int(marks[0]), int(marks[-1])) if len(marks) else (0, 0)
    stated = interval if interval in NAMED_INTERVALS else interval_ns(interval)
    sheets = _untraded(run, stated)
    for part in parts(run, "instrument").values():
        exchange, name = _key(part)
        summary = summarise(part, interval=interval, risk_free=risk_free)
        sheets[f"{exchange}-{name}"] = (
            _own_sheet(part, start, risk_free, stated, interval_ns(interval)) if own else _sheet(part, summary, stated)
        )
    assets = {}
    for part in parts(run, "asset").values():
        key = ExchangeAsset(str(part.balances["exchange"][0]), part.reporting)
        assets[key] = _own_asset(part) if own else _asset(part)
    return TradingSummary(start, end, sheets, assets)


def _untraded(run: Tables, stated: str | int) -> dict[str, TearSheet]:
    """Sheets of all declared instruments, in order of declaration, as of those in which nothing was done."""
    nothing = PerInterval(None, stated)
    return {
        f"{one['exchange']}-{one['name']}": TearSheet(Decimal(0), nothing, nothing, nothing, nothing)
        for one in run.config.get("instruments", ())
        if isinstance(one, dict) and "name" in one
    }


def _key(part: Part) -> tuple[str, str]:
    table = part.orders if part.orders.height else part.trades if part.trades.height else part.positions
    exchange, name = table.select(pl.col("exchange", "instrument").cast(pl.String)).row(0)
    return str(exchange), str(name).removeprefix(f"{exchange}.")


def _sheet(part: Part, summary: Summary, stated: str | int) -> TearSheet:
    curve = curve_of(part.equity)
    win, factor = summary.win_rate, summary.profit_factor
    return TearSheet(
        sum((Decimal(str(each)) for each in part.positions["pnl_realised"]), Decimal(0)),
        PerInterval(_decimal(summary.annual_return), stated),
        PerInterval(_decimal(summary.sharpe), stated),
        PerInterval(_decimal(summary.sortino), stated),
        PerInterval(_decimal(summary.calmar), stated),
        _current(curve),
        _mean(curve),
        _deepest(curve),
        None if win is None else Ratio(Decimal(str(win))),
        None if factor is None else Ratio(Decimal(str(factor))),
    )


def _asset(part: Part) -> TearSheetAsset:
    curve = curve_of(part.equity)
    return TearSheetAsset(_balance(part.balances), _current(curve), _mean(curve), _deepest(curve))


def _current(curve: Curve | None) -> Drawdown | None:
    drawdowns = None if curve is None else curve.drawdowns
    if curve is None or drawdowns is None or not len(drawdowns.depth) or drawdowns.recovered[-1]:
        return None
    return _drawdown(curve, len(drawdowns.depth) - 1)


def _deepest(curve: Curve | None) -> Drawdown | None:
    return None if curve is None or curve.deepest is None else _drawdown(curve, curve.deepest)


def _drawdown(curve: Curve, k: int) -> Drawdown:
    drawdowns = curve.drawdowns
    assert drawdowns is not None
    depth = Decimal(str(float(drawdowns.depth[k])))
    return Drawdown(depth, int(curve.times[drawdowns.peak[k]]), int(curve.times[drawdowns.end[k]]))


def _mean(curve: Curve | None) -> MeanDrawdown | None:
    depth = None if curve is None else mean_drawdown(curve)
    lasted = None if curve is None else mean_drawdown_duration(curve)
    if depth is None or lasted is None:
        return None
    return MeanDrawdown(Decimal(str(depth)), lasted // timedelta(milliseconds=1))


def _own_sheet(part: Part, start: int, risk_free: float, stated: str | int, target_ns: int) -> TearSheet:
    closed = part.positions
    columns = (closed[name] for name in ("pnl_realised", "price_entry_average", "quantity_abs_max"))
    realised, entry, quantity = ([Decimal(str(each)) for each in column] for column in columns)
    times = nanoseconds(closed["time_exit"])
    found = barter.pnl_returns(zip(realised, entry, quantity, times.tolist(), strict=True))
    last = int(times[-1]) if len(times) else start
    length = max((last - start) // SECOND_NS, 1) * SECOND_NS
    free, mean = Decimal(str(risk_free)), found.every.mean
    drawdowns = [*found.drawdowns, *([found.last] if found.last else [])]
    deepest = barter.max_drawdown(drawdowns)
    sharpe = barter.sharpe_ratio(free, mean, found.every.deviation)
    sortino = barter.downside_ratio(free, mean, found.losses.deviation)
    calmar = barter.downside_ratio(free, mean, deepest.value if deepest else Decimal(0))
    win = barter.win_rate(Decimal(found.losses.count), Decimal(found.every.count))
    factor = barter.profit_factor(found.every.sum, found.losses.sum)
    return TearSheet(
        found.pnl,
        PerInterval(barter.scale(mean, length, target_ns, root=False), stated),
        PerInterval(barter.scale(sharpe, length, target_ns), stated),
        PerInterval(barter.scale(sortino, length, target_ns), stated),
        PerInterval(barter.scale(calmar, length, target_ns), stated),
        *_own_drawdowns(drawdowns, found.last),
        win_rate=None if win is None else Ratio(win),
        profit_factor=None if factor is None else Ratio(factor),
    )


def _own_asset(part: Part) -> TearSheetAsset:
    curve, ended = barter.DrawdownGenerator(), []
    for time, value in zip(nanoseconds(part.equity["time"]), part.equity["equity"], strict=True):
        fall = curve.update(Decimal(str(value)), int(time))
        if fall is not None:
            ended.append(fall)
    last = curve.current()
    return TearSheetAsset(_balance(part.balances), *_own_drawdowns([*ended, *([last] if last else [])], last))


def _own_drawdowns(
    drawdowns: Sequence[Drawdown], last: Drawdown | None
) -> tuple[Drawdown | None, MeanDrawdown | None, Drawdown | None]:
    mean, deepest = barter.mean_drawdown(drawdowns), barter.max_drawdown(drawdowns)
    return (
        last,
        None if mean is None else MeanDrawdown(*mean),
        deepest,
    )


def _balance(balances: pl.DataFrame) -> Balance | None:
    if not balances.height:
        return None
    return Balance(*(Decimal(str(each)) for each in balances.select("total", "free").row(-1)))


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))
