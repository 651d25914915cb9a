"""Data sets and the store from the command line."""

from __future__ import annotations

from mlplab.data import available
from mlplab.store import Store

TINY = ("train", "digits", "--hidden", "8", "--epochs", "1", "--seeds", "2")


def test_data_sets_are_listed_with_what_is_known_of_them(document, invoke):
    said = document("data")
    assert [one["name"] for one in said] == [info.name for info in available()]
    digits = next(one for one in said if one["name"] == "digits")
    assert (digits["n_features"], digits["kind"]) == (64, "classification")
    assert set(digits) == {
        *("name", "description", "kind", "n_train", "n_test", "n_features", "where"),
        *("defaults", "valid"),
    }
    shown = invoke("data", "list").stdout
    assert all(one["name"] in shown for one in said)
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_what_needs_no_files_is_there_at_once(document, invoke):
    assert document("data", "fetch", "xor")["name"] == "xor"
    assert invoke("data", "fetch", "digits").stdout.startswith("digits: ")
    assert document("data", "verify", "digits") == []
    assert "no files to verify" in invoke("data", "verify", "digits").stdout


def test_a_damaged_copy_is_told_and_is_a_failure(home, invoke, document):
    files = [one["file"].split("/") for one in document("data", "verify")]
    names = [name for folder, name in files if folder == "fashion-mnist"]
    assert names
    for name in names:
        path = home / "cache" / "fashion-mnist" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not an image")
    result = invoke("data", "verify", "fashion-mnist")
    assert result.exit_code == 1
    assert result.stdout.count("damaged: ") == len(names)
    (line,) = result.stderr.splitlines()
    assert line.startswith("mlplab: error: not sound: ")


def test_the_store_says_what_it_holds(invoke, document):
    invoke(*TINY)
    said = document("store")
    assert said["rows"]["outcomes"] == 2
    assert said["stale"] == 0
    assert said["where"].endswith("runs.sqlite")
    shown = invoke("store", "info").stdout
    assert "2 outcomes" in shown
    assert "1 looks" in " ".join(shown.split())


def test_pruning_removes_what_is_named_and_a_dry_run_nothing(invoke, document):
    invoke(*TINY)
    assert document("store", "prune")["rows"] == {}
    would = document("store", "prune", "--older-than", "0", "--dry-run")
    assert would["rows"]["outcomes"] == 2
    assert would["dry_run"]
    assert Store().info().rows["outcomes"] == 2
    assert "removed 2 " in invoke("store", "prune", "--older-than", "0").stdout
    assert Store().info().rows["outcomes"] == 0
    assert Store().info().rows["looks"] == 1


def test_weights_are_kept_on_request_and_pruned_alone(invoke, document):
    invoke(*TINY, "--keep-weights")
    assert Store().info().rows["weights"] == 2
    assert document("store", "prune", "--weights")["rows"] == {"weights": 2}
    assert document(*TINY)["from_store"] == 2


def test_the_current_engine_cannot_be_pruned_by_version(invoke):
    invoke(*TINY)
    current = Store().info().engine
    result = invoke("store", "prune", "--engine", current)
    (line,) = result.stderr.splitlines()
    assert "is the current one" in line
    assert result.exit_code == 1
