"""Market data: readers, validation, repair and generators.

A stream is made from a frame or file with :func:`trades`, :func:`quotes`, :func:`candles` or :func:`book`; several
streams are a :class:`MarketData`. :func:`check` finds what is wrong with the rows, :class:`Repair` mends it when asked.
"""

from barter_bt.data import generate
from barter_bt.data.books import rebuild_books
from barter_bt.data.chunk import Chunk
from barter_bt.data.continuous import continuous, contract_targets
from barter_bt.data.dividends import dividends
from barter_bt.data.flows import CashFlows, cash_flows, deposits, funding
from barter_bt.data.front import front_contracts
from barter_bt.data.interest import interest
from barter_bt.data.market import MarketData, book, candles, quotes, trades
from barter_bt.data.read import from_pandas, read_csv
from barter_bt.data.repair import Repair
from barter_bt.data.report import Finding, Report
from barter_bt.data.sample import sample
from barter_bt.data.sessions import Sessions, exchange_sessions, sessions
from barter_bt.data.snapshots import complete_snapshots
from barter_bt.data.splits import splits
from barter_bt.data.stream import Stream
from barter_bt.data.symbols import rename_symbols
from barter_bt.data.validate import check

__all__ = [
    "CashFlows",
    "Chunk",
    "Finding",
    "MarketData",
    "Repair",
    "Report",
    "Sessions",
    "Stream",
    "book",
    "candles",
    "cash_flows",
    "check",
    "complete_snapshots",
    "continuous",
    "contract_targets",
    "deposits",
    "dividends",
    "exchange_sessions",
    "from_pandas",
    "front_contracts",
    "funding",
    "generate",
    "interest",
    "quotes",
    "read_csv",
    "rebuild_books",
    "rename_symbols",
    "sample",
    "sessions",
    "splits",
    "trades",
]
