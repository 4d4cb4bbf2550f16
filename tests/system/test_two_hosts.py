"""A strategy that passes a backtest trades alike: the two hosts of the engine, event by event, on random runs.

``BARTER_BT_FUZZ=5000`` goes through so many runs instead of a few.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal as D
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.backtest import Result
from barter_bt.engine.audit import OUTPUTS
from barter_bt.engine.event import CLOSE_POSITIONS, STOPPED
from barter_bt.engine.order import CANCEL_IN_FLIGHT, REASONS, REFUSED
from barter_bt.errors import BarterBtError
from barter_bt.system import Engine, Strategy, Timer
from barter_bt.testing.scenario import Scenario, random_scenario, to_backtest
from tests.reference.model import exact
from tests.system.hosts import Erratic, Told

RUNS = int(os.environ.get("BARTER_BT_FUZZ", "60"))


def limits(source: random.Random, scenario: Scenario) -> bt.Limits:
    """A few limits of any kind, in the size of the orders that are asked for."""
    lots = {item.name: exact(item.lot) for item in scenario.instruments}
    values = {
        item.name: lots[item.name] * exact(item.tick) * 100 * exact(item.contract_size) for item in scenario.instruments
    }
    kinds: dict[str, Any] = {
        "open_orders": lambda name: source.randint(1, 4),
        "order_rate": lambda name: (source.randint(1, 4), source.choice(("1s", "2s", "3500ms"))),
        "price_band": lambda name: source.choice(("0.01", "0.03")),
        "order_quantity": lambda name: str(float(lots[name] * source.randint(1, 4))),
        "position_quantity": lambda name: str(float(lots[name] * source.randint(1, 8))),
        "order_notional": lambda name: f"{float(values[name] * source.randint(1, 4)):.9f}",
        "position_notional": lambda name: f"{float(values[name] * source.randint(1, 8)):.9f}",
    }
    own = {
        name: {kind: kinds[kind](name) for kind in source.sample(sorted(kinds), source.randint(0, 3))}
        | ({"resize": True} if source.randrange(2) else {})
        for name in lots
    }
    account: dict[str, Any] = {}
    if source.randrange(3) == 0:
        account["leverage"] = source.choice(("0.1", "0.5", "2"))
    if source.randrange(3) == 0:
        account["exposure"] = f"{float(max(values.values()) * source.randint(1, 12)):.9f}"
    if source.randrange(4) == 0:
        account["drawdown"] = source.choice(("0.00001", "0.001", "0.02"))
    if source.randrange(4) == 0:
        account["daily_loss"] = f"{float(max(values.values()) / 20):.9f}"
    if source.randrange(3) == 0:
        account["open_orders"] = source.randint(1, 6)
    return bt.Limits(**account, by_instrument=own)


def commands(source: random.Random, scenario: Scenario) -> pl.DataFrame:
    """Whatever somebody outside may do, at times within the data."""
    first = min(row[0] for stream in scenario.streams for row in stream.rows)
    last = max(row[1 if stream.kind == "candles" else 0] for stream in scenario.streams for row in stream.rows)
    rows: list[dict[str, Any]] = []
    exchanges = sorted({item.exchange for item in scenario.instruments})
    for time in sorted(source.randint(first, last) // 10**6 * 10**6 for _ in range(source.randint(0, 10))):
        item, row = source.choice(scenario.instruments), {"time": time}
        what = source.choice((
            "open", "cancel", "close_positions", "cancel_orders", "disable_trading", "enable_trading", "enable_trading",
            "market_disconnect", "account_disconnect",
        ))  # fmt: skip
        row |= {"command": what}
        if what == "open":
            lots = float(exact(item.lot) * source.randint(1, 4) * source.choice((1, -1)))
            price = None if source.randrange(2) else float(exact(item.tick) * (100 + source.randint(-4, 4)))
            row |= {"instrument": item.name, "quantity": lots, "price": price}
        elif what == "cancel":
            row |= {"order": source.randint(0, 8)}
        elif what in ("market_disconnect", "account_disconnect"):
            row |= {"exchange": source.choice(exchanges)}
        elif source.randrange(2):
            row |= {"instrument": item.name}
        rows.append(row)
    schema: dict[str, Any] = {"time": pl.Datetime("ns", "UTC"), "order": pl.Int64, "quantity": pl.Float64}
    schema |= dict.fromkeys(("command", "instrument", "exchange"), pl.String) | {"price": pl.Float64}
    return pl.DataFrame(rows, schema)


class Closing(Erratic):
    """It also says how positions are closed."""

    def close_positions(self, state: Any) -> Any:
        return self.decide(state, CLOSE_POSITIONS)


def both(seed: int) -> tuple[Result, Told] | None:
    """A random run and what its engine was told; None where the run cannot be."""
    source, scenario = random.Random(f"hosts {seed}"), random_scenario(seed)
    arguments = to_backtest(scenario)
    strategy = source.choice((Erratic, Closing))(seed, source.choice((20, 40, 60)))
    planned = bt.Schedule(arguments["strategy"].frame, resize=False)
    with_schedule = source.randrange(2) == 0 and scenario.size == "units"
    try:
        risk = limits(source, scenario) if source.randrange(4) else None
        result = bt.backtest(
            **arguments | {"strategy": [planned, strategy] if with_schedule else strategy},
            risk=risk,
            commands=commands(source, scenario),
            trading=source.choice(("enabled", "enabled", "disabled")),
            audit="full",
            record=bt.Record(("engine.time",)),
            interpret=True,
        )
    except BarterBtError:
        return None
    return result, Told(result, strategy.asked, int(with_schedule), risk=risk)


def runs(seeds: range) -> Iterator[tuple[int, Result, Told]]:
    for seed in seeds:
        made = both(seed)
        if made:
            yield seed, *made


@pytest.mark.parametrize("block", range(4))
def test_both_hosts_do_the_same(block: int) -> None:
    found = []
    for seed, _, told in runs(range(block, RUNS, 4)):
        text = told.compare()
        if text:
            found.append(f"seed {seed}: {text}")
        if len(found) == 3:
            break
    assert found == []


def test_runs_reach_everything() -> None:
    """A comparison proves little where little happens."""
    outputs: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    resized = several = stops = 0
    for _, result, _ in runs(range(150)):
        state = result.state
        outputs.update(OUTPUTS[kind] for kind in state.outputs.array("kind").tolist())
        o = state.orders
        reasons.update(REASONS[o.reason[k]] for k in range(len(o)) if o.status[k] == REFUSED)
        resized += int((o.array("quantity") < o.array("quantity_requested")).sum())
        several += len(result.index.exchanges) > 1
        stops += int((state.audits.array("kind") == STOPPED).sum())
    for name in ("sent_open", "sent_cancel", "refused_open", "commanded", "position_exit", "trading_disabled"):
        assert outputs[name] > 30, name
    assert outputs["market_disconnect"] > 30 < outputs["account_disconnect"]
    limited = set(reasons) & {name for name in REASONS if name.endswith("_limit")}
    assert len(limited) == 8
    assert reasons["price_band"] > 10 < resized
    assert several > 5 < stops


def test_a_cancel_of_what_is_being_cancelled_is_sent_by_the_event_engine_alone() -> None:
    """Barter sends whatever is asked for; a backtest keeps what could change nothing (rule 17). States are equal."""
    sent: list[Any] = []
    engine = Engine([bt.Instrument("x", "btc_usd", price_increment="1", quantity_increment="1")], send=sent.append)
    key = bp.OrderKey(0, 0, "s", "1")
    terms = bp.RequestOpen(bp.Side.BUY, D(100), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
    engine.process(bp.Command(bp.SendOpenRequests(bp.OrderRequestOpen(key, terms))))
    for _ in range(2):
        engine.process(bp.Command(bp.SendCancelRequests(bp.OrderRequestCancel(key, bp.RequestCancel()))))
    assert len(sent) == 3
    assert engine.state.orders.status[0] == CANCEL_IN_FLIGHT


def test_a_timer_wakes_the_strategy() -> None:
    """The clock goes on, the event is counted, the strategy asked: what wakes it in a backtest wakes it here."""

    class Punctual(Strategy):
        def generate_algo_orders(self, engine: Engine) -> Any:
            terms = bp.RequestOpen(bp.Side.BUY, D(100), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
            return (), [bp.OrderRequestOpen(bp.OrderKey(0, 0, "s", str(engine.state.engine.time[0])), terms)]

    one = bt.Instrument("x", "btc_usd", price_increment="1", quantity_increment="1")
    engine = Engine([one], Punctual(), trading=bp.TradingState.ENABLED)
    audits = [engine.process(Timer(time)) for time in (60, 120)]
    assert [(audit.sequence, audit.time) for audit in audits] == [(0, 60), (1, 120)]
    assert [audit.outputs[0].opens.sent[0].key.cid for audit in audits] == ["60", "120"]  # type: ignore[union-attr]


def test_a_clock_of_the_hosts_own() -> None:
    """As Barter's live clock: what an event says of its time decides nothing, and time does not go back."""
    times = iter([50, 40, 70])
    engine = Engine([bt.Instrument("x", "btc_usd", price_increment="1")], clock=lambda: next(times))
    trade = bp.Market(bp.Item(bp.MarketEvent(7, 7, "x", "btc_usd", bp.PublicTrade("1", 100.0, 2.0, bp.Side.BUY))))
    events = [trade, bp.TradingStateUpdate(bp.TradingState.ENABLED), trade]
    assert [engine.process(event).time for event in events] == [50, 50, 70]
