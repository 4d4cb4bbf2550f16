"""What happened, a line for each thing that a trader would want to hear of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from barter_bt.protocol import (
    Account,
    AccountEventKind,
    Cancelled,
    Conditions,
    Fraction,
    FromPrice,
    IfTouched,
    Item,
    MarginRequest,
    Market,
    OpenFailed,
    Order,
    OrderRequestAmend,
    OrderRequestOpen,
    OrderResponseCancel,
    Reconnecting,
    RequestOpen,
    Shutdown,
    Side,
    Stop,
    Ticks,
    Trade,
    to_json,
)
from barter_bt.protocol.conditions import NO_CONDITIONS
from barter_bt.system import AlgoOrders, Audit, Commanded, PositionExit, Sent, Stopped, TradingDisabled
from barter_bt.system.audit import Output, Request
from barter_bt.system.view import View


def lines(audit: Audit, view: View) -> Iterator[str]:
    """What an audit tells, with the time of the engine's clock in UTC.

    Parameters
    ----------
    audit
        Of one event.
    view
        The engine, or a copy of it: for names.

    Examples
    --------
    >>> from barter_bt.instrument import Instrument
    >>> from barter_bt.protocol import Shutdown
    >>> from barter_bt.system import Engine
    >>> engine = Engine([Instrument("x", "btc_usd")])
    >>> list(lines(engine.process(Shutdown()), engine))
    ['1970-01-01 00:00:00 shut down']
    """
    when = to_the_second(audit.time)
    for text in _of_event(audit, view):
        yield f"{when} {text}"
    for output in audit.outputs:
        for text in _of_output(output, view):
            yield f"{when} {text}"


def to_the_second(time: int) -> str:
    """A time in ns since 1970, in UTC.

    Examples
    --------
    >>> to_the_second(1_000_000_000)
    '1970-01-01 00:00:01'
    """
    return datetime.fromtimestamp(time / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _of_event(audit: Audit, view: View) -> Iterator[str]:
    event = audit.event
    if isinstance(event, Shutdown):
        yield "shut down"
    elif isinstance(event, Market | Account) and isinstance(event.event, Reconnecting):
        yield f"lost the {type(event).__name__.lower()} link of {event.event.exchange}"
    elif isinstance(event, Account) and isinstance(event.event, Item):
        yield from _of_account(event.event.value.kind, view)


def _of_account(kind: AccountEventKind, view: View) -> Iterator[str]:
    if isinstance(kind, Trade):
        did = "bought" if kind.side == Side.BUY else "sold"
        yield f"{did} {kind.quantity:f} {_name(kind.instrument, view)} at {kind.price:f}, fee {kind.fees.fees:f}"
    elif isinstance(kind, Order) and isinstance(kind.state, OpenFailed):
        yield f"order {kind.key.cid} was rejected: {to_json(kind.state)}"
    elif isinstance(kind, OrderResponseCancel):
        done = "is cancelled" if isinstance(kind.state, Cancelled) else "could not be cancelled"
        yield f"order {kind.key.cid} {done}"


def _of_output(output: Output, view: View) -> Iterator[str]:
    if isinstance(output, Stopped):
        yield f"STOPPED: {output.reason}; trading is disabled, orders are cancelled, positions closed"
    elif isinstance(output, TradingDisabled):
        yield "trading is disabled"
    elif isinstance(output, PositionExit):
        yield f"closed {view.index.names[output.instrument]}, realised {output.pnl_realised:f}"
    if isinstance(output, AlgoOrders | Commanded | Stopped):
        for sent in (output.cancels, output.opens):
            yield from _of_sent(sent, view)
    if isinstance(output, AlgoOrders):
        for refused in output.refused:
            yield f"refused ({refused.reason}): {_request(refused.request, view)}"


def _of_sent(sent: Sent, view: View) -> Iterator[str]:
    for request in sent.sent:
        yield f"sent: {_request(request, view)}"
    for request, error in sent.errors:
        yield f"could not send ({to_json(error)}): {_request(request, view)}"


def _request(request: Request, view: View) -> str:
    if isinstance(request, MarginRequest):
        return f"move {request.amount:f} of margin to {_name(request.instrument, view)}"
    name = _name(request.key.instrument, view)
    if isinstance(request, OrderRequestOpen):
        terms = request.state
        return f"{str(terms.side).lower()} {terms.quantity:f} {name}, {_how(terms)}"
    return f"{'amend' if isinstance(request, OrderRequestAmend) else 'cancel'} {request.key.cid} of {name}"


def _how(terms: RequestOpen) -> str:
    """What an order waits for, then what it is: a distance is told where its price is not known yet."""
    told = terms.conditions or NO_CONDITIONS
    away = told.protects.offset if told.protects is not None else None
    where = f"{_far(away)} from its entry" if away is not None else ""
    is_limit = str(terms.kind) == "Limit"
    if told.trigger is None:
        kind = "take profit" if told.protects is not None else "limit"
        return f"{kind} {where or f'at {terms.price:f}'}" if is_limit else str(terms.kind).lower()
    return ", then ".join([_trigger(told, where), *([f"limit at {terms.price:f}"] if is_limit else [])])


def _trigger(told: Conditions, where: str) -> str:
    trigger = told.trigger
    if isinstance(trigger, IfTouched):
        return f"if touched at {trigger.price:f}"
    assert isinstance(trigger, Stop), "there is no other"
    begins = where or (f"at {trigger.price:f}" if trigger.price is not None else "")
    kind = "stop" if told.protects is None or not begins else "stop loss"
    if trigger.trailing is None:
        return f"{kind} {begins}"
    follows = f"trailing {_far(trigger.trailing)} behind"
    started = told.protects.activation if told.protects is not None else None
    if started is not None:
        follows += f" from {_far(started)} beyond its entry on"
    elif trigger.activation is not None:
        follows += f" from {trigger.activation:f} on"
    return f"{kind} {begins}, {follows}" if begins else f"stop {follows}"


def _far(away: FromPrice) -> str:
    if isinstance(away, Fraction):
        return f"{(away.rate * 100).normalize():f} %"
    return f"{away.count} ticks" if isinstance(away, Ticks) else f"{away.amount:f}"


def _name(instrument: str | int, view: View) -> str:
    return view.index.names[view.index.instrument(instrument)]
