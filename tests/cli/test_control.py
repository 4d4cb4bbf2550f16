"""What `barter-bt kill` and `tell` say, and how they end."""

from __future__ import annotations

from typing import Any

import pytest

from barter_bt.cli import main

DONE: dict[str, Any] = {"id": "1", "done": ["cancel"], "unsent": [], "error": None, "orders": [], "positions": {}}


@pytest.mark.parametrize(
    ("words", "told", "code", "line"),
    [
        (["kill", "x"], {}, 0, "orders that stand: none"),
        (["kill", "x"], {"positions": {"btc_usd": "2"}}, 0, "positions: 2 btc_usd"),
        (["kill", "x", "--close"], {"positions": {"btc_usd": "2"}}, 2, "positions: 2 btc_usd"),
        (["kill", "x"], {"orders": ["a", "b"]}, 2, "orders that stand: a, b"),
        (["tell", "x", "disable"], {"orders": ["a"]}, 0, "orders that stand: a"),
        (["tell", "x", "cancel"], {"unsent": ["a: no link"]}, 2, "could not be sent: a: no link"),
        (["tell", "x", "close"], {"error": "no price", "done": []}, 2, "error: no price"),
    ],
)
def test_what_is_left_is_said_and_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, words: list[str], told: dict[str, Any], code: int, line: str
) -> None:
    asked: list[Any] = []

    def ask(directory: Any, commands: Any, *, patience: float) -> dict[str, Any]:
        asked.append(list(commands))
        return DONE | told

    monkeypatch.setattr("barter_bt.live.ask", ask)
    assert main(words) == code
    assert line in capsys.readouterr().out
    closing = ["close"] if "--close" in words else []
    assert asked == [["disable", "cancel", *closing, "shutdown"] if words[0] == "kill" else words[2:]]
