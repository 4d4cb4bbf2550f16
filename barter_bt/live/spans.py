"""How long a system waits for things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from barter_bt.data.duration import duration_ns, span_ns
from barter_bt.errors import ConfigError
from barter_bt.live.clock import SECOND_NS


@dataclass(frozen=True)
class Spans:
    """Spans of time of :class:`~barter_bt.live.System`, in ns; ``stale`` and ``behind`` are None where nobody looks."""

    grace: int
    overdue: int
    drain: int
    mark: int
    stale: int | None
    behind: int | None

    @classmethod
    def read(
        cls,
        *,
        grace: str | int,
        overdue: str | int,
        drain: str | int,
        mark_every: str | int | None,
        stale: str | int | None,
        behind: str | int | None = None,
    ) -> Self:
        """Those that are asked for.

        Raises
        ------
        ConfigError
            One is no length of time, or one that cannot be.

        Examples
        --------
        >>> Spans.read(grace="5s", overdue="10s", drain=0, mark_every=None, stale=None).mark
        1000000000
        """
        drain_ns = duration_ns(drain, "drain")
        if drain_ns < 0:
            raise ConfigError(f"drain is {drain!r}; it must not be below 0", 'write for example "5s", or 0 to wait not')
        return cls(
            duration_ns(grace, "grace"),
            duration_ns(overdue, "overdue"),
            drain_ns,
            SECOND_NS if mark_every is None else span_ns(mark_every, "mark_every"),
            None if stale is None else span_ns(stale, "stale"),
            None if behind is None else span_ns(behind, "behind"),
        )
