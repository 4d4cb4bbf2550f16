"""What the strategies have in common: two instruments to begin with, builders of examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

from barter_bt.instrument import Instrument
from barter_bt.testing.scenario.source import Drawn

T = TypeVar("T")
Instruments = Instrument | Sequence[Instrument]
TWO = (
    Instrument("x", "a_usd", price_increment="0.01", quantity_increment="0.001"),
    Instrument("x", "b_usd", price_increment="0.01", quantity_increment="0.001"),
)


def builds(maker: Callable[[Drawn], T]) -> st.SearchStrategy[T]:
    """What a builder makes of choices."""

    @st.composite
    def made(draw: st.DrawFn) -> T:
        return maker(Drawn(draw))

    return made()


def several(given: Instruments) -> list[Instrument]:
    """One or several as a list."""
    return [given] if isinstance(given, Instrument) else list(given)
