"""Files of other engines and recorders: hftbacktest, Databento, Barter."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.parsing import FLOAT, INT, TEXT, content, side, since_1970, table
from barter_bt.data.schema import TIME
from barter_bt.errors import DataError, MissingPackageError

_TRADE, _KIND, _EXCHANGE, _BUY, _SELL = 2, 0xFF, 1 << 31, 1 << 29, 1 << 28
_FIELDS = {"ev", "exch_ts", "local_ts", "px", "qty"}


def _hftbacktest(path: Path, asked: Asked) -> Imported:
    with np.load(path) as archive:
        events = archive["data"] if "data" in archive.files else np.empty(0)
    missing = _FIELDS - set(events.dtype.names or ())
    if missing:
        raise DataError(f"{path.name}: no array 'data' with the fields {', '.join(sorted(missing))}")
    kind = events["ev"]
    trades = events[(kind & _KIND == _TRADE) & (kind & _EXCHANGE != 0)]
    kind = trades["ev"].astype(np.int64)
    frame = pl.DataFrame(
        {
            "time_exchange": pl.Series(trades["exch_ts"].astype(np.int64)).cast(TIME),
            "time_received": pl.Series(trades["local_ts"].astype(np.int64)).cast(TIME),
            "price": trades["px"].astype(np.float64),
            "amount": trades["qty"].astype(np.float64),
            "side": ((kind & _BUY != 0).astype(np.int8) - (kind & _SELL != 0).astype(np.int8)),
        }
    )
    return Imported(frame, (f"{len(events) - frame.height} event(s) of the book are left out",))


def _capture(path: Path, stream: str) -> pl.DataFrame:
    """Lines of one stream of a capture: when they arrived, and the message."""
    lines = pl.Series("line", content(path).decode("utf-8").splitlines(), pl.String)
    parts = lines.filter(lines.str.contains(f'{stream}"', literal=True)).str.split_exact(" ", 1).struct
    return pl.DataFrame({"local": parts.field("field_0").cast(pl.Int64), "text": parts.field("field_1")})


def _message(fields: dict[str, pl.DataType]) -> pl.Expr:
    return pl.col("text").str.json_decode(pl.Struct({"data": pl.Struct(fields)})).struct.field("data").alias("data")


def _capture_trades(path: Path, asked: Asked) -> Imported:
    fields = {"s": TEXT, "T": INT, "p": TEXT, "q": TEXT, "m": pl.Boolean()}
    rows = _capture(path, "@trade").with_columns(_message(fields)).unnest("data")
    frame = rows.select(
        time_exchange=since_1970("T", "ms"), time_received=since_1970("local", "ns"), instrument="s",
        price=pl.col("p").cast(pl.Float64), amount=pl.col("q").cast(pl.Float64),
        side=pl.when("m").then(-1).otherwise(1).cast(pl.Int8),
    )  # fmt: skip
    return Imported(frame)


def _capture_quotes(path: Path, asked: Asked) -> Imported:
    fields = {"s": TEXT, "T": INT, **dict.fromkeys(("b", "B", "a", "A"), TEXT)}
    rows = _capture(path, "@bookTicker").with_columns(_message(fields)).unnest("data")
    if rows["T"].null_count():
        raise DataError(
            f"{path.name}: {rows['T'].null_count()} message(s) without a time of the exchange (T), as spot's are",
            "only futures' quotes can be read",
        )
    names = {"bid_price": "b", "bid_amount": "B", "ask_price": "a", "ask_amount": "A"}
    numbers = {name: pl.col(one).cast(pl.Float64) for name, one in names.items()}
    times = {"time_exchange": since_1970("T", "ms"), "time_received": since_1970("local", "ns")}
    return Imported(rows.select(**times, instrument="s", **numbers))


def _databento(path: Path, schema: str, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    """Records of a DBN file, of one schema."""
    try:
        import databento_dbn as dbn
    except ImportError as error:
        raise MissingPackageError(
            "DBN files need the package databento-dbn", "pip install barter-bt[databento]"
        ) from error
    data = content(path)
    try:
        found = str(dbn.Metadata.decode(data).schema)
        if found != schema:
            raise DataError(f"{path.name}: holds records of {found!r}, not of {schema!r}")
        text = io.BytesIO()
        coder = dbn.Transcoder(text, dbn.Encoding.CSV, dbn.Compression.NONE, True, False, True)
        coder.write(data)
        coder.finish()
    except dbn.DBNError as error:
        raise DataError(f"{path.name}: cannot be read as DBN: {error}") from error
    return table(path, columns, header="names", data=text.getvalue())


def _databento_trades(path: Path, asked: Asked) -> Imported:
    columns: dict[str, pl.DataType] = {"ts_event": INT, "ts_recv": INT, "side": TEXT, "price": FLOAT, "size": FLOAT}
    rows = _databento(path, "trades", columns | {"symbol": TEXT})
    taker = side("side", buy=["B"], sell=["A"], none=["N"])
    return Imported(rows.select(*_dbn_times(), "price", taker, amount="size"))


def _databento_quotes(path: Path, asked: Asked) -> Imported:
    names = {"bid_price": "bid_px_00", "bid_amount": "bid_sz_00", "ask_price": "ask_px_00", "ask_amount": "ask_sz_00"}
    columns: dict[str, pl.DataType] = {"ts_event": INT, "ts_recv": INT, **dict.fromkeys(names.values(), FLOAT)}
    rows = _databento(path, "mbp-1", columns | {"symbol": TEXT})
    return Imported(
        rows.select(*_dbn_times(), *(pl.col(one).fill_null(0.0).alias(name) for name, one in names.items()))
    )


def _dbn_times() -> list[pl.Expr]:
    return [
        since_1970("ts_event", "ns").alias("time_exchange"),
        since_1970("ts_recv", "ns").alias("time_received"),
        pl.col("symbol").alias("instrument"),
    ]


def _databento_candles(length: str) -> Any:
    def read(path: Path, asked: Asked) -> Imported:
        ohlcv = ("open", "high", "low", "close", "volume")
        rows = _databento(path, f"ohlcv-{length}", {"ts_event": INT, **dict.fromkeys(ohlcv, FLOAT), "symbol": TEXT})
        opened = since_1970("ts_event", "ns")
        closed = opened + pl.duration(
            **{{"1s": "seconds", "1m": "minutes", "1h": "hours", "1d": "days"}[length]: 1}, time_unit="ns"
        )
        return Imported(rows.select(time_exchange=closed, time_open=opened, instrument="symbol", **_same(ohlcv)))

    return read


def _same(names: tuple[str, ...]) -> dict[str, str]:
    return {name: name for name in names}


def _barter(kind: str) -> Any:
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


_BARTER: dict[str, dict[str, Any]] = {
    "trades": {
        **{"time_exchange": pl.Int64, "time_received": pl.Int64, "instrument": pl.String},
        **{"price": pl.Float64, "amount": pl.Float64, "side": pl.Int8},
    },
    "quotes": {
        **{"time_exchange": pl.Int64, "time_received": pl.Int64, "instrument": pl.String},
        **dict.fromkeys(("bid_price", "bid_amount", "ask_price", "ask_amount"), pl.Float64),
    },
}


def _funding(path: Path, asked: Asked) -> Imported:
    from barter_bt.data.importers.parsing import local_time

    rows = table(path, {"Symbol": TEXT, "Date": TEXT, "Funding Rate": FLOAT}, header="names")
    assert asked.time_zone is not None, "it is needed"
    at = local_time(pl.col("Date"), "%Y-%m-%d %H:%M:%S%.f", asked.time_zone).alias("time")
    return Imported(rows.select(at, pl.col("Symbol").alias("instrument"), pl.col("Funding Rate").alias("rate")))


_DBN = "databento-dbn 0.72 (its decoder) and databento.com/docs/schemas/trades.md, looked at 2026-11-27"
_DBN_QUIRKS = (
    "read with databento-dbn, which knows all versions: pip install barter-bt[databento]",
    "ts_event is the time of the matching engine, ts_recv that of Databento's receiver",
    "symbols are those of the metadata in the file",
)
_CAPTURE = "real captures of 2024-07-18 and 2024-08-08, made by hftbacktest's collector"
_CAPTURED = (
    "a line is the local time in ns, a space and the message of Binance's combined stream",
    "the local clock may be behind the exchange's: clock_offset='auto' finds by how much",
)
_JSON = "the project's own reader of both layouts (barter_bt.protocol), and a real file of 2024-12-20"
IMPORTERS = [
    Importer(
        "hftbacktest_trades", "trades", "npz, array data: ev,exch_ts,local_ts,px,qty,order_id,ival,fval",
        "docs.rs/hftbacktest Event and its constants, looked at 2026-11-27",
        ("times are read as ns", "events of the book are left out and counted",
         "an event may be split in one for the exchange and a local one: only the exchange's count"), _hftbacktest,
    ),
    Importer(
        "binance_capture_trades", "trades", '<ns> {"stream":"...@trade","data":{...}}', _CAPTURE, _CAPTURED, _capture_trades
    ),
    Importer(
        "binance_capture_quotes", "quotes", '<ns> {"stream":"...@bookTicker","data":{...}}', _CAPTURE,
        (*_CAPTURED, "spot's bookTicker has no time of the exchange and is refused"), _capture_quotes,
    ),
    Importer("databento_trades", "trades", "DBN, schema trades", _DBN,
             (*_DBN_QUIRKS, "side A is a selling aggressor, B a buying one, N unknown"), _databento_trades),
    Importer("databento_mbp1", "quotes", "DBN, schema mbp-1", _DBN,
             (*_DBN_QUIRKS, "an undefined price is an empty side, amount 0"), _databento_quotes),
    *(
        Importer(f"databento_ohlcv_{length}", "candles", f"DBN, schema ohlcv-{length}", _DBN,
                 (*_DBN_QUIRKS, "ts_event is the open of the candle", "days are those of UTC"), _databento_candles(length))
        for length in ("1s", "1m", "1h", "1d")
    ),
    *(
        Importer(f"barter_{kind}", kind, 'array [{"Item":{"Ok":{...}}}, ...] or a line {"Item":{...}} each', _JSON,
                 ("losses of the link are left out and counted: barter_bt.system.read_recording has them",
                  "an instrument may be an index: it is a symbol of digits then"), _barter(kind))
        for kind in ("trades", "quotes")
    ),
    Importer("funding_history", "funding", "Symbol,Date,Funding Rate", "a real file of 2020 to 2023 (Binance BTC-USDT)",
             ("dates have no zone, and the file's own looks like UTC+3: give time_zone (Etc/GMT-3)",), _funding,
             ("time_zone",), ("time_zone",)),
]  # fmt: skip
