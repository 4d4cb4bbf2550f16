"""The state of an engine goes through a file, into another engine, and goes on as if nothing had been."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barter_bt.columns.storage import write
from barter_bt.engine.replica import StateReplica, differences
from barter_bt.errors import ConfigError
from barter_bt.instrument import Instrument
from barter_bt.protocol import TradingState
from barter_bt.system import Engine
from tests.system.test_engine import make
from tests.system.test_flow import FLOW
from tests.system.test_flow import make_engine as flow_engine

EVENTS = [event for event, *_ in FLOW]


@settings(max_examples=27, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 27))
def test_barters_flow_goes_on_in_another_engine(tmp_path: Path, cut: int) -> None:
    """Saved after any of the 27 events: the audits after it, and the state at the end, are the same."""
    whole, first, second = flow_engine(), flow_engine(), flow_engine()
    audits = whole.run(EVENTS)
    first.run(EVENTS[:cut])
    first.save(tmp_path / "state.npz")
    second.load(tmp_path / "state.npz")
    assert differences(first.state, second.state) == []
    rest = [] if second.terminated else second.run(EVENTS[cut:])
    assert rest == audits[cut:]
    assert differences(whole.state, second.state) == []
    assert second.terminated == whole.terminated


def test_a_replica_follows_from_a_file(tmp_path: Path) -> None:
    engine, copy = flow_engine(), flow_engine()
    engine.run(EVENTS[:10])
    engine.save(tmp_path / "state.npz")
    copy.load(tmp_path / "state.npz")
    replica = StateReplica(copy.state)
    engine.run(EVENTS[10:])
    replica.follow(engine.state)
    assert differences(engine.state, replica.state) == []


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    engine = make()
    path = tmp_path / "state.npz"
    path.write_text("nothing")
    with pytest.raises(ConfigError, match="is not the state of an engine"):
        engine.load(path)
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(1))
    with pytest.raises(ConfigError, match="is not the state of an engine of this version"):
        engine.load(path)
    write(path, {"format": "something else"}, {"a": np.zeros(1)})
    with pytest.raises(ConfigError, match="is of format 'something else', version None; this is"):
        engine.load(path)
    Engine([Instrument("y", "b_usd", price_increment=1)]).save(path)
    with pytest.raises(ConfigError, match="is the state of an engine over b_usd"):
        engine.load(path)


@pytest.mark.parametrize("step", ["price_increment", "quantity_increment"])
def test_a_state_in_other_steps_is_refused(tmp_path: Path, step: str) -> None:
    """Its integers would mean other prices and quantities."""
    steps = {"price_increment": "0.01", "quantity_increment": "0.01"}
    one = Engine([Instrument("x", "btc_usd", **steps)], balances={"usd": 1000})
    one.save(tmp_path / "state.npz")
    other = Engine([Instrument("x", "btc_usd", **steps | {step: "0.1"})], balances={"usd": 1000})
    with pytest.raises(ConfigError, match="btc_usd has other increments: 100 .*, here 10"):
        other.load(tmp_path / "state.npz")


@pytest.mark.parametrize("seed", range(5))
def test_a_damaged_state_is_refused(tmp_path: Path, seed: int) -> None:
    """A flipped bit or a cut, anywhere; the engine stays as it was."""
    engine, path, random = make(), tmp_path / "state.npz", Random(seed)
    engine.save(path)
    whole = path.read_bytes()
    for _ in range(10):
        damaged, place = bytearray(whole), random.randrange(len(whole))
        damaged[place] ^= 1 << random.randrange(8)
        for content in (bytes(damaged), whole[:place]):
            path.write_bytes(content)
            with pytest.raises(ConfigError, match="is damaged|is not the state of an engine"):
                engine.load(path)
    path.write_bytes(whole)
    engine.load(path)


def test_the_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    engine = make()
    path = tmp_path / "state.npz"
    engine.save(path)
    engine.set_trading(TradingState.ENABLED)
    engine.save(path)
    other = make()
    other.load(path)
    assert other.trading == TradingState.ENABLED
    assert list(tmp_path.iterdir()) == [path]
