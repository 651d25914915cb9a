"""Every mistake is one line on standard error and the right exit code."""

from __future__ import annotations

import errno
import json

import click
import pytest

from mlplab.cli.exit_status import end, explain
from mlplab.errors import ConfigError, Interrupted, MlplabError, StoreError

RELU = ("relu", "--function", "x", "--interval", "0", "1", "--eps", "0.1")
SWEEP = ("sweep", "digits", "--seeds", "2")
RANDOM = (*SWEEP, "--vary", "lr=0.1", "--search", "random")
MISTAKES = [
    (("train", "digitz"), 2, "data set 'digitz' is not known; did you mean 'digits'"),
    (("train",), 2, "missing argument 'DATA'"),
    (("train", "digits", "--lr", "fast"), 2, "lr: expected number"),
    (("train", "digits", "--lr", "-1"), 2, "lr: expected greater than 0; got -1"),
    (("train", "digits", "--lr", "nan"), 2, "lr: expected"),
    (("train", "digits", "--hidden", "0"), 2, "got 0"),
    (("train", "digits", "--activation", "swirl"), 2, "'swirl'"),
    (("train", "digits", "--init", "magic"), 2, "'magic'"),
    (("train", "digits", "--valid", "2000"), 2, "valid: 2000 leaves none"),
    (("train", "digits", "--valid", "some"), 2, "valid: expected a share"),
    (("train", "digits", "--param", "n"), 2, "--param: expected NAME=VALUE; got 'n'"),
    (("train", "digits", "--param", "n=3"), 2, "has no parameter 'n'"),
    (("train", "digits", "--seeds", "0"), 2, "expected a whole number from 1; got '0'"),
    (("train", "digits", "--seeds", "²"), 2, "expected a whole number from 1; got '²'"),
    (("train", "digits", "--seeds", "9" * 5000), 2, "expected a whole number from 1; got '999"),
    (("train", "xor", "--param", "seed=1.5"), 2, "seed: expected a whole number; got 1.5"),
    (("train", "xor", "--epochs", "9223372036854775808"), 2, "epochs: expected less than"),
    (("train", "xor", "--activation", "prelu:1e39"), 2, "that float32 holds as slope; got '1e39'"),
    (("train", "digits", "--seeds", "many"), 2, "got 'many'"),
    (("train", "digits", "--seeds", "999999999999"), 2, "expected at most 10000000"),
    (("train", "digits", "--seed", "9223372036854775808"), 2, "whole numbers from 0"),
    (("train", "digits", "--seed", "-3"), 2, "got '-3'"),
    (("train", "digits", "--seed", "1", "--seeds", "2"), 2, "give one of them"),
    (("train", "digits", "--threads", "0"), 2, "expected a whole number from 1"),
    (("train", "digits", "--device", "abacus"), 2, "'abacus'"),
    (("train", "digits", "--plan", "--device", "cuda:99"), 2, "'cuda:99' is not available here"),
    ((*SWEEP, "--vary", "lr=0.1", "--device", "cuda:x"), 2, "got 'cuda:x'"),
    (("run", "4.2.1", "--device", "mps:9"), 2, "'mps:9' is not available here"),
    (("train", "digits", "--on", "slrm"), 2, "on: expected here, ray, slurm"),
    (("train", "digits", "--on", "slrm"), 2, "got 'slrm'; did you mean 'slurm'?"),
    (("train", "digits", "--cpus", "2"), 2, "--cpus: works with --on ray or slurm only"),
    (("train", "digits", "--time", "5"), 2, "--time: works with --on slurm only"),
    ((*RELU, "--out", ""), 1, "expected a file's name"),
    (("run", "4.2.1", "--on", "ray", "--time", "5"), 2, "--time: works with --on slurm only"),
    (("train", "digits", "--on", "slurm", "--cpus", "0"), 2, "expected a whole number from 1"),
    (
        ("train", "digits", "--on", "slurm", "--gpus", "2"),
        2,
        "gpus: expected less than or equal to 1; got 2",
    ),
    (("train", "digits", "--on", "slurm", "--time", "1h"), 2, "time: expected a time such as 30"),
    (("train", "digits", "--on", "slurm", "--time", "999-0"), 2, "time: expected at most a year"),
    (("train", "digits", "--on", "slurm", "--time", "0:30"), 2, "at least a minute"),
    (("run", "4.2.1", "--on", "slurm", "--partition", "a b"), 2, "partition: expected"),
    ((*SWEEP, "--vary", "lr=1", "--on", "slurm", "--device", "meta"), 2, "'meta' is not available"),
    (("train", "digits", "--optimizer", "adam", "--momentum", "0.9"), 2, "adam has no such"),
    (("train", "digits", "--learning-rate", "1"), 2, "'--learning-rate'; did you mean '--lr'?"),
    (("train", "digits", "--lernrate", "1"), 2, "no such option '--lernrate'"),
    (("train", "digits", "--store", "no/such/folder/runs"), 1, "its folder does not exist"),
    (("train", "digits", "--store", "."), 1, "is a folder"),
    (("train", "digits", "--store", "mysql://x/y"), 1, "cannot keep a store in a 'mysql'"),
    ((*SWEEP,), 2, "missing option '--vary'"),
    ((*SWEEP, "--vary", "depth=3"), 2, "no field 'depth' in this run"),
    ((*SWEEP, "--vary", "lr=0.1,fast"), 2, "'fast'"),
    ((*SWEEP, "--vary", "lr=0.1,-2"), 2, "got -2"),
    ((*SWEEP, "--vary", "seed=1,2"), 2, "'seed' is no factor"),
    ((*SWEEP, "--vary", "lr=0.1,0.1"), 2, "two arms are the same run"),
    ((*SWEEP, "--vary", "lr=0.1", "--search", "magic"), 2, "no search 'magic'; known: grid"),
    ((*SWEEP, "--vary", "lr=0.1", "--metric", "test_accuracy"), 2, "would choose by the test"),
    ((*SWEEP, "--vary", "lr=0.1", "--metric", "valid_beauty"), 2, "valid_beauty"),
    ((*SWEEP, "--vary", "lr=0.1", "--valid", "0", "--score-test"), 2, "--valid 0.1"),
    (("run", "4.2.1a"), 2, "no exercise '4.2.1a'; did you mean '4.2.1'"),
    (("run", "4.2.1", "no-such-one"), 2, "no exercise 'no-such-one'"),
    (("run", "4.2.1", "--profile", "brisk"), 2, "'brisk' is not one of"),
    (("run", "4.2.1", "--seeds", "none"), 2, "got 'none'"),
    (("run", "4.9.3", "4.2.1", "--images", "."), 2, "4.2.1 takes no folder of images"),
    (("train", "rows.CSV"), 2, "`mlplab fit rows.CSV --target COLUMN` trains on"),
    (("sweep", "rows.csv", "--vary", "lr=1,2"), 2, "`mlplab fit rows.csv --target COLUMN`"),
    (("data", "fetch", "digits", "--to", "x"), 2, "has no files to copy: it ships with"),
    (("data", "fetch", "digitz"), 2, "did you mean 'digits'"),
    (("data", "verify", "digitz"), 2, "did you mean 'digits'"),
    (("store", "info", "--store", "nothing.sqlite"), 1, "there is no store at"),
    (("store", "prune", "--store", "nothing.sqlite"), 1, "there is no store at"),
    (("claims", "--store", "nothing.sqlite"), 1, "there is no store at"),
    (("completion", "tcsh"), 2, "'tcsh' is not one of"),
    (("bench", "Z"), 2, "no workload 'Z'; known: A, "),
    (("train", "digits", "--optimizer", "adamm"), 2, "; did you mean 'adam'?"),
    (("train", "digits", "--activation", "rleu"), 2, "; did you mean 'relu'?"),
    (("train", "digits", "--loss", "mse"), 2, "; did you mean 'squared'?"),
    (("train", "digits", "--norm", "batchnorm"), 2, "; did you mean 'batch'?"),
    (("train", "digits", "--init", "kaiming"), 2, "; did you mean 'he'?"),
    (("train", "digits", "--schedule", "cosin"), 2, "; did you mean 'cosine'?"),
    (("train", "digits", "--test", "nevr"), 2, "; did you mean 'never'?"),
    (("train", "digits", "--measures", "gradnorm"), 2, "; did you mean 'grad_norm'?"),
    (("train", "spirals", "--param", "turn=2"), 2, "; did you mean 'turns'?"),
    ((*SWEEP, "--vary", "optimizer=sgd,admaw"), 2, "; did you mean 'adamw'?"),
    ((*SWEEP, "--vary", "optimizer=sgd(momentun=0.9)"), 2, "did you mean 'momentum'?"),
    ((*SWEEP, "--vary", "activation=tanh,sigmod"), 2, "; did you mean 'sigmoid'?"),
    ((*SWEEP, "--vary", "lr=0.1", "--search", "rnadom"), 2, "; did you mean 'random'?"),
    ((*SWEEP, "--vary", "lr=0.1", "--metric", "valid_acc"), 2, "did you mean 'valid_accuracy'?"),
    ((*SWEEP, "--vary", "lr=0.1", "--budget", "9"), 2, "works with the other searches (see"),
    ((*RANDOM, "--budget", "1e3"), 2, "'--budget': expected a whole number from 1; got '1e3'"),
    ((*RANDOM, "--metric", "valid_acc"), 2, "did you mean 'valid_accuracy'?"),
    ((*RANDOM, "--metric", "test_rmse"), 2, "choose by valid_rmse, and --score-test scores"),
    ((*RANDOM, "--better", "lower"), 2, "--better: valid_accuracy is better higher"),
    ((*RANDOM, "--valid", "0"), 2, "--search: nothing chooses; --valid 0.1 holds out rows"),
    ((*SWEEP, "--vary", "lr=0.1", "--metric", "valid_loss", "--valid", "0"), 2, "--valid 0.1"),
    (("run", "4.2.1", "--profile", "quik"), 2, "; did you mean 'quick'?"),
    (("completion", "bsh"), 2, "; did you mean 'bash'?"),
    (("store", "inof"), 2, "no command 'inof'; did you mean 'info'?"),
    (("data", "fetsh", "digits"), 2, "no command 'fetsh'; did you mean 'fetch'?"),
    (("bench", "memroy"), 2, "no workload 'memroy'; did you mean 'memory'?"),
    (("trian",), 2, "no command 'trian'; did you mean 'train'"),
    (("--fast",), 2, "no such option '--fast'"),
]


@pytest.mark.parametrize(("args", "code", "says"), MISTAKES, ids=lambda part: str(part)[:60])
def test_a_mistake_is_one_line(args, code, says, invoke):
    result = invoke(*args)
    (line,) = result.stderr.splitlines()
    assert line.startswith("mlplab: error: ")
    assert says in line
    assert result.exit_code == code
    assert result.stdout == ""


def test_a_store_that_is_no_database_is_one_line(home, invoke):
    (home / "letter").write_text("Dear store, " * 400)
    result = invoke("store", "--store", "letter")
    (line,) = result.stderr.splitlines()
    assert "is not a database" in line
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("problem", "code", "says"),
    [
        (ConfigError("lr: no"), 2, "error: lr: no"),
        (StoreError("gone\nand away"), 1, "error: gone and away"),
        (MlplabError("a worker failed: Traceback (most recent call last):\n  x\nE: y"), 1, "E: y"),
        (Interrupted("interrupted: 3 of 5 runs kept"), 1, "interrupted: 3 of 5 runs kept"),
        (KeyboardInterrupt(), 1, "the same command continues"),
        (click.Abort(), 1, "the same command continues"),
        (MemoryError(), 1, "--threads 1"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "error: No space left on device; fr"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "x/y"), 1, "x/y: Disk quota exceeded; free"),
        (PermissionError(errno.EACCES, "Permission denied", "x/y"), 1, "x/y: Permission denied"),
        (RuntimeError("boom"), 1, "RuntimeError: boom (this is a bug; run with MLPLAB_DEBUG=1"),
        (AssertionError(), 1, "AssertionError (this is a bug"),
    ],
    ids=repr,
)
def test_each_kind_of_problem_has_its_line_and_code(problem, code, says, capsys):
    assert explain(problem)[1] == code
    assert end(problem) == code
    captured = capsys.readouterr()
    (line,) = captured.err.splitlines()
    assert line.startswith("mlplab: ")
    assert says in line
    assert captured.out == ""


def test_a_bug_shows_its_traceback_when_asked(invoke, monkeypatch):
    def broken(name: str | None) -> None:
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr("mlplab.data.verify", broken)
    quiet = invoke("data", "verify")
    (line,) = quiet.stderr.splitlines()
    assert line.endswith("run with MLPLAB_DEBUG=1 for the traceback)")
    assert quiet.exit_code == 1
    monkeypatch.setenv("MLPLAB_DEBUG", "1")
    loud = invoke("data", "verify")
    assert "Traceback (most recent call last)" in loud.stderr
    assert "in broken" in loud.stderr
    assert loud.exit_code == 1


def test_a_benchmark_that_could_not_be_measured_is_a_failure(invoke, monkeypatch):
    from mlplab.bench import harness
    from mlplab.bench.process import Sample
    from mlplab.bench.timing import Timing
    from mlplab.bench.workloads import Measure

    def broken(measure: Measure) -> Sample:
        if measure.name == "ours":
            return Sample(Timing("ours", 0.1, 1, "made up"), None)
        raise MlplabError("no network")

    real = harness.run_bench
    monkeypatch.setattr(harness, "run_bench", lambda names, n, report: real(names, n, None, broken))
    result = invoke("bench", "C", "--json", "--quiet")
    (row,) = json.loads(result.stdout)
    assert {"workload", "target", "ours_seconds", "baselines", "ratios", "versions"} <= set(row)
    (line,) = result.stderr.splitlines()
    assert line.startswith("mlplab: error: not everything was measured")
    assert result.exit_code == 1


def test_a_reader_that_leaves_early_is_no_error(start):
    process = start("data", "list", "--json")
    process.stdout.close()
    process.stdout = None
    _, errors = process.communicate(timeout=60)
    assert errors == ""
    assert process.returncode == 1
