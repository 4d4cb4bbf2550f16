"""What a stream of a market has to ask for before it goes on."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from barter_bt.protocol import DataKind


@dataclass(frozen=True)
class Ask:
    """A question, which is not asked yet.

    Parameters
    ----------
    path, kind, params, weight
        As of :meth:`~barter_bt.live.binance.rest.Rest.get`.
    wait_ns
        How long to wait before.
    ahead
        What will be asked for next, as it seems.
    """

    path: str
    kind: Any
    params: Mapping[str, Any]
    weight: int
    wait_ns: int = 0
    ahead: tuple[Ask, ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two of them the same."""
        return self.path, self.wait_ns, *self.params.values()


Told: TypeAlias = tuple[int, DataKind]
Steps: TypeAlias = Generator[Told | Ask, Any, None]
"""What a message tells, each with the exchange's time, and what is asked for in between: an Ask gets its answer."""
