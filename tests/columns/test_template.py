"""Copies of blocks that lie in one piece of memory are tables as any others."""

from __future__ import annotations

import gc
import pickle

import numpy as np
import pytest

from barter_bt.columns.block import Block, make_block, tables_of
from barter_bt.columns.column import F64, I8, I64, I64s
from barter_bt.columns.table import Table, grow, make_table
from barter_bt.columns.template import _LARGE, Template


class Fixed(Table):
    """Columns of two widths, and one with the name of a method."""

    small: I8
    over: I64
    wide: F64


class Journal(Table, growable=True):
    """Rows that are added."""

    value: I64
    kind: I8


class Pointing(Table, rows=1):
    """A column that lies elsewhere."""

    there: I64s


class Inner(Block):
    """A block in a block."""

    journal: Journal


class Outer(Block):
    """All kinds of tables."""

    fixed: Fixed
    inner: Inner
    given: Fixed
    pointing: Pointing
    large: Journal


def block() -> Outer:
    """One with something in each table."""
    fixed, journal, pointing, large = Fixed(3), Journal(2), Pointing(1), Journal(_LARGE)
    fixed.array("small")[:], fixed.array("over")[:], fixed.array("wide")[:] = 1, 2, 0.5
    for table in (journal, large):
        for value in (5, 6):
            row = table.append()
            table.value[row], table.kind[row] = value, 1
    pointing.point("there", 0, np.array([7, 8]))
    given = Fixed.over({"small": np.ones(2, np.int8), "over": np.array([3, 4]), "wide": np.ones(2)})
    return Outer(fixed=fixed, inner=Inner(journal=journal), given=given, pointing=pointing, large=large)


def rows(of: Block) -> list[dict[str, list[float]]]:
    """The rows of every table."""
    return [{name: table.array(name).tolist() for name in table.schema} for table in tables_of(of)]


def test_copies_are_equal_and_apart() -> None:
    """From what they are copies of, and from each other."""
    made = block()
    template, before = Template(made), rows(made)
    (one,), (other,) = template.copies(), template.copies()
    assert rows(one) == rows(other) == before
    assert one.pointing.there[0][1] == 8
    for table in tables_of(one):
        for name, code in table.schema.items():
            if code[0] != "*":
                table.array(name)[:] = 9
    one.fixed.over[1] = 11
    assert one.fixed.array("over").tolist() == [9, 11, 9]
    assert rows(other) == rows(made) == before
    addresses = {table.address for each in (made, one, other) for table in tables_of(each)}
    assert len(addresses) == 15


@pytest.mark.parametrize("by_address", [False, True], ids=["append", "compiled"])
def test_a_copy_grows(by_address: bool) -> None:
    """Out of its piece of memory, and leaves its neighbours alone."""
    (one,) = Template(block()).copies()
    for table in (one.inner.journal, one.large):
        for value in range(table._head[1] + 1):
            if by_address and len(table) == table._head[1]:
                assert grow(table.address) == 0
            row = table.append()
            table.value[row], table.kind[row] = value, 2
        assert table.array("value")[:3].tolist() == [5, 6, 0]
        assert table.array("kind")[1:4].tolist() == [1, 2, 2]
        table.trim()
    assert rows(one)[0] == rows(block())[0]


def test_a_copy_outlives_the_others() -> None:
    """The piece of memory is there as long as one table of it is."""
    template = Template(block())
    kept = template.copies()[0].fixed
    gc.collect()
    others = [template.copies()[0] for _ in range(4)]
    for each in others:
        each.fixed.array("over")[:] = 8
    assert kept.array("over").tolist() == [2, 2, 2]
    assert pickle.loads(pickle.dumps(kept)).array("wide").tolist() == [0.5] * 3


def test_what_blocks_share_their_copies_share() -> None:
    """As engine and venue do."""
    Cell = make_table("Cell", {"value": "i8"})
    shared, own = Cell(1), Cell(1)
    Pair = make_block("Pair", {"left": Cell, "right": Cell})
    one, other = Template(Pair(left=shared, right=own), Pair(left=own, right=shared)).copies()
    assert one.left is other.right
    assert one.right is other.left
    assert one.left is not one.right
    assert one._directory.tolist() == [one.left.address, one.right.address]
