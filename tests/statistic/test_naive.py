"""Every figure of the curve against its stated formula, computed in the slowest way; None exactly where that has none.

Equity may be 0, negative, null, equal; runs may lie before 1970 and cross changes of clocks.
"""

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from barter_bt.statistic import FIGURES, summarise
from tests.draws import draws
from tests.statistic.fakes import EQUITY, FakeRun, table

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
YEAR = 365 * DAY
SAMPLINGS = {"1d": DAY, "7d": 7 * DAY, "1h": HOUR, "1m": HOUR // 60, "1s": HOUR // 3600}
INTERVALS = {"actual": YEAR, "annual_252": 252 * DAY, "annual_365": YEAR, "daily": DAY, "30d": 30 * DAY}
STARTS = {
    "1969": datetime(1969, 12, 30, tzinfo=UTC),
    "1928": datetime(1928, 2, 28, 5, tzinfo=UTC),
    "leap day": datetime(2024, 2, 27, 17, 30, tzinfo=UTC),
    "clocks go forward": datetime(2024, 3, 9, 4, 59, tzinfo=UTC),
    "clocks go back": datetime(2024, 11, 2, 4, tzinfo=UTC),
    "turn of the year": datetime(2020, 12, 30, 23, 59, 59, tzinfo=UTC),
}
EQUITIES = st.lists(
    st.one_of(
        st.sampled_from([0.0, 100.0, -50.0, None]),
        st.integers(50, 150).map(float),
        st.integers(1, 10**6).map(lambda cents: cents / 100),
    ),
    min_size=1,
    max_size=14,
)


def divided(a, b):
    return None if a is None or b is None or b == 0 else a / b


def scaled(a, b):
    return None if a is None or b is None else a * b


def sampled(marks, length, zone):
    """The first mark, the last of each interval, the last: by the interval that each instant before a mark lies in."""

    def interval(time):
        if length % DAY:
            return -(-time // length)
        before = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=(time - 1000) // 1000)
        return (before.astimezone(ZoneInfo(zone)).date() - datetime(1970, 1, 1).date()).days // (length // DAY)

    numbers = [interval(time) for time, _ in marks]
    last = {number: row for row, number in enumerate(numbers)}
    rows = sorted({0, len(marks) - 1, *last.values()})
    apart = sorted(numbers[b] - numbers[a] for a, b in pairwise(rows))
    times = sorted(marks[b][0] - marks[a][0] for a, b in pairwise(rows))
    middle = (len(apart) - 1) // 2
    return [marks[row] for row in rows], times[middle] if apart and apart[middle] > 1 else length


def changes(samples):
    return [None if before <= 0 else after / before - 1 for (_, before), (_, after) in pairwise(samples)]


def naive(marks, sampling, interval, risk_free, zone):
    """The figures by their definitions in ``docs/metrics.md``."""
    first, last, span = marks[0][1], marks[-1][1], marks[-1][0] - marks[0][0]
    sampling = sampling or next((name for name in ("1d", "1h", "1m") if span >= 2 * SAMPLINGS[name]), "1s")
    samples, apart = sampled(marks, SAMPLINGS[sampling], zone)
    r = changes(samples)
    n, whole = len(r), None not in r
    periods = INTERVALS[interval] / apart if interval != "actual" else divided(n * YEAR, span)
    yearly = periods if interval.startswith("a") else YEAR / apart
    f = (1 + risk_free) ** (1 / yearly) - 1 if yearly else 0.0
    root = None if not periods else math.sqrt(periods)
    growth = last / first if first > 0 else None
    made = None if growth is None else growth - 1
    found = {"total_return": made, "time_weighted_return": made, "periods": periods, "annual_return": None}
    if growth is not None and growth >= 0 and n and periods:
        log = -math.inf if growth == 0 else math.log(growth) * periods / n
        allowed = growth == 0 or periods / n <= 366
        found["annual_return"] = math.expm1(log) if log < 709.7 and allowed else None
    years = span / (1461 * 6 * HOUR)  # of 365.25 days
    found |= {"cagr": None, "equity_peak": max(value for _, value in marks)}
    if growth is not None and growth >= 0 and years:
        log = -math.inf if growth == 0 else math.log(growth) / years
        found["cagr"] = math.expm1(log) if log < 709.7 and (growth == 0 or years * 366 >= 1) else None
    days = [each for each in changes(sampled(marks, DAY, zone)[0]) if each is not None]
    found |= {"best_day": max(days, default=None), "worst_day": min(days, default=None)}
    found |= of_returns(r if whole else [], f, root)
    found |= of_falls([value for _, value in marks], [time for time, _ in marks])
    return found | {"calmar": divided(found["annual_return"], found["max_drawdown"])}


def of_returns(r, f, root):
    n = len(r)
    names = "volatility downside_deviation sharpe sortino omega value_at_risk expected_shortfall skew kurtosis"
    found = dict.fromkeys([*names.split(), "probabilistic_sharpe"])
    found["omega"] = divided(sum(max(each - f, 0) for each in r), sum(max(f - each, 0) for each in r))
    if n < 2:
        return found
    mean = sum(r) / n
    flat = max(r) - min(r) <= 1e-14 * (1 + abs(mean - f))
    deviation = 0.0 if flat else math.sqrt(sum((each - mean) ** 2 for each in r) / (n - 1))
    downside = math.sqrt(sum(min(each - f, 0) ** 2 for each in r) / n)
    found["volatility"], found["downside_deviation"] = scaled(deviation, root), scaled(downside, root)
    s = divided(mean - f, deviation)
    found["sharpe"], found["sortino"] = scaled(s, root), scaled(divided(mean - f, downside), root)
    ranked, place = sorted(r), 0.05 * (n - 1)
    low, high = ranked[int(place)], ranked[min(int(place) + 1, n - 1)]
    tail = low + (high - low) * (place - int(place))
    worst = [each for each in r if each <= tail]
    found["value_at_risk"], found["expected_shortfall"] = -tail, -sum(worst) / len(worst)
    if deviation and n > 2:
        g = found["skew"] = n / ((n - 1) * (n - 2)) * sum(((each - mean) / deviation) ** 3 for each in r)
        if n > 3:
            fourth = sum(((each - mean) / deviation) ** 4 for each in r)
            kurtosis = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * fourth
            found["kurtosis"] = kurtosis = kurtosis - 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
            spread = 1 - g * s + (kurtosis + 2) / 4 * s * s
            if spread > 0:
                z = s * math.sqrt(n - 1) / math.sqrt(spread)
                found["probabilistic_sharpe"] = 0.5 * math.erfc(-z / math.sqrt(2))
    return found


def of_falls(values, times):
    names = "max_drawdown max_drawdown_duration max_drawdown_recovery current_drawdown drawdowns mean_drawdown"
    if values[0] <= 0:
        return dict.fromkeys([*names.split(), "mean_drawdown_duration"])
    falls, peak = [], 0
    for row, value in enumerate(values):
        if value >= values[peak]:
            peak = row
        elif falls and falls[-1][0] == peak:
            falls[-1][1].append(row)
        else:
            falls.append((peak, [row]))
    told = []
    for at, rows in falls:
        back = next((row for row in range(rows[-1] + 1, len(values)) if values[row] >= values[at]), None)
        low = min(rows, key=lambda row: values[row])
        told.append((1 - values[low] / values[at], times[-1 if back is None else back] - times[at], low, back))
    deepest = max(told, key=lambda fall: fall[0], default=None)
    recovered = None if deepest is None or deepest[3] is None else times[deepest[3]] - times[deepest[2]]
    return {
        "max_drawdown": 0.0 if deepest is None else deepest[0],
        "max_drawdown_duration": 0 if deepest is None else deepest[1],
        "max_drawdown_recovery": recovered,
        "current_drawdown": 1 - values[-1] / max(values),
        "drawdowns": len(told),
        "mean_drawdown": divided(sum(fall[0] for fall in told), len(told)),
        "mean_drawdown_duration": divided(sum(fall[1] for fall in told), len(told)),
    }


@pytest.mark.filterwarnings("ignore::barter_bt.statistic.interval.SamplingWarning")
@settings(max_examples=draws(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    EQUITIES,
    st.sampled_from([HOUR, 6 * HOUR, DAY, 7 * DAY, 31 * DAY]),
    st.sampled_from(list(STARTS.values())),
    st.sampled_from([None, "1d", "1h", "7d"]),
    st.sampled_from(list(INTERVALS)),
    st.sampled_from([0.0, 0.05]),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
@example([1000.0, 1000.0, 0.0, 0.0, 0.0], DAY, STARTS["leap day"], None, "actual", 0.0, "UTC")
@example([0.0, 0.0, 0.0], DAY, STARTS["1969"], None, "annual_365", 0.0, "UTC")
@example([100.0, None, -50.0, 200.0, None], DAY, STARTS["1928"], None, "daily", 0.05, "UTC")
@example([100.0], DAY, STARTS["1928"], None, "actual", 0.05, "America/New_York")
@example([100.0, 101.0, 103.0, 102.0], DAY, STARTS["clocks go forward"], "1h", "annual_252", 0.0, "America/New_York")
def test_a_figure_is_its_stated_formula(values, step, start, sampling, interval, risk_free, zone):
    first = round(start.timestamp()) * 10**9
    times = [first + step * k for k in range(len(values))]
    run = FakeRun(equity=table(EQUITY, time=times, equity=values))
    marks = [mark for mark in zip(times, values, strict=True) if mark[1] is not None]
    figures = summarise(run, sampling=sampling, interval=interval, risk_free=risk_free, time_zone=zone)
    if not marks:
        assert {figures[name] for name, each in FIGURES.items() if each.needs == "curve"} == {None}
        return
    for name, stated in naive(marks, sampling, interval, risk_free, zone).items():
        got, expected = figures[name], stated
        assert (got is None) == (expected is None), (name, got, expected, figures.why(name))
        assert (figures.why(name) is None) == (got is not None), name
        if isinstance(got, timedelta):
            got, expected = got / timedelta(microseconds=1), stated // 1000
        if expected is not None:
            assert got == pytest.approx(expected, rel=1e-7, abs=1e-7), name


def test_each_of_these_figures_is_tried():
    tried = set(naive([(0, 1.0)], None, "actual", 0.0, "UTC"))
    told = {"start", "end", "duration", "sampling", "time_zone", "samples", "interval", "equity_start", "equity_end"}
    assert tried | told == {name for name, figure in FIGURES.items() if figure.needs == "curve"}
