"""Instruments: names, assets, what is refused."""

import pytest

from barter_bt.errors import InstrumentError
from barter_bt.instrument import Instrument


def test_base_and_quote_are_the_halves_of_the_name():
    """By default; both can be given, and the exchange's own spelling is kept verbatim."""
    assert (Instrument("x", "a_b_usd").base, Instrument("x", "a_b_usd").quote) == ("a_b", "usd")
    one = Instrument("x", "index", base="dax", quote="eur", kind="future", name_exchange="DAX 06")
    assert (one.base, one.quote, one.name_exchange, one.is_derivative, one.key) == (
        "dax",
        "eur",
        "DAX 06",
        True,
        "x.index",
    )
    assert not Instrument("x", "a_usd").is_derivative


def test_the_fields_that_were_first_stay_first():
    """Positional arguments of older code mean what they meant."""
    one = Instrument("x", "n", "b", "q", "future", 10, "0.5", 1, 2, 3, "N")
    assert (one.contract_size, one.price_increment, one.quantity_increment) == (10, "0.5", 1)
    assert (one.quantity_min, one.notional_min, one.name_exchange) == (2, 3, "N")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "BTC_USD"}, "not lower case"),
        ({"name": ""}, "not lower case"),
        ({"name": "btc"}, "no quote asset"),
        ({"name": "usd_usd"}, "must differ"),
        ({"base": "BTC"}, "base of 'a_usd' is 'BTC'; asset names are lower case"),
        ({"quote": "USD"}, "quote of 'a_usd' is 'USD'; asset names are lower case"),
        ({"contract_size": 10}, "contract_size 10; it must be 1"),
        ({"price_increment": 0}, "price_increment of 'a_usd' is 0; it must be positive"),
        ({"quantity_increment": -1}, "quantity_increment of 'a_usd' is -1; it must be positive"),
        ({"quantity_min": "x"}, "quantity_min of 'a_usd' is 'x', which is not a number"),
        ({"notional_min": float("nan")}, "notional_min of 'a_usd' is nan; it must be finite"),
        ({"price_min": -1}, "price_min of 'a_usd' is -1; it must be positive"),
        ({"kind": "future", "contract_size": 0}, "contract_size of 'a_usd' is 0; it must be positive"),
    ],
)
def test_a_badly_specified_instrument_is_an_error(arguments, message):
    """The message names the field, the value and what is allowed."""
    with pytest.raises(InstrumentError, match=message):
        Instrument("x", **{"name": "a_usd"} | arguments)


@pytest.mark.parametrize("field", ["base", "quote"])
def test_the_hint_says_where_the_exchanges_spelling_goes(field):
    """The canonical name is lower case, the exchange's own is kept beside it."""
    with pytest.raises(InstrumentError) as caught:
        Instrument("x", "a_usd", **{field: "XBT"})
    assert caught.value.hint == f"put the exchange's spelling in {field}_name_exchange"
