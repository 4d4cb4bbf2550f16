"""CSV files and pandas frames as Polars frames that :func:`trades`, :func:`quotes` and :func:`candles` read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from barter_bt.data.resolve import TIMELY
from barter_bt.data.schema import ALIASES, SCHEMAS, TIME_NAMES
from barter_bt.data.wide import long_frame
from barter_bt.errors import ConfigError, DataError

_ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
_NUMBERS = {name for schema in SCHEMAS.values() for name in schema.floats}
_TIMES = {*TIME_NAMES, *ALIASES["candles"]}


def read_csv(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    names: Sequence[str] | None = None,
    separator: str = ",",
) -> pl.DataFrame:
    r"""Read a CSV file: types from all of its rows, ISO times to the nanosecond.

    It may be packed: ``.gz``, ``.zst``, or the only file in a ``.zip``. Blank lines are skipped; a file with a header
    only has no rows.

    Parameters
    ----------
    path
        The file.
    columns
        Its column names to canonical ones.
    names
        Names of all columns of a file without a header line.
    separator
        One character.

    Raises
    ------
    DataError
        If the file cannot be read or has not even a header, or a canonical column holds what is no number or no ISO
        time: it names the first rows. (Row numbers count data rows from 0.)

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.csv")
    ...     _ = path.write_text("when,price\n2024-01-01T00:00:00.123456789Z,1\n")
    ...     read_csv(path, columns={"when": "time_exchange"}).schema["time_exchange"]
    Datetime(time_unit='ns', time_zone='UTC')
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"there is no file {str(path)!r}", f"the current directory is {str(Path.cwd())!r}")
    options = {"infer_schema_length": None, "separator": separator}
    try:
        frame = pl.read_csv(unpacked(path), has_header=names is None, **options)  # type: ignore[arg-type]
    except pl.exceptions.NoDataError as error:
        if names is None:
            raise DataError(
                f"{path.name}: there is nothing in the file, not even a header", "write it again"
            ) from error
        frame = pl.DataFrame()
    except (pl.exceptions.PolarsError, OSError) as error:
        told = str(error).split("\n", 1)[0]
        raise DataError(f"{path.name}: cannot be read as CSV: {told}", _other_separator(path, separator)) from error
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if names is not None:
        frame = frame if len(frame) else pl.DataFrame(schema=dict.fromkeys(names, pl.String))
        if len(names) != frame.width:
            raise ConfigError(f"{path.name}: names= gives {len(names)} names for {frame.width} columns")
        frame.columns = list(names)
    frame = _renamed(frame, columns, path.name)
    if frame.width == 1 and (hint := _other_separator(path, separator)):
        raise DataError(f"{path.name}: has one column, {frame.columns[0]!r}", hint)
    return _understood(frame.with_columns(_time(series) for series in frame), path.name)


def from_pandas(
    frame: Any,
    *,
    columns: Mapping[str, str] | None = None,
    index: str | None = None,
    time_zone: str | None = None,
) -> pl.DataFrame:
    """Turn a pandas frame into a Polars frame; NaN stays NaN, no time is guessed.

    Parameters
    ----------
    frame
        A ``pandas.DataFrame``. An index of times, or with a name, becomes a column.
    columns
        Its column names to canonical ones.
    index
        What the index of times is: ``"time_exchange"`` or, for candles stamped at their open, ``"time_open"``.
        By default its own name, or ``"index"``.
    time_zone
        Zone of an index without one, such as ``"UTC"``.

    Raises
    ------
    DataError
        For an index without a zone, columns of three levels, and columns that no type fits; all are named.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2024-01-01", periods=2, tz="UTC")
    >>> from_pandas(pd.DataFrame({"close": [1.0, 2.0]}, index=days), index="time_open").columns
    ['time_open', 'close']
    """
    import pandas as pd

    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.tz is None:
        if time_zone is None:
            raise DataError(
                "the index of the pandas frame holds times without a zone",
                'give time_zone="UTC" or the zone that they are in, such as "America/New_York"',
            )
        try:
            frame = frame.set_axis(frame.index.tz_localize(time_zone), axis=0)
        except Exception as error:  # pandas raises what its zone library raises
            raise DataError(f"the index of the pandas frame cannot be in {time_zone!r}: {error}") from error
    elif time_zone is not None:
        raise ConfigError(f"time_zone={time_zone!r} is given, but the index has a zone or holds no times")
    long, _ = long_frame(pandas_frame(frame, index))
    return _understood(_renamed(long, columns, "<frame>"), "<frame>")


def pandas_frame(frame: Any, index: str | None = None) -> pl.DataFrame:
    """Columns and meaningful index levels of a pandas frame, types as they are."""
    import pandas as pd

    if frame.columns.nlevels > 2:
        raise DataError(
            f"the pandas frame has columns of {frame.columns.nlevels} levels, such as {tuple(frame.columns[0])!r}",
            "two are read, one of fields and one of symbols; drop the others with frame.droplevel(..., axis=1)",
        )
    levels = [frame.index.get_level_values(i) for i in range(frame.index.nlevels)]
    data: dict[str, Any] = {}
    for level in levels:
        if isinstance(level, pd.DatetimeIndex):
            data[str(index or level.name or "index")] = level.to_series()
        elif level.name is not None or len(levels) > 1:
            data[str(level.name or "index")] = level.to_series()
        elif not isinstance(level, pd.RangeIndex) and not pd.api.types.is_integer_dtype(level.dtype):
            raise DataError(f"the index of the pandas frame is {level.dtype} without a name", "name it or reset it")
    for name in frame.columns:
        if str(name) in data:
            raise DataError(f"the pandas frame has an index and a column named {str(name)!r}", "rename one of them")
        data[str(name)] = frame[name]
    columns, strange = [], []
    for name, series in data.items():
        try:
            columns.append(pl.Series(name, pl.from_pandas(series, nan_to_null=False)))
        except Exception as error:  # pyarrow, Polars and pandas each raise their own
            strange.append(f"{name!r} ({series.dtype}: {error})")
    if strange:
        raise DataError(
            f"columns of the pandas frame were not understood: {'; '.join(strange)}", "convert or drop them"
        )
    return pl.DataFrame(columns)


def _renamed(frame: pl.DataFrame, columns: Mapping[str, str] | None, label: str) -> pl.DataFrame:
    missing = [name for name in columns or {} if name not in frame.columns]
    if missing:
        raise ConfigError(f"{label}: columns= renames {', '.join(map(repr, missing))}; there are {frame.columns}")
    renames = dict(columns or {})
    names = [renames.get(name, name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{label}: columns= makes {', '.join(map(repr, twice))} twice", "drop or rename one of them")
    return frame.rename(renames)


def _time(series: pl.Series) -> pl.Series:
    """ISO text as times; text that is not wholly ISO stays as it is."""
    if series.dtype != pl.String or series.is_null().all() or not series.drop_nulls().str.contains(_ISO).all():
        return series
    try:
        if series.drop_nulls().str.len_bytes().max() == len("2024-01-01"):
            times = series.str.to_date(strict=False)
        else:
            times = series.str.to_datetime(time_unit="ns", strict=False)
    except pl.exceptions.PolarsError:
        return series
    return times if times.null_count() == series.null_count() else series


def with_iso_times(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Read text in columns that are called like times, if all of it is ISO; and say so.

    Examples
    --------
    >>> with_iso_times(pl.DataFrame({"Date": ["2024-01-02"], "note": ["2024-01-02"]}))[0].dtypes
    [Date, String]
    """
    text = [one for one in frame if one.dtype == pl.String and one.name.lower().replace(" ", "_") in TIMELY]
    times = [time for time in map(_time, text) if time.dtype != pl.String]
    frame = frame.with_columns(times) if times else frame
    return frame, tuple(f"{time.name!r} is text, read as ISO times" for time in times)


def _understood(frame: pl.DataFrame, label: str) -> pl.DataFrame:
    """Give text columns without values their type; name the canonical ones whose text is no number or no time."""
    problems, empty = [], []
    for series in frame:
        if series.dtype != pl.String or series.name not in _NUMBERS | _TIMES:
            continue
        if series.null_count() == series.len():
            empty.append(series.cast(pl.Float64 if series.name in _NUMBERS else pl.Datetime("ns", "UTC")))
            continue
        what = "numbers" if series.name in _NUMBERS else "ISO times"
        bad, odd = _misfits(series, is_number=series.name in _NUMBERS)
        rows = bad.arg_true().to_list()
        shown = ", ".join(f"{series[row]!r} in row {row}" for row in rows[:5])
        problems.append(f"column {series.name!r} does not hold {what} everywhere ({len(rows)}{odd}: {shown})")
    if problems:
        raise DataError(
            f"{label}: {'; '.join(problems)}", "correct or empty these fields, or read the file with Polars"
        )
    return frame.with_columns(empty)


def _misfits(text: pl.Series, *, is_number: bool) -> tuple[pl.Series, str]:
    """Which values of a column that was not understood are to blame, and what they are besides."""
    if is_number:
        return text.is_not_null() & text.cast(pl.Float64, strict=False).is_null(), ""
    bad = text.is_not_null() & ~text.str.contains(_ISO)
    if bad.any():
        return bad, ""
    zoned = text.str.contains(_ZONE)
    if zoned.any() and not zoned.drop_nulls().all():
        few = zoned if zoned.sum() * 2 < text.len() - text.null_count() else ~zoned
        return few.fill_null(False), " with a zone, others without" if few is zoned else " without a zone, others with"
    parsed = pl.select(pl.lit(text).str.to_datetime(time_unit="ns", strict=False, time_zone="UTC")).to_series()
    return text.is_not_null() & parsed.is_null(), " no day or time of the calendar"


def _other_separator(path: Path, separator: str) -> str | None:
    """A hint where the first line of a file that is not packed is separated by something else."""
    if path.suffix.lower() in (".gz", ".zst", ".zip"):
        return None
    with path.open("rb") as file:
        header = file.readline(10_000)
    other = next((one for one in ";\t|" if one != separator and header.count(one.encode()) > 1), None)
    if other is None:
        return None
    return (
        f"its first line is separated by {other!r}: bt.data.read_csv({str(path)!r}, separator={other!r}) makes a frame"
    )


def unpacked(path: Path, member: str | None = None) -> Path | bytes:
    """What Polars can read: a path, or the bytes of the only file in a ``.zip`` (whose name has ``member`` in it)."""
    if path.suffix.lower() != ".zip":
        return path
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and (member or "") in one.filename]
            if len(members) != 1:
                names = ", ".join(one.filename for one in members[:5])
                raise DataError(f"{path.name}: holds {len(members)} files ({names}), not one", "unpack it first")
            return archive.read(members[0])
    except zipfile.BadZipFile as error:
        raise DataError(f"{path.name}: cannot be unpacked: {error}", "download it again") from error
