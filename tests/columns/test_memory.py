"""The memory pool: what somebody can still see is never given to somebody else."""

import gc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.columns import memory
from barter_bt.columns.column import I64
from barter_bt.columns.memory import take
from barter_bt.columns.table import Table, out_of_memory


class Numbers(Table, growable=True):
    """One column."""

    value: I64


STEPS = st.lists(
    st.tuples(st.sampled_from(["take", "view", "drop"]), st.integers(0, 2**31), st.integers(1, 20_000)), max_size=60
)


@given(steps=STEPS)
def test_a_block_that_anything_looks_at_is_never_recycled(steps):
    """Blocks alive at one time never overlap, whether the block itself is held or only a view of it."""
    alive: list[tuple[np.ndarray, int]] = []
    for number, (what, choice, size) in enumerate(steps):
        if what == "take" or not alive:
            block = take(size)
            assert block.size >= size
            mark = number % 251 + 1
            block[:] = mark
            alive.append((block, mark))
        elif what == "view":
            block, mark = alive.pop(choice % len(alive))
            cut = choice % block.size
            alive.append((block[cut:], mark))
        else:
            del alive[choice % len(alive)]
        block = None
        assert all((view == mark).all() for view, mark in alive)


@given(rows=st.integers(1, 3_000))
def test_a_view_outlives_its_table(rows):
    """A column's array keeps its values after the table has grown, after it is gone, and while others are made."""
    table = Numbers(1)
    for value in range(rows):
        row = table.append()
        table.value[row] = value
    before = table.array("value")
    for _ in range(rows * 4):
        row = table.append()
        table.value[row] = -1
    last = table.array("value")
    del table
    for _ in range(3):
        other = Numbers(rows)
        for _ in range(rows):
            row = other.append()
            other.value[row] = 7
    assert before.tolist() == list(range(rows))
    assert last[:rows].tolist() == list(range(rows))


def test_a_block_is_used_again_once_nothing_looks_at_it():
    """The pool's purpose: the same memory comes back."""
    memory._pool[1 << 20].clear()
    block = take(1 << 20)
    address, view = block.ctypes.data, block[5:9]
    del block
    assert take(1 << 20).ctypes.data != address
    del view
    gc.collect()
    assert address in {take(1 << 20).ctypes.data, *(b.ctypes.data for b, _ in memory._pool.get(1 << 20, []))}


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 1 << 20])
def test_blocks_are_at_least_as_large_as_asked(size):
    """Sizes are rounded up, never down."""
    assert take(size).size >= size


def test_the_pool_keeps_no_more_than_its_bound(monkeypatch):
    """What comes back beyond the bound goes to the system."""
    monkeypatch.setattr(memory, "_pool", {1 << 20: []})
    monkeypatch.setattr(memory, "_POOL_BYTES_MAX", 3 << 20)
    blocks = [take(1 << 20) for _ in range(8)]
    blocks.clear()
    assert sum(block.size for kept in memory._pool.values() for block, _ in kept) == 3 << 20


def test_threads_never_get_one_block_twice():
    """Blocks that are alive at one time in any thread never overlap."""

    def work(mark: int) -> bool:
        for size in (5_000, 9_000, 70_000) * 50:
            blocks = [take(size) for _ in range(4)]
            for k, block in enumerate(blocks):
                block[:] = mark * 10 + k
            if not all((block == mark * 10 + k).all() for k, block in enumerate(blocks)):
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(16)))


def test_a_table_that_one_thread_cannot_grow_is_no_matter_of_another():
    """Memory that runs out ends the run that asked for it."""
    with ThreadPoolExecutor(1) as pool:
        error = MemoryError("table Orders could not grow")
        pool.submit(out_of_memory.note, error).result()
        assert out_of_memory.take() is None
        assert pool.submit(out_of_memory.take).result() is error
