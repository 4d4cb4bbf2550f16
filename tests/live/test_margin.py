"""Margin that a live system is asked to move: on paper as in a backtest, at others an error (rule 104)."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.errors import BarterBtError, ConfigError, StrategyError
from barter_bt.live import Arrival, Recorder, SimulatedExchange, alerting, paper, replay
from barter_bt.live.lines import lines
from barter_bt.live.session import Session
from barter_bt.strategy import api
from barter_bt.system import Engine, Strategy
from tests.engine.test_rules_margin import ALONE, SWAP, TOGETHER, moves
from tests.engine.test_rules_margin_requests import PRICES

ADDED = bp.MarginRequest("x", "p_usd", D(50))


class Buys:
    """Ten at the first trade; moves margin at the third."""

    wake: Any = "trade"

    def __init__(self, *amounts: float) -> None:
        self.amounts, self.trades = amounts, 0

    def generate_algo_orders(self, state: Any) -> Any:
        self.trades += 1
        bought = [bt.OrderRequest("p_usd", 10)] if self.trades == 1 else []
        asked = [bt.MarginRequest("p_usd", each) for each in self.amounts] if self.trades == 3 else []
        return [], [*bought, *asked]


def compiled(amount: float) -> bt.Compiled:
    def decide(s, my):
        my.variables.trades[0] += 1
        if my.variables.trades[0] == 1:
            api.buy(s, 0, 10.0)
        if my.variables.trades[0] == 3:
            api.move_margin(s, 0, my.variables.amount[0])

    return bt.Compiled(decide, variables={"trades": 0, "amount": amount}, wake="trade")


def market(margin: Any = ALONE, *prices: float) -> bt.Simulation:
    settings: dict[str, Any] = {"venues": bt.Venue(margin=margin), "balances": {"usd": 1_000}, "interpret": True}
    return bt.Simulation(moves(*prices or PRICES), SWAP, **settings)


@pytest.mark.filterwarnings("ignore:.*told as buys")
@pytest.mark.parametrize("make", [lambda: Buys(50), lambda: Buys(30, 20), lambda: compiled(50), lambda: Buys(-10)])
def test_paper_has_the_digest_of_the_backtest(make: Any, tmp_path: Any) -> None:
    """And so has its recording, of which nothing is sent."""
    result = market().run(make())
    system = paper(market(), make(), recorder=Recorder(tmp_path / "session"))
    with system.running() as handle:
        run = handle.shutdown_after_backtest()
        digest = handle.digest
    exchange: Any = system.session.clients["x"]
    assert exchange.digest == result.digest
    for table in ("balances", "positions", "equity"):
        assert getattr(run, table).equals(getattr(result, table)), table
    replay(paper(market(), make()), tmp_path / "session")
    assert digest == handle.digest


@pytest.mark.filterwarnings("ignore:.*told as buys")
def test_a_command_moves_it() -> None:
    """Sent behind the trade of 2 and known at once: 150 is aside, which is enough at 90."""
    exchange = SimulatedExchange(market())
    arguments = exchange.engine_arguments() | {"trading": bp.TradingState.ENABLED}
    session = Session(Buys(), {"x": exchange}, **arguments)
    exchange.attach(session.engine, timer_ns=0, bar_close=False)
    sent, told = False, []
    while (arrival := exchange.next()) is not None:
        session.process(arrival)
        told += [flow for event in arrival.events if (flow := flow_of(event))]
        if not sent and session.now >= 2_000_000_000:
            (audit,) = session.process(Arrival(session.now, (bp.Command(bp.SendMarginRequests(ADDED)),)))
            sent = audit.outputs[0].opens.sent == (bp.MarginRequest("x", "p_usd", D(50)),)  # type: ignore[union-attr]
    assert sent
    assert [(flow.kind, flow.amount, flow.balance.free) for flow in told] == [(bp.CashFlowKind.TRANSFER, 50, 850)]
    assert session.run().trades["price"].to_list() == [100, 89]
    with pytest.raises(ConfigError, match="not isolated margin"):
        SimulatedExchange(market(TOGETHER)).move_margin(ADDED)
    assert exchange.move_margin(ADDED) == bp.ExecutionChannelUnhealthy("the data of the simulated exchange has ended")


def flow_of(event: Any) -> bp.CashFlow | None:
    """What a cash flow is told by."""
    kind = event.event.value.kind if isinstance(event, bp.Account) else None
    return kind if isinstance(kind, bp.CashFlow) else None


@pytest.mark.filterwarnings("ignore:.*told as buys")
def test_the_handle_sends_it_and_is_answered_though_nothing_is_moved() -> None:
    """Before there is a position."""
    with paper(market()).running() as handle:
        audit = handle.move_margin([ADDED])
        assert audit.outputs[0].opens.sent == (ADDED,)  # type: ignore[union-attr]
        answer = handle.run_until(lambda audit: flow_of(audit.event) is not None)
        assert answer is not None
        assert flow_of(answer.event).amount == 0  # type: ignore[union-attr]
        with pytest.raises(BarterBtError, match="is of nothing"):
            handle.move_margin([bp.MarginRequest("x", "p_usd", D(0))])


def test_a_client_that_moves_no_margin_is_told_where_it_is_asked_for() -> None:
    class Plain:
        """Takes orders alone."""

        exchanges = ("x",)

        def open(self, request: Any) -> None: ...
        def cancel(self, request: Any) -> None: ...
        def amend(self, request: Any) -> None: ...
        async def account_snapshot(self, exchange: str) -> Any: ...
        async def order_status(self, key: Any) -> Any: ...
        async def close(self) -> None: ...

    session = Session(None, {"x": Plain()}, instruments=[SWAP], venues=bt.Venue(margin=ALONE))
    with pytest.raises(StrategyError, match="the client of its exchange moves no margin"):
        session.engine.process(bp.Command(bp.SendMarginRequests(ADDED)))
    assert session.engine.state.engine.sequence[0] == 0


@pytest.mark.parametrize(
    ("request_", "margin", "said"),
    [
        (bp.MarginRequest("x", "p_usd", D(0)), ALONE, "is of nothing"),
        (ADDED, TOGETHER, "is of margin that is not isolated"),
        (bp.MarginRequest("x", "q_usd", D(1)), ALONE, "q_usd"),
        (bp.MarginRequest("y", "p_usd", D(1)), ALONE, "y"),
    ],
)
def test_what_a_command_cannot_ask_for(request_: Any, margin: Any, said: str) -> None:
    engine = Engine([SWAP], venues=bt.Venue(margin=margin), balances={"usd": 1_000})
    with pytest.raises(BarterBtError, match=said):
        engine.process(bp.Command(bp.SendMarginRequests(request_)))
    assert engine.state.engine.sequence[0] == 0


def test_a_command_may_ask_for_more_than_there_is_and_a_strategy_may_not() -> None:
    class Asks(Strategy):
        def generate_algo_orders(self, engine: Engine) -> Any:
            return (), [bp.MarginRequest("x", "p_usd", D(5_000))]

    sent: list[Any] = []
    venue = bt.Venue(margin=ALONE)
    engine = Engine([SWAP], Asks(), venues=venue, balances={"usd": 1_000}, send=sent.append)
    more = bp.MarginRequest("x", "p_usd", D(5_000))
    engine.process(bp.Command(bp.SendMarginRequests((more, ADDED))))
    assert sent == [more, ADDED]
    with pytest.raises(StrategyError, match="is of more than is free"):
        engine.process(bp.TradingStateUpdate(bp.TradingState.ENABLED))
    assert sent == [more, ADDED]


def test_margin_goes_before_cancels_and_these_before_opens() -> None:
    key = bp.OrderKey("x", "p_usd", "s", "1")
    limit = bp.RequestOpen(bp.Side.BUY, D(9), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))

    class Asks(Strategy):
        def generate_algo_orders(self, engine: Engine) -> Any:
            return [bp.OrderRequestCancel(key, bp.RequestCancel())], [bp.OrderRequestOpen(key, limit), ADDED]

    sent: list[Any] = []
    engine = Engine([SWAP], Asks(), venues=bt.Venue(margin=ALONE), balances={"usd": 1_000}, send=sent.append)
    audit = engine.process(bp.TradingStateUpdate(bp.TradingState.ENABLED))
    assert [type(one) for one in sent] == [bp.MarginRequest, bp.OrderRequestCancel, bp.OrderRequestOpen]
    assert [type(one) for one in audit.outputs[0].opens.sent] == [bp.MarginRequest, bp.OrderRequestOpen]  # type: ignore[union-attr]


def test_what_could_not_be_sent_is_an_alert_and_a_line() -> None:
    """Of a session whose exchange has ended."""
    exchange = SimulatedExchange(market())
    session = Session(None, {"x": exchange}, **exchange.engine_arguments())
    exchange.ended = True
    (audit,) = session.process(Arrival(0, (bp.Command(bp.SendMarginRequests(ADDED)),)))
    texts = [alert.text for alert in alerting._of_audit(audit)]
    assert len(texts) == 1
    assert texts[0].startswith("MarginRequest p_usd could not be sent")
    (line,) = lines(audit, session.engine)
    assert line.endswith("move 50 of margin to p_usd")


@pytest.mark.filterwarnings("ignore:.*told as buys")
def test_margin_is_on_its_way_until_a_cash_flow_says_what_was_moved() -> None:
    exchange = SimulatedExchange(market())
    arguments = exchange.engine_arguments() | {"trading": bp.TradingState.ENABLED}
    session = Session(Buys(30, 20), dict.fromkeys(exchange.exchanges, exchange), **arguments)
    exchange.attach(session.engine, timer_ns=session.timer_ns, bar_close=session.wakes_at_bars)
    found: list[list[str]] = []
    while (arrival := exchange.next()) is not None:
        session.process(arrival)
        found.append([one for one in session.unanswered() if one.startswith("margin")])
    assert ["margin of 'p_usd'"] in found
    assert found[-1] == []
