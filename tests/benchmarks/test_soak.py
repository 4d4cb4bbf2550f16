"""The soak, for half a second: whole, in both processes; and what its books and figures notice."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from benchmarks.soak import faults, soak
from benchmarks.soak.__main__ import failures
from benchmarks.soak.books import differences
from benchmarks.soak.exchange import ORDER, SoakExchange
from benchmarks.soak.faults import FAULTS
from benchmarks.soak.latency import Answer, figures
from benchmarks.soak.memory import by_minute, slope_mb_an_hour
from benchmarks.soak.page import page

SECOND = 10**9


def test_nothing_is_lost_and_nothing_doubled() -> None:
    told = asyncio.run(soak(0.6, 2_000, seed=1))
    assert failures(told) == []
    assert told["trades"]["said"] == told["trades"]["over_stream"] == 1200
    assert told["orders"]["asked"] == told["orders"]["arrived"] == told["latency"]["all"]["socket_to_sent"]["n"] == 2


def books(**there: Any) -> list[str]:
    """What differs from two orders, of which one is filled and one open."""
    run = SimpleNamespace(
        orders=pl.DataFrame({"order_id": [0, 1], "status": ["filled", "open"]}),
        trades=pl.DataFrame({"order_id": [0, 0], "quantity": [0.06, 0.04]}),
    )
    view = SimpleNamespace(
        key_of=lambda number: SimpleNamespace(cid=f"p-{number}"),
        orders=lambda name: [],
        balance=lambda asset: (Decimal(10), Decimal(10), 0),
        position=lambda name: Decimal("0.1"),
    )
    same = {"orders": {"p-0": ["FILLED", 0.1], "p-1": ["NEW", 0.0]}, "order_count": 2, "balances": {"usdt": "10"},
            "held": "0.1"}  # fmt: skip
    return differences(run, view, same | there)  # type: ignore[arg-type]


def test_the_books_of_both_sides_agree() -> None:
    assert books() == []


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ({"order_count": 3}, "1 orders came twice"),
        ({"held": "0.2"}, "the position is 0.1 here and 0.2 there"),
        ({"balances": {"usdt": "9"}}, "there are 10 usdt here and 9 there"),
        ({"orders": {"p-0": ["FILLED", 0.1]}, "order_count": 1}, "order p-1 is open here and nothing there"),
        ({"orders": {"p-0": ["FILLED", 0.2], "p-1": ["NEW", 0.0]}},
         "order p-0 is filled, 0.1 filled, here and ['FILLED', 0.2] there"),
        ({"orders": {"p-0": ["FILLED", 0.1], "p-1": ["NEW", 0.0], "p-2": ["NEW", 0.0]}, "order_count": 3},
         "order p-2 is ['NEW', 0.0] there and nothing here"),
    ],
)  # fmt: skip
def test_whatever_is_not_the_same_is_told(there: dict[str, Any], told: str) -> None:
    assert books(**there) == [told]


def test_a_trade_is_calm_where_nothing_goes_wrong_shortly_before() -> None:
    said = {"1": 1 * SECOND, "2": 5 * SECOND, "3": 20 * SECOND}
    answers = {str(n): Answer(n, at + 1_000, at + 3_000) for n, at in ((1, SECOND), (2, 5 * SECOND), (3, 20 * SECOND))}
    received = {cid: one.sent + 1_000 for cid, one in answers.items()}
    told = figures(answers, said, received, [(4 * SECOND, 4 * SECOND + 1), (10 * SECOND, 12 * SECOND)])
    assert told["all"]["socket_to_sent"] == {"n": 3, "p50_us": 2, "p99_us": 2}
    assert told["calm"]["socket_to_exchange"] == {"n": 2, "p50_us": 3, "p99_us": 3}
    assert told["all"]["exchange_to_exchange"]["p50_us"] == 4


def test_memory_by_minute_and_its_slope() -> None:
    seen = [(at, 100 + at / 60) for at in range(0, 601, 30)]
    assert by_minute(seen) == [*range(100, 111), 110]
    assert slope_mb_an_hour(seen) == pytest.approx(60)
    assert slope_mb_an_hour([(0, 5)]) == 0


def test_old_trades_are_those_that_are_kept() -> None:
    exchange = SoakExchange(keep=4)
    exchange.tick(6)
    rows = exchange.old({"fromId": "1", "limit": "3"})
    assert [row["id"] for row in rows] == [3, 4, 5]
    assert exchange.asked_for == 3


def test_every_fault_is_one_that_the_exchange_knows_and_is_over_when_it_should_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def at_once(seconds: float) -> None:
        assert seconds > 0

    async def all_of_them() -> None:
        async with SoakExchange(keep=4) as exchange:
            for does in FAULTS.values():
                await does(exchange, Random(1))
            assert (exchange.is_down, exchange.sockets.is_mute, exchange.skew_ms) == (False, False, 0)
            assert len(exchange._faults[ORDER]) == 7

    monkeypatch.setattr(faults, "_pause", at_once)
    asyncio.run(all_of_them())


def test_the_page_of_a_run_is_made_of_what_it_printed() -> None:
    timed = {"n": 3, "p50_us": 1500, "p99_us": 20_000}
    ways = dict.fromkeys(("socket_to_sent", "socket_to_exchange", "exchange_to_exchange"), timed)
    told = {
        "trades": dict.fromkeys(("said", "a_second", "over_stream", "asked_for"), 5000)
        | {"out_of_order": 0, "altered": 0, "gaps_told": 2, "losses_told": 1},
        "orders": {"asked": 4, "arrived": 3, "fills": 2, "sent_while_banned": 0, "unreconciled": []},
        "differences": [], "faults": {"all": 3, "late": 2, "mute": 1}, "latency": {"all": ways, "calm": ways},
        "memory": {
            "mb_by_minute": [90.2, 100.0, 101.0], "mb_of_tables": 7.1, "mb_with_both_reports": 140.0,
            "exchange_mb_by_minute": [80.0],
        },
        "cpu_us_a_trade": {"client": 40.5, "exchange": 12}, "failed": [],
    }  # fmt: skip
    shown = page(f"a warning\n{json.dumps(told, indent=1)}")
    assert "| faults | 3 of 2 kinds, 1 or more of each |" in shown
    ours = "90 MB at first, 100 halfway, 101 in the end, 7 of it in tables; 140 with both sides' reports"
    assert f"| memory of the client | {ours} |" in shown
    assert "| from our socket to the order on its way | 3 | 1.5 | 20.0 | 3 | 1.5 | 20.0 |" in shown
