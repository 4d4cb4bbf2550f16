"""What was asked for at an event of a backtest, as requests of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from barter_bt import protocol as bp
from barter_bt.engine.audit import REFUSED_OPEN, SENT_CANCEL, SENT_OPEN
from barter_bt.engine.event import SCHEDULED
from barter_bt.engine.order import NO_PARENT
from barter_bt.engine.targets import MARGIN_ROW
from barter_bt.strategy.request import ask_for_requests
from barter_bt.system import Engine
from barter_bt.system.asked import requests_asked
from barter_bt.system.book import kind_and_time
from barter_bt.system.conditions import conditions_of
from tests.system.hosts.decides import Decision, can_move
from tests.system.hosts.log import Log, side_of


class Requests:
    """Asks again for what was asked for.

    Parameters
    ----------
    log
        Of the backtest; of rows of a schedule it knows what they asked for.
    asked
        What a strategy in Python asked for, by sequence and hook.
    strategy
        The index of that strategy.
    """

    engine: Engine

    def __init__(self, log: Log, asked: Mapping[tuple[int, int], Decision], strategy: int) -> None:
        self.log, self.asked, self._number = log, asked, strategy
        self.strategy = log.names[0]
        self.cids: dict[int, str] = {}  # of what rows of a schedule have sent
        self.rows: dict[int, int] = {}  # in ``asked``, likewise
        self.row = self.sent = 0  # of the present event in the audit; requests so far

    @property
    def sequence(self) -> int:
        return self.log.state.audits.sequence[self.row]

    def requests(self, hook: int) -> Any:
        """Cancels and opens of the strategy at the present event."""
        if self.log.state.audits.kind[self.row] == SCHEDULED:
            return self._of_schedule()
        decision = self.decision(hook) or Decision()
        return [self.cancel(order) for order in decision.cancels], self._decided(decision)

    def decision(self, hook: int) -> Decision | None:
        """What the strategy in Python decided at the present event, if it was asked."""
        return self.asked.get((self.sequence, hook))

    def _decided(self, decision: Decision) -> list[Any]:
        """What a strategy of backtests asks for, on the state of this engine, as requests."""
        s = self.engine.state
        ask_for_requests(s, self.log.index, decision.asked)
        (_, opens), self.sent = requests_asked(self.engine, self.log.names[self._number], "o", self.sent + 1)
        self.sent -= 1
        s.actions.truncate(0)
        s.engine.amends_asked[0] = s.engine.margin_asked[0] = 0
        return opens

    def _of_schedule(self) -> Any:
        cancels: list[Any] = []
        opens: list[Any] = self._margin_row()
        for kind, what, asked in self.log.outputs[self.sequence]:
            if kind == SENT_CANCEL:
                cancels.append(self.cancel(what))
            elif kind in (SENT_OPEN, REFUSED_OPEN):
                opens.append(self._again(asked))
                if self._is_bare(asked):
                    opens.append(self._left_out(opens[-1]))
        return cancels, opens

    def _margin_row(self) -> list[bp.MarginRequest]:
        """What a row of the schedule asks to be moved, if a strategy could."""
        s, a = self.log.state.schedule, self.log.state.audits
        row = int((a.array("kind")[: self.row] == SCHEDULED).sum())
        if s.action[row] != MARGIN_ROW or not can_move(self.engine.state, s.instrument[row], s.target[row]):
            return []
        return [self.margin(s.instrument[row], s.target[row])]

    def margin(self, i: int, units: int) -> bp.MarginRequest:
        amount = self.log.amount(self.log.index.settlement_assets[i], units)
        return bp.MarginRequest(self.log.exchange_of(i), i, amount)

    def commanded(self) -> Any:
        """The one open that a command sent."""
        return self._again(next(asked for kind, _, asked in self.log.outputs[self.sequence] if kind == SENT_OPEN))

    def _again(self, asked: int) -> bp.OrderRequestOpen:
        a, log = self.log.state.asked, self.log
        i, units = a.instrument[asked], self.engine.units
        self.rows[a.order[asked]] = asked
        protects = a.parent[asked] != NO_PARENT and not a.follows[asked]
        wished = self.rows[a.parent[asked]] if protects else asked  # what protects has what is left of its entry
        price, quantity = log.price(i, a.price[asked]), log.quantity(i, a.quantity_requested[wished])
        kind, tif = kind_and_time(a.kind[asked], a.time_in_force[asked], a.post_only[asked])
        self.cids[a.order[asked]] = f"o{self.sent + 1}"
        given = conditions_of(log.state, units, a, asked, self.cids.get)
        terms = bp.RequestOpen(side_of(a.side[asked]), price, quantity, kind, tif, given)
        return self._keyed(i, terms, a.strategy[asked])

    def _is_bare(self, asked: int) -> bool:
        """Whether an order says which prices trigger, and its stop was left out: it enlarged nothing (rule 31)."""
        a = self.log.state.asked
        protects = (a.array("parent") == a.order[asked]) & (a.array("follows") == 0) & (a.array("trigger_kind") > 0)
        own = a.trigger_kind[asked] or (a.parent[asked] != NO_PARENT and not a.follows[asked])
        return bool(a.trigger_by[asked]) and not (own or protects.any())

    def _left_out(self, entry: bp.OrderRequestOpen) -> bp.OrderRequestOpen:
        """A stop that was asked for with it, which this engine leaves out as well."""
        side = bp.Side.SELL if entry.state.side == bp.Side.BUY else bp.Side.BUY
        protects = bp.Protects(entry.key.cid, bp.Fraction(Decimal("0.5")))
        given = bp.Conditions(bp.Stop(), reduce_only=True, protects=protects)
        tif = bp.GoodUntilCancelled(False)
        terms = bp.RequestOpen(side, Decimal(0), entry.state.quantity, bp.OrderKind.MARKET, tif, given)
        return self._keyed(entry.key.instrument, terms, self.log.names.index(entry.key.strategy))  # type: ignore[arg-type]

    def _keyed(self, i: int, terms: bp.RequestOpen, strategy: int) -> bp.OrderRequestOpen:
        self.sent += 1
        key = bp.OrderKey(self.log.exchange_of(i), i, self.log.names[strategy], f"o{self.sent}")
        return bp.OrderRequestOpen(key, terms)

    def named(self, one: bp.OrderRequestOpen) -> bp.OrderRequestOpen:
        """With a client id that is not used yet."""
        return self._keyed(one.key.instrument, one.state, 0)  # type: ignore[arg-type]

    def cancel(self, order: int) -> bp.OrderRequestCancel:
        return bp.OrderRequestCancel(self.key(order), bp.RequestCancel())

    def key(self, order: int) -> bp.OrderKey:
        """Of an order that the event engine has sent; its row is that of the backtest."""
        i, book = self.log.state.orders.instrument[order], self.engine._book
        name = book.strategies[self.engine.state.orders.strategy[order]]
        return bp.OrderKey(self.log.exchange_of(i), i, name, book.cid(order))
