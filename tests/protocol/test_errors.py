"""Errors say where, what was found, what is allowed, and the name that was probably meant."""

from __future__ import annotations

import pickle
from decimal import Decimal
from typing import Any

import pytest

from barter_bt import errors
from barter_bt import protocol as p
from barter_bt.protocol import EngineEvent, ProtocolError, from_dict, from_json, to_dict, to_json
from tests.protocol.documents import EVENTS, TEXTS

TRADE = "$.Market.Item.kind.Trade"


def refusal(kind: Any, text: str) -> ProtocolError:
    with pytest.raises(ProtocolError) as error:
        from_json(kind, text)
    return error.value


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ('"Market"', '"Markets"', "$", ["unknown variant", "'Account'", "found 'Markets'", "did you mean 'Market'?"]),
        ('"Trade"', '"Trad"', "$.Market.Item.kind", ["unknown variant", "did you mean 'Trade'?"]),
        ('"price"', '"prise"', f"{TRADE}.prise", ["unknown field", "did you mean 'price'?"]),
        ('"price":96962.51,', "", f"{TRADE}.price", ["'price' of PublicTrade is missing"]),
        ("96962.51", '"96962.51"', f"{TRADE}.price", ["expected a number", "without quotation marks"]),
        ("96962.51", "null", f"{TRADE}.price", ["expected a number", "found None"]),
        ("96962.51", "1e400", f"{TRADE}.price", ["expected a finite number"]),
        ("96962.51", "NaN", f"{TRADE}.price", ["expected a finite number"]),
        ("96962.51", "1" + "0" * 400, f"{TRADE}.price", ["expected a finite number"]),
        ('"price":96962.51', '"price":1,"price":2', f"{TRADE}.price", ["stands twice"]),
        ('"Buy"', '"Bu"', f"{TRADE}.side", ["'Buy', 'Sell'", "did you mean 'Buy'?"]),
        ('"Buy"', "1", f"{TRADE}.side", ["'Buy', 'Sell'"]),
        ('"id":"1"', '"id":1', f"{TRADE}.id", ["expected a text"]),
        ('"instrument":0', '"instrument":-1', "$.Market.Item.instrument", ["from 0 to 18446744073709551615"]),
        ('"instrument":0', '"instrument":1.0', "$.Market.Item.instrument", ["an index or a name"]),
        ('"instrument":0', '"instrument":true', "$.Market.Item.instrument", ["an index or a name"]),
        ('"binance_spot"', '"binance__spot"', "$.Market.Item.exchange", ["snake case"]),
        ('"binance_spot"', '"BinanceSpot"', "$.Market.Item.exchange", ["did you mean 'binance_spot'?"]),
        ('"binance_spot"', '"My Venue"', "$.Market.Item.exchange", ["snake case"]),
        ('"binance_spot"', "0", "$.Market.Item.exchange", ["name of an exchange"]),
        ("2024-12-20T19:05:18.175Z", "2024-12-20", "$.Market.Item.time_exchange", ["RFC 3339"]),
        ("2024-12-20T19:05:18.175Z", "2300-01-01T00:00:00Z", "$.Market.Item.time_exchange", ["2262-04-11T23:47:16"]),
        ('{"Item"', '["Item"', "$", ["no JSON at line 1"]),
    ],
)
def test_reading(old: str, new: str, path: str, words: list[str]) -> None:
    text = TEXTS["PublicTrade"]
    assert old in text
    error = refusal(EngineEvent, text.replace(old, new, 1))
    assert error.path == path
    assert str(error).startswith(f"{path}: ")
    for word in words:
        assert word in str(error)


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ('"Shutdown"', "$", "variant 'Shutdown' holds a value"),
        ('{"Shutdown":{}}', "$.Shutdown", "expected null"),
        ("{}", "$", "an object with one key of 'Shutdown', 'Command'"),
        ('{"Shutdown":null,"Market":1}', "$", "an object with one key"),
        ("[]", "$", "an object with one key"),
        ('{"Command":{"CancelOrders":"Nonee"}}', "$.Command.CancelOrders", "did you mean 'None'?"),
        ('{"Command":{"CancelOrders":{"Instruments":[1]}}}', "$.Command.CancelOrders.Instruments", "'One', 'Many'"),
        ('{"Command":{"CancelOrders":{"Instruments":{"One":[]}}}}', "$.Command.CancelOrders.Instruments.One", "index"),
        ('{"Command":{"CancelOrders":{"Instruments":{"Man":1}}}}', "$.Command.CancelOrders.Instruments", "'Many'?"),
        (
            '{"Command":{"CancelOrders":{"Exchanges":{"Many":[0,-1]}}}}',
            "$.Command.CancelOrders.Exchanges.Many[1]",
            "whole number",
        ),
        ('{"TradingStateUpdate":"enabled"}', "$.TradingStateUpdate", "did you mean 'Enabled'?"),
        ('{"TradingStateUpdate":{"Enabled":1}}', "$.TradingStateUpdate", "expected one of 'Enabled', 'Disabled'"),
        ("", "$", "no JSON at line 1 column 1"),
        ("[" * 100_000, "$", "no JSON that can be read"),
    ],
)
def test_reading_variants(text: str, path: str, words: str) -> None:
    error = refusal(EngineEvent, text)
    assert error.path == path
    assert words in str(error)


@pytest.mark.parametrize(
    ("content", "path", "words"),
    [
        ("[1]", "$.Rejected.AssetInvalid", "expected an array of 2: asset, message"),
        ("[1,2]", "$.Rejected.AssetInvalid[1]", "expected a text"),
        ('[1.5,"m"]', "$.Rejected.AssetInvalid[0]", "an index or a name"),
    ],
)
def test_reading_what_has_no_names(content: str, path: str, words: str) -> None:
    error = refusal(p.OrderError, f'{{"Rejected":{{"AssetInvalid":{content}}}}}')
    assert error.path == path
    assert words in str(error)


@pytest.mark.parametrize(
    ("value", "kind", "path", "words"),
    [
        (p.Market(p.Item(1)), None, "$.Market.Item", "expected a value of MarketEvent"),  # type: ignore[arg-type]
        (p.AssetFees(None, 0.1), None, "$.fees", "expected a decimal.Decimal"),  # type: ignore[arg-type]
        (p.AssetFees(None, Decimal("NaN")), None, "$.fees", "expected a finite decimal"),
        (p.Cancelled("1", 1.5), None, "$.time_exchange", "within int64"),  # type: ignore[arg-type]
        (p.Cancelled("1", 1 << 63), None, "$.time_exchange", "within int64"),
        (p.PublicTrade("1", 1, 1.0, p.Side.BUY), None, "$.price", "expected a finite float"),
        (p.PublicTrade("1", float("nan"), 1.0, p.Side.BUY), None, "$.price", "expected a finite float"),
        (p.PublicTrade("1", 1.0, 1.0, "Buy"), None, "$.side", "a member of Side"),  # type: ignore[arg-type]
        (p.PublicTrade("\ud800", 1.0, 1.0, p.Side.BUY), None, "$.id", "surrogate"),
        (p.Instruments([1]), None, "$.Instruments.One", "an index or a name"),  # type: ignore[arg-type]
        (p.AccountSnapshot(0, [], ()), None, "$.balances", "expected a tuple"),  # type: ignore[arg-type]
        (p.GoodUntilCancelled(1), None, "$.GoodUntilCancelled.post_only", "true or false"),  # type: ignore[arg-type]
        (p.Expired(), p.EngineEvent, "$", "expected a value of Shutdown, Command"),
        (object(), None, "$", "one of the protocol's types"),
    ],
)
def test_writing(value: Any, kind: Any, path: str, words: str) -> None:
    with pytest.raises(ProtocolError) as error:
        to_json(value, kind)
    assert error.value.path == path
    assert words in str(error.value)


def test_the_error_is_one_of_the_packages() -> None:
    with pytest.raises(errors.DataError) as error:
        from_dict(EngineEvent, 7)
    assert isinstance(error.value, ProtocolError)
    assert isinstance(error.value, errors.BarterBtError)
    assert error.value.value == 7


def test_errors_survive_pickling() -> None:
    error = refusal(EngineEvent, "1")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.path, again.value) == (ProtocolError, str(error), "$", 1)


def test_a_large_value_is_shortened_in_the_message() -> None:
    document = to_dict(EVENTS["AccountSnapshot"])
    document["Account"]["Item"]["kind"]["Snapshot"]["balances"] = {"x" * 10_000: ["y" * 10_000] * 1000}
    with pytest.raises(ProtocolError) as error:
        from_dict(EngineEvent, document)
    assert len(str(error.value)) < 300


def test_what_an_item_holds_must_be_said() -> None:
    assert "Item[MarketEvent]" in str(refusal(p.Item, '{"Item":{}}'))


@pytest.mark.parametrize("document", [{1: 2}, {"Market": {1: 2}}, {"Command": {"CancelOrders": {"Exchanges": {1: 2}}}}])
def test_keys_that_are_no_text(document: Any) -> None:
    with pytest.raises(ProtocolError, match="unknown"):
        from_dict(EngineEvent, document)
