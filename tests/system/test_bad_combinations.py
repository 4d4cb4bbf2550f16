"""What cannot be asked for is an error in every host, which says what is allowed: one table, five ways to ask."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal as D
from typing import Any

import pytest

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.errors import BarterBtError
from barter_bt.live import paper
from barter_bt.strategy import api
from barter_bt.system import Engine, Strategy
from barter_bt.testing import schedule

X = bt.Instrument("x", "a_usd", price_increment="1", quantity_increment="1")
SECOND, LATE = 10**9, 1 << 62
HOSTS = ("python", "schedule", "compiled", "event engine", "paper")


@dataclass(frozen=True)
class Case:
    """One order that cannot be, as each host is asked for it; in Python on paper as in a backtest.

    ``request`` are terms of an :class:`~barter_bt.OrderRequest`, ``row`` those of :func:`barter_bt.testing.schedule`,
    ``asks`` what a compiled strategy calls, ``opens`` orders of the protocol: side, kind, price, time in force and
    conditions of each. A host in which it cannot even be said has None.
    """

    request: dict[str, Any] | None
    row: dict[str, Any] | None
    asks: Any
    opens: tuple[tuple[Any, ...], ...] | None


BUY, SELL = bp.Side.BUY, bp.Side.SELL
MARKET, LIMIT = bp.OrderKind.MARKET, bp.OrderKind.LIMIT
GTC, POST, IOC = bp.GoodUntilCancelled(False), bp.GoodUntilCancelled(True), bp.ImmediateOrCancel()
STOP = bp.Conditions(trigger=bp.Stop(D(90)), reduce_only=True, protects=bp.Protects("0"))
PROFIT = bp.Conditions(reduce_only=True, protects=bp.Protects("0"))


def given(**named: Any) -> bp.Conditions:
    return bp.Conditions(**named)


CASES: dict[str, Case] = {
    "reduce-only with a bracket": Case(
        {"reduce_only": True, "stop_loss": 90},
        {"reduce_only": True, "stop_loss": 90},
        lambda s: api.protect(s, api.reduce_only(s, api.buy(s, 0, 1.0)), 90.0),
        ((BUY, MARKET, 0, GTC, given(reduce_only=True)), (SELL, MARKET, 0, GTC, STOP)),
    ),
    "a bracket, then reduce-only": Case(
        None, None, lambda s: api.reduce_only(s, api.protect(s, api.buy(s, 0, 1.0), 90.0)), None,
    ),
    "good till a time that has come": Case(
        {"price": 95, "good_till": 1},
        {"limit": 95, "till": 1},
        lambda s: api.good_till(s, api.limit_buy(s, 0, 1.0, 95.0), 1),
        ((BUY, LIMIT, 95, GTC, given(good_till=1)),),
    ),
    "good after a time that has come": Case(
        {"good_after": 1},
        {"after": 1},
        lambda s: api.good_after(s, api.buy(s, 0, 1.0), 1),
        ((BUY, MARKET, 0, GTC, given(good_after=1)),),
    ),
    "an end before its beginning": Case(
        {"price": 95, "good_after": LATE, "good_till": LATE - 1},
        {"limit": 95, "after": 90, "till": 80},
        lambda s: api.good_after(s, api.good_till(s, api.limit_buy(s, 0, 1.0, 95.0), LATE - 1), LATE),
        ((BUY, LIMIT, 95, GTC, given(good_after=LATE, good_till=LATE - 1)),),
    ),
    "good till a time and at once": Case(
        {"time_in_force": "ioc", "good_till": LATE},
        {"tif": "ioc", "till": 90},
        lambda s: api.good_till(s, api.limit_buy(s, 0, 1.0, 95.0, api.IOC), LATE),
        ((BUY, LIMIT, 95, IOC, given(good_till=LATE)),),
    ),
    "a stop loss above its purchase": Case(
        {"price": 95, "stop_loss": 96},
        {"limit": 95, "stop_loss": 96},
        lambda s: api.protect(s, api.limit_buy(s, 0, 1.0, 95.0), 96.0),
        (
            (BUY, LIMIT, 95, GTC, None),
            (SELL, MARKET, 0, GTC, given(trigger=bp.Stop(D(96)), reduce_only=True, protects=bp.Protects("0"))),
        ),
    ),
    "a stop loss at its own trigger": Case(
        {"stop": 105, "stop_loss": 105},
        {"stop": 105, "stop_loss": 105},
        lambda s: api.protect(s, api.stop_buy(s, 0, 1.0, 105.0), 105.0),
        (
            (BUY, MARKET, 0, GTC, given(trigger=bp.Stop(D(105)))),
            (SELL, MARKET, 0, GTC, given(trigger=bp.Stop(D(105)), reduce_only=True, protects=bp.Protects("0"))),
        ),
    ),
    "a take profit below its purchase": Case(
        {"price": 95, "take_profit": 94},
        {"limit": 95, "take_profit": 94},
        lambda s: api.protect(s, api.limit_buy(s, 0, 1.0, 95.0), 0.0, 94.0),
        ((BUY, LIMIT, 95, GTC, None), (SELL, LIMIT, 94, GTC, PROFIT)),
    ),
    "trailing by nothing": Case(
        {"trailing": 0},
        {"trailing": 0},
        lambda s: api.trailing_stop_buy(s, 0, 1.0, 0.0),
        ((BUY, MARKET, 0, GTC, given(trigger=bp.Stop(None, bp.Distance(D(0))))),),
    ),
    "trailing by all of the price": Case(
        {"trailing_rate": 1.0},
        {"trailing_rate": 1.0},
        lambda s: api.trailing_stop_buy(s, 0, 1.0, 0.0, 1.0),
        ((BUY, MARKET, 0, GTC, given(trigger=bp.Stop(None, bp.Fraction(D(1))))),),
    ),
    "trailing by part of a tick": Case(
        {"trailing_ticks": 1.5},
        {"trailing_ticks": 1.5},
        lambda s: api.trailing_stop_buy(s, 0, 1.0, ticks=-1),
        ((BUY, MARKET, 0, GTC, given(trigger=bp.Stop(None, bp.Ticks(0)))),),
    ),
    "trailing by ticks and a rate": Case(
        {"trailing_ticks": 2, "trailing_rate": 0.02},
        {"trailing_ticks": 2, "trailing_rate": 0.02},
        lambda s: api.trailing_stop_buy(s, 0, 1.0, rate=0.02, ticks=2),
        None,
    ),
    "an activation of what does not trail": Case(
        {"stop": 105, "activation": 95},
        {"stop": 105, "activation": 95},
        lambda s: api.protect(s, api.buy(s, 0, 1.0), 95.0, trailing_activation=105.0),
        ((BUY, MARKET, 0, GTC, given(trigger=bp.Stop(D(105), None, D(95)))),),
    ),
    "an activation of 0": Case(
        {"trailing": 2, "activation": 0},
        {"trailing": 2, "activation": 0},
        lambda s: api.trailing_stop_buy(s, 0, 1.0, 2.0, activation=-1.0),
        ((BUY, MARKET, 0, GTC, given(trigger=bp.Stop(None, bp.Distance(D(2)), D(0)))),),
    ),
    "an activation off the grid": Case(
        {"trailing": 2, "activation": 95.5},
        {"trailing": 2, "activation": 95.5},
        lambda s: api.trailing_stop_buy(s, 0, 1.0, 2.0, activation=95.5),
        ((BUY, MARKET, 0, GTC, given(trigger=bp.Stop(None, bp.Distance(D(2)), D("95.5")))),),
    ),
    "an activation behind its stop": Case(
        {"trailing": 2, "stop": 105, "activation": 105},
        {"trailing": 2, "stop": 105, "activation": 105},
        lambda s: api.trailing_stop_buy(s, 0, 1.0, 2.0, at=105.0, activation=105.0),
        ((BUY, MARKET, 0, GTC, given(trigger=bp.Stop(D(105), bp.Distance(D(2)), D(105)))),),
    ),
    "protection that is activated at a loss": Case(
        {"price": 95, "trailing_stop": 2, "trailing_activation": 95},
        {"limit": 95, "trailing_stop": 2, "trailing_activation": 95},
        lambda s: api.protect(s, api.limit_buy(s, 0, 1.0, 95.0), 0.0, 0.0, 2.0, trailing_activation=95.0),
        (
            (BUY, LIMIT, 95, GTC, None),
            (
                SELL, MARKET, 0, GTC,
                given(trigger=bp.Stop(None, bp.Distance(D(2)), D(95)), reduce_only=True, protects=bp.Protects("0")),
            ),
        ),
    ),
    "activated at a price and at a distance": Case(
        None, None, None,
        (
            (BUY, LIMIT, 95, GTC, None),
            (
                SELL, MARKET, 0, GTC,
                given(
                    trigger=bp.Stop(None, bp.Distance(D(2)), D(99)), reduce_only=True,
                    protects=bp.Protects("0", None, bp.Distance(D(4))),
                ),
            ),
        ),
    ),
    "a stop that stands, activated at a distance": Case(
        None, None, None,
        (
            (BUY, LIMIT, 95, GTC, None),
            (
                SELL, MARKET, 0, GTC,
                given(
                    trigger=bp.Stop(D(90)), reduce_only=True,
                    protects=bp.Protects("0", None, bp.Distance(D(4))),
                ),
            ),
        ),
    ),
    "a trigger and post-only": Case(
        {"price": 95, "stop": 105, "post_only": True},
        {"limit": 95, "stop": 105, "post_only": True},
        None,
        ((BUY, LIMIT, 95, POST, given(trigger=bp.Stop(D(105)))),),
    ),
    "post-only without a limit": Case(
        {"post_only": True},
        {"post_only": True},
        None,
        None,  # Barter takes it, and makes nothing of it
    ),
    "post-only at once": Case(
        {"price": 95, "post_only": True, "time_in_force": "ioc"},
        {"limit": 95, "post_only": True, "tif": "ioc"},
        lambda s: api.limit_buy(s, 0, 1.0, 95.0, api.IOC, 1),
        None,
    ),
    "post-only at the close": Case(
        {"price": 95, "post_only": True, "time_in_force": "at_close"},
        {"limit": 95, "post_only": True, "tif": "at_close"},
        lambda s: api.at_close(s, api.limit_buy(s, 0, 1.0, 95.0, api.GTC, 1)),
        None,
    ),
    "a unit of what protects nothing": Case(
        {"protect_by": "ticks"}, None, lambda s: api.buy(s, 0, 1.0, unit=api.FRACTION), None,
    ),
    "a choice of prices without a trigger": Case(
        {"trigger_by": "last"},
        {"by": "last"},
        lambda s: api.trigger_by(s, api.buy(s, 0, 1.0), api.LAST),
        ((BUY, MARKET, 0, GTC, given(trigger_by=bp.TriggerPrice.LAST)),),
    ),
    "a price of a candle for what rests": Case(
        {"price": 95, "candle_fill": "next_open"},
        {"limit": 95, "fill": "next_open"},
        lambda s: api.candle_fill(s, api.limit_buy(s, 0, 1.0, 95.0), api.NEXT_OPEN),
        ((BUY, LIMIT, 95, GTC, given(candle_fill=bp.CandleFill.NEXT_OPEN)),),
    ),
    "at the open, and till a time": Case(
        {"time_in_force": "at_open", "good_till": LATE},
        {"tif": "at_open", "till": 90},
        lambda s: api.at_open(s, api.good_till(s, api.limit_buy(s, 0, 1.0, 95.0), LATE)),
        ((BUY, MARKET, 0, IOC, given(session=bp.SessionTime.AT_OPEN, good_till=LATE)),),
    ),
    "two triggers": Case({"stop": 105, "if_touched": 95}, {"stop": 105, "if_touched": 95}, None, None),
    "a stop without a price": Case(None, None, None, ((BUY, MARKET, 0, GTC, given(trigger=bp.Stop())),)),
    "behind what is not there": Case(None, {"follows": 7}, None, ((BUY, MARKET, 0, GTC, given(after="9")),)),
    "protecting what is not there": Case(None, None, None, ((SELL, LIMIT, 99, GTC, PROFIT),)),
    "protection that opens": Case(
        None, None, None,
        ((BUY, MARKET, 0, GTC, None), (SELL, LIMIT, 99, GTC, given(protects=bp.Protects("0")))),
    ),
    "protection of its own side": Case(
        None, None, None, ((BUY, MARKET, 0, GTC, None), (BUY, LIMIT, 99, GTC, PROFIT)),
    ),
    "a take profit before its stop": Case(
        None, None, None,
        ((BUY, MARKET, 0, GTC, None), (SELL, LIMIT, 99, GTC, PROFIT), (SELL, MARKET, 0, GTC, STOP)),
    ),
    "a group that nobody began": Case(
        None, None, None, ((BUY, LIMIT, 9, GTC, None), (BUY, LIMIT, 8, GTC, given(group="0"))),
    ),
    "sized at its fill, with a limit": Case(
        {"price": 95, "worth": 100},
        None,
        None,
        ((BUY, LIMIT, 95, GTC, given(sized=bp.SizedAtFill(D(100), D(0)))),),
    ),
    "exercised with a condition": Case(
        {"exercise": True, "stop": 90}, None, None, ((SELL, MARKET, 0, GTC, given(exercise=True, reduce_only=True)),),
    ),
}  # fmt: skip


class Asks:
    """Asks once, at the second candle."""

    wake = "candle"

    def __init__(self, terms: dict[str, Any]) -> None:
        self.terms = terms

    def generate_algo_orders(self, state: Any) -> Any:
        return [], [bt.OrderRequest("a_usd", 1, **self.terms)] if state.time >= 20 * SECOND else []


def simulated() -> bt.Simulation:
    candles = bt.testing.bars(100, 101, 99, 100)
    return bt.Simulation(candles, X, balances={"usd": 10_000}, interpret=True)


def ask(host: str, case: Case) -> None:
    """Let a host be asked for what cannot be."""
    if host == "python":
        simulated().run(Asks(case.request or {}))
    elif host == "paper":
        with paper(simulated(), Asks(case.request or {})).running() as handle:
            handle.wait()
    elif host == "schedule":
        simulated().run(schedule({"at": 20, "buy": 1, **(case.row or {})}))
    elif host == "compiled":
        asks = case.asks

        def decide(s: Any, my: Any) -> None:
            asks(s)

        simulated().run(bt.Compiled(decide, wake="candle"))
    else:
        tell(case.opens or ())


class Once(Strategy):
    """Asks for some orders at each event."""

    def __init__(self, opens: tuple[tuple[Any, ...], ...]) -> None:
        self.opens = opens

    def generate_algo_orders(self, engine: Engine) -> Any:
        requests = []
        for number, (side, kind, price, force, conditions) in enumerate(self.opens):
            terms = bp.RequestOpen(side, D(price), D(1), kind, force, conditions)
            requests.append(bp.OrderRequestOpen(bp.OrderKey("x", "a_usd", "s", str(number)), terms))
        return (), requests


def tell(opens: tuple[tuple[Any, ...], ...]) -> None:
    """Let the event engine's strategy ask, and see that nothing of it was sent."""
    sent: list[Any] = []
    engine = Engine([X], Once(opens), trading=bp.TradingState.ENABLED, send=sent.append)
    try:
        trade = bp.PublicTrade("1", 100.0, 1.0, BUY)
        engine.process(bp.Market(bp.Item(bp.MarketEvent(20 * SECOND, 20 * SECOND, "x", "a_usd", trade))))
    finally:
        assert sent == []
        assert len(engine.state.orders) == 0


def asked_of(host: str, case: Case) -> bool:
    """Whether a host can be asked for it."""
    ways = {"python": case.request, "paper": case.request, "schedule": case.row, "compiled": case.asks}
    return ways.get(host, case.opens) is not None


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("name", CASES)
def test_it_is_an_error_that_says_what_is_allowed(name: str, host: str) -> None:
    case = CASES[name]
    if not asked_of(host, case):
        pytest.skip("it cannot be said here")
    with pytest.raises(BarterBtError) as caught:
        ask(host, case)
    told = f"{caught.value.message} {caught.value.hint or ''}"
    assert caught.value.hint or "allowed" in told or "must be" in told or "not after" in told, told


def test_each_host_is_asked_for_most() -> None:
    for host in HOSTS:
        assert sum(asked_of(host, case) for case in CASES.values()) >= 12, host


@pytest.mark.parametrize("host", HOSTS)
def test_the_right_side_is_none(host: str) -> None:
    """The same orders with what protects them a tick further are taken."""
    protects = bp.Protects("0")
    case = Case(
        {"price": 95, "stop_loss": 94, "take_profit": 96},
        {"limit": 95, "stop_loss": 94, "take_profit": 96},
        lambda s: api.protect(s, api.limit_buy(s, 0, 1.0, 95.0), 94.0, 96.0),
        (
            (BUY, LIMIT, 95, GTC, None),
            (SELL, MARKET, 0, GTC, given(trigger=bp.Stop(D(94)), reduce_only=True, protects=protects)),
            (SELL, LIMIT, 96, GTC, given(reduce_only=True, protects=protects)),
        ),
    )
    if host != "event engine":
        ask(host, case)
        return
    sent: list[Any] = []
    engine = Engine([X], Once(case.opens or ()), trading=bp.TradingState.ENABLED, send=sent.append)
    trade = bp.PublicTrade("1", 100.0, 1.0, BUY)
    engine.process(bp.Market(bp.Item(bp.MarketEvent(20 * SECOND, 20 * SECOND, "x", "a_usd", trade))))
    assert [one.key.cid for one in sent] == ["0", "1", "2"]
    assert engine.state.orders.array("parent").tolist() == [-1, 0, 0]
