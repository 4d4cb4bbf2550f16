"""Settings as people write them: rates in per cent, durations as text, mappings; what cannot be is refused by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, ConfigError
from tests.engine.tiny import run, schedule, trades

MARKET = trades((1, 100, 9), (2, 101, 9), (3, 102, 9))
BUY = schedule({"at": 1, "buy": 1})


@pytest.mark.parametrize("taker", ["0.1%", "0.1 %", "0.001", 0.001, Decimal("0.001"), "1e-3"])
def test_a_rate_may_be_written_in_any_way(taker: Any):
    """Per cent, text, float and Decimal are one rate, to the bit of the fee."""
    assert bt.Fees(taker=taker) == bt.Fees(taker=0.001)
    result = run(MARKET, BUY, venues=bt.Venue(fees=bt.Fees(taker=taker)))
    assert result.trades["fees"].to_list() == [0.101]


@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"fees": 0.001}, {"fees": bt.Fees(0.001, 0.001)}),
        ({"fees": "0.1%"}, {"fees": bt.Fees(0.001, 0.001)}),
        ({"fees": {"taker": "0.1%"}}, {"fees": bt.Fees(taker=0.001)}),
        ({"latency": {"request_ns": "10ms"}}, {"latency": bt.Latency(request_ns=10_000_000)}),
        ({"latency": bt.Latency("10ms", "1.5s", 7)}, {"latency": bt.Latency(10_000_000, 1_500_000_000, 7)}),
        ({"margin": "20%"}, {"margin": bt.Margin(0.2)}),
        ({"max_age_ns": "1s"}, {"max_age_ns": 10**9}),
        ({"fees_by_instrument": {"a_usd": "0.1%"}}, {"fees_by_instrument": {"a_usd": bt.Fees(0.001, 0.001)}}),
        ({"margin_by_instrument": {"a_usd": 0.2}}, {"margin_by_instrument": {"a_usd": bt.Margin(0.2)}}),
    ],
)
def test_a_venue_takes_what_people_write(given: Any, same: Any):
    """Numbers, texts and mappings in place of their objects."""
    assert bt.Venue(**given) == bt.Venue(**same)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: bt.Fees(taker="a lot"), "taker fee is 'a lot'"),
        (lambda: bt.Fees(taker=None), "taker fee is None"),  # type: ignore[arg-type]
        (lambda: bt.Fees(taker=True), "taker fee is True"),
        (lambda: bt.Fees(maker=float("nan")), "maker fee is nan"),
        (lambda: bt.Fees(taker="50%"), "allowed: -0.01 to 0.2"),
        (lambda: bt.Fees(per_contract="x"), "per_contract fee is 'x'"),  # type: ignore[arg-type]
        (lambda: bt.Margin("200%"), "margin rate is 2.0"),  # type: ignore[arg-type]
        (lambda: bt.Margin(per_contract="x"), "margin per contract is 'x'"),  # type: ignore[arg-type]
        (lambda: bt.Latency(request_ns=1 << 63), "request_ns is 9223372036854775808"),
        (lambda: bt.Latency(feed_ns=1 << 62), "feed_ns is 4611686018427387904"),
        (lambda: bt.Latency(response_ns=1.5), "response_ns is 1.5"),  # type: ignore[arg-type]
        (lambda: bt.Latency(response_ns=True), "response_ns is True"),
        (lambda: bt.Latency(request_ns="soon"), "request_ns is 'soon'"),  # type: ignore[arg-type]
        (lambda: bt.Latency(request_ns="-1ms"), "must not be negative"),  # type: ignore[arg-type]
        (lambda: bt.Venue(max_age_ns=1 << 63), "max_age_ns is 9223372036854775808"),
        (lambda: bt.Venue(latency="10ms"), "latency is '10ms'; it must be Latency"),  # type: ignore[arg-type]
        (lambda: bt.Venue(fees={"takr": 1}), "did you mean 'taker'"),  # type: ignore[arg-type]
        (lambda: bt.Venue(fees=[0.001]), r"fees is \[0.001\]; it must be Fees"),  # type: ignore[arg-type]
        (lambda: bt.Venue(fees_by_instrument=0.1), "fees_by_instrument is 0.1"),  # type: ignore[arg-type]
        (lambda: bt.Venue(margin=True), "margin rate is True"),  # type: ignore[arg-type]
        (lambda: run(MARKET, BUY, risk={"order_size": 1}), "risk: 'order_size' is not known"),
        (lambda: run(MARKET, BUY, risk={"order_quantity": -1}), "risk: order_quantity is -1"),
        (lambda: run(MARKET, BUY, risk=3), "risk is 3; it must be Limits"),
        (lambda: run(MARKET, BUY, balances={}), "balances is empty"),
    ],
)
def test_what_cannot_be_is_refused_in_our_own_words(make: Any, says: str):
    """No raw error: what, the value, and a hint or what is allowed."""
    with pytest.raises(ConfigError, match=says) as caught:
        make()
    assert caught.value.hint or "allowed" in caught.value.message or "must" in caught.value.message


def test_limits_may_be_a_mapping():
    """The same run as with Limits; fractions in per cent, too."""
    buy = schedule({"at": 1, "buy": 3})
    mapped = run(MARKET, buy, risk={"order_quantity": 2, "drawdown": "50%"})
    assert mapped.orders["reason"].to_list() == ["order_quantity_limit"]
    assert mapped.digest == run(MARKET, buy, risk=bt.Limits(order_quantity=2, drawdown=0.5)).digest


@pytest.mark.parametrize("kind", ["perp", "Spot", "", None, 7, ["spot"]])
def test_an_unknown_kind_of_instrument_names_the_kinds(kind: Any):
    """Whatever stands there."""
    with pytest.raises(BarterBtError, match="allowed: spot, perpetual, future, option"):
        bt.Instrument("x", "a_usd", kind=kind)


@pytest.mark.parametrize("venues", [lambda v: v, lambda v: {"x": v}])
@pytest.mark.parametrize("what", ["fees_by_instrument", "margin_by_instrument"])
def test_terms_of_an_instrument_that_is_not_there_are_refused(what: str, venues: Any):
    """A misspelt name would charge nothing in silence."""
    with pytest.raises(BarterBtError, match=f"{what} names 'a_usdd'") as caught:
        run(MARKET, BUY, venues=venues(bt.Venue(**{what: {"a_usdd": 0.001}})))
    assert "'a_usd'" in str(caught.value.hint)
