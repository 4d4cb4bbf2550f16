"""Market data: readers, validation, repair and generators.

A stream is made from a frame or file with :func:`trades`, :func:`quotes`, :func:`candles`, :func:`book` or
:func:`book_orders`; several streams are a :class:`MarketData`. :func:`check` finds what is wrong with the rows,
:class:`Repair` mends it when asked.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from barter_bt.data.chunk import Chunk
from barter_bt.data.flows import (
    CashFlows,
    assignments,
    cash_flows,
    deposits,
    funding,
    margin_transfers,
    settlement_prices,
)
from barter_bt.data.market import MarketData, book, book_orders, candles, quotes, trades
from barter_bt.data.repair import Repair
from barter_bt.data.report import Finding, Report
from barter_bt.data.sessions import Sessions, exchange_sessions, sessions
from barter_bt.data.stream import Stream
from barter_bt.data.validate import check
from barter_bt.data.wide import from_wide

if TYPE_CHECKING:
    from barter_bt.data import generate
    from barter_bt.data.aggregate import aggregate
    from barter_bt.data.aggregator import Aggregator
    from barter_bt.data.books import rebuild_books
    from barter_bt.data.catalog import Catalog
    from barter_bt.data.continuous import continuous, contract_targets
    from barter_bt.data.dated import delisted
    from barter_bt.data.dividends import dividends
    from barter_bt.data.download import Downloaded, download
    from barter_bt.data.front import front_contracts
    from barter_bt.data.importers import IMPORTERS, Importer
    from barter_bt.data.importers.loading import load
    from barter_bt.data.inspection.quality import Quality, quality
    from barter_bt.data.interest import interest
    from barter_bt.data.read import from_pandas, read_csv
    from barter_bt.data.sample import sample
    from barter_bt.data.snapshots import complete_snapshots
    from barter_bt.data.splits import splits
    from barter_bt.data.symbols import rename_symbols

__all__ = [
    "IMPORTERS",
    "Aggregator",
    "CashFlows",
    "Catalog",
    "Chunk",
    "Downloaded",
    "Finding",
    "Importer",
    "MarketData",
    "Quality",
    "Repair",
    "Report",
    "Sessions",
    "Stream",
    "aggregate",
    "assignments",
    "book",
    "book_orders",
    "candles",
    "cash_flows",
    "check",
    "complete_snapshots",
    "continuous",
    "contract_targets",
    "delisted",
    "deposits",
    "dividends",
    "download",
    "exchange_sessions",
    "from_pandas",
    "from_wide",
    "front_contracts",
    "funding",
    "generate",
    "interest",
    "load",
    "margin_transfers",
    "quality",
    "quotes",
    "read_csv",
    "rebuild_books",
    "rename_symbols",
    "sample",
    "sessions",
    "settlement_prices",
    "splits",
    "trades",
]

_LATER = {
    "Aggregator": "aggregator",
    "Catalog": "catalog",
    "Downloaded": "download",
    "IMPORTERS": "importers",
    "Importer": "importers",
    "Quality": "inspection",
    "aggregate": "aggregate",
    "complete_snapshots": "snapshots",
    "continuous": "continuous",
    "contract_targets": "continuous",
    "delisted": "dated",
    "dividends": "dividends",
    "download": "download",
    "from_pandas": "read",
    "front_contracts": "front",
    "interest": "interest",
    "load": "importers.loading",
    "quality": "inspection",
    "read_csv": "read",
    "rebuild_books": "books",
    "rename_symbols": "symbols",
    "sample": "sample",
    "splits": "splits",
}
"""What few programs need is imported when it is asked for: its module, by name."""


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name == "generate":
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)


class _Room(ModuleType):
    """Importing a module binds its name here. Where a function of it has that name, the function is meant."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, getattr(value, name) if name in _LATER and isinstance(value, ModuleType) else value)


sys.modules[__name__].__class__ = _Room
