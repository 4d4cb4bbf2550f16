"""`docs/barter.md` and `docs/barter_tests.md` name tests: each is there, and all of Barter's are in the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEVIATIONS, TESTS = ((ROOT / "docs" / name).read_text("utf-8") for name in ("barter.md", "barter_tests.md"))
TEST = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")
NAMED = sorted(set(TEST.findall(DEVIATIONS + TESTS)))
SECTION = re.compile(r"^## [^\n]*: (barter[\w-]*)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (\S+\.rs) \| (.+?) \| (.*?) ?\| (.*?) ?\|$", re.MULTILINE)
ROWS = [(crate, *row) for crate, text in SECTION.findall(TESTS) for row in ROW.findall(text)]
FUNCTIONS = {"barter": 67, "barter-data": 59, "barter-execution": 15, "barter-instrument": 15, "barter-integration": 63}


def functions(row: tuple[str, ...]) -> int:
    """How many of Barter's functions a row stands for."""
    group = re.fullmatch(r"(\d+) functions?", row[2])
    return int(group[1]) if group else 1


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_table_names_exists(path: str, name: str) -> None:
    """By file and function."""
    text = (ROOT / path).read_text("utf-8")
    assert not name or f"def {name}(" in text


def test_the_table_names_many() -> None:
    """An empty table would pass all of the above."""
    assert len(set(TEST.findall(DEVIATIONS))) > 30
    assert len(set(TEST.findall(TESTS))) > 60


def test_every_function_of_barters_tests_is_in_the_table() -> None:
    """As many for each crate as Barter has, 219 in all, each once."""
    assert {crate: sum(functions(row) for row in ROWS if row[0] == crate) for crate in FUNCTIONS} == FUNCTIONS
    assert sum(FUNCTIONS.values()) == 219
    assert len({row[:3] for row in ROWS}) == len(ROWS) == TESTS.count(".rs |")


def test_every_row_has_a_test_or_a_reason() -> None:
    """What is here names a function of a test; what is not says why; a row for several functions has only a reason."""
    for row in ROWS:
        _, _, function, here, why = row
        assert here or why, function
        assert not here or all(TEST.fullmatch(one) and "::" in one for one in here.split(", ")), function
        assert " " not in function or not here, function


def test_the_counts_at_the_top_are_those_of_the_table() -> None:
    """Same, with a difference, not here, all."""
    same = sum(1 for *_, here, why in ROWS if here and not why)
    differing = sum(1 for *_, here, why in ROWS if here and why)
    absent = sum(functions(row) for row in ROWS if not row[3])
    stated = [int(number) for number in re.findall(r"^\| [a-z][^|]* \| (\d+) \|$", TESTS, re.MULTILINE)]
    assert stated == [same, differing, absent, sum(FUNCTIONS.values())]
