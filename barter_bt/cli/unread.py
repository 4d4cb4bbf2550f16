"""What a configuration file says and a command does not do: told, because silence would be taken for a yes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import UNSET, Struct

from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.backtest.config import Config

_BACKTEST, _PAPER = "that is for barter-bt backtest", "that is for barter-bt paper"
_ITS_OWN, _ALWAYS_HEARD = "the exchange has its own", "nothing is held to be silent there"
_TELLS_NOBODY = "a replay tells nobody"
_OF_BACKTESTS = dict.fromkeys(("run.candle_ranges", "benchmark"), _BACKTEST)
_OF_SWEEPS = _OF_BACKTESTS | {"record": _BACKTEST}
_ON_PAPER = _OF_BACKTESTS | dict.fromkeys(("run.audit", "run.seed"), _BACKTEST)
_AT_A_MARKET = {"data": _ITS_OWN} | dict.fromkeys(("run.start", "run.end"), _BACKTEST)
_LIVE = (
    _ON_PAPER
    | dict.fromkeys(("run.mark_every", "run.interpret"), _BACKTEST)
    | dict.fromkeys(("venues", "rates", "cash_flows"), _ITS_OWN)
    | {"paper": _PAPER}
)
_AT_AN_EXCHANGE = _LIVE | _AT_A_MARKET | {"balances": _ITS_OWN}
_AGAIN = dict.fromkeys(("alerts", "metrics", "paper.network", "paper.pace", "paper.streams"), _TELLS_NOBODY)
UNREAD: Mapping[str, Mapping[str, str]] = {
    "sweep": _OF_SWEEPS,
    "walk-forward": _OF_SWEEPS,
    "causality": _OF_BACKTESTS,
    "paper": _ON_PAPER | dict.fromkeys(("alerts.stale", "alerts.behind"), _ALWAYS_HEARD),
    "paper at an exchange": _ON_PAPER | _AT_A_MARKET,
    "live": _AT_AN_EXCHANGE,
    "live --network loopback": _LIVE | dict.fromkeys(("alerts.stale", "alerts.behind"), _ALWAYS_HEARD),
    "replay": _ON_PAPER | _AGAIN,
    "replay --live": _AT_AN_EXCHANGE | _AGAIN,
}
"""Keys of the file that a command passes over, with all below them, and why; those of sections ``[paper]``,
``[alerts]`` and ``[metrics]``, which a backtest passes over, say of what they are."""
_FEES = ("maker", "taker", "paid_in")
"""What a loopback exchange reads of the terms of an exchange."""
_INSTEAD = {
    "commands": "barter-bt tell gives a session commands, barter-bt backtest follows those of the file",
    "record": "leave it out: barter-bt paper and live keep all that the engine saw, with --record",
}


def tell_unread(loaded: Config, command: str) -> None:
    """Say on standard error which keys of a file have no effect on a command."""
    said, found = list(_keys(loaded.file)), dict[str, list[str]]()
    for key, why in UNREAD[command].items():
        below = [one for one in said if one == key or one.startswith(f"{key}.")]
        if key == "venues" and command == "live --network loopback":
            found.setdefault(why, []).extend(one for one in below if not _is_fee(one))
        elif below:
            found.setdefault(why, []).append(key)
    for why, keys in found.items():
        if keys:
            have = "has" if len(keys) == 1 else "have"
            told = f"{', '.join(keys)} {have} no effect on barter-bt {command}: {why}"
            print(f"note: {loaded.path}: {told}", file=sys.stderr)


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


def tell_other_place(loaded: Config, names: Sequence[str], place: str) -> None:
    """Say which keys of ``[paper]`` are of its exchange, where the command line has named another."""
    if names:
        keys = ", ".join(f"paper.{name}" for name in names)
        print(f"note: {loaded.path}: {keys} passed over: that is for exchange {place!r}", file=sys.stderr)


def tell_warnings(loaded: Config, warnings: Sequence[str]) -> None:
    """Say on standard error what a backtest of a file has in the warnings of its result, of what it was given."""
    for text in warnings:
        print(f"note: {loaded.path}: {text}", file=sys.stderr)


def _keys(given: object, before: str = "") -> Iterator[str]:
    """What a file says, with dots between tables; false asks for nothing."""
    if isinstance(given, Struct):
        given = {name: getattr(given, name) for name in given.__struct_fields__}
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield from _keys(value, f"{before}.{name}" if before else str(name))
    elif given is not UNSET and given is not False and given != []:
        yield before


def _is_fee(key: str) -> bool:
    """Whether a key below ``venues`` is what a loopback exchange takes as its fee."""
    _, _, *term = key.split(".")
    return term == ["fees"] or (len(term) == 2 and term[0] == "fees" and term[1] in _FEES)
