"""Orders to a session from outside of its program: a file in the directory of its recording (rule 110).

Whoever asks puts ``control.json`` there, whole or not at all; the session looks for it several times a second, takes it
away, does what it says, and puts ``control-answer.json`` in its place. A file works wherever the recording does, needs
no port, no number of a process and no rights but those of the directory, and one that comes while the session begins is
waiting for it. What nobody has taken is taken back.
"""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from barter_bt.errors import BarterBtError, ConfigError, EngineError, nearest
from barter_bt.files import replacing
from barter_bt.live.clock import SECOND_NS, Clock, WallClock
from barter_bt.live.handle import SystemHandle
from barter_bt.live.parts import SessionWarning
from barter_bt.live.recording import read_head
from barter_bt.protocol import TradingState, to_json
from barter_bt.system import Audit, Commanded
from barter_bt.system.view import View

ASKED, TAKEN, ANSWER = "control.json", "control-taken.json", "control-answer.json"
COMMANDS = ("disable", "enable", "cancel", "close", "shutdown")
KILL = ("disable", "cancel", "shutdown")
KILL_AND_CLOSE = ("disable", "cancel", "close", "shutdown")
EVERY_NS, DONE_NS = SECOND_NS // 5, 10 * SECOND_NS


class _Asked(msgspec.Struct):
    """What is asked for; the number comes back with the answer."""

    id: str
    commands: list[str]


class Control:
    """Does what is asked for in the directory of a recording, until the system ends.

    ``disable`` and ``enable`` trading, ``cancel`` all orders, ``close`` all positions that have a price, ``shutdown``;
    behind a cancel or a close it is waited until no order stands any more, ten seconds at most.

    Parameters
    ----------
    directory
        Of the recording.
    clock
        By which it is looked for, the machine's by default, whatever the session's: five times a second.
    stop
        What a shutdown is; by default that of the handle.

    Examples
    --------
    >>> import tempfile
    >>> Control(tempfile.gettempdir(), stop=None).is_asked
    False
    """

    def __init__(
        self,
        directory: str | Path,
        clock: Clock | None = None,
        stop: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        self._directory, self._clock, self._stop = Path(directory), clock or WallClock(), stop

    @property
    def is_asked(self) -> bool:
        """Whether something is asked for that has not been taken."""
        return (self._directory / ASKED).exists()

    async def follow(self, handle: SystemHandle) -> None:
        """Look, and do what is asked for, until the system ends.

        Parameters
        ----------
        handle
            Of the system.

        Warns
        -----
        SessionWarning
            What was asked for cannot be read or answered.
        """
        while handle.is_running:
            if self.is_asked:
                try:
                    await self._obey(handle)
                except (BarterBtError, OSError, msgspec.MsgspecError) as error:
                    warnings.warn(f"{self._directory / ASKED}: {error}", SessionWarning, stacklevel=2)
            await self._clock.sleep_until(self._clock.now() + EVERY_NS)

    async def _obey(self, handle: SystemHandle) -> None:
        try:
            taken = (self._directory / ASKED).replace(self._directory / TAKEN)
        except FileNotFoundError:
            return  # who asked has taken it back
        content = taken.read_bytes()
        taken.unlink()
        asked = msgspec.json.decode(content, type=_Asked)
        told: dict[str, Any] = {"id": asked.id, "done": [], "unsent": [], "error": None}
        ends = False
        try:
            for command in _checked(asked.commands):
                ends = ends or command == "shutdown"
                if command != "shutdown":
                    told["unsent"] += _unsent(await self._do(handle, command))
                told["done"].append(command)
            if {"cancel", "close"} & set(told["done"]):
                await self._settled(handle)
        except BarterBtError as error:
            told["error"] = str(error)
        with replacing(self._directory / ANSWER) as file:
            file.write_text(json.dumps(told | _left(handle.view())))
        if ends:
            await (self._stop or handle.shutdown)()

    async def _do(self, handle: SystemHandle, command: str) -> Audit:
        match command:
            case "cancel":
                return await handle.cancel_orders()
            case "close":
                return await handle.close_positions()
        return await handle.set_trading(TradingState.ENABLED if command == "enable" else TradingState.DISABLED)

    async def _settled(self, handle: SystemHandle) -> None:
        """Wait until no order stands, and not for ever."""
        end = self._clock.now() + DONE_NS
        while _left(handle.view())["orders"] and handle.is_running and (now := self._clock.now()) < end:
            await self._clock.sleep_until(now + EVERY_NS // 4)


def ask(directory: str | Path, commands: Sequence[str], *, patience: float = 30.0) -> dict[str, Any]:
    """Ask a session that runs in another program to do something, and wait for its answer.

    Parameters
    ----------
    directory
        Of its recording.
    commands
        ``disable``, ``enable``, ``cancel``, ``close``, ``shutdown``, in the order in which they are to be done.
    patience
        Seconds to wait for each: that it is taken up and answered, and that a shutdown has ended the session.

    Returns
    -------
    dict
        What was ``done``; requests that could not be sent (``unsent``); an ``error``, if there was one; client ids of
        ``orders`` that stood then, and ``positions`` that were held, by instrument.

    Raises
    ------
    ConfigError
        That is no recording of a session that runs, or there is no such command.
    EngineError
        Nobody has taken it up in time, and it is taken back; or the answer has not come.
    """
    place, wanted = Path(directory), _checked(commands)
    if read_head(place)["digest"] is not None:
        raise ConfigError(f"the session in {place} has ended", "there is nothing to be asked of it")
    number, answer = uuid4().hex, place / ANSWER
    with replacing(place / ASKED) as file:
        file.write_text(json.dumps({"id": number, "commands": wanted}))
    told: dict[str, Any] | None = None
    was_taken = True
    try:
        told = _wait(patience, lambda: _told_of(answer, number))
    finally:  # also when whoever asks is interrupted: no later session must obey
        if told is None:
            was_taken = not _take_back(place / ASKED, number)
    if told is None:
        what = "has taken it up, and has not answered" if was_taken else "has not taken it up, and it is taken back"
        raise EngineError(f"the session in {place} {what}, in {patience:g} s", "does its program run?")
    answer.unlink(missing_ok=True)
    is_over = "shutdown" not in told["done"] or _wait(patience, lambda: read_head(place)["digest"])
    if not is_over:
        raise EngineError(
            f"the session in {place} was shut down, and has not ended in {patience:g} s", f"it said {told}"
        )
    return told


def _checked(commands: Sequence[str]) -> list[str]:
    for one in commands:
        if one not in COMMANDS:
            like = nearest(str(one), COMMANDS)
            hint = f"did you mean {like!r}?" if like else None
            raise ConfigError(f"there is no command {one!r}; allowed: {', '.join(COMMANDS)}", hint)
    if not commands:
        raise ConfigError(f"no command is given; allowed: {', '.join(COMMANDS)}")
    return list(commands)


def _unsent(audit: Audit) -> list[str]:
    sents = [one for output in audit.outputs if isinstance(output, Commanded) for one in (output.cancels, output.opens)]
    return [f"{getattr(request, 'key', request)}: {to_json(error)}" for sent in sents for request, error in sent.errors]


def _left(view: View) -> dict[str, Any]:
    """Orders that stand, and positions."""
    names = view.index.names
    return {
        "orders": [order.key.cid for name in names for order in view.orders(name)],
        "positions": {name: str(view.position(name)) for name in names if view.position(name)},
    }


def _wait(seconds: float, look: Callable[[], Any]) -> Any:
    """What there is to see, as soon as there is something."""
    end = time.monotonic() + seconds
    while not (seen := look()) and time.monotonic() < end:
        time.sleep(0.05)
    return seen


def _told_of(path: Path, number: str) -> dict[str, Any] | None:
    """What a file holds, if it is of this number."""
    with suppress(OSError, ValueError, TypeError, LookupError):
        told: dict[str, Any] = json.loads(path.read_text())
        return told if told["id"] == number else None
    return None


def _take_back(path: Path, number: str) -> bool:
    """Whether it was still there, and not what somebody else has asked for since."""
    if _told_of(path, number) is None:
        return False
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True
