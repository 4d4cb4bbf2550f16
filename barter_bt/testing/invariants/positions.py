"""What holds of positions: they are the sum of fills, and closed ones are round trips of fills."""

from __future__ import annotations

from barter_bt.backtest import Result
from barter_bt.testing.invariants.journal import expect, fail, place, rows, state_of
from barter_bt.testing.invariants.replay import replay

_COUNTED = ("side", "quantity_max", "realised", "fees_enter", "fees_exit", "time_enter", "trade_enter")


def assert_positions_follow_from_fills(result: Result) -> None:
    """The open positions at the end are what the fills make (rule 4), and every trade bears the position it touched.

    Raises
    ------
    AssertionError
        With the instrument and the number that differs, or the row of the trades.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_positions_follow_from_fills(bt.testing.run_prices([9, 8], bt.testing.schedule({"at": 60, "buy": 1})))
    """
    state, made = state_of(result), replay(result)
    for number, (trade, position) in enumerate(zip(rows(state.trades), made.touched, strict=True)):
        where = place(result, "trades", number, trade)
        expect(trade["position"], position, where, "position", "is the position that the fills before it leave")
    for i, row in enumerate(rows(state.instruments)):
        held, where = made.open.get(i), f"position of {result.index.names[i]} at the end"
        expect(row["quantity"], held.side * held.quantity if held else 0, where, "quantity", "lots is what fills make")
        if held is None:
            continue
        for name in ("cost_basis", "quantity_max", "realised", "fees_enter", "fees_exit"):
            expect(row[name], getattr(held, name), where, name, "is what the fills make")


def assert_round_trips_match_fills(result: Result) -> None:
    """The closed positions are the round trips of the fills: each number, both times, both trades.

    Raises
    ------
    AssertionError
        With the row of the positions and the number that differs.

    Examples
    --------
    >>> import barter_bt as bt
    >>> plan = bt.testing.schedule({"at": 60, "buy": 1}, {"at": 120, "sell": 1})
    >>> assert_round_trips_match_fills(bt.testing.run_prices([9, 8, 7], plan))
    """
    state, closed = state_of(result), replay(result).closed
    found = rows(state.positions)
    if len(found) != len(closed):
        fail("positions", f"{len(found)} closed positions, and the fills close {len(closed)}")
    for number, (row, (position, time_exit, trade_exit)) in enumerate(zip(found, closed, strict=True)):
        where = place(result, "positions", number, row, "time_exit")
        expected = {name: getattr(position, name) for name in _COUNTED}
        expected |= {"position": position.number, "instrument": position.instrument}
        expected |= {"time_exit": time_exit, "trade_exit": trade_exit}
        for name, value in expected.items():
            expect(row[name], value, where, name, "is what the fills make")
