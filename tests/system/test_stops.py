"""Stops of the limits in the event engine: at a mark of its host's (rule 27)."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt.protocol import (
    Account,
    AccountEvent,
    AssetBalance,
    AssetFees,
    Balance,
    Command,
    GoodUntilCancelled,
    Item,
    OrderKey,
    OrderKind,
    OrderRequestOpen,
    RequestOpen,
    SendOpenRequests,
    Side,
    Trade,
    TradingState,
)
from barter_bt.risk import Limits
from barter_bt.system import Engine, Stopped, Strategy, TradingDisabled
from tests.system.test_engine import make, public


class Counts(Strategy):
    """Its hook says how many orders it finds."""

    def on_trading_disabled(self, engine: Engine) -> Any:
        return len(engine.orders(0))


def fallen(**limits: Any) -> Engine:
    """Two at 100 and an order at work; then the price is 80."""
    engine = make(Counts(), trading=TradingState.ENABLED, balances={"x.usd": 1000}, risk=Limits(**limits))
    terms = RequestOpen(Side.BUY, D(50), D(1), OrderKind.LIMIT, GoodUntilCancelled(False))
    engine.process(Command(SendOpenRequests(OrderRequestOpen(OrderKey(0, 0, "s", "rests"), terms))))
    trade = Trade("t", "id", 0, "s", 1, Side.BUY, D(100), D(2), AssetFees(None, D(0)))
    told = trade, AssetBalance("a", Balance(D(2), D(2)), 1), AssetBalance("usd", Balance(D(800), D(800)), 1)
    for one in told:
        engine.process(Account(Item(AccountEvent(0, one))))
    engine.process(public(100.0))
    assert engine.mark() is None
    engine.process(public(80.0))
    return engine


@pytest.mark.parametrize("limits", [{"drawdown": "3%"}, {"daily_loss": 39}], ids=["drawdown", "daily loss"])
def test_a_stop_cancels_closes_and_then_tells_the_strategy(limits: dict[str, Any]) -> None:
    """One event of its own: the order is being cancelled, the position closed, and the hook sees both in flight."""
    engine = fallen(**limits)
    before = engine.state.engine.sequence[0]
    audit = engine.mark()
    assert audit is not None
    stopped, told = audit.outputs
    assert isinstance(stopped, Stopped)
    assert (audit.sequence, stopped.reason in ("drawdown", "daily loss"), audit.event) == (before, True, None)
    assert [one.key.cid for one in stopped.cancels.sent] == ["rests"]
    assert [(one.state.side, one.state.quantity) for one in stopped.opens.sent] == [(Side.SELL, D(2))]  # type: ignore[union-attr]
    assert told == TradingDisabled(2)
    assert engine.trading == TradingState.DISABLED
    assert engine.mark() is None


@pytest.mark.parametrize("limits", [{"drawdown": "4.1%"}, {"daily_loss": 41}], ids=["drawdown", "daily loss"])
def test_what_is_lost_within_a_stop_fires_nothing(limits: dict[str, Any]) -> None:
    engine = fallen(**limits)
    assert engine.mark() is None
    assert engine.trading == TradingState.ENABLED
