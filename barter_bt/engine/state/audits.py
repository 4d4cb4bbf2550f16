"""The audit in columns: one row for each event, one for each thing that the engine did because of it."""

from __future__ import annotations

from barter_bt.columns.column import F64, I8, I64
from barter_bt.columns.table import Table
from barter_bt.engine.messages import Reports
from barter_bt.engine.order import OrderRequest


class Audits(Table, growable=True):
    """Events. At the level of actions only those with outputs have a row."""

    sequence: I64
    time: I64  # the engine's clock
    kind: I64  # as in `event.py`
    part: I64  # which event of a report this is
    instrument: I64  # -1 where it concerns none
    order: I64
    exchange: I64
    command: I64
    item: I64  # row in `market_items` or `account_items`, -1 for none


class Outputs(Table, growable=True):
    """What the engine did; ``what`` is an order, a row of `positions` or of `amends`, or an exchange."""

    sequence: I64
    kind: I8
    what: I64
    asked: I64  # row in `asked`, -1 for none


class Asked(OrderRequest, growable=True):
    """Opens and amends as they were asked for, sent or refused: all that the order manager was told of them."""

    order: I64
    time: I64
    reason: I64


class MarketItems(Table, growable=True):
    """Market items, with the columns of :class:`~barter_bt.engine.feed.Cursors`."""

    time_exchange: I64
    first: F64
    second: F64
    third: F64
    fourth: F64
    fifth: F64


class AccountItems(Reports, growable=True):
    """Reports as they arrived."""
