"""The last candle of an instrument, as a Python strategy sees it."""

from __future__ import annotations

from typing import NamedTuple


class Candle(NamedTuple):
    """Prices and volume as the data has them; all 0.0 before the first candle has closed."""

    open: float
    high: float
    low: float
    close: float
    volume: float
