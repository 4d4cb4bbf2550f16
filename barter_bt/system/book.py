"""What was said outside and columns do not hold: client ids, exchange ids, names of strategies, exact amounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from barter_bt.engine.action.send import ask
from barter_bt.engine.order import BUY, DAY, FOK, GTC, IOC, LIMIT, MARKET, SELL
from barter_bt.engine.state.tables import EngineState
from barter_bt.protocol import (
    FillOrKill,
    GoodUntilCancelled,
    GoodUntilEndOfDay,
    ImmediateOrCancel,
    Order,
    OrderKind,
    RequestOpen,
    Side,
    TimeInForce,
)
from barter_bt.system.units import Units


def encode(kind: OrderKind, time_in_force: TimeInForce) -> tuple[int, int, int]:
    """Codes of kind and time in force, and whether the order is post-only."""
    code = MARKET if kind == OrderKind.MARKET else LIMIT
    if isinstance(time_in_force, GoodUntilCancelled):
        return code, GTC, int(time_in_force.post_only)
    if isinstance(time_in_force, GoodUntilEndOfDay):
        return code, GTC, 0  # until the exchange says that it has ended
    return code, IOC if isinstance(time_in_force, ImmediateOrCancel) else FOK, 0


def plain_terms(units: Units, i: int, terms: RequestOpen | Order) -> dict[str, int]:
    """Columns of an open without conditions; ``day``, which is none, says that it is good until the day ends."""
    kind, tif, post_only = encode(terms.kind, terms.time_in_force)
    protects = terms.conditions.protects if terms.conditions is not None else None
    priced = kind == LIMIT and not (protects is not None and protects.offset is not None and not terms.price)
    return {
        "side": BUY if terms.side == Side.BUY else SELL,
        "kind": kind,
        "time_in_force": tif,
        "post_only": post_only,
        "price": units.ticks(i, terms.price) if priced else 0,
        "day": int(isinstance(terms.time_in_force, GoodUntilEndOfDay)),
    }


def decode(kind: int, time_in_force: int, post_only: int) -> tuple[OrderKind, TimeInForce]:
    """The opposite of :func:`encode`, but for orders that are good until the end of the day."""
    terms: dict[int, TimeInForce] = {
        GTC: GoodUntilCancelled(bool(post_only)),
        IOC: ImmediateOrCancel(),
        FOK: FillOrKill(),
    }
    return OrderKind.LIMIT if kind == LIMIT else OrderKind.MARKET, terms[time_in_force]


def kind_and_time(kind: int, time_in_force: int, post_only: int) -> tuple[OrderKind, TimeInForce]:
    """Those of an order as it is asked for, with times in force of sessions; an exercise is a market order."""
    if time_in_force == DAY:
        return decode(kind, GTC, post_only)[0], GoodUntilEndOfDay()
    return decode(kind, IOC if time_in_force > FOK else time_in_force, post_only)


_WRITTEN = {"side", "kind", "time_in_force", "post_only", "price", "day"}  # by ``ask`` itself, or nowhere


class Book:
    """Ids of the orders of one engine, by row. A client's id may be used again: it then means the later order."""

    def __init__(self) -> None:
        self.strategies: list[str] = []
        self.cids: list[str] = []
        self.prices: list[Decimal | None] = []
        self.ids: list[str | None] = []
        self.days: set[int] = set()  # orders that are good until the end of the day
        self.balances: dict[int, tuple[Decimal, Decimal]] = {}  # total and free of an asset, to the last digit
        self._by_cid: dict[tuple[int, str], int] = {}
        self._by_id: dict[tuple[int, str], int] = {}

    def strategy(self, name: str) -> int:
        """Index of a strategy, by name; a new one gets the next."""
        if name not in self.strategies:
            self.strategies.append(name)
        return self.strategies.index(name)

    def add(
        self, row: int, i: int, cid: str, price: Decimal, tif: TimeInForce | None = None, *, found: bool = True
    ) -> None:
        """Remember a new order's client id, by which it is found, and its price: the columns have that of limits."""
        assert row == len(self.cids), "orders are numbered in order of sending"
        self.cids.append(cid)
        self.prices.append(price)
        self.ids.append(None)
        if isinstance(tif, GoodUntilEndOfDay):
            self.days.add(row)
        if found:
            self._by_cid[i, cid] = row

    def forget(self, i: int, cid: str) -> None:
        """Let a client's id mean no order: it may still prove to be one that the exchange has."""
        del self._by_cid[i, cid]

    def name(self, row: int, i: int, order_id: str, *, shown: bool = True) -> None:
        """Remember the exchange's id; of news that changes nothing only for the trades that bear it."""
        if shown:
            self.ids[row] = order_id
        self._by_id[i, order_id] = row

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "strategies": self.strategies,
            "cids": self.cids,
            "prices": [None if price is None else str(price) for price in self.prices],
            "ids": self.ids,
            "days": sorted(self.days),
            "balances": [[asset, *map(str, amounts)] for asset, amounts in self.balances.items()],
            "by_cid": [[i, cid, row] for (i, cid), row in self._by_cid.items()],
            "by_id": [[i, order_id, row] for (i, order_id), row in self._by_id.items()],
        }

    def fill(self, saved: dict[str, Any]) -> None:
        """Go back to what :meth:`to_dict` gave; a strategy's index is that of its name."""
        self.strategies, self.cids, self.ids = saved["strategies"], saved["cids"], saved["ids"]
        self.prices = [None if price is None else Decimal(price) for price in saved["prices"]]
        self.days = set(saved["days"])
        self.balances = {asset: (Decimal(total), Decimal(free)) for asset, total, free in saved["balances"]}
        self._by_cid = {(i, cid): row for i, cid, row in saved["by_cid"]}
        self._by_id = {(i, order_id): row for i, order_id, row in saved["by_id"]}

    def find(self, i: int, cid: str) -> int | None:
        """The latest order of a client's id."""
        return self._by_cid.get((i, cid))

    def find_at(self, s: EngineState, exchange: int, cid: str) -> int | None:
        """The latest order of a client's id in any instrument of an exchange."""
        rows = [self.find(i, cid) for i in range(len(s.instruments)) if s.terms.exchange[i] == exchange]
        return max((row for row in rows if row is not None), default=None)

    def named(self, i: int, order_id: str) -> int | None:
        """The latest order of an exchange's id."""
        return self._by_id.get((i, order_id))

    @staticmethod
    def ask(s: EngineState, i: int, side: Side, lots: int, values: dict[str, int]) -> int:
        """Write an open into the actions; returns its row."""
        sign = BUY if side == Side.BUY else SELL
        given = {"kind": MARKET, "time_in_force": GTC, "post_only": 0, "price": 0} | values
        row = ask(s, i, sign, given["kind"], given["time_in_force"], given["post_only"], given["price"], lots)
        for name in values.keys() - _WRITTEN:
            getattr(s.actions, name)[row] = values[name]
        return row
