"""Market data: readers, validation, repair and generators.

A stream is made from a frame or file with :func:`trades`, :func:`quotes` or :func:`candles`; several streams
are a :class:`MarketData`. :func:`check` finds what is wrong with the rows, :class:`Repair` mends it when asked.
"""

from barter_bt.data import generate
from barter_bt.data.chunk import Chunk
from barter_bt.data.flows import CashFlows, cash_flows, deposits, dividends, funding
from barter_bt.data.interest import interest
from barter_bt.data.market import MarketData, candles, quotes, trades
from barter_bt.data.read import from_pandas, read_csv
from barter_bt.data.repair import Repair
from barter_bt.data.report import Finding, Report
from barter_bt.data.sample import sample
from barter_bt.data.sessions import Sessions, exchange_sessions, sessions
from barter_bt.data.splits import splits
from barter_bt.data.stream import Stream
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
    "candles",
    "cash_flows",
    "check",
    "deposits",
    "dividends",
    "exchange_sessions",
    "from_pandas",
    "funding",
    "generate",
    "interest",
    "quotes",
    "read_csv",
    "sample",
    "sessions",
    "splits",
    "trades",
]
