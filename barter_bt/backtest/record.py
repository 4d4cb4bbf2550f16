"""Recording chosen state columns through a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Record:
    """Which state columns to keep, and how often.

    Parameters
    ----------
    columns
        ``"table.column"`` of the engine's state, such as ``"instruments.quantity"``: one value per row of that table.
    every
        ``"mark"``: with each equity mark; ``"event"``: after every event.
    """

    columns: tuple[str, ...]
    every: str = "mark"
