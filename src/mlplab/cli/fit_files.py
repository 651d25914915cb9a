"""What a fit writes: the model, the page with its numbers, the submission; each whole or not."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli.tables import Asked, Places
from mlplab.errors import DataError, Interrupted, MlplabError

if TYPE_CHECKING:
    from mlplab.tabular import TableModel
    from mlplab.tabular.explanation import Explanation


TYPED = "mlplab.fit.typed"
"""Where the context keeps the words that were typed."""


@dataclass(frozen=True, eq=False, slots=True)
class Kept:
    """What was written of a model before its page.

    Attributes:
        submission: its path; None if none was asked for, or it was refused.
        n_predicted: rows of the submission.
        refused: why the submission was not written.
    """

    submission: Path | None
    n_predicted: int
    refused: MlplabError | None


@dataclass(frozen=True, eq=False, slots=True)
class Written:
    """The page: its path, and its numbers."""

    page: Path
    explanation: Explanation


def make_folders(places: Places) -> None:
    """Make the folders and see that they can be written to, before anything is trained.

    Raises:
        MlplabError: names the folder that cannot.
    """
    files = [places.folder, places.model.parent]
    files += [places.submission.parent] if places.submission else []
    for folder in files:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            reason = problem.strerror or str(problem)
            raise MlplabError(f"{folder}: cannot be made ({reason}); name another") from None
        if not os.access(folder, os.W_OK | os.X_OK):
            raise MlplabError(f"{folder}: cannot be written to; name another folder")


def write_model(model: TableModel, asked: Asked, places: Places) -> Kept:
    """Write the model, then the submission; a refused one stops nothing else.

    Raises:
        Interrupted: by Ctrl-C; says what had been written.
        MlplabError: a file cannot be written.
    """
    kept: list[str] = []
    try:
        model.save(places.model)
        kept.append(f"the model is at {places.model}")
        refused, submission = None, None
        try:
            submission = _submit(model, asked, places)
        except DataError as problem:
            refused = problem
    except KeyboardInterrupt:
        raise _interrupted(kept) from None
    n_predicted = 0 if submission is None or asked.test is None else len(asked.test.frame)
    return Kept(submission, n_predicted, refused)


def write_fit_page(
    model: TableModel,
    asked: Asked,
    places: Places,
    kept: Kept,
    seconds: float,
    inputs: tuple[Path | None, ...],
) -> Written:
    """Compute what the page tells, and write it.

    Args:
        model: fitted, and written.
        asked: the tables.
        places: where to.
        kept: what was written before.
        seconds: about as long as the page's numbers may take.
        inputs: files that nothing may overwrite.

    Raises:
        Interrupted: by Ctrl-C; says what had been written.
        MlplabError: a file cannot be written.
    """
    from mlplab.pages import write_page
    from mlplab.pages.table_page import table_report
    from mlplab.tabular.explanation import explain

    test = None if asked.test is None else asked.test.frame
    try:
        explanation = explain(model, asked.train.frame, test, seconds=seconds)
        report = table_report(
            explanation,
            name=Path(asked.train.source).name,
            test_name="" if asked.test is None else Path(asked.test.source).name,
            n_dropped=asked.train.n_dropped,
            n_copies=asked.n_copies,
            command=_typed(),
        )
        keep = (*inputs, places.model, kept.submission)
        page = write_page(report, places.folder, own_folder=False, keep=keep)
    except KeyboardInterrupt:
        said = [f"the model is at {places.model}"]
        said += [f"the submission at {kept.submission}"] if kept.submission else []
        raise _interrupted(said) from None
    return Written(page, explanation)


def _interrupted(kept: list[str]) -> Interrupted:
    said = "; ".join(kept) or "no model was written"
    return Interrupted(f"interrupted: {said}; no page was written; the same command goes on")


def _submit(model: TableModel, asked: Asked, places: Places) -> Path | None:
    """Predict the test rows and write them as the competition expects.

    Raises:
        DataError: a prediction that cannot be right.
    """
    from mlplab.tabular import write_submission

    if asked.test is None or places.submission is None:
        return None
    settings: dict[str, Any] = {}
    if model.task == "classification":
        settings["classes"] = [str(label) for label in model.classes]
    else:
        settings["positive"] = bool((asked.train.target > 0).all())
    predictions, name = model.predict(asked.test.frame), asked.id_column
    try:
        return write_submission(
            places.submission,
            None if name is None else asked.test.frame[name].tolist(),
            predictions,
            id_column=name or "Id",
            target=str(asked.train.schema.target),
            **settings,
        )
    except DataError as problem:
        hint = "; --metric log-rmse predicts positive numbers" if "above 0" in str(problem) else ""
        raise DataError(f"{problem}{hint}; no submission was written") from None


def _typed() -> str:
    """The command as it was typed, for the page."""
    words = click.get_current_context().meta.get(TYPED, ())
    return shlex.join(["mlplab", "fit", *words])
