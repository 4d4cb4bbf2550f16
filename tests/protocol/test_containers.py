"""One value or many, JSON as bytes, and which errors end a stream: what of Barter's own containers is visible here."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from barter_bt.protocol import (
    InvalidSequence,
    OneOrMany,
    ProtocolError,
    Socket,
    StreamError,
    from_dict,
    from_json,
    is_terminal,
    to_dict,
    to_json,
)

Numbers: TypeAlias = OneOrMany[int]


@pytest.mark.parametrize(
    ("value", "document"), [(1, {"One": 1}), ((1, 2), {"Many": [1, 2]}), ((1,), {"Many": [1]}), ((), {"Many": []})]
)
def test_one_is_a_value_and_many_a_tuple(value: int | tuple[int, ...], document: dict[str, object]) -> None:
    """Whatever its length: a tuple of one is not the value, and an empty one is fine (Barter's conversion panics)."""
    assert to_dict(value, Numbers) == document
    assert from_dict(Numbers, document) == value
    assert type(from_dict(Numbers, document)) is type(value)


@pytest.mark.parametrize("text", ["42", b"42", bytearray(b"42").decode()])
def test_json_is_read_from_text_and_bytes(text: str | bytes) -> None:
    """A number by itself is a document."""
    assert from_json(float, text) == 42.0
    assert to_json(42.0, float) == "42.0"


@pytest.mark.parametrize("text", [b'{"One": 1,', b"not JSON", '{"One": }'])
def test_what_is_no_json_is_refused_with_its_place(text: str | bytes) -> None:
    """The error says where it stops being JSON, and shows what stands there."""
    with pytest.raises(ProtocolError, match=r"no JSON at line 1 column \d"):
        from_json(Numbers, text)


@pytest.mark.parametrize(("error", "terminal"), [(InvalidSequence(0, 0), True), (Socket("sink"), False)])
def test_a_gap_in_the_sequence_ends_a_stream(error: StreamError, terminal: bool) -> None:
    """The book must be fetched again; a socket's error is passed over."""
    assert is_terminal(error) is terminal
