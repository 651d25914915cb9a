"""`mlplab shift`: whether data have shifted, and what to do about it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.groups import DefaultGroup
from mlplab.cli.one_of import OneOf
from mlplab.cli.reading import Reading, reading_options
from mlplab.cli.screen import note, write, write_table
from mlplab.cli.shift_detect import detect
from mlplab.cli.shift_tables import Pair, read_pair
from mlplab.cli.tables import keep_inputs

if TYPE_CHECKING:
    from mlplab.shift import WeightingAdvice, Weights

_FILE = click.Path(dir_okay=False, path_type=Path)
_METHODS = ("odds", "ulsif", "rulsif", "kliep", "kmm")
# Rows on which trainings with and without weights are compared.
_MOST_ROWS = 5000


@click.group(cls=DefaultGroup)
def shift() -> None:
    """Whether data have shifted, and what to do about it."""


shift.add_command(detect)


@shift.command()
@click.argument("train", type=_FILE, metavar="TRAIN")
@click.option("--target-inputs", "target", type=_FILE, metavar="FILE", required=True,
              help="Rows like those that will be predicted; a label among them is not "
              "looked at.")  # fmt: skip
@click.option("--label", metavar="COL",
              help="The column of TRAIN that will be predicted: it is left out of the inputs, and "
              "networks trained with and without weights say whether these help.")  # fmt: skip
@click.option("--out", type=_FILE, metavar="WEIGHTS.csv",
              help="Where the weights go, a row for each of TRAIN.  [default: none are "
              "written]")  # fmt: skip
@click.option("--method", type=OneOf(_METHODS), default="odds", show_default=True,
              help="odds of networks that tell the tables apart; ulsif or rulsif, least squares; "
              "kliep, likelihood; kmm, kernel mean matching.")  # fmt: skip
@click.option("--clip", type=click.FloatRange(0, min_open=True), metavar="RATIO",
              help="Largest ratio let through.  [default: the mean times the root of the number "
              "of rows]")  # fmt: skip
@click.option("--flatten", type=click.FloatRange(0, 1), default=1.0, show_default=True,
              metavar="POWER", help="Exponent of the ratios; 0 makes all weights "
              "equal.")  # fmt: skip
@click.option("--seed", metavar="S", default="0", show_default=True,
              callback=options.whole_from(0), help="Draws folds, weights and orders.")  # fmt: skip
@reading_options
@options.as_json
@options.quiet
def correct(
    train: Path,
    target: Path,
    label: str | None,
    out: Path | None,
    method: str,
    clip: float | None,
    flatten: float,
    seed: int,
    reading: Reading,
    as_json: bool,
    quiet: bool,
) -> None:
    """Weigh the rows of TRAIN so that they count as rows of another table would.

    For CSV or Parquet tables, or .npy arrays. Weights are the estimated ratio of the inputs'
    densities; they are right where P(label | inputs) is the same in both tables. Says how many
    effective rows they leave, and with --label whether training with them helps: often it does
    not. Where the tables hardly overlap, or too few effective rows are left, the command declines,
    writes nothing and ends with exit code 1.

    \b
    mlplab shift correct train.csv --target-inputs new.csv --label price --out weights.csv
    """
    started = time.monotonic()
    keep_inputs((train, target), {"--out": out})
    pair = read_pair(train, target, label, reading)
    from mlplab.errors import DataError
    from mlplab.shift import correct as find_weights
    from mlplab.shift.detection.copies import copied_rows

    for line in pair.notes:
        note(line, quiet)
    if pair.left_out:
        note(f"not compared: {', '.join(pair.left_out)}", quiet)
    weights = find_weights(
        pair.first, pair.second, method,  # type: ignore[arg-type]  # a word of the option
        clip=clip, flatten=flatten, seed=seed, progress=not quiet,
    )  # fmt: skip
    n_copies = len(copied_rows(pair.first, pair.second))
    if n_copies:
        note(f"{n_copies:,} of {len(pair.second):,} target rows are copies of training rows", quiet)
    for name, why in weights.settings.get("left_out", {}).items():
        note(f"not compared: {name} ({why})", quiet)
    advice = None
    if pair.labels is not None and not weights.declined:
        try:
            advice = _advice(pair, weights, seed, quiet)
        except DataError as problem:
            note(f"whether weights help cannot be judged: {problem}", quiet)
    if out is not None and not weights.declined:
        _write(out, pair, weights)
    if as_json:
        seconds = time.monotonic() - started
        write_json(_document(pair, weights, advice, out, seconds))
    if weights.declined:
        raise DataError(f"declined: {weights.declined}")
    if not as_json:
        _show(pair, weights, advice, out)


def _advice(pair: Pair, weights: Weights, seed: int, quiet: bool) -> WeightingAdvice:
    """Compare networks trained with and without weights, on at most so many rows."""
    import numpy as np

    from mlplab.estimators import MLPClassifier, MLPRegressor
    from mlplab.shift import encode, worth_weighting

    rows = np.arange(len(weights.ratios))
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_ROWS, replace=False))
        note(f"whether weights help is judged on {_MOST_ROWS:,} rows of {len(weights.ratios):,}",
             quiet)  # fmt: skip
    inputs, labels = encode(pair.first, pair.second).first[rows], pair.labels[rows]
    matters = 0.01
    if pair.is_number:
        labels = labels.astype(np.float64)
        return worth_weighting(
            MLPRegressor(progress=False), inputs, labels, weights.values[rows],
            matters=matters, n_repeats=1, seed=seed,
        )  # fmt: skip
    return worth_weighting(
        MLPClassifier(progress=False), inputs, labels.astype(str), weights.values[rows],
        matters=matters, n_repeats=1, seed=seed,
    )  # fmt: skip


def _write(out: Path, pair: Pair, weights: Weights) -> None:
    import csv
    import io

    from mlplab.cli.text_file import write_text

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    ids = pair.ids if pair.ids is not None else range(1, len(weights.ratios) + 1)
    writer.writerow([pair.id_name or "row", "weight"])
    writer.writerows(zip(ids, weights.values.tolist(), strict=True))
    write_text(out, stream.getvalue())


def _document(
    pair: Pair,
    weights: Weights,
    advice: WeightingAdvice | None,
    out: Path | None,
    seconds: float,
) -> dict[str, Any]:
    worth: dict[str, Any] | None = None
    if advice is not None:
        worth = {
            "answer": advice.answer,
            "exponent": advice.exponent,
            "reason": advice.reason,
            "risks": {f"{exponent:g}": risk for exponent, risk in advice.risks.items()},
            "gains": {
                f"{exponent:g}": {"effect": found.effect, "interval": [found.low, found.high]}
                for exponent, found in advice.decisions.items()
            },
        }
    return {
        "rows": [len(pair.first), len(pair.second)],
        "method": weights.method,
        "effective_rows": weights.effective,
        "outside_share": weights.outside,
        "clip": weights.clip,
        "clipped_share": weights.clipped,
        "declined": weights.declined or None,
        "worth": worth,
        "out": str(out) if out is not None and not weights.declined else None,
        "seconds": seconds,
    }


def _show(pair: Pair, weights: Weights, advice: WeightingAdvice | None, out: Path | None) -> None:
    n_rows = len(weights.ratios)
    write(
        f"{n_rows:,} training rows count as {weights.effective:,.0f} ({100 * weights.share:.0f} "
        f"%); {100 * weights.outside:.1f} % of {len(pair.second):,} target rows lie outside them, "
        "where 1 % would without a shift"
    )
    if weights.clipped:
        write(f"{100 * weights.clipped:.2g} % of the ratios were clipped at {weights.clip:.3g}")
    if advice is None and pair.labels is None:
        write("whether weights help: --label says what would be predicted")
    elif advice is not None:
        write(f"train with weights? {advice.answer}: {advice.reason}")
        rows = [
            (f"weights^{e:g}" if e else "none", f"{risk:.4g}",
             "" if not e else f"[{advice.decisions[e].low:.2g}, {advice.decisions[e].high:.2g}]")
            for e, risk in advice.risks.items()
        ]  # fmt: skip
        loss = "squared error" if pair.is_number else "log loss"
        write_table(("trained with", f"target {loss}", "gain"), rows)
    if out is not None:
        write(f"weights: {out}")
