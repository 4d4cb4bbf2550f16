"""What a backtest has written, in the numbers of the protocol."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from barter_bt import protocol as bp
from barter_bt.backtest import Result
from barter_bt.engine.order import BUY


class Log:
    """The full audit of a run.

    Attributes
    ----------
    outputs
        Kind, what, and row in ``asked`` of all that was done at an event, by sequence.
    """

    def __init__(self, result: Result) -> None:
        self.state, self.index, self.scales, self.names = result.state, result.index, result.scales, result.strategies
        self.outputs: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        o = self.state.outputs
        for row in range(len(o)):
            self.outputs[o.sequence[row]].append((o.kind[row], o.what[row], o.asked[row]))

    def exchange_of(self, i: int) -> int:
        return self.state.terms.exchange[i]

    def price(self, i: int, ticks: int) -> Decimal:
        return (ticks - self.state.terms.zero[i] if ticks > 0 else 0) * self.scales.ticks[i]

    def quantity(self, i: int, lots: int) -> Decimal:
        return lots * self.scales.lots[i]

    def amount(self, asset: int, units: int) -> Decimal:
        return units * self.scales.units[asset]


def side_of(side: int) -> bp.Side:
    return bp.Side.BUY if side == BUY else bp.Side.SELL
