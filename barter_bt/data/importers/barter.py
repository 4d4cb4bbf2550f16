"""Market data that Barter recorded, in its two layouts.

Losses of the link are left out: ``barter_bt.system.read_recording`` reads them as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer, Kind, Read
from barter_bt.data.importers.parsing import content
from barter_bt.data.schema import TIME
from barter_bt.errors import DataError


def _barter(kind: Kind) -> Read:
    def read(path: Path, asked: Asked) -> Imported:
        from barter_bt.protocol import OrderBookL1, PublicTrade, Reconnecting, read_market_events

        wanted = PublicTrade if kind == "trades" else OrderBookL1
        text = content(path).decode("utf-8-sig")
        if text.lstrip()[:1] not in ("[", "{"):
            raise DataError(f"{path.name}: is no JSON of market events", "it starts with '[' or '{'")
        events = read_market_events(text)
        lost = sum(isinstance(event, Reconnecting) for event in events)
        items = [event.value for event in events if not isinstance(event, Reconnecting)]
        rows = [_row(item) for item in items if isinstance(item.kind, wanted)]
        frame = pl.DataFrame(rows, _BARTER[kind], orient="row").with_columns(pl.col("^time_.*$").cast(TIME))
        notes = (f"{lost} loss(es) of the link left out; barter_bt.system.read_recording has them",) if lost else ()
        more = len(items) - len(rows)
        return Imported(frame, notes + ((f"{more} event(s) of other kinds left out",) if more else ()))

    return read


def _row(item: Any) -> tuple[Any, ...]:
    kind = item.kind
    times = (item.time_exchange, item.time_received, str(item.instrument))
    if hasattr(kind, "side"):
        return (*times, float(kind.price), float(kind.amount), 1 if str(kind.side).lower().endswith("buy") else -1)
    levels = [kind.best_bid, kind.best_ask]
    return (
        *times,
        *(number for one in levels for number in ((float(one.price), float(one.amount)) if one else (0.0, 0.0))),
    )


_BARTER: dict[Kind, dict[str, Any]] = {
    "trades": {
        **{"time_exchange": pl.Int64, "time_received": pl.Int64, "instrument": pl.String},
        **{"price": pl.Float64, "amount": pl.Float64, "side": pl.Int8},
    },
    "quotes": {
        **{"time_exchange": pl.Int64, "time_received": pl.Int64, "instrument": pl.String},
        **dict.fromkeys(("bid_price", "bid_amount", "ask_price", "ask_amount"), pl.Float64),
    },
}


_JSON = "the project's own reader of both layouts (barter_bt.protocol), and a real file of 2024-12-20"
IMPORTERS = [
    Importer(
        f"barter_{kind}", kind, 'array [{"Item":{"Ok":{...}}}, ...] or a line {"Item":{...}} each', _JSON,
        ("losses of the link are left out and counted: barter_bt.system.read_recording has them",
         "an instrument may be an index: it is a symbol of digits then"), _barter(kind),
    )
    for kind in _BARTER
]  # fmt: skip
