"""Instruments, their index and its look-ups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.errors import InstrumentError
from barter_bt.instrument import IndexedInstruments, Instrument

NAMES = [("binance", "btc_usdt"), ("binance", "eth_usdt"), ("binance", "eth_btc"), ("kraken", "btc_usd")]
ALL = [*NAMES, ("kraken", "eth_btc")]


def index(*pairs: tuple[str, str]) -> IndexedInstruments:
    return IndexedInstruments([Instrument(*pair) for pair in pairs])


@given(st.permutations(ALL))
def test_the_order_of_declaration_is_of_no_consequence(order):
    """Instruments, assets and exchanges have the same numbers however they are declared."""
    one, other = index(*order), index(*ALL)
    assert one.instruments == other.instruments
    assert (one.names, one.assets, one.exchanges) == (other.names, other.assets, other.exchanges)
    assert (one.codes, one.bases, one.quotes) == (other.codes, other.bases, other.quotes)


def test_numbers_are_dense_and_sorted_by_exchange_then_name():
    """Canonical order: by exchange, then by name; assets likewise."""
    made = index(*ALL)
    assert [i.key for i in made.instruments] == [
        "binance.btc_usdt",
        "binance.eth_btc",
        "binance.eth_usdt",
        "kraken.btc_usd",
        "kraken.eth_btc",
    ]
    assert made.assets == [
        ("binance", "btc"),
        ("binance", "eth"),
        ("binance", "usdt"),
        ("kraken", "btc"),
        ("kraken", "eth"),
        ("kraken", "usd"),
    ]
    assert (made.bases, made.quotes) == ([0, 1, 1, 3, 4], [2, 0, 2, 5, 3])
    assert len(made) == 5


def test_names_are_plain_where_they_are_unique():
    """A name that two exchanges have is spelled with its exchange; the key works always."""
    made = index(*ALL)
    assert made.names == ["btc_usdt", "binance.eth_btc", "eth_usdt", "btc_usd", "kraken.eth_btc"]
    assert made.asset_names == ["binance.btc", "binance.eth", "usdt", "kraken.btc", "kraken.eth", "usd"]
    for k, one in enumerate(made.instruments):
        assert made.instrument(one.key) == made.instrument(made.names[k]) == k
    for k, (exchange, name) in enumerate(made.assets):
        assert made.asset(f"{exchange}.{name}") == made.asset(name, exchange) == made.asset(made.asset_names[k]) == k
    assert [made.exchange(name) for name in made.exchanges] == [0, 1]


@pytest.mark.parametrize(
    ("look_up", "hint"),
    [
        (lambda i: i.instrument("btc_usdtt"), "btc_usdt"),
        (lambda i: i.asset("usdtt"), "usdt"),
        (lambda i: i.exchange("binanse"), "binance"),
        (lambda i: i.instrument("kraken.btc_usdt"), "kraken.btc_usd"),
    ],
)
def test_a_look_up_of_an_unknown_name_says_what_is_near(look_up, hint):
    """The error names what was asked for and the nearest name that there is."""
    with pytest.raises(InstrumentError, match="unknown") as caught:
        look_up(index(*ALL))
    assert repr(hint) in caught.value.hint


def test_an_ambiguous_name_is_not_guessed():
    """A plain name that two exchanges have is unknown; the message lists the spellings that are known."""
    with pytest.raises(InstrumentError, match=r"binance\.eth_btc, .*kraken\.eth_btc"):
        index(*ALL).instrument("eth_btc")
    with pytest.raises(InstrumentError, match="btc"):
        index(*ALL).asset("btc")


def test_nothing_and_twice_the_same_are_errors():
    """An index needs an instrument, and each only once; the same name on two exchanges is fine."""
    with pytest.raises(InstrumentError, match="no instruments"):
        IndexedInstruments([])
    with pytest.raises(InstrumentError, match=r"'x\.a_usd' is given twice"):
        index(("x", "a_usd"), ("y", "a_usd"), ("x", "a_usd"))
    assert len(index(("x", "a_usd"), ("y", "a_usd"))) == 2


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "BTC_USD"}, "not lower case"),
        ({"name": ""}, "not lower case"),
        ({"name": "btc"}, "no quote asset"),
        ({"name": "usd_usd"}, "must differ"),
        ({"kind": "option"}, "allowed: spot, perpetual, future"),
        ({"contract_size": 10}, "contract_size 10; it must be 1"),
        ({"price_increment": 0}, "price_increment of 'a_usd' is 0; it must be positive"),
        ({"quantity_increment": -1}, "quantity_increment of 'a_usd' is -1; it must be positive"),
        ({"quantity_min": "x"}, "quantity_min of 'a_usd' is 'x', which is not a number"),
        ({"notional_min": float("nan")}, "notional_min of 'a_usd' is nan; it must be finite"),
        ({"kind": "future", "contract_size": 0}, "contract_size of 'a_usd' is 0; it must be positive"),
    ],
)
def test_a_badly_specified_instrument_is_an_error(arguments, message):
    """The message names the field, the value and what is allowed."""
    with pytest.raises(InstrumentError, match=message):
        Instrument("x", **{"name": "a_usd"} | arguments)
