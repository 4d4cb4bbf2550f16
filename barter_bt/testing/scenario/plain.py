"""How drawn data prints: as what makes it again, without what is as it is by default."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any


class Plain:
    """A dataclass that prints only the fields that are not as they are by default.

    Examples
    --------
    >>> from barter_bt.testing.scenario import ExchangeSpec
    >>> ExchangeSpec("alpha", feed_ns=1)
    ExchangeSpec(name='alpha', feed_ns=1)
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self._told())})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """The same over several lines, for Hypothesis and IPython."""
        with printer.group(4, f"{type(self).__name__}(", ")"):
            for number, (name, value) in enumerate(self._told()):
                if number:
                    printer.text(",")
                    printer.breakable()
                printer.text(f"{name}=")
                printer.pretty(value)

    def _told(self) -> list[tuple[str, Any]]:
        named = [(one, getattr(self, one.name)) for one in fields(self)]  # type: ignore[arg-type]
        return [(one.name, value) for one, value in named if one.default is MISSING or value != one.default]
