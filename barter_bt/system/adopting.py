"""Orders that the engine did not send: it tracks them from when it is told of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from barter_bt.engine.order import NO_GROUP
from barter_bt.protocol import Order
from barter_bt.system.book import plain_terms
from barter_bt.system.changes import Changes
from barter_bt.system.conditions import terms_of
from barter_bt.system.reports import Reports

Adoption: TypeAlias = Callable[[], int]
"""Tracks an order; returns its row."""


def adoption(reports: Reports, changes: Changes, i: int, snapshot: Order) -> Adoption:
    """What tracks an order that the engine did not send."""
    values = plain_terms(reports.units, i, snapshot)
    lots, given = reports.units.lots(i, snapshot.quantity), snapshot.conditions
    changes.work(i, lots)
    if given is not None:
        where = f"order {snapshot.key.cid!r} of {snapshot.key.instrument!r}"
        signed = reports.s.terms.zero[i] > 0
        values |= terms_of(reports.units, i, given, values, where, signed=signed)
    return partial(_adopt, reports, i, snapshot, lots, values)


def _adopt(reports: Reports, i: int, snapshot: Order, lots: int, values: dict[str, int]) -> int:
    """It stands by itself if what it depends on is not known: its exchange knows."""
    given, row = snapshot.conditions, len(reports.s.orders)
    if given is not None:
        exchange, parent = reports.s.terms.exchange[i], given.named_parent
        known = None if parent is None else reports.book.find_at(reports.s, exchange, parent)
        if known is not None:
            values = values | {"parent": known, "follows": int(given.after is not None)}
        if given.group is not None:
            first = row if given.group == snapshot.key.cid else reports.book.find_at(reports.s, exchange, given.group)
            values = values | {"group": NO_GROUP if first is None else first}
    row = reports.record(i, snapshot.side, lots, snapshot.key.strategy, values)
    reports.book.add(row, i, snapshot.key.cid, snapshot.price, snapshot.time_in_force)
    return row
