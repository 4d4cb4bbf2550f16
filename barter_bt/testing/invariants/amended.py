"""Terms that orders had on their way: the tables show the last, amends what came between (rule 33)."""

from __future__ import annotations

from barter_bt.backtest import Result
from barter_bt.engine.order import NO_PARENT
from barter_bt.engine.state.amends import AMEND_DONE
from barter_bt.testing.invariants.journal import Row, rows


class Amended:
    """The amends of a run that were in force, by order."""

    def __init__(self, result: Result) -> None:
        self._done: dict[int, list[Row]] = {}
        for amend in rows(result.state.amends):
            if amend["status"] == AMEND_DONE:
                self._done.setdefault(amend["order"], []).append(amend)

    def limits(self, number: int, order: Row, trade: Row) -> list[int]:
        """Limit prices that an order had at the time of a fill: at that of an amend those before and after it."""
        given = [amend for amend in self._done.get(number, []) if amend["price"] > 0]
        if not given:
            return [order["price"]]
        time = trade["time_exchange"]
        before = [amend["price"] for amend in given if amend["time_exchange"] < time]
        found = [before[-1] if before else given[0]["price_before"]]
        return found + [amend["price"] for amend in given if amend["time_exchange"] == time]

    def most(self, number: int, order: Row) -> int:
        """The largest quantity that was asked for, at first or by an amend; what protects an entry has that of it."""
        asked: list[int] = [order["quantity_requested"]]
        asked += [amend["quantity"] for amend in self._done.get(number, [])]
        if order["parent"] != NO_PARENT and not order["follows"]:
            asked += [amend["quantity"] for amend in self._done.get(order["parent"], [])]
        return max(asked)
