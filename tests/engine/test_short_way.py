"""The short way of an order (decision 58): tables are those of the long way, and who listens does not take it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import barter_bt as bt
from barter_bt.engine.order import FILLED, OPEN_IN_FLIGHT
from barter_bt.simulation import loop
from barter_bt.testing.scenario import Scenario
from barter_bt.testing.strategies import accepted, scenarios
from tests.draws import draws
from tests.engine.tiny import A, B, Watch, candles, run, schedule
from tests.reference.compare import fast

BARS = candles((0, 10, 100, 100, 100, 100), (10, 20, 101, 101, 101, 101))
UNLIKE = {("links", "last_report"), ("engine", "turns"), ("engine", "turn_time")}  # nobody looks at these again
PLAN = schedule({"at": 10, "target": 2})


@settings(max_examples=draws(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_the_long_way_gives_the_same(scenario: Scenario) -> None:
    with accepted():
        short = fast(scenario, interpret=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "is_quiet", lambda s: False)
        long = fast(scenario, interpret=True)
    assert dict(short.digests) == dict(long.digests)
    for name, table in long.state.tables().items():
        for column, code in getattr(table, "schema", {}).items():
            if code[0] != "*" and (name, column) not in UNLIKE:
                ours = short.state.tables()[name].array(column)
                assert ours.tobytes() == table.array(column).tobytes(), f"{name}.{column}"


@pytest.mark.parametrize(
    ("options", "quiet"),
    [
        ({}, 1),
        ({"venues": bt.Venue(latency=bt.Latency(1, 0))}, 1),
        ({"venues": bt.Venue(latency=bt.Latency(0, 1))}, 0),
        ({"audit": "actions"}, 0),
        ({"record": {"columns": ["instruments.quantity"], "every": "event"}}, 0),
    ],
)
def test_who_takes_it(options: dict[str, Any], quiet: int) -> None:
    assert run(BARS, PLAN, **options).venue.clock.quiet[0] == quiet


def test_who_is_told_of_orders_does_not() -> None:
    watch = Watch(lambda state: None, lambda state, k: ([bt.OrderRequest(0, 1)], []), wake="order")
    assert run(BARS, watch).venue.clock.quiet[0] == 0


def test_a_timer_between_comes_first() -> None:
    """A schedule row's order is in flight at a timer of its time (class 6), and received behind it (class 7)."""

    def statuses(state: Any) -> list[int]:
        return [state.raw.orders.status[order] for order in range(len(state.raw.orders))]

    watch = Watch(statuses, wake="timer:10s")
    run(BARS, [watch, PLAN])
    assert watch.seen == [[], [OPEN_IN_FLIGHT], [FILLED]]


@pytest.mark.parametrize("turn", [1, -1])
def test_opens_of_two_streams_are_settled_together(turn: int) -> None:
    """What is sold at one pays for what is bought at the other, whichever stream comes first."""
    rows = ((0, 10, 100, 100, 100, 100), (10, 20, 100, 100, 100, 100))
    streams = [candles(*rows, instrument=name) for name in ("a_usd", "b_usd")][::turn]
    plan = schedule({"at": 10, "buy": 1, "on": "b_usd"}, {"at": 10, "sell": 2, "on": "a_usd"})
    result = run(streams, plan, [A, B], balances={"usd": 1, "a": 2})
    assert result.venue.clock.quiet[0] == 1
    assert result.orders["status"].to_list() == ["filled", "filled"]
