"""What is decoded in one go is what the codecs read; what is in doubt is left to them."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.protocol import (
    Conditions,
    EngineEvent,
    Fraction,
    GoodUntilCancelled,
    OrderBook,
    OrderKind,
    Protects,
    ProtocolError,
    PublicTrade,
    RequestOpen,
    Side,
    Stop,
    from_dict,
    from_json,
    to_dict,
    to_json,
)
from barter_bt.protocol.document import parse
from barter_bt.protocol.quick import InDoubt, read_quickly
from tests.protocol.documents import EVENTS
from tests.protocol.strategies import values

TRADE = '{"id":"1","price":9.5,"amount":2,"side":"Buy"}'
L1 = '{"Market":{"Item":{"time_exchange":"2024-12-20T19:05:18.175Z","time_received":"2024-12-20T19:05:18Z",\
"exchange":"okx","instrument":0,"kind":{"OrderBookL1":{"last_update_time":"2024-12-20T19:05:18.1Z",\
"best_bid":{"price":"1.10","amount":"2"},"best_ask":null}}}}}'


def read_slowly(kind: Any, text: str) -> Any:
    return from_dict(kind, parse(text))


def outcome(read: Callable[[], Any]) -> Any:
    """A value, or the error in its place."""
    try:
        return read()
    except ProtocolError as error:
        return error


@given(values(EngineEvent))
def test_every_event_that_is_decoded_is_what_is_read(event: Any) -> None:
    text = to_json(event)
    try:
        found = read_quickly(EngineEvent, text)
    except InDoubt:
        return
    slow = from_dict(EngineEvent, parse(text))
    assert (found, repr(found)) == (slow, repr(slow))


@pytest.mark.parametrize("name", [name for name in EVENTS if name.startswith(("Market", "Trade", "Balance", "Order"))])
def test_what_exchanges_send_most_is_decoded(name: str) -> None:
    """Without it the speed is gone, and nothing else would tell."""
    assert read_quickly(EngineEvent, to_json(EVENTS[name])) == EVENTS[name]


def test_an_order_with_conditions_is_decoded() -> None:
    """What is left out of a document has its default, as for the codecs."""
    given = Conditions(Stop(Decimal(90), Fraction(Decimal("0.02"))), reduce_only=True, protects=Protects("7"))
    terms = RequestOpen(Side.SELL, Decimal(0), Decimal(2), OrderKind.MARKET, GoodUntilCancelled(False), given)
    assert read_quickly(RequestOpen, to_json(terms)) == from_dict(RequestOpen, to_dict(terms)) == terms


def test_a_book_and_a_quote_are_decoded() -> None:
    book = '{"sequence":7,"time_engine":null,"bids":{"levels":[{"price":"1.5","amount":"2"}]},"asks":{"levels":[]}}'
    assert read_quickly(OrderBook, book) == from_dict(OrderBook, parse(book))
    assert read_quickly(EngineEvent, L1.encode()) == from_dict(EngineEvent, parse(L1))


def test_however_it_is_laid_out_an_event_is_decoded() -> None:
    """What is wrapped in names is known by how it opens and closes, as Barter writes it; with blanks as a whole."""
    kind = {"Trade": {"id": "1", "price": 9.5, "amount": 0.00002, "side": "Buy"}}  # written in another way by msgspec
    times = {"time_exchange": "2024-12-20T19:05:18.175Z", "time_received": "2024-12-20T19:05:18Z"}
    event = {"Market": {"Item": {**times, "exchange": "okx", "instrument": 0, "kind": kind}}}
    found = [
        read_quickly(EngineEvent, json.dumps(event, separators=spelled)) for spelled in ((",", ":"), (", ", ": "), None)
    ]
    assert found == [from_dict(EngineEvent, event)] * 3
    opened = L1.removesuffix("}}") + ' ,"instrument":0}}'
    for text in (
        opened,
        L1[:-1] + ',"Item":null}',
        L1 + "}",
        L1[:-1],
        L1[:-2] + "]]",
        L1.replace('"Item":', '"Item":{"Item":'),
    ):
        with pytest.raises(InDoubt):
            read_quickly(EngineEvent, text)


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"1","price":9.5,"price":9.5,"amount":2,"side":"Buy"}',  # a key twice
        '{"id":"1","price":9.5,"price" :9.5,"amount":2,"side":"Buy"}',
        TRADE.replace('"1"', '"\\u0031"'),  # an escape may hide a quotation mark
        TRADE.replace("}", ',"extra":1}'),
        TRADE.replace('"amount":2,', ""),
        TRADE.replace("9.5", "NaN"),
        TRADE.replace("9.5", "1e999"),
        TRADE.replace("9.5", '"9.5"'),
        TRADE.replace('"Buy"', '{"Buy":null}'),
        "\ufeff" + TRADE,
        TRADE + "x",
        "[",
        "",
    ],
)
def test_what_is_in_doubt_is_for_the_codecs(text: str) -> None:
    """They have the same word on it as ever: a value, or an error with its place."""
    with pytest.raises(InDoubt):
        read_quickly(PublicTrade, text)
    quick, slow = (outcome(partial(read, PublicTrade, text)) for read in (from_json, read_slowly))
    assert (type(quick), str(quick)) == (type(slow), str(slow))
    assert not isinstance(quick, ProtocolError) or quick.__context__ is None or quick.__suppress_context__


DIGITS = st.from_regex(r"-?\d{1,25}(\.\d{1,25})?([eE][+-]?\d{1,3})?", fullmatch=True)


@given(DIGITS)
def test_numbers_are_the_same_doubles(number: str) -> None:
    """Of any length, to the last bit and to the sign of a zero."""
    text = TRADE.replace("9.5", number)
    try:
        found = read_quickly(PublicTrade, text)
    except InDoubt:
        return
    assert repr(found.price) == repr(from_dict(PublicTrade, parse(text)).price)
