"""Who trains what: leases that end with their driver, on a clock of the observer's own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading

import pytest
from sqlalchemy import text

from mlplab.errors import StoreError
from mlplab.specs.columns import Keys
from mlplab.store import Store, leases
from mlplab.store.leases import DEAD_SECONDS, Driver, Process, this_process


def keys(*numbers):
    return Keys.from_bytes(b"".join(map(key, numbers)))


def key(number):
    return hashlib.sha256(str(number).encode()).digest()[:16]


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def make(store):
    """Drivers of one store that beat when they are told."""
    made = []

    def make(host=None, clock=None):
        process = this_process() if host is None else Process(host, "elsewhere", 7, 9)
        made.append(Driver(store._database, clock=clock or Clock(), process=process, beats=False))
        return made[-1]

    yield make
    for driver in made:
        driver.close()


def rows(store, table):
    return store._database.read(
        lambda c: c.execute(text(f"SELECT count(*) FROM mlplab_{table}")).scalar_one()
    )


def test_the_first_takes_all_and_the_second_what_is_free(make):
    first, second = make(), make()
    taken = first.hold(keys(1, 2, 3))
    assert (taken.mine.tolist(), taken.holders) == ([True] * 3, {})
    taken = second.hold(keys(3, 4, 1))
    assert taken.mine.tolist() == [False, True, False]
    assert len(taken.holders) == 1
    assert first.hold(keys(1, 2, 3)).mine.all(), "what is held is held on"
    assert second.hold(keys(5)).mine.all()
    assert first.hold(keys(4, 1)).mine.all(), "who asks for something else gives the rest back"


def test_an_observer_notices_changes_and_ends(make):
    first, second = make(), make()
    first.hold(keys(1, 2))
    holders = second.hold(keys(1, 2)).holders
    assert second.still(holders)
    first.hold(keys(1))
    assert not second.still(holders)
    taken = second.hold(keys(1, 2))
    assert taken.mine.tolist() == [False, True]
    first.close()
    assert not second.still(taken.holders)
    assert second.hold(keys(1, 2)).mine.all()


def test_nothing_is_left_of_who_has_closed(make, store):
    first, second = make(), make()
    first.hold(keys(1))
    second.wish(keys(1), second.hold(keys(1)).holders)
    assert [rows(store, name) for name in ("drivers", "leases", "wishes")] == [2, 1, 1]
    first.close()
    second.close()
    assert [rows(store, name) for name in ("drivers", "leases", "wishes")] == [0, 0, 0]


def test_a_wish_is_seen_at_the_beat_and_answered_by_giving_back(make):
    first, second, third = make(), make(), make()
    first.hold(keys(1, 2, 3))
    third.hold(keys(9))
    second.wish(keys(2, 3), second.hold(keys(2, 3)).holders)
    for driver in (first, third):
        driver.beat()
    assert (first.wished, third.wished) == (True, False)
    assert [list(wished) for wished in first.wishes()] == [list(keys(2, 3))]
    assert first.hold(keys(1, 2)).mine.all()
    assert (first.wished, first.wishes()) == (False, [])
    assert second.hold(keys(2, 3)).mine.tolist() == [False, True]


def test_the_leases_of_a_process_that_is_gone_are_free_at_once(make, store):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    here = this_process()
    started = leases._started(child.pid)
    gone = Process(here.host, here.boot, child.pid, started)
    dead = Driver(store._database, process=gone, beats=False)
    dead.hold(keys(1))
    driver = make()
    assert not driver.hold(keys(1)).mine.any()
    child.kill()
    # Not waited for: what has ended and is still listed is gone.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert driver.hold(keys(1)).mine.all()
    child.communicate()
    reused = Process(here.host, here.boot, here.pid, here.started + 1)
    Driver(store._database, process=reused, beats=False).hold(keys(2))
    assert driver.hold(keys(2)).mine.all(), "another process has its number now"


def test_one_of_this_process_whose_end_was_not_written_is_dead(make):
    first, second = make(), make()
    first.hold(keys(1))
    leases._LIVING.discard(first._id)
    assert second.hold(keys(1)).mine.all()


def test_another_host_is_dead_once_its_beat_stands_still(make):
    clock = Clock()
    far, near = make("far"), make(clock=clock)
    far.hold(keys(1))
    holders = near.hold(keys(1)).holders
    for _ in range(10):
        clock.now += DEAD_SECONDS - 1
        far.beat()
        assert near.still(holders)
    clock.now += DEAD_SECONDS - 1
    assert near.still(holders)
    assert not near.hold(keys(1)).mine.any()
    clock.now += 1
    assert not near.still(holders)
    assert near.hold(keys(1)).mine.all()
    far.beat()
    assert far.lost
    assert not far.hold(keys(1)).mine.any(), "it takes part again, as a new one"
    assert not far.lost


def test_a_clock_on_the_wall_changes_nothing(make, monkeypatch):
    far, near = make("far"), make()
    far.hold(keys(1))
    holders = near.hold(keys(1)).holders
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert near.still(holders)
    monkeypatch.setattr("time.time", lambda: 1e12)
    assert near.still(holders)


def test_a_million_keys_are_few_rows(make, store):
    many = keys(*range(200_000))
    first, second = make(), make()
    assert first.hold(many).mine.all()
    assert rows(store, "leases") == 4
    assert not second.hold(many).mine.any()
    assert first.hold(many[::2]).mine.all()
    assert second.hold(many).mine.tolist() == [False, True] * 100_000


def test_of_many_that_ask_at_once_each_run_has_one_holder(place):
    everything, gate, found = keys(*range(50)), threading.Barrier(8), []

    def ask(number):
        with Store(place) as store, Driver(store._database, beats=False) as driver:
            gate.wait()
            mine = driver.hold(everything[number:]).mine
            found.extend(everything[number:].take(mine))
            gate.wait()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == len(set(found))
    assert everything[49] in found


def test_a_thread_beats_while_work_goes_on(store, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.01)
    beaten = threading.Event()
    before = threading.active_count()
    with store.driver() as driver:
        monkeypatch.setattr(driver, "beat", beaten.set)
        driver.hold(keys(1))
        assert beaten.wait(20)
    assert threading.active_count() == before


def test_in_memory_all_is_ones_own():
    with Store(":memory:") as store, store.driver() as one, store.driver() as other:
        assert one.hold(keys(1, 2)).mine.all()
        assert other.hold(keys(1, 2)).mine.all()


@pytest.mark.parametrize("damage", ["drivers SET pid = 'x'", "leases SET keys = 'x'"])
def test_a_damaged_row_is_one_line(file, damage):
    with Store(file) as store, Driver(store._database, beats=False) as first:
        first.hold(keys(1))
        store._database.write(lambda c: c.execute(text(f"UPDATE mlplab_{damage}")))
        with (
            Driver(store._database, beats=False) as second,
            pytest.raises(StoreError, match=r"damaged: move the store away"),
        ):
            second.hold(keys(1))


def test_what_has_ended_since_is_told_by_number(store, outcome):
    store.put([outcome(one) for one in keys(1)])
    last, none = store.ended_since(None)
    store.put([outcome(one) for one in (*keys(2, 3), "no key")])
    later, found = store.ended_since(last)
    assert (list(none), sorted(found)) == ([], sorted(keys(2, 3)))
    assert list(store.ended_since(later)[1]) == []


@pytest.fixture
def answers_lost(store, monkeypatch):
    """Write everything twice: what a server has kept, and whose answer was lost, is tried again."""
    write = store._database.write

    def twice(work):
        write(work)
        return write(work)

    monkeypatch.setattr(store._database, "write", twice)


@pytest.mark.usefixtures("answers_lost")
def test_a_driver_whose_answer_was_lost_is_there_once(make, store):
    taken = make().hold(keys(1, 2))
    assert taken.mine.tolist() == [True, True]
    assert (rows(store, "drivers"), rows(store, "leases")) == (1, 1)


@pytest.mark.usefixtures("answers_lost")
def test_looks_and_verdicts_whose_answer_was_lost_are_there_once(store):
    for n in (1, 2):
        store.log_look("test", "results", "rates", 3, False)
        store.put_verdicts("rates", [{"id": "a", "n_seeds": 3}, {"id": "b", "n_seeds": 3}])
        store.put_membership("rates", "digits", "content", ["0" * 32])
        assert (len(store.looks()), len(store.verdicts())) == (n, 2 * n)
    assert len(store.memberships()) == 1


def test_looks_of_one_moment_are_told_apart(store, monkeypatch):
    monkeypatch.setattr("mlplab.store.store.time.time", lambda: 1e9)
    for _ in range(3):
        store.log_look("test", "results", "rates", 3, False)
    assert len(store.looks()) == 3
