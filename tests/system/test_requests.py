"""Requests that were sent, or could not be: what is recorded in flight, and the order of what is told.

Barter's tests of recording requests in flight and of the errors of sending; the rest of the order manager is in
test_orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt.protocol import (
    Account,
    AccountEvent,
    CancelInFlight,
    Cancelled,
    Command,
    Custom,
    EngineEvent,
    ExecutionChannelUnhealthy,
    Expired,
    FullyFilled,
    GoodUntilCancelled,
    GoodUntilEndOfDay,
    ImmediateOrCancel,
    Item,
    Open,
    OpenInFlight,
    Order,
    OrderKey,
    OrderKind,
    OrderRequestCancel,
    OrderRequestOpen,
    RequestCancel,
    RequestOpen,
    SendCancelRequests,
    SendOpenRequests,
    Side,
    TradingState,
    TradingStateUpdate,
)
from barter_bt.protocol.command import ClosePositions, NoFilter
from barter_bt.system import Engine, Strategy
from tests.system.test_engine import B, make, own, public


def key(cid: str) -> OrderKey:
    return OrderKey(0, 0, "s", cid)


def opens(*cids: str) -> list[OrderRequestOpen]:
    terms = RequestOpen(Side.BUY, D(1), D(1), OrderKind.LIMIT, GoodUntilCancelled(post_only=False))
    return [OrderRequestOpen(key(cid), terms) for cid in cids]


def cancels(*cids: str) -> list[OrderRequestCancel]:
    return [OrderRequestCancel(key(cid), RequestCancel()) for cid in cids]


def open_of(*cids: str) -> Command:
    return Command(SendOpenRequests(tuple(opens(*cids))))


def cancel_of(*cids: str) -> Command:
    return Command(SendCancelRequests(tuple(cancels(*cids))))


def tracked(engine: Engine) -> list[tuple[str, Any]]:
    return [(order.key.cid, order.state) for order in engine.orders(0)]


# Recording


@pytest.mark.parametrize(
    ("before", "requests", "after"),
    [((), ("1",), ["1"]), (("1",), ("1",), ["1"]), (("1",), ("1", "2"), ["1", "2"])],
)
def test_opens_that_were_sent_are_in_flight(
    before: tuple[str, ...], requests: tuple[str, ...], after: list[str]
) -> None:
    """A new one, one with the id of another in flight, whose place it takes, and both."""
    engine = make()
    if before:
        engine.process(open_of(*before))
    engine.process(open_of(*requests))
    assert tracked(engine) == [(cid, OpenInFlight()) for cid in after]


@pytest.mark.parametrize(
    ("before", "requests", "after"),
    [((), ("1",), []), (("1",), ("1",), ["1"]), (("1",), ("1", "2"), ["1"])],
)
def test_cancels_that_were_sent_are_in_flight(
    before: tuple[str, ...], requests: tuple[str, ...], after: list[str]
) -> None:
    """Of orders that are tracked, being cancelled already or not; others are of no consequence."""
    engine = make()
    if before:
        engine.process(open_of(*before))
        engine.process(cancel_of(*before))
    engine.process(cancel_of(*requests))
    assert tracked(engine) == [(cid, CancelInFlight(None)) for cid in after]


def test_a_cancel_keeps_what_the_venue_said() -> None:
    """From open with its data, from in flight without: Barter does it, and has no test of it."""
    engine = make()
    engine.process(open_of("1", "2"))
    (terms,) = (request.state for request in opens("1"))
    state = Open("id", 7, D("0.5"))
    order = Order(key("1"), terms.side, terms.price, terms.quantity, terms.kind, terms.time_in_force, state)
    engine.process(Account(Item(AccountEvent(0, order))))
    engine.process(cancel_of("1", "2"))
    assert tracked(engine) == [("1", CancelInFlight(state)), ("2", CancelInFlight(None))]


@pytest.mark.parametrize("state", [Cancelled("id", 0), FullyFilled(), Expired()])
@pytest.mark.parametrize("asked", [False, True], ids=["in flight", "being cancelled"])
def test_the_terms_of_an_order_that_has_ended_are_of_no_consequence(state: Any, asked: bool) -> None:
    """Barter's snapshots of ends have no price, no quantity, and terms that cannot be sent here."""
    engine = make()
    engine.process(open_of("1"))
    if asked:
        engine.process(cancel_of("1"))
    end = Order(key("1"), Side.BUY, D(0), D(0), OrderKind.MARKET, GoodUntilEndOfDay(), state)
    engine.process(Account(Item(AccountEvent(0, end))))
    assert tracked(engine) == []


# Sending


class Both(Strategy):
    """Asks for a cancel and two opens, also to close positions."""

    def generate_algo_orders(self, engine: Engine) -> Any:
        return cancels("first"), opens("second", "third")

    def close_positions(self, engine: Engine, instruments: Sequence[int]) -> Any:
        return self.generate_algo_orders(engine)


EVENTS: list[EngineEvent] = [TradingStateUpdate(TradingState.ENABLED), Command(ClosePositions(NoFilter()))]


@pytest.mark.parametrize("event", EVENTS, ids=["algo", "command"])
def test_unrecoverable_errors_are_told_in_the_order_of_sending(event: Any) -> None:
    """The cancel's, then those of the opens; nothing was sent, nothing is in flight, the engine has ended."""
    engine = make(Both(), send=lambda request: Custom(f"{request.key.cid} failed"))
    audit = engine.process(event)
    expected = [Custom(f"{cid} failed") for cid in ("first", "second", "third")]
    assert list(audit.errors) == expected
    (output,) = audit.outputs
    assert output.cancels.sent + output.opens.sent == ()  # type: ignore[union-attr]
    assert tracked(engine) == []
    assert engine.terminated


@pytest.mark.parametrize("event", EVENTS, ids=["algo", "command"])
def test_of_several_errors_the_unrecoverable_end_the_run(event: Any) -> None:
    """A recoverable one between them is told with its request only; what could be sent is in flight."""
    answers: dict[str, Any] = {"first": Custom("gone"), "second": ExecutionChannelUnhealthy("full"), "third": None}
    engine = make(Both(), send=lambda request: answers[request.key.cid])
    audit = engine.process(event)
    assert audit.errors == (Custom("gone"),)
    (output,) = audit.outputs
    assert [error for _, error in output.opens.errors] == [ExecutionChannelUnhealthy("full")]  # type: ignore[union-attr]
    assert tracked(engine) == [("third", OpenInFlight())]


def test_cancels_are_sent_before_opens() -> None:
    """One after the other, each in the order asked for."""
    sent: list[str] = []
    engine = make(Both(), send=lambda request: sent.append(request.key.cid))
    engine.process(EVENTS[0])
    assert sent == ["first", "second", "third"]
    assert [cid for cid, _ in tracked(engine)] == ["second", "third"]


def test_orders_that_close_positions_are_market_orders_at_once_or_not_at_all() -> None:
    """Barter's default: the opposite side, the whole quantity, the price that is known."""
    engine = make()
    engine.process(own(B, 100, 2, 0))
    engine.process(public(110.0, 2))
    (output,) = engine.process(EVENTS[1]).outputs
    (request,) = output.opens.sent  # type: ignore[union-attr]
    assert request.state == RequestOpen(Side.SELL, D(110), D(2), OrderKind.MARKET, ImmediateOrCancel())
