"""What a terminal shows of a live system."""

from __future__ import annotations

import asyncio
from decimal import Decimal as D
from typing import Any

import pytest
from rich.console import Console

import barter_bt as bt
from barter_bt import protocol as bp
from barter_bt.live.lines import lines
from barter_bt.live.terminal import Happenings, screen
from barter_bt.system import Engine, Strategy
from tests.live.market import BTC, Crosses, simulation
from tests.live.script import Client, told, traded
from tests.live.test_system import request, system


def test_the_screen_shows_what_the_engine_knows() -> None:
    from barter_bt.live import paper

    async def session() -> tuple[str, str, int]:
        handle = await paper(simulation(60), Crosses()).start()
        happenings = Happenings(5)
        following = asyncio.create_task(happenings.follow(handle))
        await handle.shutdown_after_backtest()
        await following
        console = Console(width=120, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
        console.print(screen(handle.view(), happenings))
        assert len(happenings.last) == 5
        console.file.close()
        narrow = Console(width=40, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
        narrow.print(screen(handle.view(), happenings))
        narrow.file.close()
        return console.export_text(), narrow.export_text(), happenings.total

    text, narrow, total = asyncio.run(session())
    assert "…" not in narrow, "what does not fit goes on in the next line"
    assert total > 20
    for words in ("btc_usd", "shut down", "equity 9,99", "usd", "trading enabled", "all links healthy"):
        assert words in text


@pytest.mark.filterwarnings("ignore:the session ended")  # nobody answers
def test_each_kind_of_news_has_a_line() -> None:
    """What was sent, filled, refused, cancelled, lost, closed and stopped."""

    class Refuses:
        def check(self, state: object, order: object) -> str:
            return "full_moon"

    class Asks(Strategy):
        def generate_algo_orders(self, engine: Engine) -> tuple[object, object]:
            return (), [request("refused")] if engine.state.engine.sequence[0] == 2 else []

    async def session() -> list[str]:
        trade = bp.Trade("t", "1", "btc_usd", "me", 2, bp.Side.BUY, D(100), D(1), bp.AssetFees(None, D("0.1")))
        back = bp.Trade("u", "2", "btc_usd", "me", 3, bp.Side.SELL, D(101), D(1), bp.AssetFees(None, D("0.1")))
        key, terms = request("a").key, (bp.Side.BUY, D(99), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False))
        failed = bp.Order(key, *terms, bp.OpenFailed(bp.OrderRejected("no")))
        cancelled = bp.OrderResponseCancel(key, bp.Cancelled("1", 3))
        lost = [bp.Market(bp.Reconnecting("x")), bp.Account(bp.Reconnecting("x"))]
        arrivals = [traded(1), told(2, trade), told(3, back), told(4, failed), told(5, cancelled)]
        made, source, _ = system(arrivals, strategy=Asks(), risk=Refuses(), trading=bp.TradingState.ENABLED)
        from barter_bt.live import Arrival

        source.lines.append(Arrival(6, tuple(lost)))
        handle = await made.start()
        happenings = Happenings(50)
        following = asyncio.create_task(happenings.follow(handle))
        for _ in range(40):
            await asyncio.sleep(0)
        await handle.send_open_requests([request("b")])
        await handle.send_cancel_requests([bp.OrderRequestCancel(request("b").key, bp.RequestCancel())])
        await handle.set_trading(bp.TradingState.DISABLED)
        await handle.shutdown()
        await following
        return [line.split(" ", 2)[2] for line in happenings.last]

    assert asyncio.run(session()) == [
        "bought 1 btc_usd at 100, fee 0.1",
        "refused (full_moon): buy 1 btc_usd, limit at 99",
        "sold 1 btc_usd at 101, fee 0.1",
        "closed btc_usd, realised 0.8",
        'order a was rejected: {"OpenFailed":{"Rejected":{"OrderRejected":"no"}}}',
        "order a is cancelled",
        "lost the market link of x",
        "lost the account link of x",
        "sent: buy 1 btc_usd, limit at 99",
        "sent: cancel b of btc_usd",
        "trading is disabled",
        "shut down",
    ]


def test_what_could_not_be_sent_has_a_line() -> None:
    engine = Engine([BTC], send=Client(error=bp.ExecutionChannelUnhealthy("x")).open)
    audit = engine.process(bp.Command(bp.SendOpenRequests(request("a"))))
    assert list(lines(audit, engine)) == [
        '1970-01-01 00:00:00 could not send ({"ExecutionChannelUnhealthy":"x"}): buy 1 btc_usd, limit at 99'
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"stop": 105}, "stop at 105"),
        ({"stop": 105, "price": 106}, "stop at 105, then limit at 106"),
        ({"if_touched": 95}, "if touched at 95"),
        ({"trailing": 2, "activation": 90}, "stop trailing 2 behind from 90 on"),
        ({"stop": 105, "trailing_rate": 0.02}, "stop at 105, trailing 2 % behind"),
        ({"stop_loss": 0.02}, "market; stop loss 2 % from its entry"),
        ({"stop_loss": 90, "take_profit": 110, "protect_by": "price"}, "market; stop loss at 90; take profit at 110"),
        ({"trailing_stop": 2, "protect_by": "distance"}, "market; stop trailing 2 behind"),
        (
            {"stop_loss": 0.02, "trailing_stop": 0.01, "trailing_activation": 0.015},
            "market; stop loss 2 % from its entry, trailing 1 % behind from 1.5 % beyond its entry on",
        ),
    ],
)
def test_a_line_says_what_an_order_waits_for(asked: dict[str, Any], said: str) -> None:
    """What protects an entry has no price before that is filled."""
    from barter_bt.live import paper

    class Once:
        wake = "bar_close"

        def generate_algo_orders(self, state: Any) -> Any:
            if state.raw.orders.__len__():
                return None
            unit = {"protect_by": "fraction"} if {*asked} & {"stop_loss", "trailing_stop"} else {}
            return [], [bt.OrderRequest("btc_usd", 1, **(unit | asked))]

    async def session() -> list[str]:
        handle = await paper(simulation(3), Once()).start()
        happenings = Happenings(50)
        following = asyncio.create_task(happenings.follow(handle))
        await handle.shutdown_after_backtest()
        await following
        return [line.split(" usd, ", 1)[-1].split("btc_usd, ", 1)[-1] for line in happenings.last if " sent: " in line]

    assert "; ".join(asyncio.run(session())) == said
