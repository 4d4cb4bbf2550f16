"""Exchanges, assets, instruments, their index and their integer units."""

from barter_bt.instrument.index import IndexedInstruments
from barter_bt.instrument.instrument import Instrument
from barter_bt.instrument.scale import Scales, choose_scales

__all__ = ["IndexedInstruments", "Instrument", "Scales", "choose_scales"]
