"""A directory of Parquet files that anything reads, and a manifest that says what should be in it.

Files are called ``kind=trades/exchange=binance_spot/instrument=btc_usdt/date=2024-01-02/NAME.parquet``: Polars, DuckDB
and pandas read them without this package. ``manifest.json`` lists each with its SHA-256, rows, times, sources and
importer; only what it lists is read. See ``docs/decisions/0038-catalog-and-importers.md``.
"""

from barter_bt.data.catalog.catalog import Catalog

__all__ = ["Catalog"]
