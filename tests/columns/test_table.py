"""Tables and blocks: columns that grow, move and keep what was written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.columns import table as module
from barter_bt.columns.block import Block, make_block
from barter_bt.columns.column import F64, I8, I32, I64, I64s, layout_of
from barter_bt.columns.table import Table, grow, make_table


class Mixed(Table, growable=True):
    """One column of each width."""

    small: I8
    medium: I32
    large: I64
    real: F64


class Fixed(Table):
    """Two columns."""

    left: I64
    right: I8


class Chunks(Table):
    """A column of columns."""

    length: I64
    values: I64s


def addresses(table: Table) -> list[int]:
    return [table.array(name).ctypes.data for name in table.schema]


@given(first=st.integers(0, 9), values=st.lists(st.integers(-100, 100), max_size=300))
def test_growing_keeps_all_values_of_all_columns(first, values):
    """Whatever the first capacity, every row reads back as it was written, in each width."""
    table = Mixed(first)
    for value in values:
        row = table.append()
        table.small[row] = value
        table.medium[row] = value * 10**6
        table.large[row] = value * 10**15
        table.real[row] = value / 4
    assert len(table) == len(values)
    assert table.array("small").tolist() == values
    assert table.array("medium").tolist() == [v * 10**6 for v in values]
    assert table.array("large").tolist() == [v * 10**15 for v in values]
    assert table.array("real").tolist() == [v / 4 for v in values]


@given(rows=st.integers(0, 200))
def test_every_column_starts_on_a_boundary_of_64_bytes(rows):
    """Columns are aligned whatever the capacity, and do not overlap."""
    table = Mixed(rows)
    for _ in range(rows + 5):
        table.append()
    assert all(address % 64 == 0 for address in addresses(table))
    ends = [a + table.array(n).nbytes for a, n in zip(addresses(table), table.schema, strict=True)]
    assert all(end <= start for end, start in zip(ends[:-1], addresses(table)[1:], strict=True))


def test_a_fixed_table_starts_with_zeros_and_a_growable_one_empty():
    """The rows of a fixed table exist from the start; those of a growable one are appended."""
    assert (len(Fixed(3)), Fixed(3).array("left").tolist()) == (3, [0, 0, 0])
    assert len(Mixed(3)) == 0


@pytest.mark.parametrize(("column", "most"), [("small", 2**7), ("medium", 2**31), ("large", 2**63)])
def test_a_value_too_large_for_its_column_is_an_error(column, most):
    """In Python nothing wraps: not in narrow columns, not in int64."""
    table = Mixed(1)
    row = table.append()
    getattr(table, column)[row] = most - 1
    getattr(table, column)[row] = -most
    for beyond in (most, -most - 1):
        with pytest.raises((OverflowError, ValueError)):
            getattr(table, column)[row] = beyond


def test_elements_are_plain_python_numbers():
    """Reading an element gives an int or a float, whatever the width."""
    table = Mixed(1)
    row = table.append()
    table.small[row], table.real[row] = 3, 2.5
    assert type(table.small[row]) is int
    assert type(table.real[row]) is float


def test_a_row_beyond_the_capacity_is_an_error():
    """Interpreted, columns are bounds checked."""
    table = Fixed(2)
    with pytest.raises(IndexError):
        table.left[2]


def test_truncate_keeps_the_first_rows():
    """Rows after a truncation are appended behind those kept."""
    table = Mixed(1)
    for value in range(5):
        row = table.append()
        table.small[row] = value
    table.truncate(2)
    row = table.append()
    table.small[row] = 9
    assert table.array("small").tolist() == [0, 1, 9]


def test_a_column_of_columns_reads_where_it_points():
    """An element of a column of columns is the other array itself, without a copy, in Python and by address."""
    table, values = Chunks(2), np.array([5, 7, 9])
    table.point("values", 1, values)
    values[2] = 11
    assert [table.values[1][k] for k in range(3)] == [5, 7, 11]
    assert table.array("values").tolist() == [0, values.ctypes.data]


@pytest.mark.parametrize("wrong", [np.zeros(3), np.zeros(3, np.int32), np.zeros(6, np.int64)[::2]])
def test_a_column_of_columns_refuses_another_type_or_strides(wrong):
    """Only a contiguous array of the declared type can stand behind an address."""
    with pytest.raises(TypeError, match="values"):
        Chunks(1).point("values", 0, wrong)


def test_the_descriptor_is_what_compiled_code_reads():
    """Rows, capacity, then the address of each column; its own address never changes."""
    table = Mixed(1)
    before = table.address
    for _ in range(100):
        table.append()
    descriptor = np.ctypeslib.as_array((np.ctypeslib.ctypes.c_int64 * 6).from_address(table.address))
    assert table.address == before
    assert descriptor[0] == 100
    assert descriptor[1] >= 100
    assert descriptor[2:].tolist() == addresses(table)


class Pair(Table, rows=2):
    """Always two rows."""

    small: I8
    real: F64
    large: I64


def test_a_class_may_say_how_many_rows_its_tables_have():
    """Then the columns lie at the same distances in each, where compiled code looks for them."""
    with pytest.raises(TypeError, match=r"a Pair has 2 row\(s\), not 3"):
        Pair(3)
    for table in (Pair(2), Pair(2).copy()):
        first, *others = addresses(table)
        assert [each - first for each in others] == layout_of(Pair).places(2)[0][1:3]


def test_compiled_code_grows_a_table_by_its_address():
    """The call-back finds the table again; one that cannot grow is noted for an error."""
    table = Mixed(1)
    row = table.append()
    table.small[row] = 4
    assert grow(table.address) == 0
    assert table.array("small").tolist() == [4]

    def full() -> None:
        raise MemoryError

    table.grow = full
    assert grow(table.address) == 1
    assert str(module.out_of_memory.take()) == "table Mixed could not grow"
    assert module.out_of_memory.take() is None


def test_tables_of_one_declaration_are_independent():
    """Two tables share a schema and nothing else."""
    one, other = Fixed(1), Fixed(1)
    one.left[0] = 5
    assert other.left[0] == 0
    assert Fixed.schema == {"left": "i8", "right": "i1"}


def test_a_block_names_its_tables_in_order():
    """A block is a directory of its tables' addresses."""

    class Pair(Block):
        one: Fixed
        two: Mixed

    one, two = Fixed(1), Mixed(1)
    pair = Pair(one=one, two=two)
    assert list(pair.tables()) == ["one", "two"]
    assert pair._directory.tolist() == [one.address, two.address]
    with pytest.raises(TypeError, match="one"):
        Pair(two=two, one=one)
    with pytest.raises(TypeError, match="two"):
        Pair(one=one)


def test_tables_and_blocks_made_at_run_time():
    """`make_table` and `make_block` give what a declaration gives."""
    mine = make_table("Mine", {"seen": "i8", "mean": "f8"})
    block = make_block("My", {"each": mine})(each=mine(3))
    block.each.seen[2] = 8
    assert block.tables()["each"].array("seen").tolist() == [0, 0, 8]
    assert block.each.array("mean").dtype == np.float64


@pytest.mark.parametrize(("rows", "room", "trimmed"), [(10, 200_000, True), (90_000, 200_000, False), (10, 400, False)])
def test_room_that_was_not_needed_is_given_back(rows, room, trimmed):
    """Where it is most of much; the rows stay, and more can be added."""
    table = Mixed(1)
    table.reserve(room)
    for k in range(rows):
        row = table.append()
        table.small[row] = k % 100
    before = table.array("small")
    table.trim()
    assert (table._head[1] == rows) is trimmed
    row = table.append()
    table.small[row] = 7
    assert before.tolist() == [k % 100 for k in range(rows)]
    assert table.array("small").tolist() == [*before.tolist(), 7]
