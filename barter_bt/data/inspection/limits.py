"""From where on something is told."""

from __future__ import annotations

from dataclasses import dataclass

from barter_bt.data.duration import duration_ns
from barter_bt.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """The limits of :func:`~barter_bt.data.quality`, checked.

    Examples
    --------
    >>> Limits(max_gap="5m").max_gap_ns
    300000000000
    """

    max_gap: str = "1h"
    outlier: float = 20.0
    stale: str = "1h"
    stale_rows: int = 10
    max_latency: str = "1m"

    def __post_init__(self) -> None:
        for name in ("max_gap", "stale", "max_latency"):
            if duration_ns(getattr(self, name), name) < 0:
                raise ConfigError(f"quality: {name} is {getattr(self, name)!r}; it must not be negative")
        if not self.outlier > 0:
            raise ConfigError(f"quality: outlier is {self.outlier}; it must be positive", "20 is far, 5 is near")
        if self.stale_rows < 2:
            raise ConfigError(f"quality: stale_rows is {self.stale_rows}; it must be at least 2")

    @property
    def max_gap_ns(self) -> int:
        """Open time without rows that is no gap."""
        return duration_ns(self.max_gap, "max_gap")

    @property
    def stale_ns(self) -> int:
        """Open time that a price may stand."""
        return duration_ns(self.stale, "stale")

    @property
    def max_latency_ns(self) -> int:
        """Time that a row may be under way."""
        return duration_ns(self.max_latency, "max_latency")
