"""Order books by price in columns: levels, what messages change of them, and what is read of them (rules 87 and 88).

Levels of one side stand in pages of a table that all books share, worst first, so that the best is the last: most
changes are near the best price and move a few levels, and those of a deep book move no more than a page has. A place is
found by bisection, so that holes and far prices cost nothing. Prices are ticks and amounts lots.

Own orders are never in a book.
"""

from barter_bt.book.order_book import OrderBook

__all__ = ["OrderBook"]
