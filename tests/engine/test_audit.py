"""The audit, and the replica that follows it."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.backtest.commands import COMMANDS
from barter_bt.engine.replica import AuditError, StateReplica, differences
from barter_bt.errors import ConfigError
from barter_bt.strategy.hooks import close_all_positions
from barter_bt.testing.scenario import Scenario, random_scenario, to_backtest
from barter_bt.testing.strategies import accepted, scenarios
from tests.draws import draws
from tests.engine.test_commands import Hold, Stop, Told, commands, hold
from tests.engine.tiny import A, B, Watch, quotes, run, schedule, stamps

MODES = pytest.mark.parametrize("interpret", [True, False])
STEADY = quotes(*((k, 99, 9, 101, 9) for k in range(1, 10)))
BOTH = [STEADY, quotes(*((k, 49, 9, 51, 9) for k in range(1, 10)), instrument="b_usd")]
ROUND_TRIP = schedule(
    {"at": 1, "buy": 2}, {"at": 3, "buy": 1, "limit": 90}, {"at": 4, "sell": 2}, {"at": 5, "cancel": 1}
)


def done(result: bt.Result) -> list[tuple[Any, ...]]:
    """Event, outputs and the order of each, for all events that have outputs."""
    rows = result.audit.filter(pl.col("outputs").is_not_null())
    return [
        (row["event"], [(one["output"], one["order_id"]) for one in row["outputs"]])
        for row in rows.select(pl.col("event").cast(pl.String), "outputs").iter_rows(named=True)
    ]


@MODES
def test_actions_are_kept_with_their_cause(interpret):
    """Level actions: the events that made the engine do something, in order, and what it did."""
    result = run(STEADY, ROUND_TRIP, audit="actions", interpret=interpret)
    assert done(result) == [
        ("schedule", [("sent_open", 0)]),
        ("schedule", [("sent_open", 1)]),
        ("schedule", [("sent_open", 2)]),
        ("account_trade", [("position_exit", None)]),
        ("schedule", [("sent_cancel", 1)]),
    ]
    assert result.audit["outputs"].null_count() == 0


def test_the_sequence_counts_every_event_at_every_level():
    """Dense at level full; the same numbers at level actions; as many events with no audit at all."""
    off, actions, full = (run(BOTH, ROUND_TRIP, [A, B], audit=level) for level in ("off", "actions", "full"))
    assert off.audit is None
    assert full.audit["sequence"].to_list() == list(range(off.state.engine.sequence[0]))
    assert full.audit.filter(pl.col("outputs").is_not_null()).equals(actions.audit)
    assert len({off.digest, actions.digest, full.digest}) == 1


def test_each_event_is_in_the_audit_with_its_clock():
    """Kinds of events in their order, and what they concern."""
    given = commands({"at": 2, "do": "market_disconnect", "link": "x"}, {"at": 2, "do": "close_positions"})
    result = run(
        quotes((1, 99, 9, 101, 9), (2, 99, 9, 101, 9)), schedule({"at": 1, "buy": 1}), audit="full", commands=given
    )
    rows = result.audit.select(pl.col("event", "instrument", "exchange", "command").cast(pl.String), "order_id").rows()
    quote = ("market_quote", "a_usd", None, None, None)
    fill = [(f"account_{kind}", "a_usd", None, None) for kind in ("trade", "order", "balance", "balance")]
    accepted = ("account_order", "a_usd", None, None)
    assert rows == [
        ("account_snapshot", None, None, None, None),
        quote,
        ("schedule", "a_usd", None, None, None),
        (*accepted, 0),
        *[(*one, 0) for one in fill],
        quote,
        ("command", None, "x", "market_disconnect", None),
        ("command", None, None, "close_positions", None),
        (*accepted, 1),
        *[(*one, 1) for one in fill],
    ]
    assert result.audit["time_engine"].is_sorted()


def test_refusals_are_outputs_with_their_reason():
    """The risk check's reason stands beside the order that was not sent."""
    result = run(STEADY, schedule({"at": 1, "buy": 2}), audit="actions", risk=bt.Limits(order_quantity=1))
    (output,) = result.audit["outputs"][0].to_list()
    assert (output["output"], output["order_id"], output["reason"]) == ("refused_open", 0, "order_quantity_limit")


def test_what_hooks_did_is_in_the_audit_of_the_event_that_called_them():
    """Rule 22: a loss of a link, the hook's order, and trading that the hook disabled."""

    class Careful(Told):
        def on_disconnect(self, state: Any) -> Any:
            state.set_trading(False)
            return super().on_disconnect(state)

    result = run(
        STEADY, Careful(), audit="actions", commands=commands({"at": 3, "do": "market_disconnect", "link": "x"})
    )
    assert done(result) == [
        (
            "command",
            [("market_disconnect", None), ("trading_disabled", None), ("sent_open", 0), ("sent_open", 1)],
        )
    ]


# The replica

CLOSE = bt.Hooks(on_disconnect=close_all_positions, on_trading_disabled=close_all_positions)
DRIVERS = {
    "compiled": lambda: bt.Compiled(hold, wake="quote", hooks=CLOSE),
    "python": Hold,
    "python that stops": Stop,
    "python with hooks": Told,
    "orders": lambda: ROUND_TRIP,
    "signals": lambda: bt.Signals(
        pl.DataFrame({"time": stamps([1, 4, 6]), "instrument": ["a_usd"] * 3, "target": [1.0, -2.0, 3.0]}), hooks=CLOSE
    ),
    "timer": lambda: Watch(lambda s: 0, lambda s, n: ((), [bt.OrderRequest(0, 1)] if n < 4 else []), "timer:700ms"),
}
EVENTFUL = commands(
    {"at": 2, "do": "market_disconnect", "link": "x"},
    {"at": 3, "do": "disable_trading"},
    {"at": 4, "do": "open", "on": "b_usd", "quantity": 2.0},
    {"at": 4, "do": "enable_trading"},
    {"at": 5, "do": "account_disconnect", "link": "x"},
    {"at": 6, "do": "cancel_orders"},
    {"at": 7, "do": "close_positions"},
)


@MODES
@pytest.mark.parametrize("delay", [0, 700_000_000])
@pytest.mark.parametrize("driver", DRIVERS)
def test_the_replica_equals_the_engine(driver, delay, interpret):
    """Column by column, after runs with commands, hooks, losses of links, latency and limits, in every driver."""
    latency = bt.Latency(request_ns=delay, response_ns=delay // 2)
    options = {"venues": bt.Venue(latency=latency), "risk": bt.Limits(position_quantity=2), "commands": EVENTFUL}
    result = run(BOTH, DRIVERS[driver](), [A, B], audit="full", interpret=interpret, **options)
    assert differences(result.state, result.replica().state) == []
    assert result.orders.height > 0


def eventful_row(source: random.Random, time: int, exchange: str) -> dict[str, Any]:
    """A command, with what it takes."""
    name = source.choice([name for name in COMMANDS if name not in ("open", "amend", "margin", "shutdown")])
    row: dict[str, Any] = {"time": time, "command": name}
    if name == "cancel":
        return row | {"order": source.randint(0, 5)}
    return row if name in ("enable_trading", "disable_trading") else row | {"exchange": exchange}


def eventful(scenario: Scenario, seed: int) -> dict[str, Any]:
    """A scenario with random commands."""
    given = to_backtest(scenario)
    source = random.Random(seed)
    times = sorted(source.choice(source.choice(scenario.streams).rows)[0] for _ in range(source.randint(0, 6)))
    rows = [eventful_row(source, time, source.choice(scenario.exchanges).name) for time in times]
    schema = {"time": pl.Int64, "command": pl.String, "exchange": pl.String, "order": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema).with_columns(pl.col("time").cast(pl.Datetime("ns", "UTC")))
    return given | {"commands": bt.Commands(frame)}


def ran(given: dict[str, Any], audit: str, interpret: bool) -> bt.Result:
    """A run, or what was done of one until it was asked to cancel an order that is not there."""
    try:
        return bt.backtest(**given, audit=audit, interpret=interpret)
    except bt.errors.StrategyError as error:
        if "which is not there" not in str(error):
            raise
        return error.result


def check(given: dict[str, Any], interpret: bool) -> None:
    full = ran(given, "full", interpret)
    assert differences(full.state, full.replica().state) == []
    assert full.audit["sequence"].to_list() == list(range(full.state.engine.sequence[0]))
    actions = ran(given, "actions", interpret)
    assert actions.audit.equals(full.audit.filter(pl.col("outputs").is_not_null()))
    assert actions.digest == full.digest


@pytest.mark.parametrize("seed", range(3000, 3060))
def test_the_replica_equals_the_engine_on_random_runs(seed):
    """Random markets, orders, terms and commands, compiled."""
    check(eventful(random_scenario(seed), seed), interpret=False)


@settings(max_examples=draws(15), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios(), st.integers(0, 10**6))
def test_the_replica_equals_the_engine_on_drawn_runs(scenario, seed):
    """The same, drawn by Hypothesis and interpreted."""
    with accepted():
        check(eventful(scenario, seed), interpret=True)


def test_a_replica_goes_on_from_any_snapshot():
    """Events before it are skipped."""
    result = run(STEADY, ROUND_TRIP, audit="full")
    assert differences(result.state, result.replica().state) == []
    again = StateReplica(result.replica().state)
    again.follow(result.state)
    assert differences(result.state, again.state) == []


def test_a_gap_or_another_level_is_an_error():
    """The message says which event is missing, or what to do."""
    result = run(STEADY, ROUND_TRIP, audit="full")
    log = result.state.copy()
    for row in range(4, len(log.audits)):
        log.audits.sequence[row] += 1
    with pytest.raises(AuditError, match=r"goes on with event 5.*only the 4 events"):
        StateReplica(result.snapshot).follow(log)
    for level in ("off", "actions"):
        with pytest.raises(AuditError) as caught:
            run(STEADY, ROUND_TRIP, audit=level).replica()
        assert 'audit="full"' in caught.value.hint
    with pytest.raises(AuditError, match="'actions'"):
        StateReplica(result.snapshot).follow(run(STEADY, ROUND_TRIP, audit="actions").state)
    with pytest.raises(ConfigError, match="off, actions, full"):
        run(STEADY, ROUND_TRIP, audit="some")


def test_differences_are_named():
    """A table and a column for each."""
    result = run(STEADY, ROUND_TRIP, audit="full")
    other = result.state.copy()
    assert differences(result.state, other) == []
    other.engine.trading[0], other.instruments.last[0], other.orders.price[1] = 0, 7, 7
    assert differences(result.state, other) == ["engine.trading", "instruments.last", "orders.price"]
