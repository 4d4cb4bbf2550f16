"""Exchange ids."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.errors import InstrumentError
from barter_bt.instrument import EXCHANGES, IndexedInstruments, Instrument
from barter_bt.instrument.exchange import ALIASES, exchange_id

IDS = st.sampled_from(EXCHANGES)


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def test_the_ids_are_barters():
    """42 variants of ExchangeId, each once and as it is: spot and futures servers are distinct."""
    assert len(EXCHANGES) == len(set(EXCHANGES)) == 42
    assert {"other", "simulated", "mock", "binance_spot", "binance_futures_usd", "gateio_perpetuals_btc"} <= set(
        EXCHANGES
    )
    assert [exchange_id(name) for name in EXCHANGES] == list(EXCHANGES)


def test_huobi_is_htx():
    """Barter's test_de_exchange_id: both names are one exchange; look-ups know the one spelling and say so."""
    assert exchange_id("htx") == exchange_id("huobi") == "htx"
    assert set(ALIASES.values()) <= set(EXCHANGES)
    assert not set(ALIASES) & set(EXCHANGES)
    index = IndexedInstruments([Instrument("huobi", "btc_usdt")])
    assert index.exchanges == ["htx"]
    with pytest.raises(InstrumentError) as caught:
        index.exchange("huobi")
    assert caught.value.hint == "did you mean 'htx'?"


@given(st.from_regex(r"[a-z0-9]{1,4}(_[a-z0-9]{1,4}){0,3}", fullmatch=True).filter(lambda text: text not in ALIASES))
def test_any_snake_case_is_an_exchange(text):
    """One's own exchanges are not refused."""
    assert exchange_id(text) == Instrument(text, "a_usd").exchange == text


@given(st.text(max_size=12))
def test_anything_else_is_refused(text):
    """What is accepted is in snake case; the rest is an error with a hint."""
    if re.fullmatch("[a-z0-9]+(_[a-z0-9]+)*", text):
        exchange_id(text)
        return
    with pytest.raises(InstrumentError, match="snake case") as caught:
        Instrument(text, "a_usd")
    assert caught.value.hint


@given(IDS, st.sampled_from([camel, str.upper, lambda n: f" {n}", lambda n: n.capitalize(), lambda n: f"{n}_"]))
def test_a_near_miss_names_the_id(name, spell):
    """Capitals, spaces and hyphens: the known id is the hint."""
    for text in (spell(name), spell(name).replace("_", "-"), f"{spell(name)} "):
        if text == name:
            continue
        with pytest.raises(InstrumentError) as caught:
            exchange_id(text)
        assert caught.value.hint == f"did you mean {name!r}?"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "for example 'binance_spot'"),
        ("Binance Spt", "did you mean 'binance_spot'?"),
        ("Huobi", "did you mean 'htx'?"),
        ("binance__spot", "did you mean 'binance_spot'?"),
        ("My Own Broker", "write 'my_own_broker'"),
        (None, "write 'none'"),
        (7, "write '7'"),
    ],
)
def test_what_is_said_of_a_bad_id(text, hint):
    """The hint is the nearest known id, or the same text in snake case."""
    with pytest.raises(InstrumentError, match="snake case") as caught:
        exchange_id(text)
    assert hint in caught.value.hint
