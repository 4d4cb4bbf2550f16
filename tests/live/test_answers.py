"""What an adapter is answered, and what nobody answers in time, comes back as an event."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.errors import ConnectionFailed
from barter_bt.live import ExecutionClient, Manual, Source, System
from barter_bt.live.answers import AsyncClient
from tests.live.market import BTC
from tests.live.test_system import request, run


class Adapter(AsyncClient):
    """Answers what a test says, when it says so."""

    def __init__(self, clock: Manual, answer: Any = None) -> None:
        super().__init__(("x",), 1_000, clock)
        self.answer, self.gate, self.asked = answer, asyncio.Event(), 0

    async def request_open(self, request: Any) -> Any:
        self.asked += 1
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    request_cancel = request_amend = request_open

    async def account_snapshot(self, exchange: str) -> bp.AccountSnapshot:
        return bp.AccountSnapshot(exchange, (), ())

    async def order_status(self, key: bp.OrderKey) -> None:
        return None


async def started(answer: Any) -> tuple[Any, Adapter, Manual]:
    clock = Manual()
    adapter = Adapter(clock, answer)
    made = System([BTC], sources=[adapter], clients=[adapter], clock=clock, balances={"usd": 1000})
    return await made.start(), adapter, clock


def test_it_is_a_source_and_a_client() -> None:
    assert isinstance(Adapter(Manual()), Source)
    assert isinstance(Adapter(Manual()), ExecutionClient)


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (bp.Open("7", 5, D(0)), [bp.Open("7", 5, D(0))]),
        (bp.OrderRejected("no"), []),
        (ConnectionFailed("gone"), []),
    ],
)
def test_an_answer_arrives(answer: Any, left: list[Any]) -> None:
    async def test() -> None:
        handle, adapter, clock = await started(answer)
        await handle.send_open_requests([request("a")])
        await clock.set(10)
        (order,) = handle.snapshot().orders("btc_usd")
        assert order.state == bp.OpenInFlight()
        adapter.gate.set()
        await clock.set(20)
        assert [one.state for one in handle.snapshot().orders("btc_usd")] == left
        await handle.shutdown()

    run(test)


def test_a_shutdown_waits_for_answers_of_an_amend_too() -> None:
    async def test() -> None:
        handle, adapter, clock = await started(bp.Open("7", 0, D(0)))
        adapter.gate.set()
        await handle.send_open_requests([request("a")])
        await clock.set(1)
        adapter.gate.clear()
        adapter.answer = bp.Amended("7", 2, D(98), D(1))
        await handle.send_amend_requests([bp.OrderRequestAmend(request("a").key, bp.RequestAmend(price=D(98)))])
        ending = asyncio.create_task(handle.shutdown())
        await clock.set(2)
        assert not ending.done()
        assert handle.view().orders("btc_usd")[0].price == 99
        adapter.gate.set()
        await ending
        assert handle.view().orders("btc_usd")[0].price == 98

    run(test)


def test_a_cancel_and_an_amend_are_answered_too() -> None:
    async def test() -> None:
        handle, adapter, clock = await started(bp.Open("7", 0, D(0)))
        adapter.gate.set()
        await handle.send_open_requests([request("a")])
        await clock.set(1)
        adapter.answer = bp.Amended("7", 2, D(98), D(1))
        await handle.send_amend_requests([bp.OrderRequestAmend(request("a").key, bp.RequestAmend(price=D(98)))])
        await clock.set(2)
        assert handle.snapshot().orders("btc_usd")[0].price == 98
        adapter.answer = bp.Cancelled("7", 3)
        await handle.cancel_orders()
        await clock.set(3)
        assert handle.snapshot().orders("btc_usd") == []
        await handle.shutdown()

    run(test)


@pytest.mark.parametrize("stands", [True, False])
def test_what_is_not_answered_in_time_is_asked_for(stands: bool) -> None:
    """It stays in flight until the exchange says whether it has it: neither doubled nor forgotten."""

    async def test() -> None:
        handle, adapter, clock = await started(bp.Open("7", 0, D(0)))
        asked = request("a").state
        terms = asked.side, asked.price, asked.quantity, asked.kind, asked.time_in_force
        found = bp.Order(request("a").key, *terms, bp.Open("7", 5, D(0)))
        answers = iter([ConnectionFailed("gone"), found if stands else None])

        async def order_status(key: bp.OrderKey) -> Any:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        adapter.order_status = order_status  # type: ignore[method-assign]
        states: list[Any] = []

        async def note() -> None:
            async for audit in handle.audits():
                if isinstance(audit.event, bp.Account):
                    states.append(audit.event.event.value.kind.state)  # type: ignore[union-attr]

        noting = asyncio.create_task(note())
        await handle.send_open_requests([request("a")])
        for now in (999, 1_000, 10**9):
            await clock.set(now)
            assert handle.snapshot().orders("btc_usd")[0].state == bp.OpenInFlight(), now
        await clock.set(1_000 + 10**9)
        assert [one.state for one in handle.snapshot().orders("btc_usd")] == ([bp.Open("7", 5, D(0))] if stands else [])
        assert states == [bp.Open("7", 5, D(0)) if stands else bp.OpenFailed(bp.Timeout())]
        await handle.shutdown()
        await noting

    run(test)


def test_a_cancel_that_nobody_answers_is_found_out_about() -> None:
    async def test() -> None:
        handle, adapter, clock = await started(bp.Open("7", 0, D(0)))
        adapter.gate.set()
        await handle.send_open_requests([request("a")])
        await clock.set(1)
        adapter.gate.clear()
        (order,) = handle.snapshot().orders("btc_usd")
        await handle.cancel_orders()
        await clock.set(2)
        assert isinstance(handle.snapshot().orders("btc_usd")[0].state, bp.CancelInFlight)
        await clock.set(2_000)
        assert handle.snapshot().orders("btc_usd") == [order]  # the exchange has never heard of the cancel
        await handle.shutdown()

    run(test)


def test_when_it_is_closed_nothing_can_be_sent() -> None:
    async def test() -> None:
        adapter = Adapter(Manual())
        adapter.open(request("a"))
        await asyncio.sleep(0)
        await adapter.close()
        await adapter.close()
        assert isinstance(adapter.open(request("b")), bp.ExecutionChannelUnhealthy)
        assert adapter.asked == 1
        assert [arrival async for arrival in adapter.arrivals()] == []

    run(test)
