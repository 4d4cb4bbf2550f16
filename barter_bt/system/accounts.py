"""Account events of Barter's into the reports that the engine's state is updated from."""

from __future__ import annotations

from functools import partial

from barter_bt.engine.event import ORDER_SNAPSHOT, OWN_TRADE
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import DataError
from barter_bt.instrument import IndexedInstruments
from barter_bt.protocol import (
    AccountEventKind,
    AccountSnapshot,
    AssetBalance,
    CashFlow,
    Order,
    OrderResponseAmend,
    OrderResponseCancel,
    Trade,
)
from barter_bt.system.book import Book
from barter_bt.system.changes import Changes
from barter_bt.system.money import Money
from barter_bt.system.own_trades import OwnTrades
from barter_bt.system.reports import Reports
from barter_bt.system.told_orders import ToldOrders
from barter_bt.system.units import Units


class Accounts(Reports):
    """Says what account events change.

    Parameters
    ----------
    s, index, units
        The state, and what its integers stand for.
    book
        Client and exchange ids of its orders.
    """

    def __init__(self, s: EngineState, index: IndexedInstruments, units: Units, book: Book) -> None:
        super().__init__(s, index, units, book)
        given = s, index, units, book
        self._money, self._orders, self._trades = Money(*given), ToldOrders(*given), OwnTrades(*given)

    def prepare(self, exchange: int, event: AccountEventKind) -> Changes:
        """Find what an event changes; a snapshot item by item, all under one sequence.

        Raises
        ------
        BarterBtError
            Something of it cannot be: nothing has changed.
        """
        changes = Changes(self.s, self.index, self.units)
        changes.add(partial(self.begin, exchange, OWN_TRADE if isinstance(event, Trade) else ORDER_SNAPSHOT))
        if isinstance(event, AccountSnapshot):
            for balance in event.balances:
                self._money.balance(changes, exchange, balance)
            for one in event.instruments:
                for order in one.orders:
                    self._orders.listed(one, order)
                    self._orders.order(changes, exchange, order)
        elif isinstance(event, AssetBalance):
            self._money.balance(changes, exchange, event)
        elif isinstance(event, Order):
            self._orders.order(changes, exchange, event)
        elif isinstance(event, OrderResponseCancel):
            self._orders.cancelled(changes, exchange, event)
        elif isinstance(event, OrderResponseAmend):
            self._orders.amended(changes, exchange, event)
        elif isinstance(event, Trade):
            self._trades.trade(changes, exchange, event)
        elif isinstance(event, CashFlow):
            self._money.flow(changes, exchange, event)
        else:
            raise DataError(f"{event!r} is no event of an account")
        changes.add(partial(self.finish, exchange))
        changes.check()
        return changes
