"""What is written is read again, for every type; what is spoilt is refused, at its place."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barter_bt.protocol import EngineEvent, ProtocolError, from_dict, from_json, to_dict, to_json
from tests.protocol.strategies import CLASSES, KINDS, values

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
MANY = settings(FEW, max_examples=150)


@pytest.mark.parametrize("name", KINDS)
@FEW
@given(data=st.data())
def test_every_type(name: str, data: st.DataObject) -> None:
    kind = KINDS[name]
    value = data.draw(values(kind))
    assert from_json(kind, to_json(value, kind)) == value
    assert from_json(kind, to_json(value, kind).encode()) == value
    assert from_dict(kind, to_dict(value, kind)) == value


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@FEW
@given(data=st.data())
def test_every_class_by_itself(cls: Any, data: st.DataObject) -> None:
    value = data.draw(values(cls))
    assert from_json(type(value), to_json(value)) == value


@MANY
@given(values(EngineEvent))
def test_the_text_is_the_document(event: Any) -> None:
    assert json.loads(to_json(event)) == to_dict(event)
    assert to_json(from_json(EngineEvent, to_json(event))) == to_json(event)


def places(document: Any, path: str = "$") -> Iterator[tuple[str, Any, Any]]:
    """Path, container and key of everything inside a document."""
    items: Any = ()
    if isinstance(document, dict):
        items = [(f"{path}.{key}", key) for key in document]
    elif isinstance(document, list):
        items = [(f"{path}[{k}]", k) for k in range(len(document))]
    for where, key in items:
        yield where, document, key
        yield from places(document[key], where)


@MANY
@given(values(EngineEvent), st.data(), st.sampled_from([{"?": 1}, ["?"], 1.5, "\ud800", -1]))
def test_a_wrong_part_is_found_at_its_path(event: Any, data: st.DataObject, wrong: Any) -> None:
    document = copy.deepcopy(to_dict(event))
    found = [place for place in places(document) if not _takes(wrong, place[1][place[2]])]
    if not found:
        return
    path, container, key = data.draw(st.sampled_from(found))
    container[key] = wrong
    with pytest.raises(ProtocolError) as error:
        from_dict(EngineEvent, document)
    assert error.value.path.startswith(path)
    assert error.value.message.startswith(error.value.path)


def _takes(wrong: Any, right: Any) -> bool:
    """Whether what is put in could be right there: a number for a decimal, which reads them; an array for an array."""
    if isinstance(wrong, list):
        return isinstance(right, list) and not right
    return isinstance(wrong, int | float) and isinstance(right, str | float)


@MANY
@given(values(EngineEvent), st.data())
def test_a_missing_and_an_unknown_field_are_found_at_their_path(event: Any, data: st.DataObject) -> None:
    document = copy.deepcopy(to_dict(event))
    objects = [place for place in places(document) if isinstance(place[1][place[2]], dict) and place[1][place[2]]]
    if not objects:
        return
    path, container, key = data.draw(st.sampled_from(objects))
    container[key]["unheard_of"] = 1
    with pytest.raises(ProtocolError) as error:
        from_dict(EngineEvent, document)
    assert error.value.path in (path, f"{path}.unheard_of")


@FEW
@given(st.text() | st.binary())
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    with contextlib.suppress(ProtocolError):
        from_json(EngineEvent, text)
