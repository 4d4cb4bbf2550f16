"""Commands to a session that runs in another program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from barter_bt.cli.app import BAD_INPUT, OK, AsJson, app
from barter_bt.cli.printing import print_json

if TYPE_CHECKING:
    from collections.abc import Sequence


@app.command
def kill(directory: Path, /, *, close: bool = False, patience: float = 30.0, json: AsJson = False) -> int:
    """Kill switch: end a session of `barter-bt paper` or `live` with all of its orders cancelled.

    Trading is disabled, every order cancelled, and the session shut down when no order stands any more, or ten seconds
    later. What is left is said, and then the exit code is 2.

    Parameters
    ----------
    directory
        That of the session's `--record`.
    close
        Close every position that has a price, before it ends, as the strategy does it, or at the market.
    patience
        Seconds to wait for an answer, and for the end.
    """
    from barter_bt.live.control import KILL, KILL_AND_CLOSE

    return _ask(directory, KILL_AND_CLOSE if close else KILL, patience, as_json=json)


@app.command
def tell(directory: Path, /, *commands: str, patience: float = 30.0, json: AsJson = False) -> int:
    """Tell a session of `barter-bt paper` or `live` to do something.

    Parameters
    ----------
    directory
        That of the session's `--record`.
    commands
        `disable` or `enable` trading, `cancel` all orders, `close` all positions, `shutdown`, done in this order.
    patience
        Seconds to wait for an answer, and for the end.
    """
    return _ask(directory, commands, patience, as_json=json)


def _ask(directory: Path, commands: Sequence[str], patience: float, *, as_json: bool) -> int:
    from barter_bt.live import ask

    told = ask(directory, commands, patience=patience)
    if as_json:
        print_json(told)
    else:
        print(_text(told))
    cancels, closes = "cancel" in commands, "close" in commands
    is_left = (cancels and told["orders"]) or (closes and told["positions"])
    return BAD_INPUT if told["error"] or told["unsent"] or is_left else OK


def _text(told: dict[str, Any]) -> str:
    lines = [f"  done: {', '.join(told['done']) or 'nothing'}"]
    lines += [f"  could not be sent: {one}" for one in told["unsent"]]
    lines += [f"  orders that stand: {', '.join(told['orders']) or 'none'}"]
    held = ", ".join(f"{quantity} {name}" for name, quantity in told["positions"].items())
    lines += [f"  positions: {held or 'none'}"]
    lines += [f"  error: {told['error']}"] if told["error"] else []
    return "\n".join(lines)
