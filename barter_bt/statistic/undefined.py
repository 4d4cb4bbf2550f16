"""Why a figure has no value: in the words of its formula, with the mark or the number that leaves it undefined."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from barter_bt.statistic.activity import plain
from barter_bt.statistic.curve import FURTHEST, Curve
from barter_bt.statistic.facts import Facts
from barter_bt.statistic.figure import Figure, show
from barter_bt.statistic.figures import FIGURES
from barter_bt.statistic.interval import CALENDAR_YEAR_NS, YEAR_NS

_STATED_NS = {"cagr": CALENDAR_YEAR_NS, "money_weighted_return": YEAR_NS}  # by time; the others by returns
_FEWEST = {"skew": 3, "kurtosis": 4, "probabilistic_sharpe": 4, "omega": 1}
_OF_TRIPS = ("best_return", "worst_return", "mean_return")
_OF_YEARS = ("annual_return", "cagr", "calmar")
_OF_GROWTH = ("total_return", "time_weighted_return", *_OF_YEARS)


def why_undefined(figure: Figure, facts: Facts) -> str:
    """Say why a figure that is None is not defined."""
    return next(_reasons(figure, facts))


def first_return_undefined(curve: Curve) -> str | None:
    """The first sample from which no return is defined, in words; None where all are."""
    undefined = np.flatnonzero(np.isnan(curve.changes))
    if not len(undefined):
        return None
    row = int(curve.rows[undefined[0]])
    at = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(curve.times[row]) // 1000)
    return f"equity was {show(float(curve.values[row]), 'money')} at {show(at, 'time')}"


def _reasons(figure: Figure, facts: Facts) -> Iterator[str]:
    """What can leave a figure undefined, the gravest first."""
    if figure.needs == "activity":
        yield from _of_activity(figure, facts)
        return
    if figure.needs == "market":
        yield from _of_market(figure, facts)
        return
    curve = facts.curve
    if curve is None:
        yield facts.no_curve
        return
    if figure.needs == "against":
        yield from _of_benchmark(figure, facts)
        return
    if figure.name in _OF_GROWTH or figure.section == "Drawdown":
        if curve.values[0] <= 0:
            yield f"equity at start is {show(float(curve.values[0]), 'money')}, which is not above 0"
        if figure.name in _OF_GROWTH and curve.values[-1] < 0:
            yield f"equity at end is {show(float(curve.values[-1]), 'money')}: a negative growth has no such power"
        if figure.name in _OF_YEARS and not curve.span_ns:
            yield "start and end are one moment"
        if figure.name in _OF_YEARS and (short := _too_short(curve, figure.name)):
            yield short
        if figure.name in _OF_GROWTH and (figure.name == "cagr" or facts.value(FIGURES["annual_return"]) is None):
            yield "it is beyond all numbers"
        never = curve.drawdowns is not None and not len(curve.drawdowns.depth)
        yield "equity was never below a peak" if never else "equity was not back at the peak"
    if figure.sample == "days":
        yield first_return_undefined(curve) or "there is only one mark"
    yield from _of_returns(figure, curve)


def _too_short(curve: Curve, name: str) -> str:
    """Words for a run whose growth a figure does not state for so much longer; none if it does."""
    if (times_ns := _STATED_NS.get(name)) is not None:
        power = times_ns / curve.span_ns
    else:
        power = (curve.periods or 0.0) / (len(curve.rows) - 1)
    if power <= FURTHEST:
        return ""
    lasted = show(timedelta(microseconds=curve.span_ns // 1000), "duration")
    return f"the run lasted {lasted}: its growth is not stated for more than {FURTHEST:.0f} times as long"


def _of_returns(figure: Figure, curve: Curve) -> Iterator[str]:
    if figure.name == "periods":
        yield "start and end are one moment"
    if (first := first_return_undefined(curve)) is not None:
        yield f"{first}: a return from it is not defined"
    least, count = _FEWEST.get(figure.name, 2), len(curve.changes)
    if count < least:
        yield f"returns: {count}, at least {least} are needed"
    yield "its denominator is 0: " + (
        "no return is below the rate without risk" if figure.name in ("sortino", "omega") else "all returns are equal"
    )


def _of_benchmark(figure: Figure, facts: Facts) -> Iterator[str]:
    if facts.against is None:
        yield facts.no_benchmark
    yield "its denominator is 0, or there are too few returns"


def _of_market(figure: Figure, facts: Facts) -> Iterator[str]:
    run = facts.market.run
    if figure.sample == "positions" and not run.positions.height:
        yield "no position was closed"
    yield "the run has no prices of its market" + (", or the data has changed since" if hasattr(run, "prices") else "")


def _of_activity(figure: Figure, facts: Facts) -> Iterator[str]:
    activity = facts.activity
    run = activity.run
    if figure.section == "Deposits":
        yield from _of_deposits(figure, facts)
        return
    if figure.section == "Cash flows":
        has_flows = hasattr(run, "cash_flows")
        yield f"a cash flow had no price in {run.reporting} when it came" if has_flows else "parts have no cash flows"
        return
    if figure.sample == "positions" and figure.name != "exposure" and not run.positions.height:
        yield "no position was closed"
    if figure.name in _OF_TRIPS:
        yield "the table of positions has no entry averages, or one of 0"
    if figure.name not in ("win_rate", "exposure", "holding_time", "longest_holding_time") and activity.quote is None:
        yield "amounts of several assets are not added" if run.trades.height else "nothing was traded"
    if figure.name == "slippage":
        yield "the price at which orders were sent is not in the table of orders"
    if figure.name in ("turnover", "exposure", "exposure_notional"):
        if facts.curve is None:
            yield facts.no_curve
        elif figure.name != "exposure" and activity.quote != plain(run.reporting):
            yield f"money is in {activity.quote}, equity in {run.reporting}"
        elif figure.name != "exposure" and facts.curve.money[facts.curve.rows].mean() <= 0:
            yield "mean equity is not above 0"
        yield "start and end are one moment"
    if figure.name == "sqn" and run.positions.height < 2:
        yield "closed positions: 1, at least 2 are needed"
    missing = {"sqn": "all closed positions made the same", "payoff": "no position made a gain, or none a loss"}
    missing["kelly"] = missing["payoff"]
    yield "its denominator is 0: " + missing.get(figure.name, "no position made a loss")


def _of_deposits(figure: Figure, facts: Facts) -> Iterator[str]:
    if facts.value(FIGURES["deposits"]) is None:
        yield f"a deposit had no price in {facts.activity.run.reporting} when it came"
    if figure.name == "money_weighted_return":
        if facts.curve is not None and facts.curve.span_ns and (short := _too_short(facts.curve, figure.name)):
            yield short
        yield (
            facts.no_curve if facts.curve is None else "start and end are one moment, or no rate makes one of the other"
        )
