"""What Python objects to in a strategy ends a run in both modes: compiled code would go on with some number."""

from __future__ import annotations

import math
from math import floor
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from tests.engine.tiny import run, trades

MARKET = trades((1, 100, 9), (2, 101, 9))
NAN, INF = float("nan"), float("inf")
MOST = float((1 << 63) - 1024)  # the largest float that is a whole number of 64 bits
DIVIDE, DIVIDE_WHOLE, WHOLE_PARTS, REST, FLOOR_DIVIDE, REST_OF_FLOATS, INT, FLOOR, CEIL, TRUNC, ROUND = range(11)
SQRT, LOG, LOG_OF_ONE_MORE, EXP, POWER, SINE, TENTHS, OF_TRUTH, EXTREMES = range(11, 20)


def calculates(s: Any, my: Any) -> None:
    p, v = my.parameters, my.variables
    what, x, y, n, m = p.what[0], p.x[0], p.y[0], p.n[0], p.m[0]
    if what == DIVIDE:
        v.x[0] = x / y
    elif what == DIVIDE_WHOLE:
        v.x[0] = n / m
    elif what == WHOLE_PARTS:
        v.n[0] = n // m
    elif what == REST:
        v.n[0] = n % m
    elif what == FLOOR_DIVIDE:
        v.x[0] = x // y
    elif what == REST_OF_FLOATS:
        v.x[0] = x % y
    elif what == INT:
        v.n[0] = int(x)
    elif what == FLOOR:
        v.n[0] = floor(x)
    elif what == CEIL:
        v.n[0] = math.ceil(x)
    elif what == TRUNC:
        v.n[0] = math.trunc(x)
    elif what == ROUND:
        v.n[0] = round(x)
    elif what == SQRT:
        v.x[0] = math.sqrt(x)
    elif what == LOG:
        v.x[0] = math.log(x)
    elif what == LOG_OF_ONE_MORE:
        v.x[0] = math.log1p(x)
    elif what == EXP:
        v.x[0] = math.exp(x)
    elif what == POWER:
        v.x[0] = math.pow(x, y)
    elif what == SINE:
        v.x[0] = math.sin(x)
    elif what == TENTHS:
        v.x[0] = round(x, 1)
    elif what == OF_TRUTH:
        v.n[0] = int(x > y) + int(n)
    elif what == EXTREMES:
        v.x[0] = min(x, y, 0.0) + max(y, x)


def ran(what: int, x: float, y: float, n: int, m: int, *, interpret: bool) -> tuple[str, list[str]]:
    """The exception that a run ended with, by its name, and what was calculated."""
    strategy = bt.Compiled(calculates, {"what": what, "x": x, "y": y, "n": n, "m": m}, {"x": 0.5, "n": 0}, wake="trade")
    raised, result = "", None
    try:
        result = run(MARKET, strategy, interpret=interpret)
    except StrategyError as error:
        raised, result = type(error.__cause__).__name__, error.result
    assert result is not None
    return raised, [repr(cell) for cell in result.own["compiled"]["variables"].row(0)]


@pytest.mark.parametrize(
    ("what", "x", "y", "n", "m", "raises"),
    [
        (DIVIDE, 1.0, 0.0, 1, 1, "ZeroDivisionError"),
        (DIVIDE, NAN, -0.0, 1, 1, "ZeroDivisionError"),
        (DIVIDE_WHOLE, 1.0, 1.0, 1, 0, "ZeroDivisionError"),
        (WHOLE_PARTS, 1.0, 1.0, 7, 0, "ZeroDivisionError"),
        (REST, 1.0, 1.0, 7, 0, "ZeroDivisionError"),
        (FLOOR_DIVIDE, 7.0, 0.0, 1, 1, "ZeroDivisionError"),
        (REST_OF_FLOATS, 7.0, 0.0, 1, 1, "ZeroDivisionError"),
        (INT, NAN, 0.0, 1, 1, "ValueError"),
        (INT, INF, 0.0, 1, 1, "OverflowError"),
        (FLOOR, NAN, 0.0, 1, 1, "ValueError"),
        (CEIL, -INF, 0.0, 1, 1, "OverflowError"),
        (TRUNC, NAN, 0.0, 1, 1, "ValueError"),
        (ROUND, NAN, 0.0, 1, 1, "ValueError"),
        (SQRT, -1.0, 0.0, 1, 1, "ValueError"),
        (SQRT, -INF, 0.0, 1, 1, "ValueError"),
        (LOG, 0.0, 0.0, 1, 1, "ValueError"),
        (LOG, -2.0, 0.0, 1, 1, "ValueError"),
        (LOG_OF_ONE_MORE, -1.0, 0.0, 1, 1, "ValueError"),
        (EXP, 1000.0, 0.0, 1, 1, "OverflowError"),
        (POWER, 1e200, 2.0, 1, 1, "OverflowError"),
        (POWER, -1.5, 0.5, 1, 1, "ValueError"),
        (POWER, 0.0, -1.0, 1, 1, "ValueError"),
        (SINE, INF, 0.0, 1, 1, "ValueError"),
    ],
)
def test_what_is_no_number_ends_the_run(what, x, y, n, m, raises):
    """Nothing is written, in both modes, and the error is Python's."""
    for interpret in (True, False):
        assert ran(what, x, y, n, m, interpret=interpret) == (raises, ["0.5", "0"])


@pytest.mark.parametrize("interpret", [True, False])
def test_a_whole_number_beyond_64_bits_ends_the_run(interpret):
    """Python makes a larger one, which no column holds."""
    for what in (INT, FLOOR, CEIL, TRUNC, ROUND):
        raised, found = ran(what, float(1 << 63), 0.0, 1, 1, interpret=interpret)
        assert raised in ("OverflowError", "ValueError")
        assert found == ["0.5", "0"]


@pytest.mark.parametrize(
    ("what", "x", "y", "n", "m"),
    [
        *((each, number, 2.0, 1, 1) for each in (INT, FLOOR, CEIL, TRUNC, ROUND) for number in (-2.5, 2.5, -0.0, MOST)),
        *((each, float(-1 << 63), 2.0, 1, 1) for each in (INT, FLOOR, CEIL, TRUNC, ROUND)),
        *((each, NAN, 2.0, 1, 1) for each in (SQRT, LOG, EXP, SINE, POWER, DIVIDE, EXTREMES)),
        *((each, INF, 2.0, 1, 1) for each in (SQRT, LOG, EXP, POWER, DIVIDE, EXTREMES)),
        (EXP, -INF, 0.0, 1, 1),
        (EXP, 709.0, 0.0, 1, 1),
        (POWER, 0.0, -INF, 1, 1),
        (POWER, NAN, 0.0, 1, 1),
        (REST_OF_FLOATS, -7.5, 2.0, 1, 1),
        (FLOOR_DIVIDE, -7.5, INF, 1, 1),
        (WHOLE_PARTS, 1.0, 1.0, -7, 2),
        (REST, 1.0, 1.0, -7, 2),
        (DIVIDE_WHOLE, 1.0, 1.0, 1 << 53, 3),
        (TENTHS, 2.25, 1.0, 1, 1),
        (OF_TRUTH, 2.0, NAN, 5, 1),
        (EXTREMES, 2.0, NAN, 1, 1),
        (EXTREMES, -0.0, 0.0, 1, 1),
    ],
)
def test_what_python_calculates_compiled_code_does(what, x, y, n, m):
    first, other = (ran(what, x, y, n, m, interpret=mode) for mode in (True, False))
    assert first == other
    assert first[0] == ""
