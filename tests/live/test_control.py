"""What a session is asked from outside of its program: a file in the directory of its recording (rule 110)."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from barter_bt import protocol as bp
from barter_bt.cli import main
from barter_bt.errors import ConfigError, EngineError
from barter_bt.live import Control, Recorder, SessionWarning, Virtual, ask, control, paper, read_session
from barter_bt.live.control import ANSWER, ASKED
from tests.live.market import Once, simulation
from tests.live.script import Client, told, traded
from tests.live.test_system import request, system

pytestmark = pytest.mark.filterwarnings("ignore:the session ended")  # nobody answers
HELD = bp.Trade("t", "1", "btc_usd", "me", 2, bp.Side.BUY, D(100), D(1), bp.AssetFees(None, D(0)))
TERMS: Any = bp.Side.BUY, D(99), D(1), bp.OrderKind.LIMIT, bp.GoodUntilCancelled(False), bp.Open("1", 3, D(0))
STANDING = bp.Order(request("a").key, *TERMS)


async def controlled(where: Path, commands: list[str], client: Any = None) -> tuple[dict[str, Any], Any, Any]:
    """A session that holds one, with an order that stands, and is asked for something."""
    lines = [traded(1), told(2, HELD), told(3, STANDING)]
    made, _, client = system(lines, client, recorder=Recorder(where), trading=bp.TradingState.ENABLED)
    handle = await made.start()
    for _ in range(30):
        await asyncio.sleep(0)
    asking = asyncio.create_task(asyncio.to_thread(ask, where, commands))
    following = asyncio.create_task(Control(where, clock=Virtual()).follow(handle))
    answer = await asking
    if "shutdown" not in commands:
        await handle.abort()
    await following
    return answer, handle, client


@pytest.mark.parametrize(
    ("commands", "sent"),
    [
        (["disable"], []),
        (["disable", "enable"], []),
        (["cancel"], ["OrderRequestCancel"]),
        (["close"], ["OrderRequestOpen"]),
        (["shutdown"], []),
    ],
)
def test_each_command_is_done_and_answered(tmp_path: Path, commands: list[str], sent: list[str]) -> None:
    """In order, recorded as any other command; what stands and is held then is told."""
    answer, handle, client = asyncio.run(controlled(tmp_path, commands))
    assert answer["done"] == commands
    assert answer["error"] is None
    assert [type(one).__name__ for one in client.sent] == sent
    assert answer["positions"] == {"btc_usd": "1"}
    assert "a" in answer["orders"]
    is_disabled = handle.view().trading == bp.TradingState.DISABLED
    assert is_disabled == (commands == ["disable"])
    assert not handle.is_running
    assert not list(tmp_path.glob("control*"))


def test_it_is_waited_until_no_order_stands(tmp_path: Path) -> None:
    """A cancel that is answered late is told as done."""

    class Answers(Client):
        def __init__(self) -> None:
            super().__init__()
            self.handle: Any = None

        def cancel(self, asked: Any) -> None:
            self.sent.append(asked)
            done = bp.OrderResponseCancel(asked.key, bp.Cancelled("1", 4))
            asyncio.get_running_loop().call_soon(self.answer, done)

        def answer(self, done: Any) -> None:
            self.host._entries.put(told(4, done))

    client = Answers()

    async def test() -> dict[str, Any]:
        made, _, _ = system([traded(1), told(3, STANDING)], client, recorder=Recorder(tmp_path))
        client.host = made._host  # type: ignore[attr-defined]
        handle = await made.start()
        for _ in range(30):
            await asyncio.sleep(0)
        following = asyncio.create_task(Control(tmp_path, clock=Virtual()).follow(handle))
        answer = await asyncio.to_thread(ask, tmp_path, ["disable", "cancel", "shutdown"])
        await following
        return answer

    answer = asyncio.run(test())
    assert (answer["orders"], answer["positions"], answer["unsent"]) == ([], {}, [])
    assert read_session(tmp_path).frame()["kind"][-1] == "shutdown"


def test_what_cannot_be_sent_is_told(tmp_path: Path) -> None:
    client = Client(error=bp.ExecutionChannelUnhealthy("x"))
    answer, _, _ = asyncio.run(controlled(tmp_path, ["close"], client))
    assert "ExecutionChannelUnhealthy" in answer["unsent"][0]


def test_what_is_no_command_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recording"):
        ask(tmp_path, ["cancel"])
    with pytest.raises(ConfigError, match="there is no command 'cancle'.*\\n.*'cancel'"):
        ask(tmp_path, ["cancle"])
    with pytest.raises(ConfigError, match="no command is given"):
        ask(tmp_path, [])


def test_a_session_that_has_ended_or_hangs_is_told(tmp_path: Path) -> None:
    """What nobody takes is taken back, so that no later session obeys it."""
    made = paper(simulation(5), Once(), recorder=Recorder(tmp_path), clock=Virtual())
    with made.running() as handle:
        with pytest.raises(EngineError, match="has not taken it up, and it is taken back"):
            ask(tmp_path, ["cancel"], patience=0.01)
        assert not (tmp_path / ASKED).exists()
        handle.shutdown_after_backtest()
    with pytest.raises(ConfigError, match="has ended"):
        ask(tmp_path, ["cancel"])
    assert main(["kill", str(tmp_path)]) == 2


def test_who_is_interrupted_takes_back_what_it_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the next session of the directory would obey it."""

    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    made = paper(simulation(5), Once(), recorder=Recorder(tmp_path), clock=Virtual())
    with made.running() as handle:
        monkeypatch.setattr(time, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask(tmp_path, ["cancel"])
        monkeypatch.undo()
        assert not (tmp_path / ASKED).exists()
        handle.shutdown_after_backtest()


def test_what_another_asks_for_is_not_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked before it has lost its turn, and takes nothing of it away."""
    other = json.dumps({"id": "other", "commands": ["cancel"]})
    made = paper(simulation(5), Once(), recorder=Recorder(tmp_path), clock=Virtual())
    with made.running() as handle:
        monkeypatch.setattr(time, "sleep", lambda seconds: (tmp_path / ASKED).write_text(other))
        with pytest.raises(EngineError, match="has not answered"):
            ask(tmp_path, ["disable"], patience=0.01)
        assert (tmp_path / ASKED).read_text() == other
        monkeypatch.undo()
        handle.shutdown_after_backtest()


def test_an_error_before_a_shutdown_is_what_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session goes on, and nobody waits for its end."""

    async def fails(self: Control, handle: Any, command: str) -> Any:
        raise EngineError("it cannot be cancelled")

    monkeypatch.setattr(Control, "_do", fails)
    monkeypatch.setattr(control, "read_head", lambda place: {"digest": None})

    async def test() -> dict[str, Any]:
        handle = await system([traded(1)])[0].start()
        following = asyncio.create_task(Control(tmp_path, clock=Virtual()).follow(handle))
        answer = await asyncio.to_thread(ask, tmp_path, ["cancel", "shutdown"], patience=5)
        assert handle.is_running
        await handle.abort()
        await following
        return answer

    answer = asyncio.run(test())
    assert (answer["done"], answer["error"]) == ([], "it cannot be cancelled")


@pytest.mark.parametrize("content", ["no json", '{"commands": ["cancel"]}', "[]"])
def test_what_cannot_be_read_ends_nothing(tmp_path: Path, content: str) -> None:
    async def test() -> None:
        handle = await system([traded(1)])[0].start()
        (tmp_path / ASKED).write_text(content)
        following = asyncio.create_task(Control(tmp_path, clock=Virtual()).follow(handle))
        while (tmp_path / ASKED).exists():
            await asyncio.sleep(0)
        assert handle.is_running
        await handle.abort()
        await following

    with pytest.warns(SessionWarning, match="control.json"):
        asyncio.run(test())


def test_an_unknown_command_is_answered_with_an_error(tmp_path: Path) -> None:
    async def test() -> None:
        handle = await system([traded(1)])[0].start()
        (tmp_path / ASKED).write_text(json.dumps({"id": "1", "commands": ["disable", "explode"]}))
        following = asyncio.create_task(Control(tmp_path, clock=Virtual()).follow(handle))
        while not (tmp_path / ANSWER).exists():
            await asyncio.sleep(0)
        await handle.abort()
        await following

    asyncio.run(test())
    answer = json.loads((tmp_path / ANSWER).read_text())
    assert "no command 'explode'" in answer["error"]
    assert answer["done"] == []
