"""For `test_cache.py`: compiles one entry for each number given, which returns that number, and prints the results."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from barter_bt.columns.kernel import compile_entry
from barter_bt.columns.table import make_block, make_table

Numbers = make_table("Numbers", {"x": "i8"})
Only = make_block("Only", {"numbers": Numbers})


def wake(s: Any) -> int:
    """Exchanged."""
    return 0


def root(a: Any, b: Any, c: Any, d: Any) -> int:
    """What all entries share."""
    return wake(a) + a.numbers.x[0]


def make(number: int) -> Callable[[Any], int]:
    """A function of the same name for each number."""

    def strategy(s: Any) -> int:
        return number

    return strategy


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        block = Only(numbers=Numbers(1))
        entry = compile_entry(root, (Only,) * 4, {wake: make(int(argument))})  # type: ignore[arg-type]
        print(entry(*(block.address,) * 4))
