"""The exact text that Barter gives a value of each type; documents.tsv was printed by Barter 0.14."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from barter_bt import protocol
from barter_bt.protocol import EngineEvent, Item, OrderBook, conditions, from_dict, from_json, to_dict, to_json
from barter_bt.protocol.shape import Struct
from tests.protocol.documents import CASES, EVENTS, TEXTS
from tests.protocol.strategies import CLASSES


@pytest.mark.parametrize("name", CASES)
def test_text_is_barters(name: str) -> None:
    kind, value = CASES[name]
    assert to_json(value, kind) == TEXTS[name]
    assert from_json(kind, TEXTS[name]) == value


def test_every_document_has_its_value() -> None:
    assert set(CASES) == set(TEXTS)


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_needs_no_type_to_be_written(name: str) -> None:
    assert to_json(EVENTS[name]) == TEXTS[name]


def test_every_class_is_in_some_document() -> None:
    seen: set[type] = set()

    def visit(value: Any) -> None:
        seen.add(type(value))
        for part in value if isinstance(value, tuple) else ():
            visit(part)
        for field in value.__struct_fields__ if isinstance(value, Struct) else ():
            visit(getattr(value, field))

    for _, value in CASES.values():
        visit(value)
    missing = {cls.__name__ for cls in CLASSES} - {cls.__name__ for cls in seen}
    own = {
        "Amended",
        "OrderRequestAmend",
        "OrderResponseAmend",
        "RequestAmend",
        "MarginRequest",
        "SendAmendRequests",
        "SendMarginRequests",
        "CashFlow",
        "CashFlowKind",
        "OwnValue",
    }
    own |= {cls.__name__ for cls in CLASSES if cls.__module__ == conditions.__name__}  # Barter has none
    assert missing == {"InstrumentIndexError", "TradingSummary"} | own  # Barter cannot write the second


def test_the_third_indexing_error() -> None:
    assert to_json(protocol.InstrumentIndexError("x"), protocol.StreamError) == '{"Index":{"InstrumentIndex":"x"}}'


def test_values_are_immutable_and_hashable() -> None:
    event = EVENTS["AccountSnapshot"]
    with pytest.raises(AttributeError):
        event.event = None
    assert hash(event) == hash(from_dict(EngineEvent, to_dict(event)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"Enabled":null}', protocol.TradingState.ENABLED),
        ('"Disabled"', protocol.TradingState.DISABLED),
        *[(f'"{text}"', protocol.Side.BUY) for text in ("Buy", "buy", "BUY", "b")],
        *[(f'"{text}"', protocol.Side.SELL) for text in ("Sell", "sell", "SELL", "s")],
        ("{}", protocol.RequestCancel()),
        ('{"instrument":1}', protocol.InstrumentAccountSnapshot(1)),
        ('{"last_update_time":"1970-01-01T00:00:00Z"}', protocol.OrderBookL1(0)),
        ('{"FillOrKill":null}', protocol.FillOrKill()),
        ('{"Reconnecting":"huobi"}', protocol.Reconnecting("htx")),
        ('{"Reconnecting":"nasdaq"}', protocol.Reconnecting("nasdaq")),
        ('{"exchange":"okx","instrument":"btc","strategy":"s","cid":"1"}', protocol.OrderKey("okx", "btc", "s", "1")),
    ],
)
def test_other_spellings_that_are_read(text: str, value: Any) -> None:
    assert from_json(type(value), text) == value


@pytest.mark.parametrize("side", ['{"levels":[]}', '{"side":null,"levels":[]}'])
def test_books_are_read_with_the_field_that_barter_wants_and_without(side: str) -> None:
    text = f'{{"sequence":1,"bids":{side},"asks":{side}}}'
    assert from_json(OrderBook, text) == OrderBook(1, None, protocol.OrderBookSide(()), protocol.OrderBookSide(()))


def test_what_an_item_holds_is_written_by_itself() -> None:
    assert to_dict(Item(protocol.Reconnecting("okx"))) == {"Item": {"Reconnecting": "okx"}}


def test_the_front_does_not_import_the_room() -> None:
    code = "import barter_bt, sys; print(any(name.startswith('barter_bt.protocol') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_room_needs_no_other() -> None:
    code = "import barter_bt.protocol, sys; print(sorted({n.split('.')[1] for n in sys.modules if 'barter_bt.' in n}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['errors', 'instrument', 'protocol', 'version']"
