"""Names in columns are what a dict of them would be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from barter_bt.columns.names import NO_NAME, Names

STEPS = st.tuples(
    st.sampled_from(["set", "remove", "entry"]), st.text(max_size=3), st.integers(-1, 2), st.integers(0, 99)
)


@given(st.lists(STEPS, max_size=200))
def test_they_are_a_dict(steps: list[tuple[str, str, int, int]]) -> None:
    """Numbers by group and text; entries never change, and say which name they are."""
    names, numbers, entries = Names(), dict[tuple[int, str], int](), dict[tuple[int, str], int]()
    for what, text, group, number in steps:
        if what == "set":
            names.set(text, number, group)
            numbers[group, text] = number
        elif what == "remove":
            names.remove(text, group)
            numbers.pop((group, text), None)
        entry = names.entry(text, group)
        assert entries.setdefault((group, text), entry) == entry
    for (group, text), entry in entries.items():
        assert names.find(text, group) == entry
        assert names[entry] == text
        assert names.get(text, group) == numbers.get((group, text))
    assert len(names) == len(entries)
    assert {(group, text): number for group, text, number in names.items()} == numbers
    assert names.find("longer than any") == NO_NAME


def test_texts_of_any_kind_come_back() -> None:
    names, texts = Names(), ["", "ä", "\ud800", "x" * 1000, "a\0b"]
    entries = [names.entry(text) for text in texts]
    assert [names[entry] for entry in entries] == texts
