"""What was said outside and columns do not hold: client ids, exchange ids, names of strategies, exact amounts."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from barter_bt.columns.names import NO_NAME, Names
from barter_bt.engine.action.send import ask
from barter_bt.engine.order import BUY, DAY, FOK, GTC, IOC, LIMIT, MARKET, SELL
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import StrategyError
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
    """Those of an order as it is asked for, with times in force of sessions; an exercise is a market order.

    Raises
    ------
    StrategyError
        It is post-only and for the day, which Barter's times in force cannot say.
    """
    if time_in_force == DAY and post_only:
        raise StrategyError(
            "an order is post_only and for the day, and GoodUntilEndOfDay has no post_only",
            "give good_till, the session's close, in place of the day",
        )
    if time_in_force == DAY:
        return decode(kind, GTC, post_only)[0], GoodUntilEndOfDay()
    return decode(kind, IOC if time_in_force > FOK else time_in_force, post_only)


_WRITTEN = {"side", "kind", "time_in_force", "post_only", "price", "day"}  # by ``ask`` itself, or nowhere


class Book:
    """Ids of the orders of one engine, by row. A client's id may be used again: it then means the later order.

    They are kept for ever, for a report may be late; so they lie in columns, with no Python object for each order.

    Attributes
    ----------
    strategies
        Names of strategies, by number.
    days
        1 for orders that are good until the end of the day.
    balances
        Total and free of an asset, to the last digit.
    """

    def __init__(self) -> None:
        self.strategies: list[str] = []
        self.days = bytearray()
        self.balances: dict[int, tuple[Decimal, Decimal]] = {}
        self._cid_names, self._id_names, self._price_texts = Names(), Names(), Names()
        self._cids, self._ids, self._prices = array("i"), array("i"), array("i")  # by row, entries of these

    def strategy(self, name: str) -> int:
        """Index of a strategy, by name; a new one gets the next."""
        if name not in self.strategies:
            self.strategies.append(name)
        return self.strategies.index(name)

    def add(
        self, row: int, i: int, cid: str, price: Decimal, tif: TimeInForce | None = None, *, found: bool = True
    ) -> None:
        """Remember a new order's client id, by which it is found, and its price: the columns have that of limits."""
        assert row == len(self._cids), "orders are numbered in order of sending"
        self._cids.append(self._cid_names.entry(cid, i))
        self._prices.append(self._price_texts.entry(str(price)))
        self._ids.append(NO_NAME)
        self.days.append(isinstance(tif, GoodUntilEndOfDay))
        if found:
            self._cid_names.set(cid, row, i)

    def cid(self, row: int) -> str:
        """The client's id of an order."""
        return self._cid_names[self._cids[row]]

    def id(self, row: int) -> str | None:
        """The exchange's id of an order, None if it has told none."""
        return None if self._ids[row] == NO_NAME else self._id_names[self._ids[row]]

    def price(self, row: int) -> Decimal:
        """The price of an order, to the last digit."""
        return Decimal(self._price_texts[self._prices[row]])

    def set_price(self, row: int, price: Decimal) -> None:
        """An order has another price now."""
        self._prices[row] = self._price_texts.entry(str(price))

    def forget(self, i: int, cid: str) -> None:
        """Let a client's id mean no order: it may still prove to be one that the exchange has."""
        self._cid_names.remove(cid, i)

    def name(self, row: int, i: int, order_id: str, *, shown: bool = True) -> None:
        """Remember the exchange's id; of news that changes nothing only for the trades that bear it."""
        self._id_names.set(order_id, row, i)
        if shown:
            self._ids[row] = self._id_names.entry(order_id, i)

    def to_dict(self, instruments: Sequence[int]) -> dict[str, Any]:
        """Everything, for JSON; ``instruments`` are those of the orders, by row."""
        rows = range(len(self._cids))
        return {
            "strategies": self.strategies,
            "orders": [[instruments[row], self.cid(row), str(self.price(row)), self.id(row)] for row in rows],
            "days": [row for row in rows if self.days[row]],
            "balances": [[asset, *map(str, amounts)] for asset, amounts in self.balances.items()],
            "by_cid": self._cid_names.items(),
            "by_id": self._id_names.items(),
        }

    def fill(self, saved: dict[str, Any]) -> None:
        """Go back to what :meth:`to_dict` gave; a strategy's index is that of its name."""
        self.__init__()  # type: ignore[misc]
        self.strategies = saved["strategies"]
        for row, (i, cid, price, order_id) in enumerate(saved["orders"]):
            self.add(row, i, cid, Decimal(price), found=False)
            if order_id is not None:
                self.name(row, i, order_id)
        for row in saved["days"]:
            self.days[row] = 1
        self.balances = {asset: (Decimal(total), Decimal(free)) for asset, total, free in saved["balances"]}
        for i, cid, row in saved["by_cid"]:
            self._cid_names.set(cid, row, i)
        for i, order_id, row in saved["by_id"]:
            self._id_names.set(order_id, row, i)

    def find(self, i: int, cid: str) -> int | None:
        """The latest order of a client's id."""
        return self._cid_names.get(cid, i)

    def find_at(self, s: EngineState, exchange: int, cid: str) -> int | None:
        """The latest order of a client's id in any instrument of an exchange."""
        rows = [self.find(i, cid) for i in range(len(s.instruments)) if s.terms.exchange[i] == exchange]
        return max((row for row in rows if row is not None), default=None)

    def named(self, i: int, order_id: str) -> int | None:
        """The latest order of an exchange's id."""
        return self._id_names.get(order_id, i)

    @staticmethod
    def ask(s: EngineState, i: int, side: Side, lots: int, values: dict[str, int]) -> int:
        """Write an open into the actions; returns its row."""
        sign = BUY if side == Side.BUY else SELL
        given = {"kind": MARKET, "time_in_force": GTC, "post_only": 0, "price": 0} | values
        row = ask(s, i, sign, given["kind"], given["time_in_force"], given["post_only"], given["price"], lots)
        for name in values.keys() - _WRITTEN:
            getattr(s.actions, name)[row] = values[name]
        return row
