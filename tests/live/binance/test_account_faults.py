"""What goes wrong between an account and the exchange: nothing is lost, nothing is doubled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt import protocol as bp
from barter_bt.errors import ConnectionFailed
from barter_bt.live.binance.inbox import Inbox
from barter_bt.testing.exchange import Late, Lost, Sockets, Status
from tests.live.binance.rig import GTC, IOC, Rig, account_rig, at_market, cancel, key, order, run

POST = "POST /api/v3/order"
QUERY = "GET /api/v3/order"


def told_once(rig: Rig) -> None:
    """All trades of the exchange were told, each once, and each order as it stands there."""
    there = {str(trade["number"]): trade["quantity"] for trade in rig.exchange.account.trades}
    assert sorted(trade.id for trade in rig.trades) == sorted(there)
    assert {trade.id: trade.quantity for trade in rig.trades} == there
    for one in rig.exchange.account.orders:
        last = rig.states(one.client_id)[-1]
        names = {"NEW": bp.Open, "PARTIALLY_FILLED": bp.Open, "FILLED": bp.FullyFilled, "CANCELED": bp.Cancelled,
                 "EXPIRED": bp.Expired}  # fmt: skip
        assert isinstance(last, names[one.status]), (one, last)
        if isinstance(last, bp.Open):
            assert last.filled_quantity == one.filled


@pytest.mark.parametrize("fault", [Lost(), Status(503, processed=True), Status(400, code=-1007, processed=True)])
def test_an_order_whose_answer_is_lost_is_not_sent_again(fault: Any) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.answer_next(POST, fault)
            rig.adapter.open(at_market())
            await rig.until(lambda: rig.trades)
            for _ in range(30):
                await rig.passes(1)
            assert len(rig.exchange.account.orders) == 1
            told_once(rig)

    run(test)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Lost(processed=False), bp.Socket), (Status(502), bp.Timeout), (Status(400, code=-1006), bp.Timeout)],
)
def test_an_order_that_never_arrived_fails_when_that_is_certain(fault: Any, kind: type) -> None:
    """5 s for which the request is valid, and 10 s of the exchange's engine; until then nothing is told."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.answer_next(POST, fault)
            rig.adapter.open(order())
            await rig.settled()
            for second in range(14):
                assert rig.states() == [], second
                await rig.passes(1)
                await rig.settled()
            await rig.until_in_time(rig.states, steps=3)
            assert [type(state.error) for state in rig.states()] == [kind]
            assert rig.exchange.account.orders == []

    run(test)


def test_a_request_that_was_sent_again_is_waited_for_from_then_on() -> None:
    """Its time was refused, and the exchange's clock could not be asked at once: it is 30 s younger than it was."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.answer_next(POST, Status(400, code=-1021), Lost(processed=False))
            rig.exchange.answer_next("GET /api/v3/time", Status(429, retry_after=30))
            rig.adapter.open(order())
            await rig.settled()
            for second in range(44):
                assert rig.states() == [], second
                await rig.passes(1)
                await rig.settled()
            await rig.until_in_time(rig.states, steps=4)
            assert [type(state.error) for state in rig.states()] == [bp.Socket]

    run(test)


def test_queries_that_fail_are_no_proof_that_there_is_no_order() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.sockets.is_mute = True
            rig.exchange.answer_next(POST, Lost())
            rig.exchange.answer_next(QUERY, *[Status(500)] * 5)
            rig.adapter.open(order())
            await rig.until_in_time(rig.states, 0.5)
            assert isinstance(rig.states()[-1], bp.Open)
            assert len([route for route, _ in rig.exchange.requests if route == QUERY]) == 6

    run(test)


def test_an_answer_may_be_late() -> None:
    """The stream tells of the order before its answer comes, or long before that is given up."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            late = Late()
            rig.exchange.answer_next(POST, late)
            rig.adapter.open(at_market())
            await rig.until(lambda: rig.trades)
            late.release()
            await rig.settled()
            never = Late()
            rig.exchange.answer_next(POST, never)
            rig.adapter.open(at_market("b"))
            await rig.until(lambda: len(rig.trades) == 2)
            for _ in range(20):
                await rig.passes(1)
                await rig.settled(20)
            assert rig.losses == 0
            told_once(rig)

    run(test)


def test_a_fill_during_a_disconnect_is_told_once_when_the_link_is_there_again() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.adapter.open(order("a"))
            rig.adapter.open(order("b", quantity="2"))
            await rig.until(lambda: rig.states("a") and rig.states("b"))
            rig.exchange.is_down = True
            await rig.exchange.close_sockets(1011)
            await rig.until(lambda: rig.losses)
            assert isinstance(rig.adapter.open(order("c")), bp.ExecutionChannelUnhealthy)
            rig.exchange.trade("100", "2")
            await rig.passes(5)
            rig.exchange.is_down = False
            await rig.back()
            assert [trade.quantity for trade in rig.trades] == [1, 1]
            assert isinstance(rig.states("a")[-1], bp.FullyFilled)
            (listed,) = rig.snapshots[-1].instruments[0].orders
            assert (listed.key.cid, listed.state.filled_quantity) == ("b", 1)
            told_once(rig)

    run(test)


def test_an_order_of_which_only_the_answer_and_the_stream_were_lost() -> None:
    """It is told as if its report had come: that it stood, its trade, that it is filled; in one arrival."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.mute()
            rig.exchange.answer_next(POST, Lost())
            rig.adapter.open(at_market())
            await rig.until_in_time(lambda: rig.trades)
            (at,) = [one for one in rig.arrivals if any(isinstance(kind(e), bp.Trade) for e in one.events)]
            assert [type(kind(e)).__name__ for e in at.events] == ["Order", "Trade", "Order"]
            assert isinstance(rig.states()[0], bp.Open)
            told_once(rig)

    run(test)


def kind(event: Any) -> Any:
    return event.event.value.kind


@pytest.mark.parametrize("how", ["gap", "duplicate", "reorder", "truncate"])
@pytest.mark.parametrize("which", range(5))
def test_messages_of_the_stream_that_are_spoilt(how: Any, which: int) -> None:
    """Each message of an order that rests and fills in two parts; the next reconciliation tells what is missing."""

    async def test() -> None:
        async with account_rig(adapter={"reconcile_every": "1m", "silence": "1h"}) as rig:
            await rig.ready()
            rig.exchange.sockets.spoiler.next += [None] * which + [how]  # type: ignore[list-item]
            rig.adapter.open(order(quantity="2"))
            await rig.until_in_time(lambda: rig.exchange.account.orders)
            for _ in range(2):
                rig.exchange.trade("100", "1")
                await rig.exchange.flush()
                await rig.settled()
            await rig.until_in_time(lambda: len(rig.trades) == 2, 1)
            rig.adapter.open(at_market("b"))
            await rig.until_in_time(lambda: rig.states("b"), 1)
            for _ in range(70):
                await rig.passes(1)
                await rig.settled(20)
            assert sorted(trade.id for trade in rig.trades) == ["1", "2", "3"]
            assert isinstance(rig.states("a")[-1], bp.FullyFilled)

    run(test)


def test_reminders_to_reconcile_do_not_pile_up_while_one_is_answered() -> None:
    """Else reports wait behind more and more of them where the exchange is slow."""

    async def test() -> None:
        async with account_rig(adapter={"reconcile_every": "1s"}) as rig:
            await rig.ready()
            late = Late()
            rig.exchange.answer_next("GET /api/v3/account", late)
            for _ in range(9):
                await rig.passes(1)
                await rig.settled(20)
            assert len(rig.snapshots) == 1
            assert len(rig.adapter._inbox._items) <= 1
            late.release()
            await rig.until(lambda: len(rig.snapshots) == 3)
            await rig.settled()
            assert len(rig.snapshots) == 3

    run(test)


def test_what_must_be_told_is_never_given_up() -> None:
    """Of too many messages of the stream are; they are asked for."""
    inbox = Inbox(2)
    assert inbox.put("a")
    assert inbox.put("mine", stays=True)
    assert inbox.put("mine, too", stays=True)
    assert not inbox.put("b")
    assert inbox.dropped == 2
    inbox.remind("mine")
    inbox.close()

    async def test() -> None:
        assert [item async for item in inbox.items()] == ["mine", "mine, too"]

    run(test)


@pytest.mark.parametrize("route", ["GET /api/v3/order", "GET /api/v3/myTrades"])
@pytest.mark.parametrize("answered", range(5))
def test_fills_that_were_missed_are_told_once_wherever_the_reconciliation_fails(route: str, answered: int) -> None:
    """What it has found by then is told, or found again."""

    async def test() -> None:
        async with account_rig(balances={"USDT": 10_000, "BTC": 10}) as rig:
            await rig.ready()
            for cid in "abc":
                rig.adapter.open(order(cid))
            await rig.until(lambda: all(rig.states(cid) for cid in "abc"))
            rig.exchange.is_down = True
            await rig.exchange.close_sockets(1011)
            rig.exchange.trade("100", "9")
            await rig.until(lambda: rig.losses == 1)
            rig.exchange.is_down = False
            whole = [Late() for _ in range(answered)]
            for one in whole:
                one.release()
            rig.exchange.answer_next(route, *whole, Status(500))
            await rig.until_in_time(lambda: len(rig.trades) == 3, 0.25)
            for _ in range(20):
                await rig.passes(1)
                await rig.settled(20)
            assert sorted(trade.id for trade in rig.trades) == ["1", "2", "3"]
            assert all(isinstance(rig.states(cid)[-1], bp.FullyFilled) for cid in "abc")

    run(test)


def test_a_report_that_comes_behind_a_later_one_tells_its_trade_alone() -> None:
    """Two parts of one order, the wrong way round: the second has told how the order stands."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.book({"99": "1"}, {"101": "1", "102": "1"})
            rig.exchange.sockets.spoiler.next += [None, "reorder"]  # type: ignore[list-item]
            rig.adapter.open(at_market(quantity="2"))
            await rig.until(lambda: len(rig.of(bp.AssetBalance)) == 2)
            told_once(rig)
            assert [type(state).__name__ for state in rig.states()] == ["Open", "FullyFilled"]

    run(test)


def test_a_socket_that_is_open_and_mute_is_built_anew() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            for _ in range(6):
                await rig.passes(20)
                await rig.exchange.sockets.ping()
                await rig.settled()
            assert rig.losses == 0
            assert rig.exchange.sockets.pongs == 6
            rig.exchange.mute()
            await rig.passes(59)
            await rig.settled()
            assert rig.losses == 0
            await rig.passes(1)
            await rig.until(lambda: rig.losses == 1)
            rig.exchange.mute(is_mute=False)
            await rig.back()

    run(test)


def test_a_stream_that_does_not_mention_an_acknowledged_order_is_built_anew() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.spoil_next("gap")
            rig.adapter.open(order())
            await rig.until(lambda: rig.exchange.account.orders)
            await rig.back()
            assert rig.losses == 1
            (listed,) = rig.snapshots[-1].instruments[0].orders
            assert listed.key == key()

    run(test)


def test_a_clock_that_is_off_is_set_and_the_request_sent_with_the_right_time() -> None:
    async def test() -> None:
        async with account_rig() as rig:
            rig.exchange.skew_ms = 60_000
            await rig.ready()
            rig.exchange.skew_ms = -60_000
            rig.adapter.open(at_market())
            await rig.until(lambda: rig.trades)
            assert len(rig.exchange.account.orders) == 1
            sent = [params["timestamp"] for route, params in rig.exchange.requests if route == POST]
            assert [int(time) - 1_700_000_000_000 for time in sent] == [60_000, -60_000]

    run(test)


@pytest.mark.parametrize("said", ["serverShutdown", "eventStreamTerminated"])
def test_a_stream_that_says_it_ends_is_left_at_once(said: str) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.say(Sockets.ACCOUNT, {"e": said, "E": 0})
            await rig.exchange.flush()
            await rig.back()
            assert rig.losses == 1

    run(test)


@pytest.mark.parametrize("status", [429, 418])
def test_after_a_ban_nothing_is_sent_until_it_is_over(status: int) -> None:
    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.answer_next(POST, Status(status, retry_after=30))
            rig.adapter.open(order("a"))
            await rig.until(lambda: rig.states("a"))
            count = len(rig.exchange.requests)
            rig.adapter.open(order("b"))
            rig.adapter.cancel(cancel("b"))
            await rig.passes(29)
            await rig.until(lambda: rig.states("b"))
            assert rig.states("b")[0] == bp.OpenFailed(bp.RateLimit())
            assert len(rig.exchange.requests) == count
            await rig.passes(1)
            rig.adapter.open(order("c"))
            await rig.until(lambda: rig.states("c"))
            assert isinstance(rig.states("c")[-1], bp.Open)

    run(test)


def test_the_exchanges_limits_are_kept() -> None:
    """Two orders in ten seconds: the third is refused here, the exchange never sees it."""

    async def test() -> None:
        async with account_rig(order_limit=2) as rig:
            await rig.ready()
            for cid in "abc":
                rig.adapter.open(order(cid))
            await rig.until(lambda: all(rig.states(cid) for cid in "abc"))
            assert rig.states("c") == [bp.OpenFailed(bp.RateLimit())]
            assert len([route for route, _ in rig.exchange.requests if route == POST]) == 2
            await rig.passes(10)
            rig.adapter.open(order("d"))
            await rig.until(lambda: rig.states("d"))

    run(test)


def test_a_crash_between_send_and_acknowledgement_neither_doubles_nor_forgets() -> None:
    """The next session hears of what stands by its first snapshot, of what is filled by its trades and its status."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            late = [Late(), Late()]
            rig.exchange.answer_next(POST, *late)
            rig.exchange.mute()
            rig.adapter.open(order("rests"))
            rig.adapter.open(at_market("fills"))
            await rig.until(lambda: len(rig.exchange.account.orders) == 2)
            await rig.adapter.close()
            await rig.reading
            rig.more["last_trades"] = rig.adapter.last_trades
            for one in late:
                one.release()
            rig.told.clear()
            rig.exchange.mute(is_mute=False)
            rig.connect()
            await rig.ready()
            (listed,) = rig.snapshots[0].instruments[0].orders
            assert listed.key.cid == "rests"
            assert [trade.quantity for trade in rig.trades] == [1]
            status = await rig.adapter.order_status(key("fills"))
            assert isinstance(status.state, bp.FullyFilled)
            with pytest.raises(ConnectionFailed, match="may still arrive"):
                await rig.adapter.order_status(key("never"))
            await rig.passes(15)
            assert await rig.adapter.order_status(key("never")) is None
            rig.adapter.open(order("rests"))
            await rig.until(lambda: rig.states("rests"))
            assert "Duplicate" in str(rig.states("rests"))
            assert len(rig.exchange.account.orders) == 2

    run(test)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.sampled_from(["98", "100", "101"]), st.integers(1, 3), st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("trade"), st.sampled_from(["98", "100"]), st.integers(1, 2)),
        st.tuples(st.just("spoil"), st.sampled_from(["gap", "duplicate", "reorder", "truncate"])),
        st.tuples(st.just("answer"), st.sampled_from(["lost", "unsent", "503", "503 done", "429"])),
        st.tuples(st.just("close"), st.sampled_from([1011, 1006])),
        st.tuples(st.just("time"), st.integers(1, 30)),
    ),
    max_size=14,
)
ANSWERS: dict[str, Any] = {
    "lost": Lost(),
    "unsent": Lost(processed=False),
    "503": Status(503),
    "503 done": Status(503, processed=True),
    "429": Status(429, retry_after=2),
}


@settings(max_examples=25)
@given(ACTIONS)
def test_whatever_happens_all_trades_are_told_once_and_every_order_as_it_stands(actions: list[Any]) -> None:
    async def test() -> None:
        options = {"reconcile_every": "2m", "silence": "1h"}
        async with account_rig(adapter=options, balances={"USDT": 10**6, "BTC": 100}) as rig:
            await rig.ready()
            sent: list[str] = []
            for action in actions:
                await act(rig, action, sent)
                await rig.settled(30)
            rig.exchange.sockets.spoiler.next.clear()
            for _ in range(160):
                await rig.passes(2)
                await rig.settled(10)
            there = {str(trade["number"]): trade["quantity"] for trade in rig.exchange.account.trades}
            assert sorted(trade.id for trade in rig.trades) == sorted(there, key=str)
            listed = {one.key.cid: one for one in rig.snapshots[-1].instruments[0].orders}
            working = {one.client_id for one in rig.exchange.account.orders if one.is_working}
            assert set(listed) == working
            known = [one.client_id for one in rig.exchange.account.orders]
            assert len(known) == len(set(known))
            for cid in sent:
                is_there = cid in known
                assert is_there != any(isinstance(state, bp.OpenFailed) for state in rig.states(cid)), cid

    async def act(rig: Rig, action: Any, sent: list[str]) -> None:
        match action:
            case ("open", price, quantity, now):
                cid = f"o{len(sent)}"
                if rig.adapter.open(order(cid, str(quantity), price, tif=IOC if now else GTC)) is None:
                    sent.append(cid)
            case ("cancel", number):
                if number < len(sent):
                    rig.adapter.cancel(cancel(sent[number]))
            case ("trade", price, quantity):
                rig.exchange.trade(price, str(quantity))
                await rig.exchange.flush()
            case ("spoil", how):
                rig.exchange.spoil_next(how)
            case ("answer", which):
                rig.exchange.answer_next(POST, ANSWERS[which])
            case ("close", code):
                await rig.exchange.close_sockets(code, Sockets.ACCOUNT)
            case ("time", seconds):
                await rig.passes(seconds)

    run(test)


@pytest.mark.parametrize("how", ["gap", "reorder", "truncate"])
def test_a_trade_whose_order_nobody_told_of_is_that_orders(how: Any) -> None:
    """The report that it arrived is lost, or late: it is told before its trade, which names it by the exchange's id."""

    async def test() -> None:
        async with account_rig() as rig:
            await rig.ready()
            rig.exchange.spoil_next(how, stream=Sockets.ACCOUNT)
            rig.adapter.open(at_market())
            await rig.until_in_time(lambda: rig.trades, 1)
            assert rig.exchange.sockets.spoilers[Sockets.ACCOUNT].next == []
            told = [one for one in rig.told if isinstance(one, bp.Order | bp.Trade)]
            assert [type(getattr(one, "state", one)).__name__ for one in told] == ["Open", "Trade", "FullyFilled"]
            assert told[0].state.id == told[1].order_id

    run(test)
