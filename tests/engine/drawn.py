"""What tests of the engine draw beside :mod:`barter_bt.testing.strategies`."""

from __future__ import annotations

from hypothesis import strategies as st

from barter_bt.testing.scenario import Drawn, Scenario, make_simple, make_waiting


@st.composite
def simple(draw: st.DrawFn) -> Scenario:
    """Targets on candles of spot, without delays, limits and extra costs."""
    return make_simple(Drawn(draw))


@st.composite
def waiting(draw: st.DrawFn) -> Scenario:
    """Orders that wait, over candles of one instrument."""
    return make_waiting(Drawn(draw))
