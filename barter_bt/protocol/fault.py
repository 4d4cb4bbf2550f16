"""What is wrong with a document, and where in it."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable

from barter_bt.errors import DataError, nearest

_shorten = reprlib.Repr()
_shorten.maxstring = _shorten.maxother = _shorten.maxlong = 60
_shorten.maxlevel, _shorten.maxdict = 1, 3


class ProtocolError(DataError):
    """A document is not of the shape that Barter gives it, or a value cannot be written in that shape.

    Parameters
    ----------
    path
        Place in the document, for example ``$.Market.Item.kind.Trade.price``; ``$`` is the whole of it.
    problem
        What is wrong and what is allowed.
    value
        What was found there.
    hint
        How to put it right.

    Examples
    --------
    >>> print(ProtocolError("$.side", "expected 'Buy' or 'Sell'", "Bu", "did you mean 'Buy'?"))
    $.side: expected 'Buy' or 'Sell', found 'Bu'
    Hint: did you mean 'Buy'?
    """

    def __init__(self, path: str, problem: str, value: object, hint: str | None = None) -> None:
        super().__init__(f"{path}: {problem}, found {_shorten.repr(value)}", hint)
        self.path, self.value = path, value
        self._made_of = (path, problem, value, hint)

    def __reduce__(self) -> tuple[type[ProtocolError], tuple[str, str, object, str | None]]:
        """Pickled by what it is made of."""
        return type(self), self._made_of


class Fault(Exception):  # never leaves the room: ProtocolError does
    """A :class:`ProtocolError` on its way up, which learns its path from the containers that it passes.

    Parameters
    ----------
    problem, value, hint
        As in :class:`ProtocolError`.

    Examples
    --------
    >>> Fault("expected a number", "x").at(".price").at(".Trade").error("$").path
    '$.Trade.price'
    """

    def __init__(self, problem: str, value: object, hint: str | None = None) -> None:
        super().__init__(problem)
        self.problem, self.value, self.hint = problem, value, hint
        self.steps: list[str] = []

    def at(self, step: str) -> Fault:
        """The same fault, seen from the container that holds it under ``step``."""
        self.steps.append(step)
        return self

    def error(self, root: str) -> ProtocolError:
        """The error to raise, for a document that is called ``root``."""
        return ProtocolError(root + "".join(reversed(self.steps)), self.problem, self.value, self.hint)


def unknown(what: str, name: str, known: Iterable[str]) -> Fault:
    """The fault of a name that is none of the ``known`` ones.

    Examples
    --------
    >>> print(unknown("variant", "Trad", ["Trade", "Candle"]).error("$"))
    $: unknown variant, expected one of 'Trade', 'Candle', found 'Trad'
    Hint: did you mean 'Trade'?
    """
    names = list(known)
    near = nearest(name, names)
    allowed = "expected one of " + ", ".join(map(repr, names)) if names else "none is expected"
    return Fault(f"unknown {what}, {allowed}", name, f"did you mean {near!r}?" if near else None)
