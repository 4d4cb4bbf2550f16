"""The shorter ways of market rows (decision 69): they change nothing, and are taken where nothing lies between."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import barter_bt as bt
from barter_bt.simulation import replay
from barter_bt.strategy.api import buy, limit_buy, position, sell
from barter_bt.testing import quotes, schedule, trades
from barter_bt.testing.scenario import Scenario
from barter_bt.testing.strategies import accepted, scenarios
from tests.draws import draws
from tests.reference.compare import fast

A = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
TAPE = trades(*((second, 100 + second % 3, 5) for second in range(1, 60)))
BOOK = quotes(*((second + 0.5, 99, 5, 103, 5) for second in range(60)))
RESTING = schedule({"at": 2, "buy": 1, "limit": 50})
WAYS = ("replay_plain", "replay_level", "replay_alternating", "replay_rows")


@settings(max_examples=draws(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_the_long_way_gives_the_same(scenario: Scenario) -> None:
    with accepted():
        short = fast(scenario, interpret=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "is_plain", lambda s, v, kind: False)
        patch.setattr(replay, "may_be_level", lambda s, f: False)
        long = fast(scenario, interpret=True)
    assert dict(short.digests) == dict(long.digests)


@pytest.mark.parametrize(
    ("streams", "plan", "venue", "most"),
    [
        ([TAPE], schedule(), bt.Venue(), "replay_plain"),
        ([BOOK], schedule(), bt.Venue(), "replay_plain"),
        ([TAPE], RESTING, bt.Venue(), "replay_level"),
        ([BOOK, TAPE], RESTING, bt.Venue(), "replay_level"),
        ([BOOK, TAPE], schedule(), bt.Venue(), "replay_alternating"),
        ([BOOK, TAPE], RESTING, bt.Venue(latency=bt.Latency(feed_ns=1)), "replay_alternating"),
    ],
)
def test_which_way_most_rows_go(
    streams: list[Any], plan: bt.Schedule, venue: bt.Venue, most: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: Counter[str] = Counter()

    def counting(name: str) -> None:
        way = getattr(replay, name)

        def counted(s: Any, *rest: Any) -> Any:
            before = s.engine.sequence[0]
            try:
                return way(s, *rest)
            finally:
                rows[name] += s.engine.sequence[0] - before

        monkeypatch.setattr(replay, name, counted)

    for name in WAYS:
        counting(name)
    bt.backtest(streams, A, plan, balances={"usd": 1_000}, venues=venue, interpret=True)
    assert rows.most_common(1)[0][0] == most, rows


def test_a_quote_without_a_side_goes_the_long_way() -> None:
    """What more must be looked at than the row is left to what can."""
    book = quotes((1, 99, 5, 103, 5), (2, 99, 5, 103, 0), (3, 98, 5, 103, 5), (4, 98, 5, 98, 5), (5, 97, 5, 98, 5))
    result = bt.testing.run(book, schedule({"at": 1.5, "buy": 1, "limit": 98}), A)
    assert result.trades["price"].to_list() == [98.0]


def third(s: Any, my: Any) -> None:
    """Buys at the third event."""
    my.variables.seen[0] += 1
    if my.variables.seen[0] == 3:
        buy(s, 0, 1.0)


def leaves(s: Any, my: Any) -> None:
    """Bids far below the market, and sells as soon as it has bought."""
    if position(s, 0) > 0:
        sell(s, 0, 1.0)
    elif my.variables.seen[0] == 0:
        my.variables.seen[0] = 1
        limit_buy(s, 0, 1.0, 50.0)


def test_what_a_strategy_asks_for_goes_out_at_its_row() -> None:
    """It meets the next trade, however many could follow in one burst."""
    tape = trades(*((second, 100 + second, 5) for second in range(1, 9)))
    buying = bt.Compiled(third, variables={"seen": 0}, wake="every_event", name="third")
    result = bt.backtest(tape, A, buying, balances={"usd": 1_000}, interpret=True)
    assert result.trades["price"].to_list() == [104.0]


def test_what_happens_at_one_time_has_happened_when_the_engine_hears_of_it() -> None:
    """The quote and the trade of one time are both at the venue before the strategy is woken by the quote."""
    book = quotes(*((second, 99, 5, 103, 5) for second in range(1, 9)))
    tape = trades((1.5, 100, 5), (2.5, 100, 5), (5, 49, 5), (6.5, 100, 5))
    leaving = bt.Compiled(leaves, variables={"seen": 0}, wake="quote", name="leaves")
    result = bt.backtest([book, tape], A, leaving, balances={"usd": 1_000}, interpret=True)
    assert result.orders["time_sent"].dt.second().to_list() == [1, 5]
