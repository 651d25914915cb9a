"""Where files are found: the order of the places, and what is wrong with a bad copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlplab.data import available, cache_folder, fetch, load_task, verify
from mlplab.errors import DataError


def where_of(name):
    return next(info.where for info in available() if info.name == name)


@pytest.fixture
def user_data(tmp_path, monkeypatch) -> Path:
    """A folder that MLPLAB_DATA names."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setenv("MLPLAB_DATA", str(folder))
    return folder


def test_places_are_tried_in_the_order_of_the_design(tiny, machine, user_data):
    """Each place in turn is taken away; the next one is used and named."""
    holders = [
        ("MLPLAB_DATA", user_data / "tiny"),
        ("cache", machine / "cache" / "tiny"),
        ("system", machine / "share" / "tiny"),
        ("system", machine / "local" / "tiny"),
    ]
    for _, folder in holders:
        tiny.put(folder)
    for kind, folder in holders:
        assert where_of("tiny") == f"{kind} ({folder})"
        assert fetch("tiny") == f"{kind} ({folder})"
        for path in folder.glob("*.gz"):
            path.unlink()
    assert where_of("tiny") is None
    assert tiny.source.asked == []
    assert fetch("tiny") == "fake mirror"
    assert len(tiny.source.asked) == 1


@pytest.mark.parametrize("part", ["tiny", "Tiny/raw", "."])
def test_the_users_folder_may_be_laid_out_in_three_ways(tiny, user_data, part):
    tiny.put(user_data / part)
    task = load_task("tiny", offline=True)
    assert task.source == f"MLPLAB_DATA ({user_data / part})"
    assert task.inputs.tolist() == tiny.images.reshape(12, 6).tolist()


@pytest.mark.parametrize("variable", ["MLPLAB_DATA", "MLPLAB_CACHE"])
def test_a_home_folder_that_there_is_not_is_one_line(tiny, machine, monkeypatch, variable):
    monkeypatch.setenv(variable, "~nobody-of-that-name/data")
    with pytest.raises(DataError, match=f"{variable}: no path can be '~nobody-of-that-name/data'"):
        load_task("tiny")


@pytest.mark.parametrize("kind", ["MLPLAB_DATA", "cache", "system"])
def test_a_wrong_checksum_is_an_error_that_names_the_file(tiny, machine, user_data, kind):
    folders = {
        "MLPLAB_DATA": user_data / "tiny",
        "cache": machine / "cache" / "tiny",
        "system": machine / "share" / "tiny",
    }
    folder = tiny.put(folders[kind], t10k_labels=b"something else")
    with pytest.raises(DataError, match="wrong checksum") as problem:
        load_task("tiny")
    message = str(problem.value)
    assert message.startswith(str(folder / "t10k-labels-idx1-ubyte.gz"))
    assert "\n" not in message
    assert ("rm " in message) == (kind == "cache")
    assert tiny.source.asked == []
    assert not (cache_folder() / "tiny" / "decoded").exists()


def test_a_file_cut_short_has_a_wrong_checksum(tiny, user_data):
    whole = tiny.blobs["train-images-idx3-ubyte.gz"]
    tiny.put(user_data, train_images=whole[:-5])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: wrong checksum.*cut short"):
        load_task("tiny")


def test_a_file_missing_from_the_users_folder_is_named(tiny, user_data):
    (tiny.put(user_data) / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz: missing, though other"):
        load_task("tiny")


def test_an_incomplete_system_folder_is_passed_over(tiny, machine):
    (tiny.put(machine / "share" / "tiny") / "train-labels-idx1-ubyte.gz").unlink()
    tiny.put(machine / "local" / "tiny")
    assert load_task("tiny").source == f"system ({machine / 'local' / 'tiny'})"


def test_a_users_folder_without_the_set_is_passed_over(tiny, user_data):
    assert load_task("tiny").source == "fake mirror"


def test_a_users_folder_that_is_none_is_an_error(tiny, monkeypatch):
    monkeypatch.setenv("MLPLAB_DATA", "/no/such/folder")
    with pytest.raises(DataError, match=r"MLPLAB_DATA: expected a folder.*'/no/such/folder'"):
        load_task("tiny")


def test_verify_lists_every_copy_and_what_is_missing(tiny, machine, user_data):
    assert {check[1:] for check in verify("tiny")} == {(False, None)}
    tiny.put(user_data / "tiny")
    tiny.put(machine / "cache" / "tiny", t10k_images=b"damaged")
    load_task("tiny")
    checks = verify("tiny")
    bad = [check for check in checks if not check.ok]
    path = machine / "cache" / "tiny" / "t10k-images-idx3-ubyte.gz"
    assert bad == [("tiny/t10k-images-idx3-ubyte.gz", False, str(path))]
    assert sum(check.where.startswith(str(user_data)) for check in checks) == 4
    decoded = [Path(check.where) for check in checks if "decoded" in check.file]
    assert len(decoded) == 4
    blob = bytearray(decoded[0].read_bytes())
    blob[-1] ^= 1
    decoded[0].write_bytes(blob)
    assert (f"tiny/decoded/{decoded[0].name}", False, str(decoded[0])) in verify("tiny")
    assert set(verify("tiny")) <= set(verify())


def test_the_cache_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MLPLAB_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("MLPLAB_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "mlplab"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for unusable in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", unusable)
        assert cache_folder() == tmp_path / "home" / ".cache" / "mlplab"
    monkeypatch.setattr("sys.platform", "darwin")
    assert cache_folder() == tmp_path / "home" / "Library" / "Caches" / "mlplab"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder() == tmp_path / "local" / "mlplab" / "Cache"
