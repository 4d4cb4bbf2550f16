"""Kinds of cash flows (rules 41, 45 and 48)."""

FUNDING, DIVIDEND, AMOUNT = 0, 1, 2
INSURANCE = 9  # never due: what such a row pays is found when an account is bankrupt (rule 43)
