"""An engine's state as a file, and back, also in another process."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from barter_bt.columns.storage import Stored, read, write
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.system.book import Book
from barter_bt.system.units import Units
from barter_bt.version import VERSION

_FORMAT = "barter_bt engine 3"
_STEPS = ("engine.terms.ticks_per_unit", "engine.terms.lots_per_unit")


def save_state(path: Path, state: EngineState, book: Book, units: Units, names: list[str], *, ended: bool) -> None:
    """Write the columns of a state and the texts that its orders go by."""
    stored = _stored(state)
    header = {"format": _FORMAT, "version": VERSION, "instruments": names, "ended": ended, "rows": stored.rows()}
    header |= {
        "layout": stored.layout(),
        "book": book.to_dict(state.orders.array("instrument").tolist()),
        "units": [str(unit) for unit in units.scales.units],
    }
    write(path, header, stored.arrays())


def load_state(path: Path, state: EngineState, book: Book, units: Units, names: list[str]) -> bool:
    """Fill a state and its book from a file; returns whether the engine had ended.

    Raises
    ------
    ConfigError
        It is no such file, of another version, or of other instruments.
    """
    header, arrays = read(path, "the state of an engine")
    if header.get("format") != _FORMAT or header.get("version") != VERSION:
        raise ConfigError(
            f"{path} is of format {header.get('format')!r}, version {header.get('version')}; "
            f"this is {_FORMAT!r}, version {VERSION}"
        )
    stored = _stored(state)
    if header["instruments"] != names or header["layout"] != stored.layout():
        raise ConfigError(
            f"{path} is the state of an engine over {', '.join(header['instruments'])}, or with other limits",
            f"this one is over {', '.join(names)}",
        )
    now = stored.arrays()
    for name in _STEPS:
        for i in np.flatnonzero(arrays[name] != now[name])[:1]:
            raise ConfigError(
                f"{path} is the state of an engine in which {names[i]} has other increments: "
                f"{arrays[name][i]:g} {name.rpartition('.')[2]}, here {now[name][i]:g}",
                "prices and quantities are whole steps in it; declare the instrument as it was",
            )
    stored.fill(arrays, header["rows"])
    book.fill(header["book"])
    units.set(map(Decimal, header["units"]))
    ended: Any = header["ended"]
    return bool(ended)


def _stored(state: EngineState) -> Stored:
    return Stored({"engine": state}, ("watched", "fault"), pointed=(("limits", "sent"),))
