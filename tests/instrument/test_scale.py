"""Rule 1: the integer units of prices, quantities and money."""

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Instrument, choose_scales

MOST_TICKS, MOST_UNITS = 9 * 10**15, 10**16


def one(**terms: object) -> IndexedInstruments:
    return IndexedInstruments([Instrument("x", **{"name": "a_usd"} | terms)])


def test_rule_1_increments_are_the_units_and_1e9th_is_the_default():
    """Rule 1: tick and lot are the declared increments; the resolution is 1e-9 where none is declared."""
    scales = choose_scales(one(price_increment="0.05", quantity_increment=0.001), {0: (1.0, 1e9)}, {})
    assert (scales.ticks, scales.lots) == ((Decimal("0.05"),), (Decimal("0.001"),))
    assert choose_scales(one(), {0: (0.1, 100.0)}, {}).ticks == (Decimal("1e-9"),)


@given(st.floats(0.1, 1e17))
def test_rule_1_the_resolution_is_coarsened_until_the_largest_price_fits(price):
    """Rule 1: by powers of ten until the largest price is at most 9e15 ticks, and not further."""
    tick = choose_scales(one(), {0: (max(price / 1000, 0.1), price)}, {}).ticks[0]
    assert Decimal(price) / tick <= MOST_TICKS
    assert tick == Decimal("1e-9") or Decimal(price) / (tick / 10) > MOST_TICKS
    assert (tick / Decimal("1e-9")).log10() % 1 == 0


@given(st.integers(0, 10**20))
def test_rule_1_the_unit_is_coarsened_until_the_balance_fits(balance):
    """Rule 1: by powers of ten until the starting balance is at most 1e16 units, and not further."""
    unit = choose_scales(one(quantity_increment=1), {}, {1: Decimal(balance)}).units[1]
    assert balance / unit <= MOST_UNITS
    assert unit == Decimal("1e-9") or balance / (unit / 10) > MOST_UNITS


@pytest.mark.parametrize("balance", [0, 1, 10**14, 10**18])
@pytest.mark.parametrize("lot", ["1", "1e-8", "3e-10", "0.25", "7"])
def test_rule_1_a_lot_of_base_is_a_whole_number_of_units(balance, lot):
    """Rule 1: the unit of a base asset is made finer until one lot is a whole number of it."""
    scales = choose_scales(one(quantity_increment=lot), {}, {0: Decimal(balance)})
    assert Decimal(lot) % scales.units[0] == 0


def test_rule_1_a_huge_account():
    """Rule 1: 1e14 of quote give units of 0.01; one tick × one lot is then an exact fraction of it."""
    index = one(price_increment="0.01", quantity_increment="0.001")
    scales = choose_scales(index, {}, {1: Decimal(10**14)})
    assert scales.units[1] == Decimal("0.01")
    assert scales.value(index, 0) == Fraction(1, 1000)


def test_rule_1_tiny_prices():
    """Rule 1: prices of 1e-8 with a lot of one million stay whole ticks and lots."""
    index = one(name="shib_btc", price_increment="1e-8", quantity_increment=10**6)
    scales = choose_scales(index, {}, {index.asset("btc"): Decimal(2)})
    assert scales.value(index, 0) == Fraction(Decimal("0.01") / Decimal("1e-9"))
    assert choose_scales(one(), {0: (1.234e-5, 1.0)}, {}).ticks[0] == Decimal("1e-13")


@given(st.floats(1e-13, 1e9), st.floats(1, 1e6))
@example(1e-6, 1.0)  # as a float a little below that
def test_rule_1_the_smallest_price_keeps_its_digits(low, ratio):
    """Rule 1: nine digits, as far as the largest price and a tick of 1e-18 allow it; six in any case, or an error."""
    tick = choose_scales(one(), {0: (low, low * ratio)}, {}).ticks[0]
    smallest, largest = (Decimal(repr(price)) / tick for price in (low, low * ratio))
    assert smallest >= 10**5
    assert smallest >= 10**8 or largest * 10 > MOST_TICKS or tick == Decimal("1e-18")
    assert largest <= MOST_TICKS


@given(st.floats(1e-13, 1e-3), st.floats(1e12, 1e18))
def test_rule_1_prices_too_far_apart_are_refused_and_the_hint_helps(low, ratio):
    """Rule 1: no tick can count both; without the prices that the hint says are too small, one can."""
    with pytest.raises(ConfigError, match="six digits") as caught:
        choose_scales(one(), {0: (low, low * ratio)}, {})
    least = float(re.search(r"those from (\S+) up", caught.value.hint)[1])
    choose_scales(one(), {0: (least, low * ratio)}, {})


def simulated(index, prices=None, balances=None, **options):
    return choose_scales(index, prices or {}, balances or {}, simulated=True, **options)


@pytest.mark.parametrize(
    ("lot", "unit"), [("1", "1"), ("1000", "1000"), ("1e-5", "1e-5"), ("0.25", "0.01"), ("7", "1")]
)
def test_rule_1_in_a_run_what_is_only_a_base_is_counted_in_lots(lot, unit):
    """Rule 1: the largest power of ten of which all lots are whole multiples; what is told from outside, in 1e-9."""
    index = one(quantity_increment=lot)
    assert simulated(index).units == (Decimal(unit), Decimal("1e-9"))
    assert choose_scales(index, {}, {}).units[0] <= Decimal("1e-9")


@pytest.mark.parametrize(
    ("balance", "unit"),
    [("5", "1"), ("5.5", "0.1"), ("12345678901.12345678", "1e-5"), ("0.000000000000000001", "1e-9"), ("1e17", "1")],
)
def test_rule_1_a_starting_balance_makes_the_unit_finer_while_there_is_room(balance, unit):
    """Rule 1: by powers of ten, down to 1e-9, while it is at most 1e16 units."""
    assert simulated(one(quantity_increment=1), None, {0: Decimal(balance)}).units[0] == Decimal(unit)


def test_rule_1_money_is_what_is_quoted_settled_reported_or_divided_into():
    """Rule 1: of it there are amounts that are no whole lots."""
    lots = {"quantity_increment": 1, "price_increment": 1}
    pair = [Instrument("x", name, **lots) for name in ("shib_usd", "doge_usd", "elon_doge", "doge_jpy")]
    index = IndexedInstruments(pair)

    def coarse(**options):
        units = simulated(index, **options).units
        return {name for (_, name), unit in zip(index.assets, units, strict=True) if unit == 1}

    assert coarse(reporting=index.asset("usd")) == {"shib", "elon"}
    assert coarse(reporting=index.asset("shib")) == {"elon"}
    only = IndexedInstruments(pair[:2] + [Instrument("x", "doge_eur", **lots)])
    units = simulated(only, reporting=only.asset("usd")).units
    assert units[only.asset("doge")] == Decimal("1e-9"), "euros are divided by the price of doge"


def test_rule_1_money_is_coarse_enough_for_what_one_trade_makes_of_a_balance():
    """Rule 1: ten thousand bitcoins in rupiahs, a billion dollars in dogecoins, though nothing is held of these."""
    index = IndexedInstruments([Instrument("x", "btc_idr", price_increment=1000)])
    assert simulated(index, None, {index.asset("btc"): Decimal(10_000)}).units[1] == Decimal("0.001")
    pair = [Instrument("x", "doge_usd", price_increment="1e-5"), Instrument("x", "elon_doge", price_increment="1e-8")]
    index = IndexedInstruments(pair)
    units = simulated(index, None, {index.asset("usd"): Decimal(10**9)}).units
    assert units[index.asset("doge")] == Decimal("1e-5")


@given(st.floats(1e-12, 1e6), st.floats(1, 1e3), st.integers(0, 10**12))
def test_rule_1_a_lot_that_is_not_declared_is_worth_a_unit_of_money(low, ratio, balance):
    """Rule 1: at the smallest price; so a position of 460 times the starting balance stays in range."""
    scales = simulated(one(), {0: (low, low * ratio)}, {1: Decimal(balance)})
    worth, unit = Fraction(scales.lots[0]) * Fraction(str(low)), Fraction(scales.units[1])
    assert worth >= unit
    assert scales.lots[0] == Decimal("1e-9") or worth < 10 * unit


def test_rule_1_a_unit_that_is_chosen_must_suit_the_lots():
    index = one(quantity_increment="0.01")
    assert simulated(index, units={0: Decimal("0.001"), 1: Decimal("0.01")}).units == (
        Decimal("0.001"),
        Decimal("0.01"),
    )
    with pytest.raises(ConfigError, match=r"a lot of 'x\.a_usd'"):
        simulated(index, units={0: Decimal(1)})


def test_rule_1_a_future_settled_in_btc():
    """Rule 1: tick × lot × contract size in units of the quote asset, whatever that is."""
    index = one(name="eth_btc", kind="perpetual", contract_size="0.01", price_increment="0.00001", quantity_increment=1)
    scales = choose_scales(index, {}, {index.asset("btc"): Decimal("0.5")})
    assert scales.value(index, 0) == Fraction(Decimal("1e-7") / Decimal("1e-9")) == 100


def test_rule_1_an_asset_that_is_quote_of_one_and_base_of_another():
    """Rule 1: its unit serves both: coarse by the balance, then fine enough for a lot."""
    pair = [Instrument("x", "btc_usd", quantity_increment="1e-8"), Instrument("x", "eth_btc", price_increment="1e-6")]
    index = IndexedInstruments(pair)
    btc = index.asset("btc")
    assert choose_scales(index, {}, {btc: Decimal(10**9)}).units[btc] == Decimal("1e-8")


@given(
    tick=st.sampled_from(["1", "0.05", "1e-8", "0.25", "3"]),
    lot=st.sampled_from(["1", "0.001", "5", "1e-9"]),
    size=st.sampled_from(["1", "10", "0.1", "100"]),
    balance=st.sampled_from([0, 10**4, 10**14]),
)
def test_rule_1_the_value_of_a_tick_and_lot_is_exact(tick, lot, size, balance):
    """Rule 1: one tick × one lot × contract size = num / den units, reduced."""
    index = one(kind="future", contract_size=size, price_increment=tick, quantity_increment=lot)
    scales = choose_scales(index, {}, {1: Decimal(balance)})
    exact = Fraction(tick) * Fraction(lot) * Fraction(size) / Fraction(scales.units[1])
    assert scales.value(index, 0) == exact
