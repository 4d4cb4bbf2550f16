"""For `test_cache.py`: for each number given a compiled run of a strategy that buys so many; prints what it bought."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import barter_bt as bt
from barter_bt.strategy.api import buy
from tests.engine.tiny import A, quotes


def make(number: float) -> Callable[[Any, Any], None]:
    """A strategy of the same name for each number."""

    def generate(s: Any, my: Any) -> None:
        if s.instruments.quantity[0] == 0 and s.instruments.live[0] == 0:
            buy(s, 0, number)

    return generate


if __name__ == "__main__":
    market = quotes(*((k, 99, 9, 101, 9) for k in range(1, 5)))
    for argument in sys.argv[1:]:
        strategy = bt.Compiled(make(float(argument)), wake="quote")
        result = bt.backtest(market, A, strategy, balances={"usd": 10_000}, interpret=False)
        print(*(int(quantity) for quantity in result.orders["quantity"]))
