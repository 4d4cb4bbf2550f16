"""Kinds of cash flows (rules 41, 45 and 48)."""

FUNDING, DIVIDEND, AMOUNT = 0, 1, 2
