"""Books by order: which orders stand in them, and in whose place; rules 93 and 94."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple


class OrderRow(NamedTuple):
    """Rule 93: what a row says of an order; a price of None is the one that it has."""

    action: str
    number: int
    side: int
    ticks: int | None
    amount: Fraction


@dataclass(eq=False)
class Standing:
    """An order in a place; one that loses its place is another."""

    side: int
    ticks: int
    amount: Fraction


class Execution(NamedTuple):
    """So much of an order was traded."""

    order: Standing
    amount: Fraction


@dataclass
class Orders:
    """Those of one book, by id."""

    standing: dict[int, Standing] = field(default_factory=dict)

    def replace(self, rows: tuple[OrderRow, ...]) -> None:
        """A snapshot; who is named again with no more than before keeps the place."""
        before, self.standing = self.standing, {}
        for row in rows:
            old = before.get(row.number)
            if row.action == "add" and old and (old.side, old.ticks) == row[2:4] and old.amount >= row.amount:
                old.amount = row.amount
                self.standing[row.number] = old
            else:
                self.add(row)

    def add(self, row: OrderRow) -> None:
        if row.action == "add":
            assert row.number not in self.standing, "ids of their own"
            assert row.ticks is not None, "it has a price"
            self.standing[row.number] = Standing(row.side, row.ticks, row.amount)

    def follow(self, row: OrderRow) -> tuple[set[tuple[int, int]], list[Execution]]:
        """The levels that a row sets, and what it executes."""
        if row.action == "add":
            self.add(row)
            return {(row.side, self.standing[row.number].ticks)}, []
        order = self.standing[row.number]
        touched = {(order.side, order.ticks)}
        if row.action == "modify":
            ticks = order.ticks if row.ticks is None else row.ticks
            if ticks != order.ticks or row.amount > order.amount:
                del self.standing[row.number]
                self.standing[row.number] = Standing(order.side, ticks, row.amount)
            else:
                order.amount = row.amount
            return touched | {(order.side, ticks)}, []
        gone = row.amount or order.amount
        order.amount -= gone
        if not order.amount:
            del self.standing[row.number]
        return touched, [Execution(order, gone)] if row.action == "execute" else []

    def at(self, side: int, ticks: int) -> list[Standing]:
        """Those of one price."""
        return [one for one in self.standing.values() if (one.side, one.ticks) == (side, ticks)]
