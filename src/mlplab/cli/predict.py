"""`mlplab predict`: the rows of a CSV file, predicted by a model that `mlplab fit` wrote."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.tables import keep_inputs

if TYPE_CHECKING:
    import pandas as pd

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.argument("file", type=_FILE, metavar="FILE.csv")
@click.option("--out", type=_FILE, metavar="OUT.csv", help="Where to.  [default: standard output]")
@click.option("--proba", is_flag=True, help="A probability per class instead of the class.")
@options.as_json
def predict(model: Path, file: Path, out: Path | None, proba: bool, as_json: bool) -> None:
    """Predict the rows of FILE.csv with a MODEL that `mlplab fit` wrote.

    The file needs the columns that the model was fitted on, in any order; a column of ids, where
    the model knows one, names the rows.

    \b
    mlplab predict reports/train/model.mlplab new.csv --out predictions.csv
    """
    keep_inputs((model, file), {"--out": out})
    from mlplab.tabular import load_table_model, read_table

    loaded = load_table_model(model)
    if proba and loaded.task != "classification":
        raise click.UsageError("--proba: this model predicts numbers; leave it out")
    table = read_table(file, schema=loaded.schema)
    found = _predictions(loaded, table.frame, proba)
    text = _as_csv(found)
    if out is not None:
        _write_whole(out, text)
    if as_json:
        write_json(
            {
                "model": str(model),
                "file": str(file),
                "target": loaded.target,
                "n_rows": len(found),
                "out": out and str(out),
                "predictions": found.to_dict("records"),
            }
        )
    elif out is not None:
        click.echo(f"{out}: {len(found)} predictions of {loaded.target}")
    else:
        click.echo(text, nl=False)


def _predictions(model: Any, frame: pd.DataFrame, proba: bool) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    ids = [name for name in model.schema.names("id") if name in frame][:1]
    out: dict[str, Any] = {name: frame[name].tolist() for name in ids}
    if proba:
        given = np.asarray(model.predict_proba(frame), np.float64)
        out |= {str(name): given[:, i].tolist() for i, name in enumerate(model.classes)}
    else:
        out[model.target] = np.asarray(model.predict(frame)).tolist()
    return pd.DataFrame(out)


def _as_csv(frame: pd.DataFrame) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(frame.itertuples(index=False, name=None))
    return stream.getvalue()


def _write_whole(path: Path, text: str) -> None:
    from mlplab.data.places import fresh_file
    from mlplab.errors import DataError

    try:
        with fresh_file(path) as draft:
            draft.write_text(text, encoding="utf-8", newline="")
    except OSError as problem:
        raise DataError(f"{path}: cannot be written ({problem.strerror or problem})") from None
