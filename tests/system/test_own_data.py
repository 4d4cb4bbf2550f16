"""Data of a strategy's own in the event engine: Barter's instrument data and global data."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.engine.event import SENT
from barter_bt.system import Engine, Sent, Strategy
from barter_bt.testing.scenario import Seeded, random_scenario, to_backtest
from tests.system.hosts import Decides, Replayed, Told, make_decisions, unconditional

ONE = bt.Instrument("x", "btc_usd", price_increment="1", quantity_increment="1")


def trade(price: int) -> bp.Market:
    return bp.Market(bp.Item(bp.MarketEvent(7, 7, "x", "btc_usd", bp.PublicTrade("1", float(price), 1.0, bp.Side.BUY))))


class Mean(Strategy):
    """Bids at the mean of the prices that it has seen."""

    def __init__(self) -> None:
        self.prices: list[int] = []
        self.sent: list[Any] = []

    def on_event(self, engine: Engine, what: Any) -> None:
        if isinstance(what, Sent):
            self.sent.append(what.sent)
        elif isinstance(what, bp.Market):
            self.prices.append(int(engine.price("btc_usd") or 0))

    def generate_algo_orders(self, engine: Engine) -> Any:
        bid = D(sum(self.prices) // len(self.prices))
        terms = bp.RequestOpen(bp.Side.BUY, bid, D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
        return (), [bp.OrderRequestOpen(bp.OrderKey("x", "btc_usd", self.id, str(len(self.prices))), terms)]


def test_it_is_told_of_all_events_before_it_is_asked() -> None:
    """Also while trading is disabled, with the state after the event; and of what was sent, by whomever."""
    strategy = Mean()
    engine = Engine([ONE], strategy)
    for price in (100, 110):
        engine.process(trade(price))
    assert (strategy.prices, strategy.sent) == ([100, 110], [])
    engine.process(bp.TradingStateUpdate(bp.TradingState.ENABLED))
    engine.process(trade(150))
    assert strategy.prices == [100, 110, 150]
    assert [[one.state.price for one in sent] for sent in strategy.sent] == [[D(105)], [D(120)]]
    engine.process(bp.Command(bp.CancelOrders(bp.NoFilter())))
    assert [len(sent) for sent in strategy.sent] == [1, 1, 2, 1]


class Watches(Decides):
    """What it was told of, by kind."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.told: Counter[int] = Counter()

    def on_event(self, state: Any) -> None:
        self.told[state.raw.event.kind[0] == SENT] += 1


class WatchesToo(Replayed):
    def __init__(self, told: Told) -> None:
        super().__init__(told.requests)
        self.passed_over = told.events.passed_over
        self.counts: Counter[int] = Counter()

    def on_event(self, engine: Engine, what: Any) -> None:
        if what not in self.passed_over:
            self.counts[isinstance(what, Sent)] += 1


@pytest.mark.parametrize("seed", range(12))
def test_both_hosts_tell_of_the_same(seed: int) -> None:
    """As many events and as many batches; of what is passed over after an expiry a backtest does not tell (rule 46)."""
    scenario = unconditional(random_scenario(seed))
    watches = Watches(make_decisions(Seeded(seed), scenario))
    options: dict[str, Any] = {"audit": "full", "record": bt.Record(("engine.time",)), "interpret": True}
    result = bt.backtest(**to_backtest(scenario) | {"strategy": watches}, **options)
    told = Told(result, watches.asked)
    told.engine.strategy = other = WatchesToo(told)
    assert told.compare() == ""
    if told.is_whole:  # else there was something that no message tells
        assert other.counts == watches.told
