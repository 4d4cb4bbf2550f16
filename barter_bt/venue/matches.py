"""Matches: what the market does to orders at one time and in one class, noted until it is settled (rule 17)."""

from __future__ import annotations

from barter_bt.columns.marks import unit
from barter_bt.engine.order import BUY, NO_GROUP, NO_PARENT, STOP
from barter_bt.venue.state import OPTIMISTIC, UNTOLD, Matches, VenueState

FILL, ADMIT, EXPIRE, CANCEL, SECURE, PATH, WORTH, AMEND = range(8)
# Ranks: who was triggered, gives back, needs; cancels of what is matched, and amends; then what is looked at when all
# these are settled: candles that go on, and whether positions are covered.
ADMITS, RELEASES, USES, ENDS, GOES_ON, COUNTS = 0, 1, 2, 3, 4, 5
NO_ASSET = -1
SETTLED = -1  # in place of the order
_RANK_AT = 56  # bit of a place at which the rank begins


def note_fill(v: VenueState, order: int, i: int, lots: int, ticks: int, is_maker: int) -> None:
    """The market fills ``lots`` of an order at ``ticks``, if they can be paid."""
    row = _note(v, FILL, order, _rank(v, order, i))
    v.matches.lots[row] = lots
    v.matches.ticks[row] = ticks
    v.matches.maker[row] = is_maker
    v.orders.matched[order] += lots
    expect(v, row, i, 1)


def note_why(v: VenueState, why: int) -> None:
    """Say why the fill that was noted last is one (rule 91)."""
    v.matches.why[len(v.matches) - 1] = why


def note_expiry(v: VenueState, order: int, reason: int) -> None:
    """The order ends by what it met; nothing else of this time concerns it."""
    row = _note(v, EXPIRE, order, RELEASES)
    v.matches.reason[row] = reason
    v.orders.matched[order] = v.orders.quantity[order] - v.orders.filled[order]


def note_admission(v: VenueState, order: int, i: int) -> None:
    """A limit order cannot reserve yet what it needs; something of this time may still release it."""
    _note(v, ADMIT, order, _rank(v, order, i))
    v.orders.matched[order] = v.orders.quantity[order]


def note_secure(v: VenueState, order: int) -> None:
    """An order that was triggered is to reserve, and to be told of, before anything else of it is settled."""
    v.orders.held[order] = UNTOLD
    _note(v, SECURE, order, ADMITS)


def note_cancel(v: VenueState, order: int) -> None:
    """A cancel of an order that is matched: of what is left when that is settled."""
    _note(v, CANCEL, order, ENDS)


def note_amend(v: VenueState, order: int, amend: int) -> None:
    """An amend of an order that is matched, or that cannot reserve yet: its row stands in place of the lots."""
    row = _note(v, AMEND, order, ENDS)
    v.matches.lots[row] = amend


def note_path(v: VenueState, i: int) -> None:
    """A candle goes through its prices; in place of the order stands the instrument (rule 59)."""
    _note(v, PATH, i, GOES_ON)


def note_worth(v: VenueState, asset: int) -> None:
    """Positions margined in an asset may no longer be covered; in place of the order stands the asset (rule 43)."""
    if v.accounts.backs[asset] > 0:
        asset = v.accounts.backs[asset] - 1
    if v.accounts.watching[asset] > 0 and not v.accounts.doubted[asset]:
        v.accounts.doubted[asset] = 1
        _note(v, WORTH, asset, COUNTS)


def note_position(v: VenueState, i: int) -> None:
    """An isolated position may no longer be covered; those come behind the assets (rule 70)."""
    if v.markets.watched[i] and not v.markets.doubted[i]:
        v.markets.doubted[i] = 1
        _note(v, WORTH, len(v.accounts) + i, COUNTS)


def used_asset(v: VenueState, order: int, i: int) -> int:
    """The asset that a fill must be paid with."""
    return v.terms.quote[i] if v.terms.margined[i] or v.orders.side[order] == BUY else v.terms.base[i]


def released_asset(v: VenueState, row: int, i: int) -> int:
    """The asset of which a matched fill leaves more free."""
    if v.terms.margined[i]:
        return v.terms.quote[i] if v.matches.rank[row] == RELEASES else NO_ASSET
    return v.terms.base[i] if v.orders.side[v.matches.order[row]] == BUY else v.terms.quote[i]


def expect(v: VenueState, row: int, i: int, change: int) -> None:
    """Count how many matches will still release an asset."""
    asset = released_asset(v, row, i)
    if asset != NO_ASSET:
        v.accounts.incoming[asset] += change


def _rank(v: VenueState, order: int, i: int) -> int:
    side = v.orders.side[order]
    if v.terms.margined[i]:
        return RELEASES if v.markets.quantity[i] * side < 0 else USES
    return USES if side == BUY else RELEASES


def _note(v: VenueState, action: int, order: int, rank: int) -> int:
    m = v.matches
    row = m.append()
    m.action[row] = action
    m.order[row] = order
    m.rank[row] = rank
    m.place[row] = _place(v, rank, order)
    m.number[row] = row
    m.lots[row] = 0
    m.ticks[row] = 0
    m.maker[row] = 0
    m.reason[row] = 0
    m.why[row] = 0
    return row


def keep(m: Matches, rank: int) -> None:
    """Drop all below a rank."""
    kept = 0
    for row in range(len(m)):
        if m.rank[row] >= rank:
            if row > kept:
                _swap(m, row, kept)
            kept += 1
    m.truncate(kept)


def has_more(m: Matches) -> bool:
    """Drop all that is settled; says whether anything is left that has to be."""
    kept, more = 0, False
    for row in range(len(m)):
        if m.order[row] != SETTLED:
            more = more or m.rank[row] <= ENDS
            if row > kept:
                _swap(m, row, kept)
            kept += 1
    m.truncate(kept)
    return more


def sort(m: Matches, first: int) -> None:
    """From a row on by rank, then order, then as they were noted; mostly they stand so already."""
    for row in range(first + 1, len(m)):
        if _precedes(m, row, row - 1):
            _sort(m, first)
            return


@unit
def _sort(m: Matches, first: int) -> None:
    _sort_by_rank(m, first)
    for row in range(first + 1, len(m)):
        if _precedes(m, row, row - 1):
            _shell_sort(m, first)
            return


def _sort_by_rank(m: Matches, first: int) -> None:
    """Those of one rank stay as they stand, which is mostly by order: a market is met instrument by instrument."""
    end = len(m)
    for rank in range(COUNTS + 1):
        for row in range(first, end):
            if m.rank[row] == rank:
                _copy(m, m.append(), row)
    for row in range(first, end):
        _copy(m, row, row + end - first)
    m.truncate(end)


def _shell_sort(m: Matches, first: int) -> None:
    gap = 1
    while gap < (len(m) - first) // 9:
        gap = 3 * gap + 1
    while gap > 0:
        for start in range(first + gap, len(m)):
            row = start
            while row >= first + gap and _precedes(m, row, row - gap):
                _swap(m, row, row - gap)
                row -= gap
        gap //= 3


def _precedes(m: Matches, a: int, b: int) -> bool:
    if m.place[a] != m.place[b]:
        return m.place[a] < m.place[b]
    if m.order[a] != m.order[b]:
        return m.order[a] < m.order[b]
    return m.number[a] < m.number[b]


def _place(v: VenueState, rank: int, order: int) -> int:
    """By rank, then number; all of a group at that of its first, stops first (rule 57).

    Where an exchange hopes stops are last, also of two that protect one entry (rule 105).
    """
    o, number, turn = v.orders, order, 1
    if rank in (RELEASES, USES):
        is_stop, better = o.trigger_kind[order] == STOP, hopes(v, o.instrument[order])
        if o.group[order] != NO_GROUP:
            number, turn = o.group[order], int(is_stop == better)
        elif better and o.parent[order] != NO_PARENT and not o.follows[order]:
            number, turn = o.parent[order] + 1, int(is_stop)
    return (rank << _RANK_AT) + 2 * number + turn


def hopes(v: VenueState, i: int) -> bool:
    """Whether of what a candle does not tell the better is taken."""
    return v.fill_terms.candle_path[i] == OPTIMISTIC


def _copy(m: Matches, to: int, row: int) -> None:
    m.action[to], m.order[to], m.rank[to], m.place[to] = m.action[row], m.order[row], m.rank[row], m.place[row]
    m.number[to], m.lots[to], m.ticks[to] = m.number[row], m.lots[row], m.ticks[row]
    m.maker[to], m.reason[to], m.why[to] = m.maker[row], m.reason[row], m.why[row]


def _swap(m: Matches, a: int, b: int) -> None:
    m.action[a], m.action[b] = m.action[b], m.action[a]
    m.order[a], m.order[b] = m.order[b], m.order[a]
    m.rank[a], m.rank[b] = m.rank[b], m.rank[a]
    m.place[a], m.place[b] = m.place[b], m.place[a]
    m.number[a], m.number[b] = m.number[b], m.number[a]
    m.lots[a], m.lots[b] = m.lots[b], m.lots[a]
    m.ticks[a], m.ticks[b] = m.ticks[b], m.ticks[a]
    m.maker[a], m.maker[b] = m.maker[b], m.maker[a]
    m.reason[a], m.reason[b] = m.reason[b], m.reason[a]
    m.why[a], m.why[b] = m.why[b], m.why[a]
