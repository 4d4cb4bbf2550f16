"""Renko and imbalance bars: known answers, and the rules once more, row by row, in plain Python."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby

import numpy as np
import polars as pl
import pytest
from frames import NS, times
from hypothesis import example, given, settings
from hypothesis import strategies as st

from barter_bt.data import aggregate, quotes, trades
from barter_bt.data.imbalance import tick_rule

Row = tuple[int, int, int]  # time, price, amount


def stream_of(rows, unit=1.0, parts=1):
    """Trades at whole prices, times a unit, of parts of whole amounts."""
    at, prices, amounts = zip(*rows, strict=True)
    columns = {
        "time_exchange": times(*at),
        "price": np.array(prices) * unit,
        "amount": [each / parts for each in amounts],
    }
    return trades(pl.DataFrame(columns), instrument="a_usd")


def shown(stream):
    at = [pl.col(name).to_physical() - NS for name in ("time_open", "time_exchange")]
    return stream.frame().select(*at, "open", "high", "low", "close", "volume").collect().rows()


def bricks(rows, size):
    """Renko, one time after another: (time_open, time, open, close, volume), prices as whole numbers."""
    made, begun, volume = [], None, 0
    base, bottom, top = rows[0][1], rows[0][1], rows[0][1]
    by_time = [list(some) for _, some in groupby(rows, key=lambda row: row[0])]
    for some in by_time[:-1]:  # more of the last time may come
        begun = some[0][0] if begun is None else begun
        volume += sum(row[2] for row in some)
        price, now = some[-1][1], some[-1][0]
        opened = closed = None
        if price >= top + size:
            opened, closed = top, base + (price - base) // size * size
            bottom, top = closed - size, closed
        elif price <= bottom - size:
            opened, closed = bottom, base - (base - price) // size * size
            bottom, top = closed, closed + size
        if opened is not None:
            made.append((min(begun, now - 1), now, opened, closed, volume))
            begun, volume = None, 0
    return made


def balanced(rows, first, span, by_volume):
    """Imbalance bars, row by row, with exact numbers: times of their ends."""
    ends, expected, usual, weight = [], Fraction(first), None, Fraction(2, span + 1)
    sign, before, balance, count = 0, None, 0, 0
    is_full = False
    for place, (now, price, amount) in enumerate(rows):
        if is_full and rows[place - 1][0] != now:
            mean = Fraction(balance, count)
            if usual is None:
                usual = mean
            else:
                usual += weight * (mean - usual)
                expected = min(max(expected + weight * (count - expected), Fraction(first, 10)), Fraction(10 * first))
            ends.append(rows[place - 1][0])
            balance, count, is_full = 0, 0, False
        sign = sign if before is None or price == before else (1 if price > before else -1)
        before = price
        balance += sign * (amount if by_volume else 1)
        count += 1
        is_full |= count >= first if usual is None else balance != 0 and abs(balance) >= expected * abs(usual)
    return ends


STEPS = st.lists(st.tuples(st.integers(0, 2), st.integers(-4, 4), st.integers(1, 3)), min_size=1, max_size=150)


def walk(steps, first=1000) -> list[Row]:
    now, price, rows = 0, first, []
    for step, move, amount in steps:
        now, price = now + step, price + move
        rows.append((now, price, amount))
    return rows


def test_bricks_lie_side_by_side():
    """A turn needs two heights from the last close; a jump of two heights is one bar."""
    prices = [100, 101, 102, 103, 101, 100, 98, 104, 104]
    stream = aggregate(stream_of([(k, price, 1) for k, price in enumerate(prices)]), renko=2)
    assert shown(stream) == [
        (0, 2, 100.0, 102.0, 100.0, 102.0, 3.0),
        (3, 6, 100.0, 100.0, 98.0, 98.0, 4.0),
        (6, 7, 100.0, 104.0, 100.0, 104.0, 1.0),
    ]


@settings(max_examples=60)
@given(STEPS, st.integers(1, 5), st.sampled_from([1.0, 0.1, 0.01, 0.25]))
@example([(1, 3, 1), (1, 0, 1)], 3, 0.1)
def test_bricks_are_those_that_are_laid_one_by_one(steps, size, unit):
    rows = walk(steps)
    found = shown(aggregate(stream_of(rows, unit), renko=size * unit))
    expected = bricks(rows, size)
    assert [(row[0], row[1], row[6]) for row in found] == [(row[0], row[1], float(row[4])) for row in expected]
    prices = [(round(row[2] / unit), round(row[5] / unit)) for row in found]
    assert prices == [row[2:4] for row in expected]
    for _, _, opened, high, low, closed, _ in found:
        assert (high, low) == (max(opened, closed), min(opened, closed))


def test_edges_of_bricks_are_the_decimals_that_they_are():
    stream = aggregate(stream_of([(k, 1000 + k, 1) for k in range(5)], 0.1), renko=0.1)
    assert [row[5] for row in shown(stream)] == [100.1, 100.2, 100.3]


def test_an_imbalance_bar_by_hand():
    """The first has four rows, signs 0 + + -, mean 1/4; the next needs 4 x 1/4 = 1: its first row, a fall."""
    rows = [(0, 10, 1), (1, 11, 1), (2, 12, 1), (3, 11, 1), (4, 11, 1), (5, 12, 1), (6, 12, 5)]
    assert [row[1] for row in shown(aggregate(stream_of(rows), tick_imbalance=4))] == [3, 4, 5]
    by_volume = aggregate(stream_of([*rows, (7, 13, 1)]), volume_imbalance=4, span=1)
    assert [row[1] for row in shown(by_volume)] == [3, 4, 5, 6]


@pytest.mark.parametrize("by_volume", [False, True])
@settings(max_examples=60)
@given(STEPS, st.integers(1, 12), st.sampled_from([1, 3, 7]), st.sampled_from([1, 10]))
@example([(1, 0, 1)] * 4 + [(1, 1, 1)] * 2, 2, 1, 1)  # nothing is expected, and a balance of 0 is no more than that
@example(
    [(1, move, 1) for move in (0, *(1, -1) * 5, 1, 1, 1, 1, 1, 1)], 12, 1, 1
)  # a bar of one row: E[T] falls to 1.2
def test_imbalance_bars_end_where_they_do_row_by_row(by_volume, steps, first, span, parts):
    rows = walk(steps)
    name = "volume_imbalance" if by_volume else "tick_imbalance"
    found = aggregate(stream_of(rows, parts=parts), **{name: first}, span=span)
    assert [row[1] for row in shown(found)] == balanced(rows, first, span, by_volume)


def reached(rows, measure, size):
    """Times at which bars of whole numbers end, row by row."""
    ends, open_rows = [], []
    for place, row in enumerate(rows[:-1]):
        open_rows.append(row)
        if row[0] != rows[place + 1][0] and measure(open_rows) >= size:
            ends.append(row[0])
            open_rows = []
    return ends


MEASURES = {
    "ticks": (len, 0),
    "volume": (lambda rows: sum(row[2] for row in rows), 1),
    "value": (lambda rows: sum(row[1] * row[2] for row in rows), 2),
    "price_range": (lambda rows: max(row[1] for row in rows) - min(row[1] for row in rows), 1),
}


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=60)
@given(STEPS, st.integers(1, 40), st.sampled_from([1, 10, 100, 8]))
@example([(1, 0, 1)] * 12, 10, 10)  # ten amounts of 0.1 are 1, which floats miss
@example([(1, 3, 1), (1, -3, 1)] * 3, 3, 10)  # 100.3 - 100.0 is 0.29999999999999716
def test_bars_of_fractions_end_where_those_of_whole_numbers_do(name, steps, size, parts):
    measure, power = MEASURES[name]
    rows = walk(steps)
    columns = {
        "time_exchange": times(*(row[0] for row in rows)),
        "price": [row[1] / parts for row in rows],
        "amount": [row[2] / parts for row in rows],
    }
    found = aggregate(trades(pl.DataFrame(columns), instrument="a_usd"), **{name: size / parts**power})
    assert [row[1] for row in shown(found)] == reached(rows, measure, size)


def test_quotes_have_bricks_and_imbalance_of_their_mids():
    columns = {"bid_price": [9.0, 10.0, 11.0, 12.0], "ask_price": [11.0, 12.0, 13.0, 14.0]}
    frame = pl.DataFrame({"time_exchange": times(0, 1, 2, 3), **columns, "bid_amount": 1.0, "ask_amount": 1.0})
    stream = quotes(frame, instrument="a_usd")
    assert [row[5] for row in shown(aggregate(stream, renko=1))] == [11.0, 12.0]
    assert [row[1] for row in shown(aggregate(stream, tick_imbalance=2))] == [1, 2]


@given(st.lists(st.integers(-2, 2), min_size=1, max_size=30), st.integers(0, 30))
def test_the_tick_rule_goes_on(moves, cut):
    prices = np.cumsum(moves).astype(float)
    whole = tick_rule(prices)
    cut = min(cut, len(prices))
    before = (prices[cut - 1], whole[cut - 1]) if cut else (np.nan, 0.0)
    assert whole[cut:].tolist() == tick_rule(prices[cut:], *before).tolist()
