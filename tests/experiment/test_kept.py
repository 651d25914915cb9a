"""What a store holds, asked for by those who did not put it there."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlplab import extras
from mlplab.data import Task, load_task
from mlplab.errors import ConfigError, DataError, StoreError
from mlplab.experiment import Experiment, Runs, kept
from mlplab.experiment.export import export_runs
from mlplab.experiment.kept import Asked, Kept, KeptRun, kept_runs
from mlplab.search import Search
from mlplab.specs import Adam, Difference, Fit, Outcome, Run, TaskRef
from mlplab.store import Store

RATES = [0.1, 0.2, 0.5]


@pytest.fixture
def runs(task: Task, store: Store, fake: Any) -> Runs:
    fake.diverges = lambda run: run.optim.lr == 0.5 and run.seed == 1
    base = Run(fit=Fit(epochs=3))
    vary = {"lr": RATES, "hidden": [256, (8, 4)]}
    return Experiment(task, base, vary, seeds=3, name="rates").run(store, backend=fake.backend)


@pytest.fixture
def others(task: Task, store: Store, fake: Any) -> Runs:
    base = Run(optim=Adam(), fit=Fit(epochs=2, measures=("grad_norm",), test="never"))
    experiment = Experiment(task, base, seeds=[5, 6], name="4.2.1 widths, quick")
    return experiment.run(store, backend=fake.backend)


def keys(found: Kept) -> set[str]:
    return {run.key for run in found.runs}


def test_what_experiments_trained_is_there_the_newest_first(
    runs: Runs, others: Runs, store: Store
) -> None:
    everything = kept_runs(store)
    assert keys(everything) == {*runs.outcomes, *others.outcomes}
    assert {run.key for run in everything.newest(2).runs} == set(others.outcomes)
    cells = {cell.key: cell for cell in (*runs.cells, *others.cells)}
    for run in everything.runs:
        assert run.seed == cells[run.key].seed
        assert run.task == "arrays"


def test_runs_are_found_by_factors_status_metric_and_experiment_together(
    runs: Runs, others: Runs, store: Store
) -> None:
    everything = kept_runs(store)
    for rate in RATES:
        found = everything.select(Asked(where=[[{"optim.lr": rate}]]))
        assert keys(found) == {c.key for c in runs.cells if c.run.optim.lr == rate}
    both = Asked(where=[[{"optim.lr": 0.1}, {"optim.lr": 0.2}], [{"net.hidden": [8, 4]}]])
    wanted = {c.key for c in runs.cells if c.run.optim.lr < 0.5 and c.run.net.hidden == (8, 4)}
    assert keys(everything.select(both)) == wanted
    assert keys(everything.select(Asked(experiment="rates"))) == set(runs.outcomes)
    assert keys(everything.select(Asked(metrics=["grad_norm"]))) == set(others.outcomes)
    diverged = everything.select(Asked(status="diverged", experiment="rates", task="arrays"))
    assert keys(diverged) == {k for k, one in runs.outcomes.items() if one.status == "diverged"}
    assert len(everything.select(Asked(experiment="rates", metrics=["train_loss"]))) == len(runs)
    assert not everything.select(Asked(experiment="rates", where=[[{"seed": 5}]])).runs


@pytest.mark.parametrize("name", ["4.2.1 widths, quick", "4.2.1 widths,", "4.2.1", "4.2", "4"])
def test_an_experiment_is_found_by_what_its_name_begins_with(
    runs: Runs, others: Runs, store: Store, name: str
) -> None:
    assert keys(kept_runs(store).select(Asked(experiment=name))) == set(others.outcomes)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Asked(task="arays"), "task: no run here is of 'arays'; did you mean 'arrays'"),
        (Asked(experiment="rate"), "none here is called 'rate'; did you mean 'rates'"),
        (Asked(experiment="4.2.1 wid"), "none here is called '4.2.1 wid'"),
        (Asked(metrics=["valid_acuracy"]), "record no 'valid_acuracy'; did you mean 'valid_accu"),
        (Asked(metrics=["grad_norm"], experiment="rates"), "these runs record no 'grad_norm'"),
    ],
)
def test_a_name_that_nothing_has_is_one_line(
    runs: Runs, others: Runs, store: Store, asked: Asked, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        kept_runs(store).select(asked)


def test_every_way_to_train_notes_its_runs(task: Task, store: Store, fake: Any) -> None:
    claim = Difference(says="c", arm={"lr": 0.3}, baseline={"lr": 0.1}, expect="higher")
    two = Experiment(task, Run(), {"lr": [0.1, 0.3]}, claims=[claim], seeds=8, name="until decided")
    decided = two.run(store, backend=fake.backend, until_decided=True)
    assert set(decided.outcomes) <= keys(kept_runs(store).select(Asked(experiment=two.name)))
    best = decided.best("valid_accuracy")
    before = keys(kept_runs(store))
    best.score_test()
    fresh = keys(kept_runs(store)) - before
    assert fresh
    assert fresh <= keys(kept_runs(store).select(Asked(experiment=two.name)))
    before = keys(kept_runs(store))
    search = Search(task, space={"lr": [0.01, 0.02, 0.03]}, budget=30, finalist_seeds=2)
    search.run(store, backend=fake.backend)
    tried = keys(kept_runs(store)) - before
    assert tried == keys(kept_runs(store).select(Asked(experiment="search by random")))


def test_an_interrupted_experiment_is_known_by_what_it_finished(
    task: Task, store: Store, fake: Any
) -> None:
    fake.stop_after = 2
    experiment = Experiment(task, Run(), seeds=5, name="cut short")
    with pytest.raises(Exception, match="interrupted"):
        experiment.run(store, backend=fake.backend)
    assert len(kept_runs(store).select(Asked(experiment="cut short"))) == 2


def test_runs_of_an_older_version_are_found_by_the_data_that_they_hold(
    store: Store, make_fake: Any
) -> None:
    digits = load_task("digits")
    run = Run(task=TaskRef(**digits.spec()), fit=Fit(epochs=1))
    store.put([make_fake().outcome(run, digits)], {run.key: run.text})
    store.put_verdicts("rates", [{"id": "c", "n_seeds": 8}])
    everything = kept_runs(store)
    (only,) = everything.runs
    assert only.task == f"data {digits.content[:8]}"
    for name in ("digits", only.task, digits.content[:12]):
        assert keys(everything.select(Asked(task=name))) == {run.key}
    assert not everything.select(Asked(task="spirals")).runs
    with pytest.raises(ConfigError, match=r"older mlplab ran 'rates'.*running it again"):
        everything.select(Asked(experiment="rates"))
    store.put_membership("rates", "digits", digits.content, [run.key])
    assert kept_runs(store).runs[0].task == "digits"


def test_a_key_is_found_by_its_beginning(runs: Runs, store: Store) -> None:
    everything = kept_runs(store)
    n = everything.digits_apart(1)
    shown = {run.key[:n] for run in everything.runs}
    assert len(shown) == len(everything)
    assert len({key[: n - 1] for key in shown}) < len(shown)
    for run in everything.runs:
        assert everything.find(f" {run.key[:n].upper()} ") is run
    with pytest.raises(ConfigError, match=r"key: '' begins those of 18 runs: .*, \.\.\. \(18 in"):
        everything.find("")
    first = everything.runs[0].key
    with pytest.raises(ConfigError, match=f"no run's begins so; nearest: {first[:8]}"):
        everything.find(first[:12] + "x")
    with pytest.raises(ConfigError, match="no run's begins so; `mlplab runs` lists them"):
        everything.find("zz")


def test_frames_say_what_the_frame_of_the_runs_says(
    runs: Runs, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_AT_ONCE", 4)
    for last in (False, True):
        own = runs.frame(last=last).sort_values(["key", "epoch"], ignore_index=True)
        parts = list(kept_runs(store).frames(last=last))
        assert len(parts) == 5
        assert len({tuple(part.columns) for part in parts}) == 1
        whole = pd.concat(parts).sort_values(["key", "epoch"], ignore_index=True)
        same = [name for name in own.columns if name not in ("arm", "net.hidden")]
        pd.testing.assert_frame_equal(whole[same], own[same], check_dtype=False)
        written = {256: "256", (8, 4): "8x4"}
        assert whole["net.hidden"].tolist() == [written[value] for value in own["net.hidden"]]
        assert set(whole["task"]) == {"arrays"}


@pytest.mark.parametrize("to", ["csv", "parquet"])
def test_a_file_holds_the_frames(
    runs: Runs, others: Runs, store: Store, tmp_path: Path, to: str, monkeypatch: Any
) -> None:
    if to == "parquet":
        pytest.importorskip("pyarrow")
    monkeypatch.setattr(kept, "_AT_ONCE", 4)
    everything, path = kept_runs(store), tmp_path / f"runs.{to}"
    seen: list[Any] = []
    n_rows = export_runs(everything, path, to, progress=seen.append)
    read = pd.read_csv(path) if to == "csv" else pd.read_parquet(path)
    whole = pd.concat(list(everything.frames()), ignore_index=True)
    assert n_rows == len(read) == len(whole)
    assert list(read.columns) == list(whole.columns)
    for name in whole.columns:
        wanted = whole[name].astype("string").fillna("")
        if whole[name].dtype.kind == "f" or name in ("optim.lr", "diverged_epoch"):
            pd.testing.assert_series_equal(
                read[name].astype(float), whole[name].astype(float), check_dtype=False
            )
        else:
            assert read[name].astype("string").fillna("").tolist() == wanted.tolist(), name
    assert [one.n_done for one in seen] == sorted(one.n_done for one in seen)
    assert seen[-1].n_done == len(everything)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="no colon in names of folders")
def test_a_path_that_looks_like_an_address_is_a_path(
    runs: Runs, store: Store, tmp_path: Path, monkeypatch: Any
) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    Path("s3:").mkdir()
    export_runs(kept_runs(store), Path("s3:/runs.parquet"), "parquet", last=True)
    with Path("s3:/runs.parquet").open("rb") as stream:
        assert len(pd.read_parquet(stream)) == len(kept_runs(store))


def test_columns_of_a_parquet_file_have_one_type_in_every_part(
    runs: Runs, others: Runs, store: Store, tmp_path: Path, monkeypatch: Any
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(kept, "_AT_ONCE", 2)  # the first part: no lr but Adam's, no test metric
    export_runs(kept_runs(store), tmp_path / "runs.parquet", "parquet")
    types = {one.name: str(one.type) for one in pq.read_schema(tmp_path / "runs.parquet")}
    assert (types["seed"], types["epoch"], types["diverged_epoch"]) == ("int64",) * 3
    assert (types["optim.lr"], types["test_loss"], types["grad_norm"]) == ("double",) * 3
    assert (types["net.hidden"], types["optim"], types["fit.epochs"]) == (
        "string",
        "string",
        "int64",
    )


def test_a_stream_gets_what_a_file_gets(runs: Runs, store: Store, tmp_path: Path) -> None:
    stream = io.StringIO()
    export_runs(kept_runs(store), stream, last=True)
    export_runs(kept_runs(store), tmp_path / "runs.csv", last=True)
    assert (tmp_path / "runs.csv").read_text() == stream.getvalue()


def test_what_fails_midway_leaves_the_old_file(
    runs: Runs, store: Store, tmp_path: Path, monkeypatch: Any
) -> None:
    path = tmp_path / "runs.csv"
    path.write_text("old")

    def fail(self: Kept, *, last: bool) -> Any:
        yield runs.frame()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Kept, "frames", fail)
    with pytest.raises(DataError, match=r"cannot write .*runs\.csv: No space left"):
        export_runs(kept_runs(store), path)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["old"]


def test_parquet_without_its_package_is_one_line_and_no_file(
    runs: Runs, store: Store, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="--to parquet needs pyarrow, which is not") as caught:
        export_runs(kept_runs(store), tmp_path / "runs.parquet", "parquet")
    assert str(caught.value).endswith(extras.install_line("pyarrow"))
    assert not list(tmp_path.iterdir())


def test_runs_whose_text_was_not_kept_are_listed_and_fit_nothing(
    store: Store, make_fake: Any, task: Task
) -> None:
    run = Run(fit=Fit(epochs=2))
    store.put([make_fake().outcome(run, task)])
    everything = kept_runs(store)
    (only,) = everything.runs
    assert (only.task, only.factors) == ("unknown", {})
    assert not everything.select(Asked(where=[[{"optim.lr": 0.1}]])).runs
    assert not list(everything.frames())  # not even the seed is known
    with pytest.raises(ConfigError, match="no run whose settings were kept"):
        export_runs(everything, io.StringIO())


def test_a_network_without_a_field_has_no_value_of_it(store: Store, make_fake: Any) -> None:
    texts = [
        {"net": {"kind": "module", "name": "mine", "settings": [["width", 8]]}},
        {"net": {"dropout": [0.2], "hidden": [8]}},
        {"optim": {"kind": "custom", "name": "own", "settings": [["every", 3], ["on", True]]}},
    ]
    outcomes = [Outcome(f"{n:032x}", "p", "finished", 1, {}, 0.1, 7) for n in range(len(texts))]
    store.put(outcomes, {f"{n:032x}": json.dumps(text) for n, text in enumerate(texts)})
    everything = kept_runs(store)
    assert keys(everything.select(Asked(where=[[{"net.dropout": [0.2]}]]))) == {f"{1:032x}"}
    assert everything.settings() == {"width", "every", "on"}
    frame = next(everything.frames(last=True)).set_index("key")
    assert frame.loc[f"{2:032x}", "optim.settings.every"] == 3
    assert frame["net.settings.width"].isna().tolist() == [
        key != f"{0:032x}" for key in frame.index
    ]


def test_whole_numbers_that_some_runs_lack_stay_whole_in_a_parquet_file(
    store: Store, tmp_path: Path
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    settings = [[["every", 3], ["on", True]], []]
    texts = [{"optim": {"kind": "custom", "name": "own", "settings": one}} for one in settings]
    outcomes = [Outcome(f"{n:032x}", "p", "finished", 1, {}, 0.1, 7) for n in range(len(texts))]
    store.put(outcomes, {f"{n:032x}": json.dumps(text) for n, text in enumerate(texts)})
    export_runs(kept_runs(store), tmp_path / "runs.parquet", "parquet")
    table = pq.read_table(tmp_path / "runs.parquet").sort_by("key")
    assert table["optim.settings.every"].to_pylist() == [3, None]
    assert table["optim.settings.on"].to_pylist() == [True, None]


def test_values_of_a_column_have_one_type() -> None:
    def column(*values: Any) -> type:
        texts = [{"optim": {"kind": "sgd", "mine": value}} for value in values]
        rows = tuple(_row(json.dumps(text)) for text in texts)
        return Kept(None, rows, ()).factors["optim.mine"]  # type: ignore[arg-type]

    assert (column(1, 2), column(1, 0.5), column(True)) == (int, float, bool)
    assert (column("a", 1), column(True, 1), column([1], [1, 2])) == (str, str, str)


def _row(text: str) -> KeptRun:
    from mlplab.store import Row

    return KeptRun(Row("k", "p", "finished", 1, text, 0.0), {})


@pytest.mark.parametrize(
    "text",
    [
        {"net": {"hidden": ["\ud800"]}},
        {"net": {"\ud800": 3}},
        {"seed": 10**30},
    ],
    ids=str,
)
def test_a_text_that_no_table_can_hold_is_one_line(
    store: Store, tmp_path: Path, text: dict[str, Any]
) -> None:
    key = f"{0:032x}"
    store.put([Outcome(key, "p", "finished", 1, {}, 0.1, 7)], {key: json.dumps(text)})
    with pytest.raises(StoreError, match=f"the stored text of run {key} cannot be read"):
        export_runs(kept_runs(store), tmp_path / "runs.csv")
    assert not list(tmp_path.iterdir())


def test_strange_values_are_listed_and_written(store: Store, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    key, text = f"{0:032x}", {"net": {"dropout": [[0.1], {"a": 1}]}, "fit": {"epochs": 10**30}}
    store.put([Outcome(key, "p", "finished", 1, {}, 0.1, 7)], {key: json.dumps(text)})
    everything = kept_runs(store)
    assert not everything.select(Asked(where=[[{"net.dropout": [0.1]}]])).runs
    assert export_runs(everything, tmp_path / "runs.parquet", "parquet") == 1


def test_a_run_that_recorded_nothing_has_one_row(store: Store) -> None:
    key = f"{0:032x}"
    store.put([Outcome(key, "p", "finished", 2**31 - 1, {}, 0.1, 7)], {key: "{}"})
    for last in (False, True):
        (frame,) = kept_runs(store).frames(last=last)
        assert frame["epoch"].tolist() == [2**31 - 1]


def test_a_metric_called_as_a_column_is_one_line(store: Store) -> None:
    key = f"{0:032x}"
    store.put([Outcome(key, "p", "finished", 1, {"seed": (0.5,)}, 0.1, 7)], {key: "{}"})
    with pytest.raises(DataError, match="metric 'seed': a table of runs has another column"):
        export_runs(kept_runs(store), io.StringIO())
