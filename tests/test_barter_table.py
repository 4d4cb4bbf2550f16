"""`docs/barter.md` names tests: each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)(?:::(\w+))?", (ROOT / "docs/barter.md").read_text("utf-8"))))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_the_table_names_exists(path, name):
    """By file and function."""
    text = (ROOT / path).read_text("utf-8")
    assert not name or f"def {name}(" in text


def test_the_table_names_many():
    """An empty table would pass all of the above."""
    assert len(NAMED) > 30
