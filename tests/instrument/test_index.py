"""The index of instruments and its look-ups."""

import os
import subprocess
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from barter_bt.errors import InstrumentError
from barter_bt.instrument import IndexedInstruments, Instrument

NAMES = [("binance_spot", "btc_usdt"), ("binance_spot", "eth_usdt"), ("binance_spot", "eth_btc"), ("kraken", "btc_usd")]
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
        "binance_spot.btc_usdt",
        "binance_spot.eth_btc",
        "binance_spot.eth_usdt",
        "kraken.btc_usd",
        "kraken.eth_btc",
    ]
    assert made.assets == [
        ("binance_spot", "btc"),
        ("binance_spot", "eth"),
        ("binance_spot", "usdt"),
        ("kraken", "btc"),
        ("kraken", "eth"),
        ("kraken", "usd"),
    ]
    assert (made.bases, made.quotes) == ([0, 1, 1, 3, 4], [2, 0, 2, 5, 3])
    assert len(made) == 5


def test_exchanges_come_in_the_order_of_barters_enumeration():
    """Barter's indices mean the same here; exchanges that it does not know come after, by name."""
    made = index(*((exchange, "btc_usdt") for exchange in ("zoo", "bithumb", "alpha", "bitvavo", "mock", "bitstamp")))
    assert made.exchanges == ["mock", "bitstamp", "bitvavo", "bithumb", "alpha", "zoo"]
    assert [one.exchange for one in made.instruments] == made.exchanges
    assert [exchange for exchange, _ in made.assets[::2]] == made.exchanges


def test_names_are_plain_where_they_are_unique():
    """A name that two exchanges have is spelled with its exchange; the key works always."""
    made = index(*ALL)
    assert made.names == ["btc_usdt", "binance_spot.eth_btc", "eth_usdt", "btc_usd", "kraken.eth_btc"]
    assert made.asset_names == ["binance_spot.btc", "binance_spot.eth", "usdt", "kraken.btc", "kraken.eth", "usd"]
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
        (lambda i: i.exchange("binanse"), "binance_spot"),
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
    with pytest.raises(InstrumentError, match=r"binance_spot\.eth_btc, .*kraken\.eth_btc"):
        index(*ALL).instrument("eth_btc")
    with pytest.raises(InstrumentError, match="btc"):
        index(*ALL).asset("btc")


def test_nothing_and_twice_the_same_are_errors():
    """An index needs an instrument, and each only once; the same name on two exchanges is fine."""
    with pytest.raises(InstrumentError, match="no instruments"):
        IndexedInstruments([])
    with pytest.raises(InstrumentError, match=r"'x\.a_usd' is given twice"):
        index(("x", "a_usd"), ("y", "a_usd"), ("x", "a_usd"))
    made = index(("x", "a_usd"), ("y", "a_usd"))
    assert (len(made.exchanges), len(made.assets), len(made)) == (2, 4, 2)


# Look-ups both ways

MANY = [
    Instrument("kraken", "btc_usd", name_exchange="XBT/USD", base_name_exchange="XXBT"),
    Instrument("kraken", "eth_btc", name_exchange="ETH/XBT"),
    Instrument("okx", "btc_usd_swap", "btc", "usd", "perpetual", name_exchange="BTC-USD-SWAP", settlement="btc"),
    Instrument("okx", "btc_usdc", kind="future", settlement="usdt", settlement_name_exchange="USDT"),
]


def test_settlement_assets_are_indexed():
    """Barter's builder: base, quote and settlement asset of every instrument, each once."""
    made = IndexedInstruments(MANY)
    assert [name for exchange, name in made.assets if exchange == "okx"] == ["btc", "usd", "usdc", "usdt"]
    assert [name and made.asset_names[name] for name in made.settlements if name >= 0] == ["okx.btc", "usdt"]
    assert made.settlements[:2] == [-1, -1]
    assert all(made.assets[base][1] == one.base for base, one in zip(made.bases, made.instruments, strict=True))


def test_by_the_exchanges_spelling():
    """Per exchange, verbatim; what has none is found by its name."""
    made = IndexedInstruments(MANY)
    assert made.instrument_at("kraken", "XBT/USD") == made.instrument("btc_usd")
    assert made.instrument_at("okx", "BTC-USD-SWAP") == made.instrument("btc_usd_swap")
    assert made.instrument_at("okx", "btc_usdc") == made.instrument("btc_usdc")
    assert made.asset_at("kraken", "XXBT") == made.asset("btc", "kraken")
    assert made.asset_at("okx", "btc") == made.asset("btc", "okx")
    assert made.asset_at("okx", "USDT") == made.asset("usdt")
    assert [made.asset_names_exchange[made.asset(name)] for name in ("kraken.btc", "okx.btc", "usdt")] == [
        "XXBT",
        "btc",
        "USDT",
    ]


@pytest.mark.parametrize(
    ("look_up", "message", "hint"),
    [
        (lambda i: i.instrument_at("kraken", "XBT-USD"), "unknown instrument 'XBT-USD'", "did you mean 'XBT/USD'?"),
        (lambda i: i.instrument_at("okx", "XBT/USD"), "unknown instrument 'XBT/USD'", None),
        (lambda i: i.instrument_at("krakn", "XBT/USD"), "unknown exchange 'krakn'", "did you mean 'kraken'?"),
        (lambda i: i.asset_at("kraken", "btc"), "unknown asset 'btc'", None),
        (lambda i: i.asset_at("okx", "XXBT"), "unknown asset 'XXBT'", None),
        (lambda i: i.asset("usdt", "kraken"), "unknown asset 'kraken.usdt'", None),
        (lambda i: i.asset("btc", "krakn"), "unknown exchange 'krakn'", "did you mean 'kraken'?"),
        (lambda i: i.instrument_name(4), "there is no instrument 4; indices go from 0 to 3", None),
        (lambda i: i.instrument_name(-1), "there is no instrument -1; indices go from 0 to 3", None),
        (lambda i: i.asset_name(7), "there is no asset 7; indices go from 0 to 6", None),
        (lambda i: i.asset(-1), "there is no asset -1; indices go from 0 to 6", None),
        (lambda i: i.exchange_name(2), "there is no exchange 2; indices go from 0 to 1", None),
        (lambda i: i.exchange(2), "there is no exchange 2; indices go from 0 to 1", None),
    ],
)
def test_what_is_not_there_is_an_error(look_up, message, hint):
    """Barter's find_exchange_index, find_asset_index and find_instrument_index: also the asset of another exchange."""
    with pytest.raises(InstrumentError) as caught:
        look_up(IndexedInstruments(MANY))
    assert message in caught.value.message
    if hint:
        assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("btc", "did you mean 'btc_usd'?"),
        ("okx.btc", "did you mean 'okx.btc_usd_swap'?"),
        (
            "BTC",
            "did you mean 'btc_usd'? Rename symbols of data: pl.col('instrument').replace({'BTC': 'btc_usd'})",
        ),
        ("btc_usdd", "did you mean 'btc_usd'?"),
        ("doge", None),
    ],
)
def test_a_symbol_is_not_a_name_and_the_error_says_how_to_rename_it(name, hint):
    """Data of shares has tickers, of which names are made by hand."""
    with pytest.raises(InstrumentError) as caught:
        IndexedInstruments(MANY).instrument(name)
    assert caught.value.hint == hint


def test_an_ambiguous_spelling_is_not_guessed():
    """Two instruments that an exchange spells alike can be indexed, not found by that spelling."""
    pair = [Instrument("x", name, name_exchange="BTCUSD") for name in ("btc_usd", "btc_usd_swap")]
    made = IndexedInstruments(pair)
    with pytest.raises(InstrumentError, match="'BTCUSD' of 'x' is ambiguous: btc_usd, btc_usd_swap"):
        made.instrument_at("x", "BTCUSD")
    assert made.instrument("btc_usd") == 0


def test_an_asset_has_one_spelling_on_an_exchange():
    """Two are an error; on two exchanges they may differ; given once it holds for all."""
    one = Instrument("x", "btc_usd", base_name_exchange="XBT")
    other = Instrument("x", "btc_eur", base_name_exchange="BTC")
    with pytest.raises(InstrumentError, match="asset 'btc' has two spellings, 'BTC' and 'XBT'") as caught:
        IndexedInstruments([one, other])
    assert caught.value.hint == "the second is base_name_exchange of 'x.btc_usd'"
    made = IndexedInstruments([one, Instrument("x", "eth_btc"), Instrument("y", "btc_usd", base_name_exchange="BTC")])
    assert made.asset_names_exchange == ["XBT", "eth", "usd", "BTC", "usd"]


def test_a_name_that_looks_like_a_key_is_spelled_with_its_exchange():
    """An instrument of y called "x.a_usd" does not hide a_usd of x."""
    made = index(("x", "a_usd"), ("y", "x.a_usd"))
    assert made.names == ["a_usd", "y.x.a_usd"]
    assert [made.instrument(name) for name in ("a_usd", "x.a_usd", "y.x.a_usd")] == [0, 0, 1]


NAME = st.from_regex(r"[a-z]{1,3}", fullmatch=True)


@st.composite
def declared(draw):
    """Instruments of a few exchanges and kinds, each once, with and without spellings of their own."""
    keys = draw(
        st.lists(st.tuples(st.sampled_from(["x", "y", "okx"]), NAME, NAME), min_size=1, max_size=8, unique=True)
    )
    made = []
    for exchange, base, quote in keys:
        if base == quote:
            continue
        kind = draw(st.sampled_from(["spot", "perpetual", "future"]))
        settlement = draw(st.sampled_from([None, base, quote, "usdt"])) if kind != "spot" else None
        spelled = draw(st.sampled_from([None, f"{base}-{quote}".upper()]))
        assets = {f"{field}_name_exchange": name.upper() for field, name in (("base", base), ("quote", quote))}
        own = assets if draw(st.booleans()) else {}
        terms = {"kind": kind, "settlement": settlement, "name_exchange": spelled}
        made.append(Instrument(exchange, f"{base}_{quote}", base, quote, **terms, **own))
    assume(made)
    return made


@given(declared(), st.randoms(use_true_random=False))
def test_all_look_ups_go_both_ways(instruments, random):
    """Name to index to name, dense and in order, whatever the order of declaration."""
    shuffled = list(instruments)
    random.shuffle(shuffled)
    made, other = IndexedInstruments(instruments), IndexedInstruments(shuffled)
    assert (made.instruments, made.assets, made.exchanges) == (other.instruments, other.assets, other.exchanges)
    assert (made.names, made.asset_names, made.codes) == (other.names, other.asset_names, other.codes)
    assert made.asset_names_exchange == other.asset_names_exchange
    assert made.assets == sorted({(i.exchange, a) for i in instruments for a in (i.base, i.quote, i.settlement) if a})
    for k, name in enumerate(made.exchanges):
        assert made.exchange(name) == made.exchange(k) == k
        assert made.exchange_name(k) == name
    for k, (exchange, name) in enumerate(made.assets):
        assert made.asset(made.asset_name(k)) == made.asset(f"{exchange}.{name}") == made.asset(name, exchange) == k
        assert made.asset_at(exchange, made.asset_names_exchange[k]) == made.asset(k) == k
    for k, one in enumerate(made.instruments):
        assert made.instrument(made.instrument_name(k)) == made.instrument(one.key) == made.instrument(k) == k
        assert made.instrument_at(one.exchange, one.name_exchange or one.name) == k


SCRIPT = """
from barter_bt.instrument import IndexedInstruments, Instrument, InstrumentFilter
names = [(e, f"{b}_{q}") for e in ("okx", "x", "kraken") for b in ("btc", "eth", "sol") for q in ("usd", "usdt")]
i = IndexedInstruments(Instrument(*n, kind="perpetual", settlement="usdc") for n in names)
print(i.names, i.asset_names, i.exchanges, list(i.codes), InstrumentFilter.underlyings(("btc", "usd")).select(i))
"""


def test_the_order_does_not_depend_on_hashes():
    """PYTHONHASHSEED is of no consequence."""
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert runs[0] == runs[1] == runs[2] != ""
