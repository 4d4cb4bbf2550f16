"""What a configuration file says and a command does not do: told, because silence would be taken for a yes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from msgspec import UNSET

from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.backtest.config import Config

_OF_BACKTESTS = ("run.candle_ranges", "benchmark")
UNREAD = {
    "sweep": (*_OF_BACKTESTS, "record"),
    "walk-forward": (*_OF_BACKTESTS, "record"),
    "causality": _OF_BACKTESTS,
    "paper": _OF_BACKTESTS,
    "live": _OF_BACKTESTS,
}
"""Keys of the file that a command passes over; those of sections ``[paper]``, ``[alerts]`` and ``[metrics]`` say of
what they are."""
_INSTEAD = {
    "commands": "barter-bt tell gives a session commands, barter-bt backtest follows those of the file",
    "record": "leave it out: barter-bt paper and live keep all that the engine saw, with --record",
}


def tell_unread(loaded: Config, command: str) -> None:
    """Say on standard error which keys of a file have no effect on a command."""
    there = {
        "run.candle_ranges": loaded.candle_ranges,
        "benchmark": loaded.file.benchmark is not UNSET,
        "record": loaded.file.record is not UNSET,
    }
    for name in (name for name in UNREAD[command] if there[name]):
        print(f"note: {loaded.path}: {name} has no effect on barter-bt {command}; it is of backtest", file=sys.stderr)


def check_session(loaded: Config, command: str) -> None:
    """Refuse what a file says of a backtest and a live session could not follow; tell what it passes over.

    Raises
    ------
    ConfigError
        The file has commands, or columns to record.
    """
    for name, given in (("commands", bool(loaded.file.commands)), ("record", loaded.file.record is not UNSET)):
        if given:
            raise ConfigError(f"{loaded.path}: {name}: a live session has none of a file", _INSTEAD[name])
    tell_unread(loaded, command)
