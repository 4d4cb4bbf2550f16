"""Exchanges, assets, instruments, their index and their integer units."""

from barter_bt.instrument.choose import choose_scales
from barter_bt.instrument.exchange import EXCHANGES, exchange_order
from barter_bt.instrument.filter import InstrumentFilter
from barter_bt.instrument.index import IndexedInstruments
from barter_bt.instrument.instrument import Instrument
from barter_bt.instrument.scale import Scales

__all__ = [
    "EXCHANGES",
    "IndexedInstruments",
    "Instrument",
    "InstrumentFilter",
    "Scales",
    "choose_scales",
    "exchange_order",
]
