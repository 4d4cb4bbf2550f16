"""Tiny hand-made markets: times are seconds after the epoch, prices and quantities whole numbers."""

from __future__ import annotations

from functools import partial
from typing import Any

import barter_bt as bt
from barter_bt.data.schema import TIME
from barter_bt.testing import assert_all, candles, quotes, schedule, table, trades
from barter_bt.testing import bars as bars_of
from barter_bt.testing.market import SECOND_NS as S
from barter_bt.testing.market import stamps

__all__ = ["FUTURE", "TIME", "A", "B", "S", "Watch"]
__all__ += ["bars", "candles", "flat", "quotes", "run", "schedule", "stamps", "table", "trades"]

A = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
B = bt.Instrument("x", "b_usd", price_increment=1, quantity_increment=1)
FUTURE = bt.Instrument("x", "f_usd", kind="future", contract_size=10, price_increment=1, quantity_increment=1)

bars = flat = partial(bars_of, step=10)


def run(data: Any, strategy: Any, instruments: Any = A, **options: Any) -> bt.Result:
    """An interpreted run with 10,000 usd and nothing else, unless said otherwise; what holds of every run holds."""
    result = bt.testing.run(data, strategy, instruments, **{"balances": {"usd": 10_000}} | options)
    assert_all(result)
    return result


class Watch:
    """A Python strategy that notes what ``see`` says at each wake-up, and asks for what ``ask`` gives."""

    def __init__(self, see: Any, ask: Any = None, wake: Any = "every_event") -> None:
        self.wake, self.seen, self._see, self._ask = wake, [], see, ask

    def generate_algo_orders(self, state: Any) -> Any:
        self.seen.append(self._see(state))
        return self._ask(state, len(self.seen)) if self._ask else ((), ())
