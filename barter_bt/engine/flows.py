"""Kinds of cash flows (rules 41, 43 to 46, 48, 62, 63, 79, 81 and 102)."""

FUNDING, DIVIDEND, AMOUNT = 0, 1, 2
INTEREST, DEBT_INTEREST, BORROW_FEE = 3, 4, 5  # on a balance above 0 and below it, and on what is borrowed of a base
SPLIT, DEPOSIT = 6, 7
ENTITLEMENT, PAYOUT = 8, 9  # a dividend at its ex-date, and what of it is paid or withheld later
INSURANCE = 10  # never due: what such a row pays is found when an account is bankrupt
FEE = 11  # never due: what a fill pays in a third asset
VOLUME = 12  # an interval ends whose volume decides the rates of fees
DELISTED = 13  # never due: what is paid when an instrument is delisted
ASSIGNED = 15  # contracts of a short option that are exercised by who is long: told as what the venue closes
TRANSFER = 14  # of margin, to what an isolated position has set aside, or from it: it pays nothing
VARIATION = 16  # a future is settled: at ticks of its own where `num` is above 0, else at the mark
