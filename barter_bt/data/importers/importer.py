"""What an importer is: a layout that was looked up, what is odd about it, and a function that reads one file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import polars as pl

Kind: TypeAlias = Literal[
    "trades",
    "quotes",
    "candles",
    "book",
    "book_orders",
    "funding",
    "dividend",
    "split",
    "settlement",
    "sessions",
    "symbol",
    "delisting",
]


@dataclass(frozen=True)
class Asked:
    """What a user may say about files of some layouts, which these files do not say themselves.

    Parameters
    ----------
    interval
        Length of a candle, such as ``"1m"``.
    time_zone
        Zone of times without one.
    amount
        What stands at each quote, where a file has prices alone.
    """

    interval: str | None = None
    time_zone: str | None = None
    amount: float | None = None


@dataclass(frozen=True)
class Imported:
    """Rows of one file in canonical columns, times as ``Datetime`` with a zone.

    Parameters
    ----------
    frame
        Its column ``instrument`` holds the symbols of the file, if there are any.
    notes
        What was found and done, in words.
    """

    frame: pl.DataFrame
    notes: tuple[str, ...] = ()


Read: TypeAlias = Callable[[Path, Asked], Imported]
"""Reads one file."""


@dataclass(frozen=True)
class Importer:
    """How files of one layout are read; all of them are in :data:`~barter_bt.data.IMPORTERS`.

    Attributes
    ----------
    name
        What it is called by.
    kind
        What the rows become: ``"trades"``, ``"quotes"``, ``"candles"``, ``"book"``, ``"book_orders"``; ``"funding"``,
        ``"dividend"``, ``"split"``, ``"settlement"``, ``"sessions"``, ``"symbol"`` (changes of symbols),
        ``"delisting"``.
    layout
        The columns of a file, in order, and what they are written as.
    source
        The document or the real file that says so, and when it was looked at.
    quirks
        What is odd about such files, and what is done about it.
    read
        Reads one file.
    takes
        Which fields of :class:`Asked` have an effect.
    needs
        Which of them must be given.
    version
        Counts up when the same file would give other rows.
    """

    name: str
    kind: Kind
    layout: str
    source: str
    quirks: tuple[str, ...]
    read: Read = field(repr=False)
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    version: int = 1
