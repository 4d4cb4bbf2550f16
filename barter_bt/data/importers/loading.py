"""Files of a known layout as a stream, or as what happens to instruments: funding, dividends, sessions, ..."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from barter_bt.data.canonical import Adjusted, Options, check_zone
from barter_bt.data.dated import Dated, make_dated
from barter_bt.data.importers import IMPORTERS, Asked, Imported, Importer
from barter_bt.data.repair import Repair
from barter_bt.data.schema import PRICES, SCHEMAS
from barter_bt.data.source import FrameSource
from barter_bt.data.stream import Stream
from barter_bt.errors import ConfigError, DataError, nearest


def load(
    kind: str,
    *files: str | Path,
    instrument: str | Mapping[str, str] | None = None,
    interval: str | None = None,
    time_zone: str | None = None,
    amount: float | None = None,
    repair: Repair | None = None,
    clock_offset: str | int | None = None,
    adjusted: Adjusted | None = None,
) -> Stream | Dated:
    """Read files of a layout that is known: what an exchange, a vendor or another engine gives.

    Parameters
    ----------
    kind
        Name of the layout, one of :data:`~barter_bt.data.IMPORTERS`, such as ``"binance_spot_trades"``.
    files
        Paths, in order of time. ``.gz``, ``.zst`` and ``.zip`` are unpacked.
    instrument
        Name of the only instrument; or symbol in the files to name, and rows of other symbols are left out and
        counted. Without it names are the symbols of the files, where these have any.
    interval, time_zone, amount
        What some layouts do not say themselves: see ``needs`` of the importer.
    repair, clock_offset, adjusted
        As for :func:`~barter_bt.data.trades`.

    Returns
    -------
    Stream, CashFlows, Sessions or DataFrame
        Streams of market data, whose ``notes`` have what was found and done, by file; cash flows, such as rates of
        funding and dividends; sessions; and changes of symbols and delistings as frames, for
        :func:`~barter_bt.data.rename_symbols` and :func:`~barter_bt.data.delisted`.

    Raises
    ------
    ConfigError
        An unknown layout, an option that is missing or without effect.
    DataError
        A file that is not of this layout.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "BTCUSDT-trades-2025-01-01.csv")
    ...     _ = path.write_text("1,93576.00,0.00039,36.49,1735689600010866,True,True")
    ...     load("binance_spot_trades", path, instrument="btc_usdt").frame().collect().row(0)[2:]
    (93576.0, 0.00039, -1)
    """
    importer = importer_of(kind)
    asked = Asked(interval, time_zone, amount)
    read = [(path, imported(importer, path, instrument, asked)) for path in paths_of(kind, files)]
    if adjusted is not None and importer.kind not in PRICES:
        raise ConfigError(f"{kind}: adjusted is for {', '.join(PRICES)}, and has no effect", _LEAVE_OUT)
    if importer.kind not in SCHEMAS:
        if repair is not None or clock_offset is not None:
            raise ConfigError(f"{kind}: repair and clock_offset are for market data, and have no effect", _LEAVE_OUT)
        return make_dated(importer.kind, pl.concat([found.frame for _, found in read]))
    sources = [FrameSource(found.frame, path.name, found.notes) for path, found in read]
    return Stream(sources, options_of(importer, read[0][1].frame, interval, adjusted), repair, clock_offset)


def importer_of(kind: str) -> Importer:
    """The importer of a name.

    Raises
    ------
    ConfigError
        There is none.
    """
    if kind not in IMPORTERS:
        guess = nearest(kind, IMPORTERS)
        raise ConfigError(
            f"there is no importer {kind!r}; there are {', '.join(IMPORTERS)}",
            f"did you mean {guess!r}?" if guess else None,
        )
    return IMPORTERS[kind]


def paths_of(kind: str, files: Sequence[object]) -> list[Path]:
    """The files that are given.

    Raises
    ------
    ConfigError
        There are none, or one is no path.
    """
    if not files:
        raise ConfigError(f"{kind}: no file is given")
    for one in files:
        if not isinstance(one, str | Path):
            listed = isinstance(one, list | tuple)
            raise ConfigError(
                f"{kind}: {f'{one!r:.60}' if listed else f'a {type(one).__name__}'} is no path",
                "give several files one after the other, with * before a list"
                if listed
                else "a frame is data itself: bt.data.trades(frame); into a catalog add_stream(bt.data.trades(frame))",
            )
        if "*" in str(one) and not Path(one).exists():
            raise ConfigError(f"{kind}: {str(one)!r} is a pattern", f"*sorted(Path().glob({str(one)!r})) are the files")
    return [Path(one) for one in files if isinstance(one, str | Path)]


def options_of(
    importer: Importer, frame: pl.DataFrame, interval: str | None, adjusted: Adjusted | None = None
) -> Options:
    """How the rows of an importer become canonical."""
    return Options(importer.kind, interval=None if "time_exchange" in frame.columns else interval, adjusted=adjusted)


def imported(importer: Importer, path: Path, instrument: str | Mapping[str, str] | None, asked: Asked) -> Imported:
    """Rows of one file, under names of instruments."""
    for name in ("interval", "time_zone", "amount"):
        given = getattr(asked, name) is not None
        if given and name not in importer.takes:
            raise ConfigError(f"{importer.name}: {name} has no effect: the files say it themselves", _LEAVE_OUT)
        if not given and name in importer.needs:
            raise ConfigError(f"{importer.name}: {name} is needed: the files do not say it", _EXAMPLES[name])
    if asked.time_zone is not None:
        check_zone(asked.time_zone)
    found = importer.read(path, asked)
    frame, notes = _named(found.frame, path, instrument)
    names = [name for name in _ORDER if name in frame.columns]
    if not found.frame.height:
        notes += ("it has no rows",)
    return Imported(frame.select(names).rechunk(), found.notes + notes)  # many small chunks would be many small pieces


_LEAVE_OUT = "leave it out"
_EXAMPLES = {
    "interval": 'write for example interval="1m", the length of a candle',
    "time_zone": 'write for example time_zone="Europe/Athens", that of the times in the files',
    "amount": "write for example amount=1_000_000, what stands at each quote",
}
_ORDER = (
    *("time_exchange", "time_received", "time_open", "time", "instrument", "action", "order_id"),
    *("price", "amount", "side", "snapshot", "sequence", "previous_sequence"),
    *("bid_price", "bid_amount", "ask_price", "ask_amount", "open", "high", "low", "close", "volume", "rate"),
    *("pay_date", "withholding", "ratio", "date", "before", "after"),
)


def _named(
    frame: pl.DataFrame, path: Path, instrument: str | Mapping[str, str] | None
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    if "before" in frame.columns:  # changes of symbols
        if instrument is not None:
            raise ConfigError(f"{path.name}: instrument has no effect on changes of symbols", _LEAVE_OUT)
        return frame, ()
    if "instrument" not in frame.columns:
        if not isinstance(instrument, str) or not instrument:
            raise ConfigError(f"{path.name}: the rows name no symbol", 'give instrument="btc_usdt", whose they all are')
        return frame.with_columns(_only(instrument)), ()
    symbols = frame["instrument"].unique(maintain_order=True).to_list()
    if instrument is None:
        return frame, ()
    if isinstance(instrument, str):
        if len(symbols) > 1:
            shown = ", ".join(map(str, symbols[:5]))
            raise DataError(
                f"{path.name}: holds {len(symbols)} symbols ({shown}, ...), and instrument={instrument!r} is one",
                f"say which: instrument={{{symbols[0]!r}: {instrument!r}}}",
            )
        return frame.with_columns(_only(instrument)), ()
    kept = frame.filter(pl.col("instrument").is_in(list(instrument)))
    if frame.height and not kept.height:
        raise DataError(f"{path.name}: has no rows of {', '.join(instrument)}; there are {', '.join(symbols[:10])}")
    named = kept.with_columns(pl.col("instrument").replace(dict(instrument)))
    left_out = frame.height - kept.height
    notes = (f"{left_out} row(s) of other symbols left out",) if left_out else ()
    absent = [name for name in instrument if name not in symbols]
    return named, (*notes, f"no rows of {', '.join(absent)}") if absent else notes


def _only(instrument: str) -> pl.Expr:
    """One name in every row, as a category: nobody compares text then."""
    return pl.lit(instrument, pl.Enum([instrument])).alias("instrument")
