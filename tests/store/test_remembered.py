"""What is computed from runs: kept, watched, and tied to the code that computed it."""

from __future__ import annotations

import multiprocessing

import pytest

from mlplab.store import Store
from mlplab.store import code as code_of
from mlplab.store.code import hash_sources


def remember_often(place, mark, times):
    with Store(place) as store:
        for _ in range(times):
            store.remember("key", "findings", mark * 2000)


class TestRemembering:
    def test_the_last_one_under_a_key_stays(self, store):
        assert store.recall("key") is None
        store.remember("key", "findings", b"first")
        store.remember("key", "findings", b"second")
        store.remember("other", "findings", b"")
        assert store.recall("key") == b"second"
        assert store.recall("other") == b""
        assert store.info().rows["remembered"] == 2

    def test_two_processes_may_write_one_key_at_once(self, place):
        Store(place).close()
        start = multiprocessing.get_context("spawn").Process
        writers = [start(target=remember_often, args=(place, mark, 20)) for mark in (b"a", b"b")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert [writer.exitcode for writer in writers] == [0, 0]
        with Store(place) as store:
            assert store.recall("key") in (b"a" * 2000, b"b" * 2000)
            assert store.info().rows["remembered"] == 1


class TestWatching:
    def test_runs_read_and_kept_and_looks_are_seen_only_while_watched(self, store, outcome):
        store.put([outcome("before", "p")])
        store.log_look("test", "earlier", "e", 1, False)
        with store.watch() as outer:
            store.put([outcome("new", "q")])
            with store.watch() as inner:
                store.get(["before", "nowhere"])
                store.log_look("test", "score", "e", 2, True)
        store.get(["before"])
        assert inner.origins == {"before": "p"}
        assert outer.origins == {"before": "p", "new": "q"}
        look = {"split": "test", "purpose": "score", "experiment": "e", "n_runs": 2}
        assert outer.looks == inner.looks == [look]

    def test_a_watch_ends_with_an_error_too(self, store, outcome):
        with pytest.raises(KeyError), store.watch() as seen:
            raise KeyError
        store.put([outcome("later", "p")])
        assert seen.origins == {}

    def test_origins_names_every_provenance_of_a_run(self, store, outcome):
        store.put([outcome("a", "p"), outcome("a", "q"), outcome("b", "p")])
        assert store.origins(["a", "c"]) == {("a", "p"), ("a", "q")}


class TestCode:
    @pytest.fixture
    def package(self, tmp_path):
        for name in ("engine/step.py", "exercises/text/en/4.1.md", "cli/run.py", "version.py"):
            path = tmp_path / "mlplab" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x = 1\n")
        return tmp_path / "mlplab"

    @pytest.mark.parametrize("name", ["engine/step.py", "engine/new.py", "version.py"])
    def test_another_source_is_another_identity(self, package, name):
        before = hash_sources(package)
        (package / name).write_text("x = 2\n")
        assert hash_sources(package) != before

    def test_a_source_of_another_name_is_another_identity(self, package):
        before = hash_sources(package)
        (package / "engine/step.py").rename(package / "engine/steps.py")
        assert hash_sources(package) != before

    @pytest.mark.parametrize("name", ["cli/run.py", "exercises/text/en/4.1.md", "engine/a.pyc"])
    def test_what_only_shows_changes_nothing(self, package, name):
        before = hash_sources(package)
        (package / name).write_text("x = 2\n")
        assert hash_sources(package) == before

    def test_another_library_is_another_identity(self, package, monkeypatch):
        before = code_of.read_code_identity(package)
        monkeypatch.setattr(code_of, "version", lambda name: f"{name} of tomorrow")
        assert code_of.read_code_identity(package) != before
