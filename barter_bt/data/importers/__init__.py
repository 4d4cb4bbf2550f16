"""Files that exchanges, vendors and other engines give, each layout as it was found: see the table of quirks.

:data:`IMPORTERS` lists them; :func:`load` reads files with one. Adding one is a function that reads a file, an
:class:`Importer` that says where the layout is from, and an answers file in ``tests/data/importers/``.
"""

from barter_bt.data.importers import (
    barter,
    binance,
    books,
    captures,
    databento,
    dated,
    equities,
    exchanges,
    forex,
    generic,
    hftbacktest,
    lean,
    lobster,
    session,
    tardis,
)
from barter_bt.data.importers.importer import Asked, Imported, Importer

IMPORTERS: dict[str, Importer] = {
    one.name: one
    for room in (
        *(binance, exchanges, tardis, databento, equities, lobster, lean, forex, hftbacktest, captures, books),
        *(barter, session, generic, dated),
    )
    for one in sorted(room.IMPORTERS, key=lambda each: each.name)
}
"""Importers by name."""

__all__ = ["IMPORTERS", "Asked", "Imported", "Importer"]
