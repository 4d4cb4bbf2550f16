"""Look-ups of one exchange, both ways: Barter's tests of its execution map, and of its index and builder.

Barter has a map for each exchange; here one index knows all exchanges, and a look-up names the exchange.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from barter_bt.errors import InstrumentError
from barter_bt.instrument import IndexedInstruments, Instrument


def spot(exchange: str, base: str, quote: str) -> Instrument:
    """As Barter's tests make one: the exchange spells everything in capitals."""
    names: dict[str, Any] = {"base_name_exchange": base, "quote_name_exchange": quote}
    return Instrument(exchange, f"{base}_{quote}".lower(), name_exchange=f"{base}_{quote}", **names)


WORLD = [("binance_spot", "BTC", "ETH"), ("coinbase", "BTC", "ETH"), ("kraken", "USDC", "USDT")]


def world() -> IndexedInstruments:
    return IndexedInstruments(spot(*one) for one in WORLD)


# The execution map


def test_an_exchange_by_name_and_by_index() -> None:
    """Each way is the other's inverse."""
    made = world()
    assert made.exchange("kraken") == 2
    assert made.exchange_name(made.exchange("kraken")) == "kraken"


def test_an_asset_by_the_exchanges_spelling_and_by_index() -> None:
    """USDC of kraken is usdc here, and the index of usdt is USDT there."""
    made = world()
    assert made.asset_at("kraken", "USDC") == made.asset("usdc", "kraken")
    assert made.asset_names_exchange[made.asset("usdt", "kraken")] == "USDT"
    assert made.asset_at("binance_spot", "BTC") != made.asset_at("coinbase", "BTC")


def test_an_instrument_by_the_exchanges_spelling_and_by_index() -> None:
    """USDC_USDT of kraken."""
    made = world()
    i = made.instrument("kraken.usdc_usdt")
    assert made.instrument_at("kraken", "USDC_USDT") == i == made.instrument("usdc_usdt")
    assert (made.instruments[i].name_exchange, made.instrument_name(i)) == ("USDC_USDT", "usdc_usdt")


@pytest.mark.parametrize(
    ("look_up", "message"),
    [
        (lambda made: made.asset_at("kraken", "BTC"), "unknown asset 'BTC'"),
        (lambda made: made.asset("btc", "kraken"), "unknown asset 'kraken.btc'"),
        (lambda made: made.instrument_at("kraken", "BTC_ETH"), "unknown instrument 'BTC_ETH'"),
        (lambda made: made.instrument("kraken.btc_eth"), "unknown instrument 'kraken.btc_eth'"),
        (lambda made: made.exchange("bitstamp"), "unknown exchange 'bitstamp'"),
        (lambda made: made.asset_at("bitstamp", "BTC"), "unknown exchange 'bitstamp'"),
        (lambda made: made.asset_name(999), "there is no asset 999"),
        (lambda made: made.instrument_name(999), "there is no instrument 999"),
        (lambda made: made.exchange_name(999), "there is no exchange 999"),
    ],
)
def test_what_an_exchange_does_not_have(look_up: Callable[[IndexedInstruments], Any], message: str) -> None:
    """Another exchange's asset or instrument, an exchange without instruments, a number that is not there."""
    with pytest.raises(InstrumentError) as caught:
        look_up(world())
    assert message in caught.value.message


def test_what_an_exchange_has() -> None:
    """Of kraken two assets and one instrument, as it spells them."""
    made = world()
    spelled = zip(made.assets, made.asset_names_exchange, strict=True)
    assert [name for (exchange, _), name in spelled if exchange == "kraken"] == ["USDC", "USDT"]
    assert [one.name_exchange for one in made.instruments if one.exchange == "kraken"] == ["USDC_USDT"]


# The builder and the index


def test_one_spot_instrument() -> None:
    """One exchange, two assets, one instrument of them; its internal name is its key."""
    made = IndexedInstruments([spot("binance_spot", "BTC", "USDT")])
    (one,) = made.instruments
    assert (made.exchanges, made.assets) == (["binance_spot"], [("binance_spot", "btc"), ("binance_spot", "usdt")])
    assert (made.bases, made.quotes, one.kind, one.key) == ([0], [1], "spot", "binance_spot.btc_usdt")
    assert (one.price_increment, one.quantity_increment, one.notional_min) == (None, None, None)


def test_instruments_of_two_exchanges() -> None:
    """The same asset of two exchanges is two assets; all are in order."""
    made = IndexedInstruments([spot("coinbase", "ETH", "USD"), spot("binance_spot", "BTC", "USDT")])
    assert made.exchanges == ["binance_spot", "coinbase"]
    assert made.assets == [
        ("binance_spot", "btc"),
        ("binance_spot", "usdt"),
        ("coinbase", "eth"),
        ("coinbase", "usd"),
    ]
    assert [(one.exchange, one.name_exchange) for one in made.instruments] == [
        ("binance_spot", "BTC_USDT"),
        ("coinbase", "ETH_USD"),
    ]
    assert (made.bases, made.quotes) == ([0, 2], [1, 3])
    three = [spot("binance_spot", "BTC", "USDT"), spot("binance_spot", "ETH", "USDT"), spot("coinbase", "BTC", "USD")]
    many = IndexedInstruments(three)
    assert (len(many.exchanges), len(many.assets), len(many)) == (2, 5, 3)


def test_a_spec_that_counts_in_an_asset_adds_none() -> None:
    """Barter's spec counts quantities in BTC: still two assets, the first of them btc."""
    spec: dict[str, Any] = {
        "price_min": "0.1",
        "price_increment": "0.1",
        "quantity_min": "0.001",
        "quantity_increment": "0.001",
    }
    one = Instrument("binance_spot", "btc_usdt", quantity_unit="asset", notional_min=10, **spec)
    assert IndexedInstruments([one]).assets == [("binance_spot", "btc"), ("binance_spot", "usdt")]
