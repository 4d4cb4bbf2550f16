"""Commands about market data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from barter_bt.cli.app import BAD_INPUT, OK, AsJson, app, data
from barter_bt.cli.kinds import kind_in_catalog, kind_of_files
from barter_bt.cli.printing import print_json
from barter_bt.errors import ConfigError
from barter_bt.files import replacing, write_parquet

if TYPE_CHECKING:
    from barter_bt.data import Stream

Mend: TypeAlias = Literal["sort", "drop_duplicates", "drop_invalid", "drop_crossed"]


@app.command
def generate(
    kind: Literal["candles", "trades", "quotes"],
    /,
    *,
    rows: int,
    out: Path,
    seed: int | None = None,
) -> None:
    """Write market data of a seeded random walk.

    Parameters
    ----------
    kind
        What to make.
    rows
        How many.
    out
        File to write, ending in .parquet or .csv.
    seed
        Another walk than the usual one.
    """
    from barter_bt.data import generate as generators

    if rows < 1:
        raise ConfigError(f"--rows is {rows}; it must be at least 1")
    if out.suffix not in (".parquet", ".csv"):
        raise ConfigError(f"--out is {out}; it must end in .parquet or .csv")
    if not out.absolute().parent.is_dir():
        raise ConfigError(f"--out is {out}, but directory {out.parent} does not exist")
    frame = getattr(generators, kind)(rows, **({} if seed is None else {"seed": seed}))
    with replacing(out) as file:
        if out.suffix == ".csv":
            frame.write_csv(file)
        else:
            write_parquet(frame, file)
    print(f"{out}: {rows:,} {kind}")


@data.command
def check(
    *paths: str,
    kind: Literal["candles", "trades", "quotes", "book", "book_orders"] | None = None,
    instrument: str | None = None,
    exchange: str | None = None,
    interval: str | None = None,
    columns: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    time_zone: str | None = None,
    time_unit: Literal["ns", "us", "ms", "s"] | None = None,
    clock_offset: str | None = None,
    repair: Annotated[list[Mend] | None, Parameter(consume_multiple=True)] = None,
    negative_prices: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    json: AsJson = False,
) -> int:
    """Check every row of market data; the exit code is 2 if a run would refuse it.

    Parameters
    ----------
    paths
        A .parquet, .csv or .csv.gz file, or the files of one stream in order of time; or a catalog.
    kind
        What the rows are; by default what their columns, or the catalog, tell.
    instrument
        Name of the only instrument, if there is no such column; or the one in a catalog.
    exchange
        Where, if a catalog has the instrument of several.
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
        What to mend before the check; a run does so if its file says the same.
    negative_prices
        Names of instruments whose prices can be 0 or below, as a run's price_can_be_negative.
    """
    from dataclasses import asdict

    from barter_bt.data import check as checked

    stream = stream_of(
        paths, kind, instrument=instrument, exchange=exchange, interval=interval, columns=columns, time_zone=time_zone,
        time_unit=time_unit, clock_offset=clock_offset, repair=repair, negative_prices=negative_prices,
    )  # fmt: skip
    report = checked(stream)
    if json:
        given = {"path": ", ".join(map(str, paths)), "kind": stream.kind}
        print_json({**given, "repairs": stream.repairs, **asdict(report)})
    else:
        if kind is None:
            print(f"read as {stream.kind}")
        for mended, rows in stream.repairs.items():
            print(f"{mended}: {rows} row(s)")
        print(report)
    return BAD_INPUT if report.errors else OK


def stream_of(
    paths: Sequence[str | Path],
    kind: str | None,
    *,
    columns: list[str] | None,
    repair: list[Mend] | None,
    negative_prices: list[str] | None,
    exchange: str | None = None,
    **options: Any,
) -> Stream:
    """The stream of some files or of a catalog, as the options of a command say."""
    import barter_bt.data as room

    if not paths:
        raise ConfigError("a file to check is missing", "barter-bt data check prices.parquet")
    options["columns"] = _renames(columns)
    options["repair"] = room.Repair(**dict.fromkeys(repair, True)) if repair else None
    given = {name: value for name, value in options.items() if value is not None}
    if len(paths) == 1 and ("://" in str(paths[0]) or Path(paths[0]).is_dir()):
        stream = _of_catalog(str(paths[0]), kind, exchange, given)
    else:
        stream = _of_files([Path(path) for path in paths], kind, exchange, given)
    for name in negative_prices or ():
        if name not in stream.instruments:
            there = ", ".join(stream.instruments)
            raise ConfigError(f"--negative-prices names {name!r}, which has no rows; there are {there}")
    return stream.with_negative_prices(negative_prices) if negative_prices else stream


def existing_catalog(catalog: str) -> str:
    """A catalog that is there: a directory, or the URL of a store."""
    if "://" not in catalog and not Path(catalog, "manifest.json").is_file():
        raise ConfigError(f"{catalog} is no catalog: it has no manifest.json", "barter-bt data import makes one")
    return catalog


def _of_catalog(path: str, kind: str | None, exchange: str | None, given: dict[str, Any]) -> Stream:
    import barter_bt.data as room

    catalog, instrument = room.Catalog(existing_catalog(path)), given.pop("instrument", None)
    if given:
        name = min(given).replace("_", "-")
        raise ConfigError(f"--{name} has no effect on a catalog", "it was said when files were imported")
    if instrument is None:
        raise ConfigError(f"--instrument is missing: {path} is a catalog", "barter-bt data list tells its names")
    kind = kind or kind_in_catalog(path, instrument)
    stream: Stream = getattr(catalog, kind)(instrument, exchange=exchange)
    return stream


def _of_files(paths: Sequence[Path], kind: str | None, exchange: str | None, given: dict[str, Any]) -> Stream:
    import barter_bt.data as room

    if exchange is not None:
        raise ConfigError(f"--exchange is {exchange}, and {paths[0]} is no catalog", "leave it out")
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{path} does not exist")
    kind = kind or kind_of_files(paths, given.get("columns"), given.get("instrument"))
    if "interval" in given and kind != "candles":
        raise ConfigError(f"--interval is {given['interval']}, but {kind} have no interval")
    stream: Stream = getattr(room, kind)(paths[0] if len(paths) == 1 else list(paths), **given)
    return stream


def _renames(pairs: list[str] | None) -> dict[str, str] | None:
    if pairs is None:
        return None
    for pair in pairs:
        if not all(pair.rpartition("=")[::2]):
            raise ConfigError(f"--columns has {pair!r}", "write the name in the file, =, and ours: Date=time_open")
    return {pair.rpartition("=")[0]: pair.rpartition("=")[2] for pair in pairs}
