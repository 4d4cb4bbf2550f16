"""Several strategies on one engine."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.engine.replica import differences
from barter_bt.errors import StrategyError
from barter_bt.strategy import StrategyGroup
from barter_bt.strategy.api import buy, limit_buy
from tests.engine.test_commands import commands
from tests.engine.tiny import A, B, Watch, quotes, run, schedule, stamps, table

MODES = pytest.mark.parametrize("interpret", [True, False])
STEADY = quotes(*((k, 99, 9, 101, 9) for k in range(1, 8)))
BOTH = [STEADY, quotes(*((k, 49, 9, 51, 9) for k in range(1, 8)), instrument="b_usd")]


def second(s: Any, my: Any) -> None:
    """Buys with its second event."""
    my.variables.seen[0] += 1
    if my.variables.seen[0] == 2:
        buy(s, 0, my.parameters.size[0])


def resting(s: Any, my: Any) -> None:
    """Rests one order on each instrument."""
    i = s.event.instrument[0]
    if my.per_instrument.sent[i] == 0:
        my.per_instrument.sent[i] = 1
        limit_buy(s, i, 1.0, 40.0)


def rest_more(s: Any, my: Any) -> None:
    """A hook."""
    limit_buy(s, 0, 5.0, 30.0)


def four() -> list[Any]:
    """Two compiled strategies, one in Python, one as orders."""
    asked = Watch(lambda s: s.event, lambda s, n: ((), [bt.OrderRequest(1, 2)] if n == 3 else []), "quote")
    return [
        bt.Compiled(second, parameters={"size": 3.0}, variables={"seen": 0}, wake="quote", name="second"),
        asked,
        bt.Compiled(
            resting, per_instrument={"sent": 0}, wake="quote", hooks=bt.Hooks(on_disconnect=rest_more), name="resting"
        ),
        schedule({"at": 4, "buy": 1}, {"at": 5, "sell": 4}, name="orders"),
    ]


@MODES
def test_each_decides_for_itself_and_every_table_says_who(interpret):
    """Compiled, Python and orders together: own tables, own events, own id in orders, trades and positions."""
    lost = commands({"at": 6, "do": "market_disconnect", "link": "x"})
    result = run(BOTH, four(), [A, B], interpret=interpret, commands=lost, audit="full")
    assert table(result.orders, "strategy", "instrument", "quantity", "time_sent") == [
        ("resting", "a_usd", 1, 1),
        ("second", "a_usd", 3, 1),
        ("resting", "b_usd", 1, 1),
        ("Watch", "b_usd", 2, 2),
        ("orders", "a_usd", 1, 4),
        ("orders", "a_usd", 4, 5),
        ("resting", "a_usd", 5, 6),
    ]
    assert table(result.trades, "strategy", "quantity") == [("second", 3), ("Watch", 2), ("orders", 1), ("orders", 4)]
    assert table(result.positions, "strategy", "quantity_abs_max") == [("orders", 4)]
    assert differences(result.state, result.replica().state) == []


def test_interpreted_and_compiled_are_one_run():
    """One digest."""
    assert len({run(BOTH, four(), [A, B], interpret=mode).digest for mode in (True, False)}) == 1


def test_a_list_of_one_is_that_one():
    """The same orders, fills and balances."""
    alone, listed = (run(STEADY, one) for one in (schedule({"at": 1, "buy": 1}), [schedule({"at": 1, "buy": 1})]))
    assert listed.digest == alone.digest


def wishes(name: str, instrument: str, *targets: float, size: str = "units") -> bt.Signals:
    times = stamps(range(1, len(targets) + 1))
    frame = pl.DataFrame({"time": times, "instrument": [instrument] * len(targets), "target": targets})
    return bt.Signals(frame, size=size, name=name)


def test_schedules_are_merged_by_time():
    """Rows keep their order in time, and a cancel still means its own order."""
    first = schedule({"at": 1, "buy": 1, "limit": 90}, {"at": 3, "cancel": 0}, name="first")
    other = schedule({"at": 1, "buy": 2, "limit": 91}, {"at": 2, "cancel": 0}, name="other")
    result = run(BOTH, [first, other, wishes("wishes", "b_usd", 1.0, 2.0)], [A, B])
    assert table(result.orders, "strategy", "status", "time_closed") == [
        ("first", "cancelled", 3),
        ("other", "cancelled", 2),
        ("wishes", "filled", 1),
        ("wishes", "filled", 2),
    ]


def test_what_cannot_run_together_is_an_error():
    """Names, sizes of targets, timers, and two wishes for one position."""
    with pytest.raises(StrategyError, match="two strategies have the name 'a'"):
        StrategyGroup([wishes("a", "a_usd", 1.0), wishes("a", "b_usd", 1.0)])
    with pytest.raises(StrategyError, match=r"sizes of targets: 'a' has size='units', .*; 'b' has size='equity'"):
        run(BOTH, [wishes("a", "a_usd", 1.0), wishes("b", "b_usd", 0.5, size="equity")], [A, B])
    with pytest.raises(StrategyError, match="timers: '1' has 1,000,000,000 ns; '2' has 2,000,000,000 ns"):
        run(STEADY, [bt.Compiled(second, wake=f"timer:{n}s", name=str(n)) for n in (1, 2)])
    with pytest.raises(
        StrategyError, match="'b' has a target of 'a_usd' at 1970-01-01 .* at which another has"
    ) as told:
        run(STEADY, [wishes("a", "a_usd", 1.0), wishes("b", "a_usd", 2.0)])
    assert "only one strategy" in str(told.value)


def test_what_cannot_be_prepared_is_no_part_of_a_group():
    """A list may have objects in Python, which a run makes strategies of; a group may not."""

    class Mine:
        def generate_algo_orders(self, state):
            return None

    with pytest.raises(StrategyError, match="cannot be prepared"):
        StrategyGroup([Mine()])
