"""Memory for tables, used again from run to run.

A fresh page costs about a microsecond when it is first touched, which for a journal of a million rows is more
than writing it. Blocks that nothing refers to any more, no table and no view, go back to a small pool.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_POOL_BYTES_MAX = 256 << 20
_pool: dict[int, list[npt.NDArray[np.uint8]]] = {}
_pooled: int | None = 0


class _Owner:
    """Stands behind every view of a block; when the last one goes, so does this, and the block is free."""

    def __init__(self, block: npt.NDArray[np.uint8]) -> None:
        self._block = block
        self.__array_interface__: dict[str, Any] = block.__array_interface__

    def __del__(self) -> None:
        global _pooled  # noqa: PLW0603
        if _pooled is None:  # the interpreter is shutting down
            return
        size = self._block.size
        if _pooled + size <= _POOL_BYTES_MAX:
            _pooled += size
            _pool.setdefault(size, []).append(self._block)


def take(size: int) -> npt.NDArray[np.uint8]:
    """A block of at least ``size`` bytes, not zeroed.

    Examples
    --------
    >>> take(1000).size
    4096
    """
    global _pooled  # noqa: PLW0603
    rounded = 1 << max(12, (size - 1).bit_length())
    blocks = _pool.get(rounded)
    if blocks:
        assert _pooled is not None
        _pooled -= rounded
        return np.asarray(_Owner(blocks.pop()))
    return np.asarray(_Owner(np.empty(rounded, np.uint8)))
