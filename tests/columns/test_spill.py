"""Bounded memory: tables hold what was written, wherever they lie, and no more of them lies in memory than may."""

import errno
import gc
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.columns.block import make_block, tables_of
from barter_bt.columns.column import F64, I8, I64
from barter_bt.columns.spill import BoundedMemory
from barter_bt.columns.table import Table, grow, out_of_memory
from barter_bt.errors import StorageError


class Mixed(Table, growable=True):
    """Columns of two widths."""

    whole: I64
    small: I8


class Single(Table, growable=True):
    """One column."""

    value: F64


class Fixed(Table):
    """A table that does not grow."""

    value: I64


def append(table: Table, values: range) -> None:
    for value in values:
        row = table.append()
        for name in table.schema:
            getattr(table, name)[row] = value % 100


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


STEPS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 900), st.booleans()), max_size=25)


@given(steps=STEPS, bytes_max=st.integers(0, 60_000))
def test_tables_hold_what_was_written_and_memory_no_more_than_its_bound(steps, bytes_max):
    """Whichever of them grows, is reserved, is cut or is trimmed."""
    tables = [Mixed(3), Single(1), Mixed(200)]
    memory = BoundedMemory(tables, bytes_max)
    written: list[list[int]] = [[], [], []]
    for number, rows, reserve in steps:
        table, values = tables[number], written[number]
        if reserve:
            table.reserve(len(table) + rows)
        append(table, range(rows))
        values += [value % 100 for value in range(rows)]
        table.truncate(len(values) - rows // 3)
        del values[len(values) - rows // 3 :]
        table.trim()
        memory.release()
        assert sum(memory._in_memory.values()) <= bytes_max
    for table, values in zip(tables, written, strict=True):
        for name in table.schema:
            assert table.array(name).tolist() == values
            assert table.copy().array(name).tolist() == pickle.loads(pickle.dumps(table)).array(name).tolist() == values


def test_the_table_that_outgrows_the_bound_leaves_its_part_to_others():
    small, large = Single(10), Single(10)
    memory = BoundedMemory([small, large], 20_000)
    append(large, range(5_000))
    append(small, range(600))
    assert memory.is_in_file(large)
    assert not memory.is_in_file(small)
    assert large._head[1] * 8 > 20_000 > small._head[1] * 8


def test_room_that_may_never_be_needed_is_not_taken_on_a_disk():
    table = Single(1)
    memory = BoundedMemory([table], 10_000)
    table.expect(50_000)
    assert not memory.is_in_file(table)
    table.expect(1_000)
    assert (table._head[1], memory.is_in_file(table)) == (1_000, False)
    table.reserve(50_000)
    assert (table._head[1], memory.is_in_file(table)) == (50_000, True)


def test_what_there_is_above_the_bound_is_moved_and_fixed_tables_stay():
    table, fixed = Single(1), Fixed(9_000)
    append(table, range(3_000))
    before = table.array("value")
    memory = BoundedMemory([fixed, table, table], 5_000)
    append(table, range(10))
    assert memory.is_in_file(table)
    assert not memory.is_in_file(fixed)
    assert np.array_equal(table.array("value")[:3_000], before)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a process has open is listed elsewhere")
def test_files_have_no_name_and_their_room_comes_back(tmp_path):
    """What is mapped from the directory is there as long as anything looks at it."""

    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count(str(tmp_path))

    table = Single(1)
    memory = BoundedMemory([table], 0, tmp_path)
    append(table, range(2_000))
    gc.collect()
    assert mapped() == 1  # the smaller ones that it had before are gone
    assert list(tmp_path.iterdir()) == []
    view = table.array("value")
    del table, memory
    gc.collect()
    assert view.tolist() == [float(value % 100) for value in range(2_000)]
    del view
    gc.collect()
    assert mapped() == 0


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="room is reserved otherwise")
def test_a_full_disk_is_told_when_a_table_grows_and_leaves_it_as_it_was(tmp_path, monkeypatch):
    table = Single(1)
    memory = BoundedMemory([table], 1_000, tmp_path)
    append(table, range(16))
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match=rf"Single needs [\d,]+ bytes .* in {tmp_path}: No space left"):
        append(table, range(1_000))
    rows = len(table)
    assert table.array("value").tolist() == [float(k) for k in range(16)] + [float(k) for k in range(rows - 16)]
    assert not memory.is_in_file(table)
    assert grow(table.address) == 1
    assert isinstance(out_of_memory.take(), StorageError)
    assert out_of_memory.take() is None
    assert list(tmp_path.iterdir()) == []


def test_where_room_cannot_be_reserved_it_is_written(monkeypatch):
    """So a full disk is known before a page of it is touched, on every system."""
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    table = Single(1)
    BoundedMemory([table], 0)
    append(table, range(200_000))
    assert table.array("value").tolist() == [float(value % 100) for value in range(200_000)]


def test_a_directory_that_is_gone_is_told(tmp_path):
    gone = tmp_path / "gone"
    with pytest.raises(StorageError, match="gone: No such file or directory"):
        BoundedMemory([Single(9)], 0, gone)


def test_tables_of_blocks_in_blocks_are_found():
    first, second, third = Single(1), Mixed(1), Fixed(1)
    inner = make_block("Inner", {"second": Mixed, "third": Fixed})(second=second, third=third)
    outer = make_block("Outer", {"first": Single, "inner": type(inner)})(first=first, inner=inner)
    assert list(tables_of(outer)) == [first, second, third]


def test_a_table_that_grows_counts_once():
    """What it leaves is no more its own."""
    table = Single(1_000)
    memory = BoundedMemory([table], 33_000)
    append(table, range(4_000))
    assert (table._head[1], memory.is_in_file(table)) == (4_000, False)


def test_what_a_table_leaves_is_there_for_others():
    """When it grows in memory, and when it goes to a file."""
    table, other = Single(1_000), Single(1)
    memory = BoundedMemory([table, other], 60_000)
    append(table, range(4_000))
    assert memory.has_room(other, 27_000)
    assert not memory.has_room(other, 29_000)
    append(table, range(1_000))
    assert memory.is_in_file(table)
    assert memory.has_room(other, 59_000)
