"""The exception tree. Catch :class:`BarterBtError` to catch everything that this package raises on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MISSPELT = 0.85
"""Names that are so like each other are one, misspelt."""


class BarterBtError(Exception):
    """Root of every error that this package raises on purpose.

    Parameters
    ----------
    message
        What is wrong, where, the value, and what is allowed.
    hint
        How to put it right; shown on a line of its own.

    Attributes
    ----------
    result
        Where a run was under way: what it did until then, as a partial :class:`~barter_bt.backtest.Result`. What a
        strategy raised is ``__cause__``.
    """

    result: Any = None

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}\nHint: {hint}" if hint else message)


class ConfigError(BarterBtError, ValueError):
    """A configuration, an argument or an option is wrong."""


class InstrumentError(BarterBtError, ValueError):
    """An instrument, asset or exchange is unknown, ambiguous or badly specified."""


class DataError(BarterBtError, ValueError):
    """Market data is malformed: it names the file, column, first rows and their number."""


class MissingPackageError(BarterBtError, ImportError):
    """Something needs a package that is not installed."""


class StrategyError(BarterBtError):
    """A strategy could not be loaded or compiled, raised, or asked for something impossible."""


class EngineError(BarterBtError):
    """A run could not go on, for example because an amount left the range of its integer unit."""


class StorageError(EngineError):
    """There is no room on the disk for what a run keeps. There is no partial result; its last checkpoint is whole."""


class ConnectionFailed(BarterBtError):
    """An exchange could not be asked, or did not answer: what it knows stays unknown. It is no empty answer."""


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known name most like ``name``, or None if none is as like, from 0 to 1 (the same).

    Examples
    --------
    >>> nearest("latencey", ["fees", "latency"])
    'latency'
    """
    from difflib import get_close_matches

    found = get_close_matches(name, list(known), n=1, cutoff=likeness)
    return found[0] if found else None


def refuse_unknown(
    given: Iterable[str], known: Iterable[str], what: str, kind: type[BarterBtError], hint: str | None = None
) -> None:
    """Refuse names that nobody reads: what is passed over in silence is mostly misspelt.

    Parameters
    ----------
    given, known
        Names, of columns for example, and those that there can be.
    what
        What has them, for the message.
    kind
        The error.
    hint
        What to do about a name that is like no other.

    Raises
    ------
    BarterBtError
        A name is not known.

    Examples
    --------
    >>> refuse_unknown(["time", "qantity"], ["time", "quantity"], "the schedule", StrategyError)
    Traceback (most recent call last):
    barter_bt.errors.StrategyError: the schedule has a column 'qantity', which is not read; allowed: time, quantity
    Hint: did you mean 'quantity'?
    """
    allowed = list(known)
    for name in given:
        if name not in allowed:
            guess = nearest(name, allowed)
            raise kind(
                f"{what} has a column {name!r}, which is not read; allowed: {', '.join(allowed)}",
                f"did you mean {guess!r}?" if guess else hint,
            )
