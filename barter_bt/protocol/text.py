"""JSON text, written byte for byte as Barter's serde writes it, and read without losing a digit or a key."""

from __future__ import annotations

import json
from decimal import Decimal
from json.encoder import encode_basestring as _quoted
from typing import Any

from barter_bt.protocol.codec import from_dict, to_dict
from barter_bt.protocol.document import parse
from barter_bt.protocol.quick import InDoubt, read_quickly


def to_json(value: Any, kind: Any = None) -> str:
    """The JSON text of a value, compact.

    Parameters
    ----------
    value
        A value of one of this room's types.
    kind
        The type as which it is written, as in :func:`to_dict`.

    Examples
    --------
    >>> from barter_bt.protocol import PublicTrade, Side
    >>> to_json(PublicTrade("1", 96962.51, 0.00006, Side.BUY))
    '{"id":"1","price":96962.51,"amount":0.00006,"side":"Buy"}'
    """
    return _write(to_dict(value, kind))


def from_json(kind: Any, text: str | bytes, root: str = "$") -> Any:
    """The value of a JSON text.

    Parameters
    ----------
    kind
        A class of this room, or a union of them such as ``EngineEvent``.
    text
        The document.
    root
        What errors call the whole document.

    Raises
    ------
    ProtocolError
        If the text is no JSON, or not of that type.

    Examples
    --------
    >>> from barter_bt.protocol import EngineEvent, PublicTrade
    >>> from_json(EngineEvent, '{"TradingStateUpdate":"Enabled"}')
    TradingStateUpdate(state=<TradingState.ENABLED: 'Enabled'>)
    >>> from_json(PublicTrade, '{"id":"1","price":1,"price":2}')
    Traceback (most recent call last):
        ...
    barter_bt.protocol.fault.ProtocolError: $.price: stands twice in one object, found 2
    """
    try:
        return read_quickly(kind, text)
    except InDoubt:
        pass
    return from_dict(kind, parse(text, root), root)


def _write(document: Any) -> str:
    """JSON without spaces, text as it is, floats as :func:`_float` spells them."""
    kind = type(document)
    if kind is str:
        return _quoted(document)
    if kind is dict:
        return "{" + ",".join([f"{_write(key)}:{_write(value)}" for key, value in document.items()]) + "}"
    if kind is list:
        return "[" + ",".join([_write(one) for one in document]) + "]"
    if kind is float:
        return _float(document)
    return json.dumps(document, ensure_ascii=False)


def _float(number: float) -> str:
    """The shortest text of a double; where Python's and serde's differ (small numbers), serde's.

    Python has 6e-05 and 1e-07, serde_json 1.0.154 has 0.00006 and 1e-7.
    """
    text = repr(number)
    if text.endswith("e-05"):
        return format(Decimal(text), "f")
    return text.replace("e-0", "e-")
