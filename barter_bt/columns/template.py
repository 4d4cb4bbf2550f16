"""Copies of blocks, from which runs begin: tables lie side by side in one piece of memory, which is copied whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from barter_bt.columns.block import Block, tables_of
from barter_bt.columns.memory import address_of, take
from barter_bt.columns.table import _HEADER, Table

_LARGE = 1 << 14  # bytes of a table that grows: it lies alone, in memory that can be given back
_LINE = 64


class Template:
    """Blocks that nothing changes any more; a table that two of them have is one table in their copies, too.

    Examples
    --------
    >>> from barter_bt.columns.block import make_block
    >>> from barter_bt.columns.table import make_table
    >>> Cell = make_table("Cell", {"value": "i8"})
    >>> shared = Cell(1)
    >>> template = Template(*(make_block(name, {"cell": Cell})(cell=shared) for name in ("One", "Other")))
    >>> one, other = template.copies()
    >>> one.cell.value[0] = 7
    >>> other.cell.value[0], shared.value[0]
    (7, 0)
    """

    def __init__(self, *blocks: Block) -> None:
        self._blocks, self._alone = blocks, list[Table]()
        images = []
        for table in {table.address: table for block in blocks for table in tables_of(block)}.values():
            image = table.image()
            if image is None or (table.growable and image[1].size > _LARGE):
                self._alone.append(table)
            else:
                images.append((table, *image))
        # First the descriptors of all, then the columns of each on a boundary.
        word, byte = 0, 8 * sum(len(words) for _, words, _ in images)
        self._places: list[tuple[Table, slice, slice]] = []
        descriptors, columns = [np.empty(0, np.int64)], [np.empty(0, np.uint8)]
        for table, words, block in images:
            gap = -byte % _LINE
            start = byte + gap
            words[_HEADER:] += start
            self._places.append((table, slice(word, word + len(words)), slice(start, start + block.size)))
            descriptors.append(words)
            columns += [np.zeros(gap, np.uint8), block]
            word, byte = word + len(words), start + block.size
        words = np.concatenate(descriptors)
        self._image = np.concatenate([words.view(np.uint8), *columns])
        self._is_place = np.ones(word, np.int64)  # 1 where a descriptor has the place of a column, which is moved
        for _, at, _ in self._places:
            self._is_place[at.start : at.start + _HEADER] = 0

    def copies(self) -> list[Any]:
        """One copy of each block."""
        block = take(self._image.size + _LINE)
        gap = -address_of(block) % _LINE
        start, piece = address_of(block) + gap, block[gap : gap + self._image.size]
        piece[:] = self._image
        words = piece[: self._is_place.nbytes].view(np.int64)
        words += self._is_place * start
        head: memoryview[int] = memoryview(cast("Any", words))
        made = {table.address: table.copy() for table in self._alone}
        for table, at, of in self._places:
            made[table.address] = table.placed(start + 8 * at.start, head[at], words[at], piece[of])
        return [_copy(one, made) for one in self._blocks]


def _copy(block: Block, made: Mapping[int, Table]) -> Block:
    """A block of these tables in place of those that it has."""
    parts = block.tables().items()
    return type(block)(
        **{name: _copy(part, made) if isinstance(part, Block) else made[part.address] for name, part in parts}
    )
