"""Order books that recorders wrote as exchanges sent them: Binance's messages, and Kraken's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.importers.captures import CAPTURE, CAPTURED
from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.levels import LEVELS, by_level
from barter_bt.data.importers.parsing import INT, TEXT, content, decimal_ns, since_1970
from barter_bt.data.schema import TIME
from barter_bt.data.snapshots import complete_snapshots
from barter_bt.errors import DataError

_DEPTH = pl.Struct(
    {"s": TEXT, **dict.fromkeys(("E", "T", "U", "u", "pu"), INT), "b": LEVELS, "a": LEVELS},
)
_MESSAGE = pl.Struct({"data": _DEPTH, **dict.fromkeys(("lastUpdateId", "E", "T"), INT), "bids": LEVELS, "asks": LEVELS})


def _binance(path: Path, asked: Asked) -> Imported:
    lines = pl.Series("line", content(path).decode("utf-8").splitlines(), pl.String)
    wanted = lines.filter(lines.str.contains('"depthUpdate"|"lastUpdateId"'))
    parts = wanted.str.split_exact(" ", 1).struct
    given = pl.DataFrame({"local": parts.field("field_0").cast(pl.Int64), "text": parts.field("field_1")})
    data = pl.col("text").str.json_decode(_MESSAGE)
    rows = given.select("local", data.alias("m")).unnest("m").unnest("data", separator="_")
    symbols = rows["data_s"].drop_nulls().unique().to_list()
    is_snapshot = pl.col("lastUpdateId").is_not_null()
    snapshots = rows.filter(is_snapshot).height
    if snapshots and len(symbols) != 1:
        raise DataError(
            f"{path.name}: has {snapshots} snapshot(s), which name no symbol, and messages of {len(symbols)} symbols",
            "give a file with the depth of one symbol",
        )
    told = since_1970("_at", "ms")
    at = pl.coalesce("data_T", "data_E", "T", "E")
    before = pl.when(~is_snapshot).then(at).forward_fill().backward_fill()  # a snapshot has no time, or its own
    at = pl.when(is_snapshot).then(pl.max_horizontal(at, before)).otherwise(at).alias("_at")
    number = pl.coalesce("data_u", "lastUpdateId")
    messages = rows.with_columns(at).select(
        time_exchange=told, time_received=since_1970("local", "ns"),
        instrument=pl.coalesce("data_s", pl.lit(symbols[0] if symbols else None, pl.String)),
        snapshot=is_snapshot.cast(pl.Int8), sequence=number,
        previous_sequence=pl.coalesce("data_pu", pl.col("data_U") - 1, "lastUpdateId"),
        bids=pl.coalesce("data_b", "bids"), asks=pl.coalesce("data_a", "asks"),
    )  # fmt: skip
    notes = (f"{snapshots} snapshot(s), completed with changes that arrived before them",) if snapshots else ()
    levels = by_level(messages)
    return Imported(complete_snapshots(levels) if snapshots else levels, notes)


def _kraken(path: Path, asked: Asked) -> Imported:
    import msgspec

    found: list[tuple[Any, ...]] = []
    for line in content(path).decode("utf-8").splitlines():
        received, _, text = line.partition(": ")
        if not text.startswith("["):
            continue
        try:
            _, *parts, _, pair = msgspec.json.decode(text)
            sides: dict[str, list[list[str]]] = {"b": [], "a": []}
            is_snapshot = False
            for part in parts:
                for name, levels in part.items():
                    if name != "c":
                        sides[name[0]] += levels
                        is_snapshot |= name.endswith("s")
            last = max(level[2] for levels in sides.values() for level in levels)
        except (msgspec.DecodeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise DataError(f"{path.name}: a line is no message of a book: {line[:80]!r}") from error
        found.append((last, received, pair, int(is_snapshot), *([one[:2] for one in sides[side]] for side in "ba")))
    names = {"_at": TEXT, "_received": TEXT, "instrument": TEXT, "snapshot": pl.Int8(), "bids": LEVELS, "asks": LEVELS}
    rows = pl.DataFrame(found, names, orient="row").with_columns(
        decimal_ns("_at").alias("time_exchange"), decimal_ns("_received").cast(TIME).alias("time_received")
    )
    latest = pl.col("time_exchange").cum_max()
    raised = rows.filter(pl.col("time_exchange") < latest).height
    messages = rows.select(latest.cast(TIME), "time_received", "instrument", "snapshot", "bids", "asks")
    notes = (f"{raised} message(s) have the time of one of another pair that arrived before",) if raised else ()
    return Imported(by_level(messages), notes)


IMPORTERS = [
    Importer(
        "binance_capture_book", "book", '<ns> {"stream":"...@depth...","data":{...}} or <ns> {"lastUpdateId":...}',
        CAPTURE,
        (*CAPTURED, "U, u and pu number the messages: one that is missing is noticed",
         "a snapshot was asked for over another connection: what arrived before it, and it lacks, is put into it; "
         "its time is its own, or that of the message before it where that is later or it has none (spot)",
         "spot's messages have no transaction time (T): the event time (E) is taken"), _binance,
    ),
    Importer(
        "kraken_capture_book", "book", '<s>: [channel,{"b":[[price,volume,timestamp],...],"c":"..."},"book-N",pair]',
        "a real capture of 2021-04-17, made by cryptofeed's collector (Kraken's first interface)",
        ("the time of a message is the latest of its levels; the local one stands before it",
         "messages of several pairs can pass each other: times do not go back",
         "messages have no number: one that is missing is not noticed",
         "levels that fall out of the depth are not told: they stay below the best ones", "checksums are not read"),
        _kraken,
    ),
]  # fmt: skip
