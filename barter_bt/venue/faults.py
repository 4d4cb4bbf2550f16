"""Faults of an exchange and its links, on demand (rules 95 to 97)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from barter_bt.engine.messages import Links
from barter_bt.errors import ConfigError
from barter_bt.venue.delays import LONGEST_NS
from barter_bt.venue.given import set_duration, set_fraction

_MOST = 0.9  # an outage ends at last
_CHANCES = ("reject", "lose", "late", "spike", "disconnect", "duplicate")
_LENGTHS = ("timeout", "late_by", "spike_by", "spike_span", "disconnect_span")


@dataclass(frozen=True)
class Faults:
    """What goes wrong, and how often: nothing unless it is said.

    Each fault is drawn by seed, message and time alone, so that it depends on nothing else that happens. Chances are
    fractions from 0 to 0.9, or text such as ``"1%"``, times nanoseconds or text such as ``"10s"``.

    Parameters
    ----------
    seed
        A whole number from 0 on.
    reject
        Chance that an order is rejected when it arrives (``fault``).
    lose
        Chance that a request to open, cancel or amend never arrives. It stays in flight; an order that was to be opened
        is rejected (``lost``), a cancel and an amend are, when the ``timeout`` is over.
    timeout
        After which a request that was lost is asked for.
    late, late_by
        Chance that a request or a report takes so much longer; those behind it on the link wait for it.
    spike, spike_by, spike_span
        Chance that all messages which are sent in a span of time take so much longer.
    disconnect, disconnect_span
        Chance that an exchange cannot be reached during a span of time: what is sent in it, either way, is sent at its
        end. Orders at the exchange stay there, and fill.
    duplicate
        Chance that the trades, quotes and messages of books of one time at the exchange arrive twice each. Nothing
        happened twice: a strategy that counts what arrives is what this is to test.

    Examples
    --------
    >>> Faults(seed=1, reject="1%", lose=0.001, timeout="5s").timeout
    5000000000
    """

    seed: int = 0
    reject: float = 0.0
    lose: float = 0.0
    timeout: int = 10_000_000_000
    late: float = 0.0
    late_by: int = 1_000_000_000
    spike: float = 0.0
    spike_by: int = 1_000_000_000
    spike_span: int = 10_000_000_000
    disconnect: float = 0.0
    disconnect_span: int = 30_000_000_000
    duplicate: float = 0.0

    def __post_init__(self) -> None:
        seed: Any = self.seed
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 1 << 62:
            raise ConfigError(f"seed of faults is {seed!r}; it must be a whole number from 0 to 2^62")
        for name in _CHANCES:
            if not 0 <= set_fraction(self, name, f"{name} of faults") <= _MOST:
                raise ConfigError(f"{name} of faults is {getattr(self, name)}; allowed: 0 to {_MOST}", 'write "1%"')
        for name in _LENGTHS:
            set_duration(self, name, LONGEST_NS)
            if getattr(self, name) == 0:
                raise ConfigError(f"{name} of faults is 0; it must be above 0", 'write for example "10s"')

    @property
    def delays(self) -> bool:
        """Whether messages may take longer."""
        return max(self.late, self.spike, self.disconnect) > 0

    @property
    def any(self) -> bool:
        """Whether anything can go wrong."""
        return self.delays or max(self.reject, self.lose, self.duplicate) > 0


def set_faults(links: Links, exchange: int, faults: Faults) -> None:
    """The faults of an exchange as numbers, chances of 2^32."""
    links.fault_seed[exchange], links.faulty[exchange] = faults.seed, int(faults.any)
    for column, chance in (
        ("rejected", faults.reject), ("lost", faults.lose), ("late", faults.late), ("spike", faults.spike),
        ("outage", faults.disconnect), ("repeated", faults.duplicate),
    ):  # fmt: skip
        getattr(links, column)[exchange] = ceil(chance * (1 << 32))
    links.timeout_ns[exchange], links.late_ns[exchange] = faults.timeout, faults.late_by
    links.spike_ns[exchange], links.spike_span_ns[exchange] = faults.spike_by, faults.spike_span
    links.outage_span_ns[exchange] = faults.disconnect_span
