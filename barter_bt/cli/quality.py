"""The command that looks over market data and tells what is odd."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from cyclopts import Parameter

from barter_bt.cli.app import AsJson, data
from barter_bt.cli.data import Mend, existing_catalog, stream_of
from barter_bt.cli.printing import print_json
from barter_bt.errors import ConfigError

if TYPE_CHECKING:
    from barter_bt.data import Quality, Stream


@data.command
def quality(
    *paths: Path,
    kind: Literal["candles", "trades", "quotes", "book", "book_orders"] | None = None,
    instrument: str | None = None,
    calendar: str = "24/7",
    max_gap: str = "1h",
    outlier: float = 20.0,
    stale: str = "1h",
    stale_rows: int = 10,
    max_latency: str = "1m",
    page: Path | None = None,
    picture: Path | None = None,
    interval: str | None = None,
    columns: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    time_zone: str | None = None,
    time_unit: Literal["ns", "us", "ms", "s"] | None = None,
    clock_offset: str | None = None,
    repair: Annotated[list[Mend] | None, Parameter(consume_multiple=True)] = None,
    negative_prices: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    json: AsJson = False,
) -> None:
    """Look over market data for what is odd: gaps, outliers, prices that stand still, crossed quotes, late rows.

    Nothing is repaired but what --repair names, and the exit code is 0 whatever is found: data check judges.

    Parameters
    ----------
    paths
        A .parquet, .csv or .csv.gz file, the files of one stream in order of time, or the directory of a catalog.
    kind
        What the rows are; by default what their columns tell, of a catalog all kinds.
    instrument
        Name of the only instrument, if there is no such column; of a catalog the one to look at.
    calendar
        When the market is open, such as XNYS.
    max_gap
        Open time without a row that is no gap yet; candles have none.
    outlier
        How many times the typical step a price may go at once.
    stale
        For how much open time a price may stand.
    stale_rows
        In how many rows a price may stand.
    max_latency
        How long a row may be under way.
    page
        HTML file to write about it.
    picture
        Image file to write, such as quality.png.
    interval
        Length of the candles, such as 1m.
    columns
        Names in the file and ours, such as Date=time_open Qty=amount.
    time_zone
        Zone of times that have none, such as UTC.
    time_unit
        What integer times count.
    clock_offset
        Added to time_received, such as 1.5s, or auto.
    repair
        What to mend before the look.
    negative_prices
        Names of instruments whose prices can be 0 or below.
    """
    from barter_bt.data import quality as look

    reading = {
        **{"interval": interval, "columns": columns, "time_zone": time_zone, "time_unit": time_unit},
        **{"clock_offset": clock_offset, "repair": repair, "negative_prices": negative_prices},
    }
    if len(paths) == 1 and paths[0].is_dir():
        without_effect = [name.replace("_", "-") for name, value in reading.items() if value is not None]
        if without_effect:
            raise ConfigError(f"--{without_effect[0]} has no effect on a catalog, whose rows are as they were imported")
        streams = _in_catalog(paths[0], kind, instrument)
    else:
        streams = [stream_of(paths, kind, instrument=instrument, **reading)]  # type: ignore[arg-type] # as they are named
        if kind is None and not json:
            print(f"read as {streams[0].kind}")
    found = look(
        streams, calendar=calendar, max_gap=max_gap, outlier=outlier, stale=stale, stale_rows=stale_rows,
        max_latency=max_latency,
    )  # fmt: skip
    _write(found, page, picture)
    _tell(found, ", ".join(map(str, paths)), as_json=json)


def _in_catalog(path: Path, kind: str | None, instrument: str | None) -> list[Stream]:
    """The streams of a catalog, those of a kind, of an instrument."""
    import polars as pl

    from barter_bt.data import Catalog
    from barter_bt.data.schema import SCHEMAS

    catalog = Catalog(existing_catalog(str(path)))
    there = catalog.files.filter(pl.col("kind").is_in(list(SCHEMAS))).select("kind", "instrument", "exchange").unique()
    for name, value in (("kind", kind), ("instrument", instrument)):
        there = there.filter(pl.col(name) == value) if value is not None else there
    if there.is_empty():
        raise ConfigError(
            f"{path} has no {kind or 'market data'} of {instrument or 'any instrument'}", "barter-bt data list"
        )
    rows = there.sort("kind", "instrument", "exchange").iter_rows()
    return [getattr(catalog, one)(name, exchange=exchange) for one, name, exchange in rows]


def _write(found: Quality, page: Path | None, picture: Path | None) -> None:
    if page is not None:
        from barter_bt.report import write_quality

        write_quality(found, page)
    if picture is not None:
        from barter_bt.files import replacing
        from barter_bt.report import plot_quality

        if not picture.absolute().parent.is_dir():
            raise ConfigError(f"--picture is {picture}, but directory {picture.parent} does not exist")
        with replacing(picture) as file:
            cast("Any", plot_quality(found).figure).savefig(file, format=picture.suffix[1:] or "png")


def _tell(found: Quality, what: str, *, as_json: bool) -> None:
    from barter_bt.cli.printing import print_table

    if as_json:
        tables = {"findings": found.frame, "instruments": found.instruments, "looks": found.looks}
        told = {name: table.to_dicts() for name, table in tables.items()}
        print_json({"path": what, "limits": found.limits, "repairs": found.repairs, **told})
        return
    for mended, rows in found.repairs.items():
        print(f"{mended}: {rows} row(s) repaired before this look")
    height = found.instruments["rows"].sum()
    if found.rows.height:
        title = f"{found.rows.height:,} finding(s) in {height:,} rows of {what}, times in UTC"
        print_table(title, found.frame, decimals=6)
    else:
        print(f"nothing odd in {height:,} rows of {what}")
    skipped = [name for name, count in found.looks.select("check", "count").iter_rows() if count is None]
    if skipped:
        print(f"not looked for, as the rows of the books have errors: {', '.join(skipped)}")
