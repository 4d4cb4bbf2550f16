"""JSON text as Python objects, without losing a digit or a key."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import Any

from barter_bt.protocol.fault import Fault, ProtocolError


def parse(text: str | bytes, root: str = "$") -> Any:
    """The document of a JSON text: numbers with a point or an exponent as decimals, no key twice.

    Examples
    --------
    >>> parse('[1, 0.10]')
    [1, Decimal('0.10')]
    """
    doubled: list[_Doubled] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        doubled.append(_Doubled(found))
        doubled[-1].key = Counter(name for name, _ in pairs).most_common(1)[0][0]
        return doubled[-1]

    try:
        document = json.loads(text, parse_float=Decimal, object_pairs_hook=object_of)
        fault = _find_doubled(document) if doubled else None
    except json.JSONDecodeError as error:
        rest = error.doc[error.pos : error.pos + 30]
        where = f"line {error.lineno} column {error.colno}"
        raise ProtocolError(root, f"no JSON at {where} ({error.msg.lower()})", rest) from None
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ProtocolError(root, f"no JSON that can be read ({error})", text) from None
    if fault:
        raise fault.error(root)
    return document


class _Doubled(dict[str, Any]):
    """An object in which a key stands twice."""

    key: str


def _find_doubled(document: Any) -> Fault | None:
    """The fault of the first object in which a key stands twice, outside in."""
    if isinstance(document, _Doubled):
        return Fault("stands twice in one object", document[document.key]).at(f".{document.key}")
    inside: Any = ()
    if isinstance(document, dict):
        inside = ((value, f".{key}") for key, value in document.items())
    elif isinstance(document, list):
        inside = ((value, f"[{k}]") for k, value in enumerate(document))
    for value, step in inside:
        fault = _find_doubled(value)
        if fault:
            return fault.at(step)
    return None
