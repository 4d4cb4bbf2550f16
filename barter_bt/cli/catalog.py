"""Commands about importers and catalogs of market data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from barter_bt.cli.app import BAD_INPUT, OK, AsJson, data
from barter_bt.cli.data import Mend, existing_catalog
from barter_bt.cli.printing import print_json
from barter_bt.errors import ConfigError


@data.command(name="import")
def import_(
    kind: str,
    /,
    *files: Path,
    catalog: Path,
    exchange: str | None = None,
    instrument: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    interval: str | None = None,
    time_zone: str | None = None,
    amount: float | None = None,
    repair: Annotated[list[Mend] | None, Parameter(consume_multiple=True)] = None,
    clock_offset: str | None = None,
    negative_prices: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    overlap: Literal["refuse", "merge"] = "refuse",
    adjusted: Literal["splits", "splits_and_dividends"] | None = None,
    json: AsJson = False,
) -> None:
    """Import files of a known layout into a catalog: all of them, or none.

    Parameters
    ----------
    kind
        Their layout: barter-bt data importers lists them; or session, and the directory of a recording.
    files
        The files, in order of time; .gz, .zst and .zip are unpacked.
    catalog
        Directory of the catalog; it is made if it is not there.
    exchange
        Where the data is from, such as binance_spot; a recorded session says it.
    instrument
        Name of the only instrument, or symbols in the files and names, such as AAPL=aapl_usd MSFT=msft_usd.
    interval
        Length of the candles, such as 1m, where the files do not say it.
    time_zone
        Zone of times that have none.
    amount
        What stands at each quote, where files have prices alone.
    repair
        What to mend before the check.
    clock_offset
        Added to time_received, such as 1.5s, or auto.
    negative_prices
        Names of instruments whose prices can be 0 or below.
    overlap
        What to do with rows at times that the catalog covers: refuse them, or merge, if they are the same.
    adjusted
        What the prices are adjusted for.
    """
    from dataclasses import asdict

    from barter_bt.data import Catalog, Repair

    mended = Repair(**dict.fromkeys(repair, True)) if repair else None
    if kind == "session":
        if exchange or instrument or time_zone or amount or negative_prices or adjusted or len(files) != 1:
            raise ConfigError(
                "a recorded session is one directory, and says exchange, instruments and times itself",
                "barter-bt data import session DIRECTORY --catalog CATALOG",
            )
        added = Catalog(catalog).add_session(
            files[0], interval=interval, repair=mended, clock_offset=clock_offset, overlap=overlap
        )
    elif exchange is None:
        raise ConfigError(f"--exchange is needed: files of {kind!r} do not say it", "such as --exchange binance_spot")
    else:
        added = Catalog(catalog).add(
            kind, *files, exchange=exchange, instrument=_instrument(instrument), interval=interval,
            time_zone=time_zone, amount=amount, repair=mended, clock_offset=clock_offset,
            negative_prices=negative_prices or (), overlap=overlap, adjusted=adjusted,
        )  # fmt: skip
    if json:
        print_json({"catalog": str(catalog), **asdict(added)})
        return
    for note in added.notes:
        print(note)
    for name in added.skipped:
        print(f"{name}: was imported before, skipped")
    known = f", {added.known:,} were there" if added.known else ""
    print(f"{catalog}: {added.rows:,} rows in {added.files} file(s) added{known}")


@data.command
def download(
    kind: str,
    symbol: str,
    /,
    *,
    start: str,
    end: str,
    into: Path,
    interval: str | None = None,
    by: Literal["day", "month"] = "day",
    host: str | None = None,
    json: AsJson = False,
) -> None:
    """Fetch archives of Binance's public data with their checksums; what is there already stays.

    Parameters
    ----------
    kind
        What to fetch, by the name of its importer, such as binance_spot_trades.
    symbol
        The exchange's own, such as BTCUSDT.
    start
        First day, such as 2024-01-01.
    end
        First day after.
    into
        Directory for the files; it is made if it is not there.
    interval
        Length of klines, such as 1m.
    by
        A file for each day or for each month.
    host
        Another server with the same files.
    """
    from barter_bt.data.download import HOST
    from barter_bt.data.download import download as fetch

    found = fetch(kind, symbol, start, end, into, interval=interval, by=by, host=host or HOST)
    if json:
        print_json({"files": [str(one) for one in found.files], "fetched": found.fetched, "kept": found.kept,
                    "missing": found.missing})  # fmt: skip
        return
    for name in found.missing:
        print(f"{name}: the exchange does not have it")
    print(f"{into}: {found.fetched} file(s) fetched, {found.kept} were there")


@data.command(name="list")
def list_(catalog: str, /, *, json: AsJson = False) -> None:
    """List what a catalog has: kinds, exchanges and instruments, files, rows, first and last time.

    Parameters
    ----------
    catalog
        Its directory, or the URL of a store, such as s3://bucket/market.
    """
    import polars as pl

    from barter_bt.cli.printing import print_table
    from barter_bt.data import Catalog

    keys = ["kind", "exchange", "instrument"]
    files = Catalog(existing_catalog(catalog)).files
    found = files.group_by(keys).agg(
        pl.len().alias("files"), pl.col("rows").sum(), pl.col("time_first").min(), pl.col("time_last").max()
    )  # fmt: skip
    found = found.sort(keys)
    if json:
        print_json({"catalog": str(catalog), "data": found.to_dicts()})
    else:
        print_table(f"Catalog {catalog}, times in UTC", found, decimals=0)


@data.command
def show(
    catalog: str,
    kind: Literal["candles", "trades", "quotes", "book", "book_orders"],
    instrument: str,
    /,
    *,
    exchange: str | None = None,
    start: str | None = None,
    end: str | None = None,
    rows: int = 5,
) -> None:
    """Show the first and the last rows of an instrument in a catalog.

    Parameters
    ----------
    catalog
        Its directory, or the URL of a store, such as s3://bucket/market.
    kind
        What the rows are.
    instrument
        Name of the instrument.
    exchange
        Where, if the catalog has it of several.
    start
        First time, such as 2024-01-02 or 2024-01-02T09:30Z.
    end
        First time after.
    rows
        How many rows at each end.
    """
    import polars as pl

    from barter_bt.cli.printing import print_table
    from barter_bt.data import Catalog

    if rows < 1:
        raise ConfigError(f"--rows is {rows}; it must be at least 1")
    stream = getattr(Catalog(existing_catalog(catalog)), kind)(instrument, start, end, exchange=exchange)
    frame = stream.frame().drop("instrument").with_row_index("row").collect()
    ends = frame if frame.height <= 2 * rows else pl.concat([frame.head(rows), frame.tail(rows)])
    print_table(f"{frame.height:,} {kind} of {instrument}, times in UTC", ends, decimals=8)


@data.command
def copy(catalog: str, url: str, /, *, json: AsJson = False) -> None:
    """Copy what is new of a catalog into a store of objects, the manifest last.

    Parameters
    ----------
    catalog
        Its directory.
    url
        Where to, such as s3://bucket/market.
    """
    from barter_bt.data import Catalog

    copied = Catalog(existing_catalog(catalog)).copy_to(url)
    if json:
        print_json({"catalog": catalog, "url": url, "copied": copied})
    else:
        print(f"{url}: {copied} file(s) copied")


@data.command
def verify(catalog: str, /, *, json: AsJson = False) -> int:
    """Hold every file of a catalog against its manifest; the exit code is 2 if one is not as it was.

    Parameters
    ----------
    catalog
        Its directory, or the URL of a store, such as s3://bucket/market.
    """
    from barter_bt.data import Catalog

    made = Catalog(existing_catalog(catalog))
    found = made.verify()
    if json:
        print_json({"catalog": str(catalog), "problems": found})
    else:
        print("\n".join(found) or f"{catalog}: {made.files.height} file(s) are as they were written")
    return BAD_INPUT if found else OK


@data.command
def importers(kind: str | None = None, /, *, json: AsJson = False) -> None:
    """List the layouts that can be imported, or tell what is known of one.

    Parameters
    ----------
    kind
        Name of a layout.
    """
    from barter_bt.data import IMPORTERS
    from barter_bt.data.importers.loading import importer_of

    chosen = list(IMPORTERS.values()) if kind is None else [importer_of(kind)]
    if json:
        names = ("name", "kind", "layout", "source", "quirks", "needs", "version")
        print_json([{name: getattr(one, name) for name in names} for one in chosen])
        return
    for one in chosen:
        print(f"{one.name}: {one.kind}")
        if kind is not None:
            needs = [f"needs --{name.replace('_', '-')}" for name in one.needs]
            print("\n".join(f"  {line}" for line in (one.layout, f"source: {one.source}", *one.quirks, *needs)))


def _instrument(given: list[str] | None) -> str | dict[str, str] | None:
    if given is None:
        return None
    if len(given) == 1 and "=" not in given[0]:
        return given[0]
    for pair in given:
        if not all(pair.rpartition("=")[::2]):
            raise ConfigError(
                f"--instrument has {pair!r}", "write the symbol in the file, =, and the name: AAPL=aapl_usd"
            )
    return {pair.rpartition("=")[0]: pair.rpartition("=")[2] for pair in given}
