"""How good market data is: what a look over all of it finds, told and not mended."""

from barter_bt.data.inspection.quality import Quality, quality

__all__ = ["Quality", "quality"]
