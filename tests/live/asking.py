"""A strategy in Python that asks for what the rows of a drawn schedule say, when it is next woken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import barter_bt as bt
from barter_bt.engine.action.transfer import objection_to_transfer, units_of_margin
from barter_bt.engine.order import CANCEL_IN_FLIGHT
from barter_bt.testing.scenario import Scenario
from barter_bt.testing.scenario.arguments import PROTECTION
from barter_bt.testing.scenario.spec import Row, conditions_of

AMENDED = ("price", "quantity", "trigger", "trailing", "trailing_rate")


class Asks:
    """Rows whose time has come are asked for together; what they name is asked for with them, or left out.

    What cannot be any more when it is woken, as an order whose time is over, is left out as well.
    """

    wake: Any = "every_event"

    def __init__(self, scenario: Scenario) -> None:
        self.rows = [(k, row) for k, row in enumerate(scenario.schedule) if row[0] != "target"]
        self.by = scenario.protect_by
        self.numbers: dict[int, int] = {}  # of orders, by row
        self.next = 0

    def generate_algo_orders(self, state: Any) -> Any:
        due = []
        while self.next < len(self.rows) and self.rows[self.next][1][1] <= state.time:
            due.append(self.rows[self.next])
            self.next += 1
        return self.answer(state, due) if due else None

    def answer(self, state: Any, due: Iterable[tuple[int, Row]]) -> Any:
        cancels: list[int] = []
        asked: dict[int, bt.OrderRequest] = {}
        amends: list[bt.AmendRequest] = []
        margins: list[bt.MarginRequest] = []
        count = len(state.raw.orders)
        for k, row in due:
            if row[0] == "open":
                request = self.request(state, row, asked)
                if request is not None:
                    self.numbers[k], asked[k] = count, request
                    stops = request.stop_loss is not None or request.trailing_stop is not None
                    count += 1 + stops + (request.take_profit is not None)
            elif row[0] == "margin":
                margins += self.margin(state, row)
            elif self.numbers.get(row[2], count) < len(state.raw.orders):
                order = self.numbers[row[2]]
                if row[0] == "cancel":
                    cancels.append(order)
                else:
                    amends += self.amends(state.raw.orders, order, row)
        return cancels, [*margins, *(one for one in amends if one.order not in cancels), *asked.values()]

    def amends(self, orders: Any, order: int, row: Row) -> list[bt.AmendRequest]:
        """What the row gives the order, and what protects it; what is refused no exchange knows of."""
        said, asked = conditions_of(row), dict[int, dict[str, Any]]()
        asked[order] = dict(zip(AMENDED, row[3:8], strict=True))
        asked[order] |= {"trailing_ticks": said.trailing_ticks, "activation": said.activation}
        distance = {"fraction": "trailing_rate", "ticks": "trailing_ticks"}.get(self.by, "trailing")
        for child in range(order + 1, min(order + 3, len(orders))):
            if orders.parent[child] == order and not orders.follows[child]:
                stop = {"trigger": said.stop_loss, distance: said.trailing_stop, "activation": said.trailing_activation}
                asked[child] = stop if orders.trigger_kind[child] else {"price": said.take_profit}
        there = [one for one in asked if orders.status[one] < CANCEL_IN_FLIGHT and any(asked[one].values())]
        return [bt.AmendRequest(one, **asked[one]) for one in there]

    def margin(self, state: Any, row: Row) -> list[bt.MarginRequest]:
        """What the row asks for, if a strategy can ask for it (rule 104)."""
        s, i = state.raw, state.index(row[2])
        objection = objection_to_transfer(s, i, units_of_margin(s, i, row[3]))
        return [] if objection else [bt.MarginRequest(row[2], row[3])]

    def request(self, state: Any, row: Row, asked: dict[int, bt.OrderRequest]) -> bt.OrderRequest | None:
        _, _, instrument, quantity, price, tif, post_only = row[:7]
        terms = asdict(conditions_of(row))
        terms.pop("entry")
        after = terms.pop("after")
        if any(terms[name] is not None and terms[name] <= state.time for name in ("good_after", "good_till")):
            return None
        if after is not None and after not in asked:
            return None
        plain = instrument, quantity, price, tif, post_only, quantity > 0 and terms["group"] is None
        by = self.by if any(terms[name] is not None for name in PROTECTION) else "price"
        return bt.OrderRequest(*plain, **terms, after=asked.get(after), protect_by=by)
