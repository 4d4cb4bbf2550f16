"""A simulated exchange in a file, for it ends with its program: a session that was shut down needs it (rule 110).

It is the checkpoint of a backtest (:mod:`barter_bt.backtest.checkpoint`) beside the recording, with what the exchange
remembers in Python: whose orders these are, and what has been told and not been heard yet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from barter_bt.errors import ConfigError
from barter_bt.live.arrival import Arrival
from barter_bt.live.recording import event_of, kind_of, mark_of, mark_text, text_of
from barter_bt.protocol import OrderKey, from_json, to_json


def checkpoint_path(directory: Path, exchanges: Sequence[str]) -> Path:
    """Where exchanges are kept beside a recording.

    Examples
    --------
    >>> checkpoint_path(Path("runs/session"), ["binance_spot"]).as_posix()
    'runs/session/binance_spot.checkpoint'
    """
    return directory / f"{'-'.join(exchanges)}.checkpoint"


def check_there(path: Path) -> None:
    """Refuse to go on where nothing was kept.

    Raises
    ------
    ConfigError
        There is no such file.
    """
    if not path.exists():
        raise ConfigError(
            f"a simulated exchange cannot go on where it was: there is no {path}",
            "it is written when a session is shut down before its data ends, not when it is killed; start it anew",
        )


def check_arrivals(path: Path, was: int, now: int) -> None:
    """Refuse a checkpoint behind which the session went on, and was killed.

    Raises
    ------
    ConfigError
        Its session had seen another number of messages.
    """
    if was != now:
        raise ConfigError(
            f"a simulated exchange cannot go on where it was: {path} is of message {was} of the session, "
            f"which was killed behind message {now}",
            "start its session anew",
        )


def packed(arrivals: Sequence[Arrival]) -> list[Any]:
    """Messages as JSON holds them.

    Examples
    --------
    >>> from barter_bt.live import Mark
    >>> packed([Arrival(7, (Mark(7),))])
    [[7, [['mark', '7']], []]]
    >>> unpacked(packed([Arrival(7, (Mark(7),))]))
    [Arrival(time=7, events=(Mark(time=7),), positions=(), marks=())]
    """
    return [
        [one.time, [[kind_of(event), text_of(event)] for event in one.events], [mark_text(*mark) for mark in one.marks]]
        for one in arrivals
    ]


def unpacked(told: Sequence[Any]) -> list[Arrival]:
    """The messages again."""
    return [
        Arrival(time, tuple(event_of(kind, text) for kind, text in events), marks=tuple(map(mark_of, marks)))
        for time, events, marks in told
    ]


def packed_keys(keys: Mapping[int, OrderKey]) -> list[Any]:
    """Orders' keys by number, as JSON holds them."""
    return [[number, json.loads(to_json(key))] for number, key in keys.items()]


def unpacked_keys(told: Sequence[Any]) -> dict[int, OrderKey]:
    """The keys again."""
    return {number: from_json(OrderKey, json.dumps(key)) for number, key in told}
