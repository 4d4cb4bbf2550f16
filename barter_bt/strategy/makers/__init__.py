"""Market makers, compiled: they leave orders to buy below the price and to sell above it, and live of the difference.

They work on books and on quotes, of which they read the best prices. Prices are those of the instrument, quantities its
own units, times seconds. All of them ask for orders that only make (post-only), keep an order that stands where it
should, and never hold, or have at work, more than ``most``.
"""

from barter_bt.strategy.makers.avellaneda_stoikov import AvellanedaStoikov
from barter_bt.strategy.makers.grid import GridMaker
from barter_bt.strategy.makers.imbalance import ImbalanceMaker

__all__ = ["AvellanedaStoikov", "GridMaker", "ImbalanceMaker"]
