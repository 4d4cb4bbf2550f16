"""Specifications, checked before sending and enforced at the venue (rules 17 and 20)."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.engine.order import REASONS
from barter_bt.errors import InstrumentError
from barter_bt.instrument import Instrument
from tests.draws import draws
from tests.engine.tiny import run, schedule, table, trades

TICKS, LOTS = ("1", "0.01", "0.5", "0.00001", "0.00003"), ("1", "0.001", "0.1", "0.00025")
SIZES = ("1", "0.01", "10", "0.003")
CENTER = 100  # prices in ticks lie around it


@st.composite
def specified(draw):
    """An instrument with minima on and between its steps, near what the orders below have."""
    tick, lot = Decimal(draw(st.sampled_from(TICKS))), Decimal(draw(st.sampled_from(LOTS)))
    size = Decimal(draw(st.sampled_from(SIZES))) if draw(st.booleans()) else None
    value = CENTER * tick * lot * (size or 1)
    halves = st.none() | st.integers(1, 12).map(lambda n: Decimal(n) / 2)
    quantity, price, notional = draw(halves), draw(st.none() | st.integers(185, 215)), draw(halves)
    terms = {
        "price_increment": tick,
        "quantity_increment": lot,
        "quantity_min": quantity and quantity * lot,
        "price_min": price and Decimal(price) / 2 * tick,
        "notional_min": notional and notional * value,
    }
    if draw(st.booleans()):
        terms = {name: value if value is None else str(value) for name, value in terms.items()}
    return Instrument("x", "a_usd", kind="perpetual" if size else "spot", contract_size=size or 1, **terms)


@settings(max_examples=draws(60), deadline=None)
@given(specified(), st.lists(st.tuples(st.integers(1, 8), st.none() | st.integers(90, 110)), min_size=1, max_size=8))
def test_the_venue_and_the_check_agree(one, orders):
    """Whatever the check has no objection to is not rejected by the venue for it, and the other way round."""
    tick, lot = Decimal(str(one.price_increment)), Decimal(str(one.quantity_increment))
    rows, expected = [], []
    for lots, ticks in orders:
        quantity, price = float(lots * lot), None if ticks is None else float(ticks * tick)
        rows.append({"at": 2, "buy": quantity} | ({} if price is None else {"limit": price}))
        expected.append(one.check_order(quantity, price))
    last = float(CENTER * tick)
    result = run(trades((1, last, 1000), (9, last, 1000)), schedule(*rows), one, balances={"usd": 10**7})
    assert list(result.orders["reason"]) == expected
    assert set(result.orders["status"]) <= ({"rejected"} if all(expected) else {"rejected", "filled", "open"})
    for reason in filter(None, expected):
        assert reason in REASONS


@given(specified(), st.integers(1, 20), st.integers(1, 300), st.integers(0, 5), st.integers(0, 50))
def test_more_is_never_worse(one, lots, ticks, lots_more, ticks_more):
    """An order that is accepted is accepted with a larger quantity and a higher price; the sign does not matter."""
    tick, lot = Decimal(str(one.price_increment)), Decimal(str(one.quantity_increment))
    if one.check_order(lots * lot, ticks * tick) is None:
        assert one.check_order(-(lots + lots_more) * lot, (ticks + ticks_more) * tick) is None
        assert one.check_order(lots * lot) is None


def test_rule_17_the_lowest_price():
    """Rule 17: a limit below price_min is rejected with a reason of its own, after quantity and before notional."""
    one = Instrument(
        "x", "a_usd", price_increment=1, quantity_increment=1, price_min="89.5", quantity_min=2, notional_min=181
    )
    cases = [
        ((1, 80), "below_minimum"),
        ((2, 89), "below_price_min"),
        ((2, 90), "below_minimum"),
        ((2, 91), None),
        ((2, None), None),
    ]
    rows = [{"at": 2, "buy": lots} | ({} if price is None else {"limit": price}) for (lots, price), _ in cases]
    result = run(trades((1, 100, 9), (9, 100, 9)), schedule(*rows), one)
    assert table(result.orders, "reason") == [(reason,) for _, reason in cases]
    assert [one.check_order(*order) for order, _ in cases] == [reason for _, reason in cases]
    assert one.price_min == "89.5"


@pytest.mark.parametrize(
    ("quantity", "price", "reason"),
    [
        (0.003, 0.5, None),
        (0.1 + 0.2, 0.5, None),  # float noise
        (0.0035, None, "off_grid"),
        (0.003, 0.3, "off_grid"),
        (0.003, 0, "off_grid"),
        (0.003, -0.5, "off_grid"),
        (0, None, "below_minimum"),
        ("0.003", Decimal("1.0"), None),
        (1e12, 1e12, None),
    ],
)
def test_off_the_grid(quantity, price, reason):
    """Rule 20: what is not a whole number of increments cannot be sent."""
    assert (
        Instrument("x", "a_usd", price_increment="0.5", quantity_increment="0.001").check_order(quantity, price)
        == reason
    )


def test_without_increments_everything_is_on_the_grid():
    """Rule 20: values are rounded to the resolution of 1e-9; less than half of it is nothing."""
    one = Instrument("x", "a_usd", notional_min=10)
    assert one.check_order(0.1 / 3, 300) == "below_minimum"
    assert one.check_order(1 / 3, 31) is None
    assert one.check_order(4e-10) == "below_minimum"


def test_the_unit_of_quantity_counts():
    """Notional: contracts times their size, units of the asset as they are, and quote is notional already."""
    terms = {"kind": "perpetual", "contract_size": 10, "price_increment": 1, "quantity_increment": 1}
    minimum = {"notional_min": 100}
    assert Instrument("x", "a_usd", **terms, **minimum).check_order(1, 10) is None
    assert Instrument("x", "a_usd", quantity_unit="asset", **terms, **minimum).check_order(1, 10) == "below_minimum"
    quote = Instrument("x", "a_usd", quantity_unit="quote", **terms, **minimum)
    assert [quote.check_order(99), quote.check_order(100), quote.check_order(100, 1)] == ["below_minimum", None, None]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "x"])
def test_what_is_no_number_is_an_error(bad):
    """A quantity or price that is not a finite number."""
    one = Instrument("x", "a_usd")
    with pytest.raises(InstrumentError, match="quantity is"):
        one.check_order(bad)
    with pytest.raises(InstrumentError, match="price is"):
        one.check_order(1, bad)
