"""Exact arithmetic: what the compiler takes equals Python's unbounded integers (rules 2 and 3)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from barter_bt.columns import entry, kernel
from barter_bt.columns.block import Block
from barter_bt.columns.column import F64, I64
from barter_bt.columns.exact import LIMIT, TOO_LARGE, difference, muldiv, muldiv_floor
from barter_bt.columns.table import Table
from barter_bt.engine.accounting import fee_of, notional, weighted_mid
from barter_bt.engine.latency import draw
from barter_bt.engine.terms import RATE, Terms, steps

EDGES = sorted(
    {max(0, min(LIMIT, (1 << k) + d)) for k in range(63) for d in (-2, -1, 0, 1, 2)}
    | {10**k for k in range(19)}
    | {3 * 10**k for k in range(18)}
)
FACTOR = st.one_of(st.sampled_from(EDGES), st.integers(0, LIMIT), st.integers(0, 1 << 31), st.integers(0, 1000))
DIVISOR = FACTOR.filter(lambda c: c > 0)


def each_muldiv(a, b, c, nearest, floor):
    """Both functions over arrays, as the compiler sees them."""
    for k in range(len(a)):
        nearest[k] = muldiv(a[k], b[k], c[k])
        floor[k] = muldiv_floor(a[k], b[k], c[k])


def both(a: list[int], b: list[int], c: list[int]) -> tuple[list[int], list[int]]:
    nearest, floor = np.zeros(len(a), np.int64), np.zeros(len(a), np.int64)
    arrays = [np.array(values, np.int64) for values in (a, b, c)]
    with pytest.MonkeyPatch.context() as patch:  # int64 is what only compiled code computes with
        patch.delenv("BARTER_BT_INTERPRET", raising=False)
        compiled = kernel.compiled_function(each_muldiv)
    compiled(*arrays, nearest, floor)
    return nearest.tolist(), floor.tolist()


def rhe(value: Fraction) -> int:
    """Rule 3's rounding, by Python's own fractions (half to even)."""
    return round(value)


@given(a=FACTOR, b=FACTOR, c=DIVISOR)
@example(LIMIT, LIMIT, LIMIT)
@example(LIMIT, LIMIT, 1)
@example(LIMIT, 1, 1)
@example(LIMIT, 3, 2)
@example(0, LIMIT, LIMIT)
@example(5, 1, 2)
@example(7, 1, 2)
def test_rule_3_the_python_form_is_exact(a, b, c):
    """Rule 3: `muldiv` is the exact quotient rounded half to even; `muldiv_floor` rounds down; capped at the limit."""
    assert muldiv(a, b, c) == min(rhe(Fraction(a * b, c)), TOO_LARGE)
    assert muldiv_floor(a, b, c) == min(a * b // c, TOO_LARGE)


@settings(deadline=None)
@given(rows=st.lists(st.tuples(FACTOR, FACTOR, DIVISOR), min_size=1, max_size=200))
def test_the_native_forms_equal_the_python_forms(rows):
    """Compiled on int64, both give what they give on unbounded integers, over the whole range and its edges."""
    a, b, c = map(list, zip(*rows, strict=True))
    nearest, floor = both(a, b, c)
    assert nearest == [muldiv(*row) for row in rows]
    assert floor == [muldiv_floor(*row) for row in rows]


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, LIMIT), DIVISOR, st.integers(-2, 2), st.integers(0, 1)), min_size=1, max_size=100
    )
)
def test_the_native_forms_round_ties_like_python(rows):
    """Quotients at and right beside a whole number and a half: a product within 2 of k·c or (k + 1/2)·c."""
    triples = []
    for product, c, off, half in rows:
        target = product // c * c + half * (c // 2) + off
        for b in (1, 2, 3):
            if 0 <= target // b <= LIMIT:
                triples.append((target // b, b, c))
    if triples:
        nearest, floor = both(*map(list, zip(*triples, strict=True)))
        assert nearest == [muldiv(*t) for t in triples]
        assert floor == [muldiv_floor(*t) for t in triples]


def test_the_native_forms_at_all_pairs_of_edges():
    """Every pair of edges with a seeded third, both ways round."""
    rng = np.random.default_rng(5)
    edges = [e for e in EDGES if e > 0]
    triples = []
    for a in EDGES:
        for c in edges:
            b = EDGES[int(rng.integers(len(EDGES)))]
            triples += [(a, b, c), (b, a, c)]
    nearest, floor = both(*map(list, zip(*triples, strict=True)))
    assert nearest == [muldiv(*t) for t in triples]
    assert floor == [muldiv_floor(*t) for t in triples]


class Cases(Table):
    """Arguments and results."""

    lots: I64
    ticks: I64
    value: I64
    cost: I64
    amount: F64
    step: I64


class Desk(Block):
    """Terms of one instrument, and cases."""

    terms: Terms
    cases: Cases


def deal(d: Desk, one: Desk, two: Desk, three: Desk) -> int:
    """Notional, fee and steps of each case."""
    cases, terms = d.cases, d.terms
    for row in range(len(cases)):
        cases.value[row] = notional(terms, 0, cases.lots[row], cases.ticks[row])
        cases.cost[row] = 0
        if cases.value[row] <= LIMIT:
            cases.cost[row] = fee_of(terms, 0, cases.value[row], cases.lots[row], 0)
        cases.step[row] = steps(cases.amount[row], terms.lots_per_unit[0], terms.lot_noise[0])
    return 0


def desk(num: int, den: int, rate: int = 0, per_lot: tuple[int, int] = (0, 1), rows: int = 1) -> Desk:
    terms = Terms(1)
    terms.num[0], terms.den[0], terms.den_inverse[0] = num, den, 1.0 / den
    terms.lots_max[0] = LIMIT // num
    terms.taker_rate[0], terms.maker_rate[0] = rate, -rate // 2
    terms.lot_fee_num[0], terms.lot_fee_den[0] = per_lot
    terms.lots_per_unit[0], terms.lot_noise[0] = 1000.0, 1e-6
    return Desk(terms=terms, cases=Cases(rows))


def expected_notional(ticks: int, lots: int, num: int, den: int) -> int:
    exact = rhe(Fraction(ticks * lots * num, den))
    return exact if exact <= LIMIT else TOO_LARGE


RATIO = st.fractions(min_value=Fraction(1, 10**15), max_value=10**12, max_denominator=10**15).filter(
    lambda x: 0 < x.numerator <= LIMIT
)


@given(ratio=RATIO, lots=FACTOR, ticks=FACTOR)
@example(Fraction(1, 2), 1, 1)
@example(Fraction(1, 2), 3, 1)
@example(Fraction(1), LIMIT, 1)
@example(Fraction(1), LIMIT, LIMIT)
@example(Fraction(16_397, 10**15), 281_474_976_710_654, 1)
def test_rule_3_notional_is_the_exact_product_rounded_half_to_even(ratio, lots, ticks):
    """Rule 3: notional = rhe(ticks·lots·num/den); rule 2: what leaves the range is seen to, and its factors as well."""
    d = desk(ratio.numerator, ratio.denominator)
    value = notional(d.terms, 0, lots, ticks)
    exact = expected_notional(ticks, lots, ratio.numerator, ratio.denominator)
    factors = lots <= d.terms.lots_max[0] or ticks <= LIMIT // ratio.numerator
    assert value == (exact if factors else TOO_LARGE)


def test_rule_3_notional_and_fee_compiled_are_those_interpreted():
    """Rule 3: seeded wide cases, among them ties; compiled, interpreted and fractions agree."""
    rng = np.random.default_rng(3)
    for num, den, rate, per_lot in (
        (1, 1, 0, (0, 1)),
        (1, 2, 1_000_000, (0, 1)),
        (5, 4, 999_999_999, (1, 3)),
        (1, 10**9, 350_000, (10**9, 7)),
        (10**7, 3, -250_000, (5, 1)),
        (1, (1 << 55) + 1, 1, (0, 1)),
    ):
        rows = 4000
        d, e = (desk(num, den, rate, per_lot, rows) for _ in range(2))
        for one in (d, e):
            rng = np.random.default_rng(3)
            for name in ("lots", "ticks"):
                size = rng.integers(1, 62, rows)
                one.cases.array(name)[:] = (rng.random(rows) * 2.0**size).astype(np.int64)
            one.cases.array("amount")[:] = np.round(rng.random(rows) * 1e6, 3) + rng.integers(0, 2, rows) * 2e-9
        entry.compile_entry(deal, (Desk,) * 4, {})(*(d.address,) * 4)
        deal(e, e, e, e)
        for name in ("value", "cost", "step"):
            np.testing.assert_array_equal(d.cases.array(name), e.cases.array(name))
        for row in range(rows):
            lots, ticks = e.cases.lots[row], e.cases.ticks[row]
            exact = expected_notional(ticks, lots, num, den)
            if lots <= LIMIT // num:
                assert e.cases.value[row] == exact
            if e.cases.value[row] <= LIMIT:
                share = rhe(Fraction(abs(rate) * e.cases.value[row], RATE)) * (1 if rate >= 0 else -1)
                extra = rhe(Fraction(lots * per_lot[0], per_lot[1])) if per_lot[0] else 0
                assert e.cases.cost[row] == min(share + min(extra, TOO_LARGE), TOO_LARGE)


@given(
    bid=st.integers(1, 9 * 10**15),
    spread=st.integers(1, 10**9),
    amounts=st.tuples(st.integers(1, 10**18), st.integers(1, 10**18)),
)
def test_rule_6_the_weighted_mid_lies_inside_the_spread(bid, spread, amounts):
    """Rule 6: bid + rhe((ask - bid)·bid_amount / (bid_amount + ask_amount))."""
    mid = weighted_mid(bid, amounts[0], bid + spread, amounts[1])
    assert mid == bid + rhe(Fraction(spread * amounts[0], sum(amounts)))
    assert bid <= mid <= bid + spread


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, 0), (0.001, 1), (1.2345, -1), (1.0000000005, 1000), (1.00001, -1), (-1.0, -1), (float("nan"), -1)]
    + [(float("inf"), -1), (1e300, -1), (4e15, 4 * 10**18), (123456789.123, 123456789123)],
)
def test_rule_20_steps_of_a_float(value, expected):
    """Rule 20: on the grid within 1e-6 of a step or float noise, else -1; so are what is no amount at all."""
    assert steps(value, 1000.0, 1e-6) == expected


def chained(numbers, draws, differences, products):
    """Draws from draws, and products of what is known to be small: the compiler knows ranges of both."""
    for k in range(len(numbers)):
        small = numbers[k] & 0xFFFFFFFF
        draws[k] = draw(draw(numbers[k], 1, k), draw(small, 2, k), k)
        lots, ticks = small << 20, (small | 1) << 28
        differences[k] = difference(lots, ticks, lots - 1, ticks)
        products[k] = muldiv(ticks + small, lots + 1, ticks)


def test_what_wraps_around_is_the_same_where_the_compiler_knows_ranges():
    """Numba says of numbers with a sign that they never overflow: what may has none, or each chained draw differs."""
    numbers = np.random.default_rng(5).integers(0, 1 << 62, 2_000)
    found, wanted = [[np.zeros(len(numbers), np.int64) for _ in range(3)] for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BARTER_BT_INTERPRET", raising=False)
        kernel.compiled_function(chained)(numbers, *found)
    chained(numbers.tolist(), *wanted)
    for name, one, other in zip(("draws", "differences", "products"), found, wanted, strict=True):
        assert (one == other).all(), name
