"""Clock and trading state: Barter's tests of both, with its numbers, by events."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from barter_bt.engine.audit import COMMANDED, NOW_DISABLED, NOW_ENABLED, SENT_OPEN
from barter_bt.protocol import (
    ClosePositions,
    Command,
    EngineEvent,
    ImmediateOrCancel,
    Market,
    NoFilter,
    OrderKey,
    OrderKind,
    OrderRequestOpen,
    Reconnecting,
    RequestOpen,
    Shutdown,
    Side,
    TradingState,
    TradingStateUpdate,
)
from barter_bt.protocol.command import CancelOrders
from barter_bt.system import AlgoOrders, Commanded, Engine, Strategy, TradingDisabled
from tests.system.test_engine import make, public

MS = 10**6
ENABLED, DISABLED = TradingState.ENABLED, TradingState.DISABLED
LOST: EngineEvent = Market(Reconnecting("x"))


def at(ms: int) -> EngineEvent:
    return public(1.0, ms * MS)


@pytest.mark.parametrize(
    ("start", "events", "last"),
    [
        (0, [at(1000)], 1000),
        (1000, [at(500)], 1000),
        (1000, [at(1000)], 1000),
        (0, [at(1000), at(2000), at(3000)], 3000),
        (0, [at(3000), at(1000), at(2000)], 3000),
        (1000, [LOST], 1000),
        (0, [at(1000), LOST, at(2000)], 2000),
        (-9 * 10**12, [at(-8 * 10**12), LOST, at(-(10**12)), at(-2 * 10**12)], -(10**12)),
    ],
    ids=[*(f"TC{k}" for k in range(7)), "before 1970"],
)
def test_the_historical_clock(start: int, events: list[EngineEvent], last: int) -> None:
    """It is at the latest time of the exchange so far, whatever the time here; events without a time leave it."""
    engine = make(start=start * MS)
    audits = [engine.process(event) for event in events]
    assert audits[-1].time == engine.state.engine.time[0] == last * MS


@pytest.mark.parametrize(
    "event",
    [Command(CancelOrders(NoFilter())), TradingStateUpdate(ENABLED), Shutdown(), LOST],
    ids=lambda e: str(e)[:12],
)
def test_time_is_that_of_events_alone(event: EngineEvent) -> None:
    """Nothing that comes without a time moves the clock (Barter's adds the time that has passed here)."""
    engine = make(start=5)
    assert engine.process(event).time == 5


@pytest.mark.parametrize("before", [ENABLED, DISABLED])
@pytest.mark.parametrize("update", [ENABLED, DISABLED])
def test_a_trading_state_update(before: TradingState, update: TradingState) -> None:
    """The state is the update's; the audit has the change if there is one; only a real stop is told to the strategy."""
    engine = make(trading=before)
    audit = engine.process(TradingStateUpdate(update))
    assert engine.trading == update
    changes = {(DISABLED, ENABLED): [NOW_ENABLED], (ENABLED, DISABLED): [NOW_DISABLED]}
    assert engine.state.outputs.array("kind").tolist() == changes.get((before, update), [])
    stopped = before == ENABLED and update == DISABLED
    assert audit.outputs == ((TradingDisabled(None),) if stopped else ())


def test_the_strategy_may_enable_trading_again_from_the_hook() -> None:
    """The hook sees the new state; what it sets stays."""
    seen: list[TradingState] = []

    class Stubborn(Strategy):
        def on_trading_disabled(self, engine: Engine) -> Any:
            seen.append(engine.trading)
            engine.set_trading(ENABLED)

    engine = make(Stubborn(), trading=ENABLED)
    engine.process(TradingStateUpdate(DISABLED))
    assert (seen, engine.trading) == ([DISABLED], ENABLED)


class Leaves(Strategy):
    """Asks for an order, and disables trading with it; the hook counts the orders that it finds."""

    def generate_algo_orders(self, engine: Engine) -> Any:
        engine.set_trading(DISABLED)
        return (), [opening()]

    def close_positions(self, engine: Engine, instruments: Sequence[int]) -> Any:
        return self.generate_algo_orders(engine)

    def on_trading_disabled(self, engine: Engine) -> Any:
        return len(engine.orders(0))


def opening() -> OrderRequestOpen:
    terms = RequestOpen(Side.BUY, Decimal(1), Decimal(1), OrderKind.LIMIT, ImmediateOrCancel())
    return OrderRequestOpen(OrderKey(0, 0, "s", "1"), terms)


@pytest.mark.parametrize("event", [at(1), Command(ClosePositions(NoFilter()))], ids=["algo orders", "closing"])
def test_a_strategy_that_disables_trading_is_told_after_what_it_asked_for_is_sent(event: EngineEvent) -> None:
    """As in a backtest; and all of it is of this event in the audit's columns."""
    engine = make(Leaves(), trading=ENABLED)
    first, told = engine.process(event).outputs
    assert isinstance(first, AlgoOrders | Commanded)
    assert (len(first.opens.sent), told) == (1, TradingDisabled(1))
    o = engine.state.outputs
    assert o.array("sequence").tolist() == [0] * len(o)
    assert [k for k in o.array("kind").tolist() if k != COMMANDED] == [NOW_DISABLED, SENT_OPEN]
    assert engine.process(at(2)).outputs == ()


class Fails(Leaves):
    """Disables trading, and then cannot go on."""

    def generate_algo_orders(self, engine: Engine) -> Any:
        engine.set_trading(DISABLED)
        raise ArithmeticError("no price")


def test_a_strategy_that_failed_as_it_disabled_trading_is_told_at_the_next_event() -> None:
    """Though trading is disabled then, and nobody is asked."""
    engine = make(Fails(), trading=ENABLED)
    with pytest.raises(ArithmeticError):
        engine.process(at(1))
    assert engine.process(at(2)).outputs == (TradingDisabled(0),)
    assert engine.process(at(3)).outputs == ()
