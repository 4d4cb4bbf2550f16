"""Order books by price in columns: levels, what messages change of them, and what is read of them (rules 87 and 88).

Levels of one side stand in one piece of a table that all books share, worst first, so that the best is the last:
most changes are near the best price and move a few levels. A place is found by bisection, so that holes and far prices
cost nothing; a side that is full moves to the end of the table, into twice the room. Prices are ticks and amounts lots.

Own orders are never in a book.
"""

from barter_bt.book.order_book import OrderBook

__all__ = ["OrderBook"]
