"""What a figure is: a function with a label, a unit and a source, whose docstring is its definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar

Value = str | int | float | datetime | timedelta | None
Unit = Literal["text", "time", "duration", "money", "fraction", "ratio", "count"]
Needs = Literal["curve", "activity", "market", "against"]
Sample = Literal["", "marks", "returns", "days", "drawdowns", "orders", "trades", "positions", "instruments"]
_Compute = TypeVar("_Compute", bound=Callable[[Any], Any])


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes
    ----------
    name
        Its name in a :class:`~barter_bt.statistic.summary.Summary`.
    label
        What people read; ``{per}`` is the interval, such as "annual".
    unit
        What its value is: a ``fraction`` of 0.05 is 5 %.
    section
        Where it is listed.
    definition
        Its formula; r is a return, n their number.
    source
        Who defined it, empty for plain arithmetic.
    sample
        What is counted as its sample.
    needs
        What it is computed from: the equity curve, what was done, the market, or the curve against a benchmark's.
    key
        Whether it is among the few that are printed first.
    compute
        The function; undefined is None.
    """

    name: str
    label: str
    unit: Unit
    section: str
    definition: str
    source: str
    sample: Sample
    needs: Needs
    key: bool
    compute: Callable[[Any], Value]


DEFINED: Final[dict[str, Figure]] = {}
"""Figures by name, of those modules of figures that are imported; all of them: :mod:`barter_bt.statistic.figures`."""


def figure(
    label: str,
    unit: Unit,
    section: str,
    *,
    needs: Needs = "curve",
    sample: Sample = "returns",
    source: str = "",
    key: bool = False,
) -> Callable[[_Compute], _Compute]:
    """Make a function a figure: its name is the figure's, its docstring the definition."""

    def register(compute: _Compute) -> _Compute:
        definition = " ".join((compute.__doc__ or "").split()).rstrip(".")
        name = compute.__name__
        DEFINED[name] = Figure(name, label, unit, section, definition, source, sample, needs, key, compute)
        return compute

    return register


def show(value: Value, unit: Unit) -> str:
    """Write a figure as text for people.

    Examples
    --------
    >>> show(0.1234, "fraction"), show(1234.5, "money"), show(2, "count")
    ('12.34 %', '1,234.50', '2')
    """
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, timedelta):
        if value >= timedelta(days=2):
            return f"{value / timedelta(days=1):,.1f} days"
        return str(value - timedelta(microseconds=value.microseconds)) if value >= timedelta(seconds=1) else str(value)
    if isinstance(value, float):
        match unit:
            case "fraction" if value and not 5e-4 <= abs(value) < 1e4:
                return f"{value * 100:.2g} %"
            case "fraction":
                return f"{value * 100:,.2f} %"
            case "money" if value and abs(value) < 1:
                return f"{value:.6g}"
            case "money":
                return f"{value:,.2f}"
            case _:
                return f"{value:,.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
