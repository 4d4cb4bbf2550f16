"""Memory for tables, used again from run to run.

A fresh page costs about a microsecond when it is first touched, which for a journal of a million rows is more
than writing it. Blocks that nothing refers to any more, no table and no view, go back to a small pool. Threads share
it without a lock: a list gives an element to one taker only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

LINE = 8  # rows of a column in a line of a processor's cache
_POOL_BYTES_MAX = 256 << 20
_SMALL, _SMALL_BYTES_MAX = 1 << 17, 4 << 20  # of blocks up to this size so much each, without adding up all
_LEAST, _MOST = 12, 40  # powers of two; a page, and more than there is
_Block = tuple[npt.NDArray[np.uint8], dict[str, Any]]  # with NumPy's description of it, which takes time to make
_pool: dict[int, list[_Block]] = {1 << power: [] for power in range(_LEAST + 1, _MOST)}


class _Owner:
    """Stands behind every view of a block; when the last one goes, so does this, and the block is free."""

    def __init__(self, block: npt.NDArray[np.uint8], description: dict[str, Any]) -> None:
        self._block = block
        self.__array_interface__ = description

    def __del__(self) -> None:
        if _pool is None:  # the interpreter is shutting down
            return
        size = self._block.size
        if size not in _pool:
            return
        if size <= _SMALL:
            there, most = size * len(_pool[size]), _SMALL_BYTES_MAX
        else:
            there = sum(each * len(blocks) for each, blocks in _pool.items() if each > _SMALL)
            most = _POOL_BYTES_MAX
        if there + size <= most:
            _pool[size].append((self._block, self.__array_interface__))


def array(rows: int, dtype: npt.DTypeLike, value: float | None = None) -> npt.NDArray[Any]:
    """So many numbers, all of one value or not set; where they are many, in memory that is used again.

    Examples
    --------
    >>> array(3, np.int64, 7).tolist()
    [7, 7, 7]
    """
    size = rows * np.dtype(dtype).itemsize
    found = np.empty(rows, dtype) if size <= _SMALL else take(size)[:size].view(dtype)
    if value is not None:
        found[:] = value
    return found


def take(size: int) -> npt.NDArray[np.uint8]:
    """A block of at least ``size`` bytes, not zeroed; less than a page is not worth keeping.

    Examples
    --------
    >>> take(100).size, take(5_000).size
    (100, 8192)
    """
    if size <= 1 << _LEAST:
        return np.empty(size, np.uint8)
    rounded = 1 << (size - 1).bit_length()
    try:
        block, description = _pool[rounded].pop()
    except (IndexError, KeyError):
        block = np.empty(rounded, np.uint8)
        description = block.__array_interface__
    return np.asarray(_Owner(block, description))


def address_of(block: npt.NDArray[np.uint8]) -> int:
    """Where a block begins."""
    owner: Any = block.base
    address: int = (owner if isinstance(owner, _Owner) else block).__array_interface__["data"][0]
    return address
