"""How the files of a catalog are written: whole numbers by their differences, all else by what repeats.

Times that grow by little take a few bits so, and floats from a grid of prices are few; both are read faster, too.
Groups of rows are as long as the batches that readers take: what is left of a group that is longer stays in memory.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from barter_bt.data.source import BATCH_ROWS


def write_rows(rows: pl.DataFrame, path: Path) -> None:
    """Write a Parquet file that any reader takes.

    Raises
    ------
    OSError
        It could not be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    by_difference = [field.name for field in table.schema if _is_long(field.type)]
    try:
        pq.write_table(
            table,
            path,
            row_group_size=BATCH_ROWS,
            compression="zstd",
            compression_level=1,
            use_dictionary=[name for name in table.column_names if name not in by_difference],
            column_encoding=dict.fromkeys(by_difference, "DELTA_BINARY_PACKED"),
        )
    except pa.ArrowException as error:
        raise OSError(str(error)) from error


def _is_long(dtype: object) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_timestamp(dtype) or pa.types.is_int64(dtype))
