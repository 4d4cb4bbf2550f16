"""What a row of a book stream does: bits that readers set and books obey (rule 87)."""

BID, ASK = 1, 2  # the side of its level; without either it has none
SNAPSHOT = 4  # its message replaces the book: the first row bears it
GAP = 8  # a message is missing before its message: the first row bears it
OLD = 16  # its message says nothing that the book does not know
ENDS = 32  # its message ends with it
EXECUTED = 64  # of a book by order: what left its level was traded
