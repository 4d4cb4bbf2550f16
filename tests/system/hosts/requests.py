"""What was asked for at an event of a backtest, as requests of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from barter_bt import protocol as bp
from barter_bt.engine.audit import REFUSED_OPEN, SENT_CANCEL, SENT_OPEN
from barter_bt.engine.event import SCHEDULED
from barter_bt.engine.terms import price_steps, steps
from barter_bt.system import Engine
from barter_bt.system.book import decode
from tests.system.hosts.decides import Decision
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
        self.row = self.sent = 0  # of the present event in the audit; requests so far

    @property
    def sequence(self) -> int:
        return self.log.state.audits.sequence[self.row]

    def requests(self, hook: int) -> Any:
        """Cancels and opens of the strategy at the present event."""
        if self.log.state.audits.kind[self.row] == SCHEDULED:
            return self._of_schedule()
        asked = self.decision(hook) or Decision()
        return [self.cancel(order) for order in asked.cancels], [self._open(one) for one in asked.opens]

    def decision(self, hook: int) -> Decision | None:
        """What the strategy in Python decided at the present event, if it was asked."""
        return self.asked.get((self.sequence, hook))

    def _of_schedule(self) -> Any:
        cancels, opens = [], []
        for kind, what, asked in self.log.outputs[self.sequence]:
            if kind == SENT_CANCEL:
                cancels.append(self.cancel(what))
            elif kind in (SENT_OPEN, REFUSED_OPEN):
                opens.append(self._again(asked))
        return cancels, opens

    def commanded(self) -> Any:
        """The one open that a command sent."""
        return self._again(next(asked for kind, _, asked in self.log.outputs[self.sequence] if kind == SENT_OPEN))

    def _again(self, asked: int) -> bp.OrderRequestOpen:
        a, log = self.log.state.asked, self.log
        i = a.instrument[asked]
        price, quantity = log.price(i, a.price[asked]), log.quantity(i, a.quantity_requested[asked])
        kind, tif = decode(a.kind[asked], a.time_in_force[asked], a.post_only[asked])
        return self._keyed(i, bp.RequestOpen(side_of(a.side[asked]), price, quantity, kind, tif), a.strategy[asked])

    def _open(self, one: Any) -> bp.OrderRequestOpen:
        log = self.log
        i, terms = log.index.instrument(one.instrument), log.state.terms
        lots = steps(abs(one.quantity), terms.lots_per_unit[i], terms.lot_noise[i])
        ticks = 0 if one.price is None else price_steps(terms, i, one.price)
        tifs: dict[str, bp.TimeInForce] = {
            "gtc": bp.GoodUntilCancelled(one.post_only),
            "ioc": bp.ImmediateOrCancel(),
            "fok": bp.FillOrKill(),
        }
        kind = bp.OrderKind.LIMIT if ticks else bp.OrderKind.MARKET
        side, price, quantity = side_of(1 if one.quantity > 0 else -1), log.price(i, ticks), log.quantity(i, lots)
        return self._keyed(i, bp.RequestOpen(side, price, quantity, kind, tifs[one.time_in_force]), self._number)

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
        return bp.OrderKey(self.log.exchange_of(i), i, name, book.cids[order])
