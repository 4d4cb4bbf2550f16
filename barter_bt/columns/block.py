"""Blocks: named tables behind one address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, Self, cast

import numpy as np

from barter_bt.columns.column import annotated
from barter_bt.columns.table import Table
from barter_bt.columns.view import BY_ROW, TableView
from barter_bt.errors import StrategyError


class Block:
    """Named tables behind one address: what a kernel receives as its state.

    Subclasses annotate each table; a block may hold other blocks. In compiled code a block is one pointer,
    ``block.assets.total[i]`` two loads that the compiler may hoist.

    Examples
    --------
    >>> from barter_bt.columns.table import make_table
    >>> Row = make_table("Row", {"value": "i8"})
    >>> Pair = make_block("Pair", {"left": Row, "right": Row})
    >>> Pair(left=Row(1), right=Row(2)).tables()["right"].array("value")
    array([0, 0])
    """

    layout: ClassVar[dict[str, type[Table] | type[Block]]] = {}

    def __init_subclass__(cls) -> None:
        parts = (Table, Block)
        cls.layout = {k: v for k, v in annotated(cls).items() if isinstance(v, type) and issubclass(v, parts)}

    def __init__(self, **tables: Table | Block) -> None:
        if list(tables) != list(self.layout):
            raise TypeError(f"{type(self).__name__} wants the tables {list(self.layout)}, not {list(tables)}")
        for name, table in tables.items():
            setattr(self, name, table)
        self._directory = np.array([table.address for table in tables.values()], np.int64)
        self.address: int = self._directory.__array_interface__["data"][0]

    def replace(self, name: str, table: Table | Block) -> None:
        """Put another table of the same class in a place, between calls of kernels."""
        setattr(self, name, table)
        for view in ("read_only", "checked"):
            vars(self).pop(view, None)
        self._directory[list(self.layout).index(name)] = table.address

    def trim(self) -> None:
        """Give back room that was not needed."""
        for table in self.tables().values():
            table.trim()

    def __reduce__(self) -> Any:
        """Pickled are the tables."""
        return _block_of, (type(self), self.tables())

    def copy(self) -> Self:
        """Another block with copies of the tables."""
        return type(self)(**{name: table.copy() for name, table in self.tables().items()})

    def tables(self) -> Mapping[str, Any]:
        """Tables by name, in the order of declaration."""
        return {name: getattr(self, name) for name in self.layout}

    @cached_property
    def read_only(self) -> Self:
        """What strategies see of the engine's tables (:mod:`barter_bt.columns.view`)."""
        return cast("Self", BlockView(self, writable=False))

    @cached_property
    def checked(self) -> Self:
        """What strategies see of their own tables."""
        return cast("Self", BlockView(self, writable=True))

    @property
    def whole(self) -> Self:
        """The block itself; of a view, the block that it shows."""
        return self


class BlockView:
    """Tables by name, as strategies see them."""

    def __init__(self, block: Block, writable: bool) -> None:
        views = {
            name: TableView(part, name, writable) if isinstance(part, Table) else BlockView(part, writable)
            for name, part in block.tables().items()
        }
        vars(self).update(whole=block, read_only=self, checked=self, **views)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"there is no table {name!r}; there are {', '.join(self.whole.layout)}")

    def __setattr__(self, name: str, value: object) -> None:
        raise StrategyError(f"the strategy sets the table {name!r}", BY_ROW)


def tables_of(block: Block) -> Iterator[Table]:
    """Every table of a block, also of blocks in it."""
    for part in block.tables().values():
        if isinstance(part, Block):
            yield from tables_of(part)
        else:
            yield part


def _block_of(cls: type[Block], tables: Mapping[str, Any]) -> Block:
    return cls(**tables)


def make_block(name: str, layout: Mapping[str, type[Table] | type[Block]]) -> type[Block]:
    """A block class from a mapping of name to the class of table or block."""
    cls: type[Block] = type(name, (Block,), {})
    cls.layout = dict(layout)
    return cls
