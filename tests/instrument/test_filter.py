"""Filters of instruments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.errors import InstrumentError
from barter_bt.instrument import IndexedInstruments, Instrument, InstrumentFilter

ALL = IndexedInstruments(
    Instrument(exchange, name, base, quote, kind)
    for exchange in ("kraken", "okx", "x")
    for name, base, quote, kind in (
        ("btc_usdt", "btc", "usdt", "spot"),
        ("btc_usdt_swap", "btc", "usdt", "perpetual"),
        ("eth_btc", "eth", "btc", "spot"),
        ("eth_usdt", "eth", "usdt", "spot"),
    )
)
PAIRS = [("btc", "usdt"), ("eth", "btc"), ("eth", "usdt")]


def some(values):
    return st.lists(st.sampled_from(values), max_size=6)


def test_none_filters_nothing_out():
    """All, in index order."""
    assert InstrumentFilter.none().select(ALL) == list(range(len(ALL)))


@given(some(ALL.exchanges))
def test_by_exchanges(names):
    """Those of the exchanges named, each once, in index order, in whatever order and however often they are named."""
    expected = [i for i, one in enumerate(ALL.instruments) if one.exchange in names]
    assert InstrumentFilter.exchanges(*names).select(ALL) == expected
    assert InstrumentFilter.exchanges(*(ALL.exchange(name) for name in names)).select(ALL) == expected


@given(some(range(len(ALL))))
def test_by_instruments(chosen):
    """Those named, by name, key or index."""
    expected = sorted(set(chosen))
    assert InstrumentFilter.instruments(*chosen).select(ALL) == expected
    assert InstrumentFilter.instruments(*(ALL.instrument_name(i) for i in chosen)).select(ALL) == expected
    assert InstrumentFilter.instruments(*(ALL.instruments[i].key for i in chosen)).select(ALL) == expected


@given(some(PAIRS))
def test_by_underlyings(pairs):
    """Those of every exchange and kind with one of the pairs."""
    expected = [i for i, one in enumerate(ALL.instruments) if (one.base, one.quote) in pairs]
    assert InstrumentFilter.underlyings(*pairs).select(ALL) == expected


@given(some(ALL.exchanges), some(ALL.exchanges), some(PAIRS))
def test_filters_are_unions_of_their_parts(some_names, more_names, pairs):
    """A filter of two lists selects what the filters of each select; a filter is a value."""
    both = InstrumentFilter.exchanges(*some_names, *more_names).select(ALL)
    parts = [InstrumentFilter.exchanges(*names).select(ALL) for names in (some_names, more_names)]
    assert both == sorted(set(parts[0]) | set(parts[1]))
    single = [InstrumentFilter.underlyings(pair).select(ALL) for pair in pairs]
    assert InstrumentFilter.underlyings(*pairs).select(ALL) == sorted({i for part in single for i in part})
    assert InstrumentFilter.underlyings(*pairs) == InstrumentFilter.underlyings(*pairs)
    assert hash(InstrumentFilter.exchanges(*some_names)) == hash(InstrumentFilter.exchanges(*some_names))


@pytest.mark.parametrize(
    "make", [InstrumentFilter.exchanges, InstrumentFilter.instruments, InstrumentFilter.underlyings]
)
def test_nothing_named_is_nothing_selected(make):
    """An empty list of names is not "all": closing the positions of no instrument closes none."""
    assert make().select(ALL) == []


@pytest.mark.parametrize(
    ("chosen", "message", "hint"),
    [
        (InstrumentFilter.exchanges("x", "krakn"), "unknown exchange 'krakn'", "did you mean 'kraken'?"),
        (InstrumentFilter.exchanges(3), "there is no exchange 3", None),
        (InstrumentFilter.instruments("x.btc_usd"), "unknown instrument 'x.btc_usd'", "did you mean 'x.btc_usdt'?"),
        (InstrumentFilter.instruments("btc_usdt"), "unknown instrument 'btc_usdt'", None),
        (InstrumentFilter.instruments(12), "there is no instrument 12", None),
        (InstrumentFilter.underlyings(("btc", "usd")), "no instrument has the underlying btc/usd", "('btc', 'usdt')"),
        (InstrumentFilter.underlyings(("usdt", "eth")), "no instrument has the underlying usdt/eth", "('eth', 'usdt')"),
        (InstrumentFilter.underlyings(("q", "w")), "known: btc/usdt, eth/btc, eth/usdt", None),
    ],
)
def test_unknown_names_are_errors(chosen, message, hint):
    """Never an empty selection by mistake."""
    with pytest.raises(InstrumentError) as caught:
        chosen.select(ALL)
    assert message in caught.value.message
    if hint:
        assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InstrumentFilter.underlyings("btc_usdt"), "underlying 'btc_usdt' is not a pair"),
        (lambda: InstrumentFilter.underlyings(("btc", "usdt", "spot")), "is not a pair"),
        (lambda: InstrumentFilter("asset", ("btc",)), "a filter by 'asset' is not known; allowed: none, exchanges"),
        (lambda: InstrumentFilter("none", ("x",)), "takes none"),
    ],
)
def test_a_filter_that_makes_no_sense_cannot_be_made(make, message):
    """When it is made, not when it is used."""
    with pytest.raises(InstrumentError) as caught:
        make()
    assert message in caught.value.message
