"""Kinds and contract terms."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.errors import ConfigError, InstrumentError
from barter_bt.instrument import Instrument
from barter_bt.instrument.contract import expiry_ns
from tests.engine.tiny import run, schedule, trades

MS = 1_703_980_800_000  # Barter's example: 2023-12-31
OPTION = {"kind": "option", "expiry": MS * 10**6, "strike": 50_000, "option_kind": "call", "exercise": "european"}


def made(**terms):
    return Instrument("x", **{"name": "btc_usd"} | terms)


@pytest.mark.parametrize(
    ("terms", "settlement", "unit"),
    [
        ({}, None, "asset"),
        ({"kind": "perpetual"}, "usd", "contract"),
        ({"kind": "perpetual", "settlement": "btc", "contract_size": 100}, "btc", "contract"),
        ({"kind": "future", "expiry": MS * 10**6, "quantity_unit": "quote"}, "usd", "quote"),
        ({"kind": "future"}, "usd", "contract"),
        (OPTION | {"settlement": "usdc"}, "usdc", "contract"),
        (OPTION | {"option_kind": "put", "exercise": "bermudan"}, "usd", "contract"),
        (OPTION | {"exercise": "american", "quantity_unit": "asset"}, "usd", "asset"),
    ],
)
def test_every_kind_can_be_declared(terms, settlement, unit):
    """Barter's test_de_instrument, and settlement: the quote asset by default, none for spot."""
    one = made(**terms)
    assert (one.settlement, one.quantity_unit, one.is_derivative) == (settlement, unit, one.kind != "spot")
    assert set(one.assets) == {"btc", "usd", settlement or "usd"}
    for field, value in terms.items():
        assert getattr(one, field) == value
    assert hash(one) == hash(made(**terms))


@pytest.mark.parametrize(
    "moment",
    [
        MS * 10**6,
        datetime.fromtimestamp(MS / 1000, tz=UTC),
        datetime(2023, 12, 31, 9, tzinfo=timezone(timedelta(hours=9))),
        "2023-12-31T00:00:00Z",
        "2023-12-31 01:00:00+01:00",
    ],
)
def test_an_expiry_is_kept_in_nanoseconds(moment):
    """However it is given."""
    assert made(kind="future", expiry=moment).expiry == 1_703_980_800_000_000_000


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_an_expiry_is_exact(moment):
    """To the microsecond that a datetime has."""
    assert expiry_ns(moment, "x") == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"kind": "swap"}, "kind 'swap'; allowed: spot, perpetual, future, option"),
        ({"kind": None}, "kind None; allowed"),
        ({"kind": "option"}, "has no expiry, strike, option_kind, exercise"),
        ({k: v for k, v in OPTION.items() if k != "expiry"}, "has no expiry"),
        (OPTION | {"option_kind": "CALL"}, "option_kind 'CALL'; allowed: call, put"),
        (OPTION | {"exercise": "asian"}, "exercise 'asian'; allowed: american, bermudan, european"),
        (OPTION | {"strike": 0}, "strike of 'btc_usd' is 0; it must be positive"),
        ({"quantity_unit": "lots"}, "quantity_unit 'lots'; allowed: asset, contract, quote"),
        ({"settlement": "usd"}, "spot instrument 'btc_usd' has settlement 'usd'; only perpetuals, futures and options"),
        ({"settlement_name_exchange": "USD"}, "has settlement_name_exchange 'USD'; only perpetuals, futures and"),
        ({"kind": "perpetual", "settlement": "BTC"}, "settlement of 'btc_usd' is 'BTC'; asset names are lower case"),
        ({"kind": "perpetual", "settlement": ""}, "settlement of 'btc_usd' is ''; asset names are lower case"),
        ({"kind": "perpetual", "expiry": 1}, "has expiry 1; only spot instruments, futures and options"),
        ({"kind": "future", "strike": 1}, "future instrument 'btc_usd' has strike 1; only options have one"),
        ({"option_kind": "call"}, "has option_kind 'call'; only options"),
        ({"kind": "future", "exercise": "american"}, "has exercise 'american'; only options"),
        ({"kind": "future", "expiry": datetime(2024, 1, 1)}, "has no time zone"),
        ({"kind": "future", "expiry": "2024-01-01"}, "has no time zone"),
        ({"kind": "future", "expiry": "soon"}, "expiry of 'btc_usd' is 'soon', which is not a time"),
        ({"kind": "future", "expiry": 1.5}, "must be a datetime with a zone or nanoseconds since 1970"),
        ({"kind": "future", "expiry": True}, "must be a datetime with a zone or nanoseconds since 1970"),
        ({"kind": "future", "expiry": 10**19}, "before the year 2262"),
    ],
)
def test_a_contract_that_says_too_little_or_too_much_is_an_error(terms, message):
    """The message names the field, the value and what is allowed."""
    with pytest.raises(InstrumentError) as caught:
        made(**terms)
    assert message in caught.value.message


def test_a_near_miss_is_a_hint():
    """Barter reads CALL and Call as call; here the one spelling is the hint."""
    with pytest.raises(InstrumentError) as caught:
        made(**OPTION | {"option_kind": "CALL"})
    assert caught.value.hint == "did you mean 'call'?"


SIMULATED = "settle it in its quote asset, european or american"
MARKET = trades((1, 100, 9), (2, 101, 9), instrument="btc_usd")
BUY = schedule({"at": 1, "buy": 1, "on": "btc_usd"})
GRID = {"price_increment": 1, "quantity_increment": 1}


@pytest.mark.parametrize(
    ("terms", "message", "hint"),
    [
        (OPTION | {"exercise": "bermudan"}, "'x.btc_usd' is an option that is bermudan", SIMULATED),
        (OPTION | {"settlement": "btc"}, "is an option that is settled in btc", SIMULATED),
        ({"kind": "future", "settlement": "usdc"}, "is settled in usdc, neither in usd nor in btc", None),
        ({"quantity_unit": "quote"}, "are counted by quantity_unit 'quote'", "count them by 'asset'"),
        ({"kind": "perpetual", "quantity_unit": "quote"}, "quantity_unit 'quote'", "count them by 'contract'"),
        ({"kind": "future", "quantity_unit": "asset", "contract_size": 10}, "unit 'asset'", "count them by 'contract'"),
    ],
)
def test_what_is_not_simulated_yet_is_refused_by_a_backtest(terms, message, hint):
    """It can be declared and indexed; a backtest says what it cannot do, and does not do something else."""
    one = made(**terms | GRID)
    assert bt.instrument.IndexedInstruments([one]).names == ["btc_usd"]
    with pytest.raises(ConfigError, match="can be declared and indexed, but not simulated yet") as caught:
        run(MARKET, BUY, one)
    assert message in caught.value.message
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    "terms",
    [
        {"quantity_unit": "contract"},
        {"kind": "perpetual", "quantity_unit": "asset"},
        {"kind": "future", "contract_size": 10, "expiry": "2024-06-28T08:00:00Z", "settlement": "usd"},
    ],
)
def test_units_that_mean_the_same_are_dealt_in(terms):
    """One unit of the asset is one contract of size 1."""
    assert run(MARKET, BUY, made(**terms | GRID)).orders["status"].to_list() == ["filled"]
