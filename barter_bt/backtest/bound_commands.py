"""Commands that open orders which depend on others: what they name are commands of the same time (rules 57 and 58)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from barter_bt.errors import ConfigError
from barter_bt.strategy.order_rows import AFTER, GROUP

BONDS = ("after", "group")


@dataclass
class Bonds:
    """The opens so far, and the first of each group."""

    opens: dict[int, tuple[object, int, int]] = field(default_factory=dict)
    """By number of the command: time, exchange, and row of the table."""
    firsts: dict[tuple[object, object], int] = field(default_factory=dict)

    def of(self, number: int, row: Mapping[str, Any], exchange: int, place: int) -> dict[str, int]:
        """Columns of an open that becomes the row ``place`` of the table: whom it follows, and the first of its group.

        Raises
        ------
        ConfigError
            What it names is no earlier open of its time and exchange.
        """
        self.opens[number] = (row["time"], exchange, place)
        found = {}
        if row.get("after") is not None:
            named = row["after"]
            found = {"follows": 1, "parent": self._place(number, "after", named if named != number else None, AFTER)}
        if row.get("group") is not None:
            first = self.firsts.setdefault((row["time"], row["group"]), number)
            found["group"] = self._place(number, "group", first, GROUP)
        return found

    def _place(self, number: int, name: str, named: object, hint: str) -> int:
        """The row of the command that is named."""
        time, exchange, _ = self.opens[number]
        other = self.opens.get(named) if isinstance(named, int) else None
        if other is None or other[:2] != (time, exchange):
            raise ConfigError(
                f"row {number} of the commands, 'open', has a column {name} that names no fitting row", hint
            )
        return other[2]
