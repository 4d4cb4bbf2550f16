"""Recorded market data, in both layouts of Barter's examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from barter_bt.errors import DataError
from barter_bt.protocol import (
    Item,
    ProtocolError,
    Reconnecting,
    SubKind,
    UnsupportedSubKind,
    read_market_events,
    to_dict,
)
from tests.protocol.documents import EVENTS

TRADE, QUOTE = EVENTS["PublicTrade"].event, EVENTS["L1"].event
EVENTS_READ = [TRADE, Reconnecting("binance_spot"), QUOTE]
PLAIN = [to_dict(event) for event in EVENTS_READ]
RESULTS = [{"Item": {"Ok": d["Item"]}} if "Item" in d else d for d in PLAIN]
FAILED = {"Item": {"Err": {"UnsupportedSubKind": "Candles"}}}
LINES = "\n".join(map(json.dumps, PLAIN)) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RESULTS, indent=2),
        json.dumps(PLAIN),
        LINES,
        LINES.replace("\n", "\r\n"),
        "\n".join(map(json.dumps, RESULTS)),
        f"\ufeff {json.dumps(RESULTS)} ",
    ],
    ids=["array of results", "array", "lines", "lines of Windows", "lines of results", "byte order mark"],
)
def test_both_layouts_from_text_and_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "market.json"
    path.write_bytes(text.encode())
    assert read_market_events(text) == read_market_events(path) == read_market_events(str(path)) == EVENTS_READ


def test_numbers_as_in_barters_example() -> None:
    text = """[{"Item": {"Ok": {"time_exchange": "2024-12-20T19:05:18.175Z",
      "time_received": "2024-12-20T19:05:18.319581890Z", "exchange": "binance_spot", "instrument": 0,
      "kind": {"Trade": {"id": "1", "price": 96962.51, "amount": 0.00006, "side": "Buy"}}}}}]"""
    assert read_market_events(text) == [TRADE]


def test_recorded_errors_are_raised_or_left_out() -> None:
    text = json.dumps([RESULTS[0], FAILED, RESULTS[1]])
    with pytest.raises(ProtocolError, match=r"^\$\[1\]\.Item\.Err: ") as error:
        read_market_events(text)
    assert error.value.value == UnsupportedSubKind(SubKind.CANDLES)
    assert read_market_events(text, on_error="skip") == [TRADE, Reconnecting("binance_spot")]


def test_places_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "market.json"
    path.write_text(LINES.replace('"best_ask"', '"best_ast"'))
    with pytest.raises(ProtocolError, match="best_ask") as error:
        read_market_events(path)
    assert error.value.path == "market.json line 3: $.Item.kind.OrderBookL1.best_ast"
    path.write_text(json.dumps(RESULTS).replace('"best_ask"', '"best_ast"'))
    with pytest.raises(ProtocolError) as error:
        read_market_events(path)
    assert error.value.path == "market.json $[2].Item.Ok.kind.OrderBookL1.best_ast"


@pytest.mark.parametrize("text", ["[", "[1]", "{}", '{"Item":{}}', "[[]]", '{"Reconnecting":"okx"} x'])
def test_what_is_no_market_data(text: str) -> None:
    with pytest.raises(ProtocolError):
        read_market_events(text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_market_events(tmp_path / "absent.json")
    (tmp_path / "latin.json").write_bytes(b'[{"Reconnecting":"\xe9"}]')
    with pytest.raises(DataError, match="cannot be read"):
        read_market_events(tmp_path / "latin.json")


def test_an_empty_recording() -> None:
    assert read_market_events("[]") == []
    assert all(isinstance(event, Item | Reconnecting) for event in read_market_events(LINES))
