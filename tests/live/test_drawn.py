"""Whatever a strategy asks for, with whatever conditions: paper has the digest of the backtest (rule 83)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings

import barter_bt as bt
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import ASSIGNMENT, DELIVERY, EXERCISED, NO_TIME
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import BarterBtError
from barter_bt.live import SimulatedExchange
from barter_bt.live.reconcile import Reconciler
from barter_bt.live.session import Session
from barter_bt.protocol import TradingState, from_json, to_json
from barter_bt.testing.scenario import Scenario, Seeded, Source, make, to_backtest
from barter_bt.testing.strategies import accepted
from barter_bt.testing.strategies.common import builds
from tests.draws import draws
from tests.live.asking import Asks

pytestmark = pytest.mark.filterwarnings("ignore")  # what is warned of differs
# What an exchange settles by sessions or cuts at a fill, who made, when it rejected an amend.
COMPARED: dict[str, set[str]] = {
    "orders": {"good_after", "good_till", "candle_fill", "quantity"},
    "amends": {"time_exchange"},
    "trades": {"maker"},
    "positions": set(),
    "balances": set(),
    "payments": {"flow"},
    "entitlements": {"flow"},
    "worths": set(),
    "instruments": {"chosen"},
}


def make_told(source: Source) -> Scenario:
    """A scenario without what no account event tells, and without targets."""
    while True:
        drawn = make(source, scheduled=True)
        has_split = any(row[0] == "split" for row in drawn.cash_flows)
        has_book = any(one.kind in ("book", "book_orders") for one in drawn.streams)
        if not (has_split or has_book) and any(row[0] == "open" for row in drawn.schedule):
            return drawn


def both(scenario: Scenario) -> tuple[bt.Result, SimulatedExchange, Session]:
    """A backtest, and the same strategy on paper; each request goes through JSON, all money is explained (rule 84)."""
    given_ = to_backtest(scenario) | {"interpret": True}
    given_.pop("strategy")
    simulation = bt.Simulation(given_.pop("data"), given_.pop("instruments"), **given_)
    result, exchange = simulation.run(Asks(scenario)), Written(simulation)
    clients: Any = dict.fromkeys(exchange.exchanges, exchange)
    arguments = exchange.engine_arguments() | {"trading": TradingState.ENABLED}
    session = Session(Asks(scenario), clients, **arguments)
    exchange.attach(session.engine, timer_ns=session.timer_ns, bar_close=session.wakes_at_bars)
    reconciler = Reconciler(session.engine, grace_ns=1, overdue_ns=0)  # a fee in a third asset is told behind its trade
    while (arrival := exchange.next()) is not None:
        session.process(arrival)
        assert not reconciler.sees_trouble(arrival, arrival.time), reconciler.trouble
    return result, exchange, session


class Written(SimulatedExchange):
    """What it is sent it reads as it was written down."""

    def open(self, request: Any) -> Any:
        return super().open(from_json(type(request), to_json(request)))

    def amend(self, request: Any) -> Any:
        return super().amend(from_json(type(request), to_json(request)))

    def move_margin(self, request: Any) -> Any:
        return super().move_margin(from_json(type(request), to_json(request)))


def _is_spot(s: EngineState) -> Any:
    """Of each order, whether its instrument is what a derivative may deliver."""
    instrument, terms = s.orders.array("instrument"), s.terms
    return (terms.array("derivative")[instrument] == 0) & (terms.array("strike")[instrument] == 0)


def difference(here: EngineState, there: EngineState) -> str:
    """Where what an engine knows differs; what is delivered is a trade of an order that nobody sent (rule 100)."""
    delivered = np.isin(here.orders.array("reason"), (DELIVERY, EXERCISED, ASSIGNMENT)) & _is_spot(here)
    for table, untold in COMPARED.items():
        mine, theirs = getattr(here, table), getattr(there, table)
        for name in mine.schema.keys() - untold:
            one, other = mine.array(name), theirs.array(name)
            if table == "orders" and len(one) == len(other):
                one, other = one[~delivered], other[~delivered]
            one, other = one.tolist(), other.tolist()
            if one != other:
                return f"{table}.{name}: {one}, {other}"
    return ""


@settings(max_examples=draws(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(builds(make_told))
def test_one_digest(scenario: Scenario) -> None:
    with accepted():
        result, exchange, session = both(scenario)
    assert exchange.digest == result.digest
    assert difference(session.engine.state, result.state) == ""


def in_kind(scenario: Scenario) -> Scenario:
    """Where a buy can pay its fee in what it receives, it does (rule 63)."""
    cash = {one.name for one in scenario.exchanges if one.account == "cash"}
    each = (
        replace(one, paid_in="received", discount="0") if one.kind == "spot" and one.exchange in cash else one
        for one in scenario.instruments
    )
    return replace(scenario, instruments=tuple(each))


@pytest.mark.parametrize("seeds", [range(60), (68, 84)])
def test_fees_in_kind(seeds: Iterable[int]) -> None:
    """The engine adds as much less to its positions as the exchange does, and knows what is less than a lot."""
    kept = 0
    for seed in seeds:
        try:
            result, exchange, session = both(in_kind(make_told(Seeded(seed))))
        except BarterBtError:
            continue
        assert exchange.digest == result.digest, seed
        assert difference(session.engine.state, result.state) == "", seed
        if "quantity_kept" in result.trades.columns:
            kept += result.trades.filter(pl.col("quantity_kept") < pl.col("quantity")).height
    assert kept >= 2


def test_draws_reach_every_condition() -> None:
    """Equality proves little where little is asked for."""
    done: Counter[str] = Counter()
    for seed in range(160):
        scenario = make_told(Seeded(seed))
        try:
            result, exchange, session = both(scenario)
        except BarterBtError:
            done["refused"] += 1
            continue
        assert exchange.digest == result.digest, seed
        assert difference(session.engine.state, result.state) == "", seed
        o = result.orders
        done.update(o["kind"].cast(str).to_list())
        done.update(o["reason"].drop_nulls().cast(str).to_list())
        terms = result.state.orders
        for name in ("reduce_only", "resize", "trigger_by", "activation"):
            done[name] += int((terms.array(name) > 0).sum())
        for name in ("group", "parent"):
            done[name] += int((terms.array(name) >= 0).sum())
        done["good_after"] += int((terms.array("good_after") > NO_TIME).sum())
        done["good_till"] += int((terms.array("good_till") < NEVER).sum())
        done["amends"] += len(result.state.amends)
        done["paid"] += len(result.state.payments)
    wanted = (
        "stop", "stop_limit", "market_if_touched", "limit_if_touched", "trailing_stop", "trailing_stop_limit", "amends",
        "group", "parent", "good_after", "good_till", "reduce_only", "resize", "trigger_by", "sibling_filled",
        "parent_ended", "time_over", "liquidation", "paid", "activation",
    )  # fmt: skip
    assert [name for name in wanted if done[name] < 3] == []
    assert done["refused"] <= 3
