"""`mlplab predict`: the rows of a CSV file, predicted by a model that `mlplab fit` wrote."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.reading import Reading, reading_options
from mlplab.cli.tables import keep_inputs

if TYPE_CHECKING:
    import pandas as pd

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL")
@click.argument("file", type=_FILE, metavar="FILE.csv")
@click.option("--out", type=_FILE, metavar="OUT.csv", help="Where to.  [default: standard output]")
@click.option("--proba", is_flag=True, help="A probability per class instead of the class.")
@reading_options
@options.as_json
@options.quiet
def predict(
    model: Path,
    file: Path,
    out: Path | None,
    proba: bool,
    reading: Reading,
    as_json: bool,
    quiet: bool,
) -> None:
    """Predict the rows of FILE.csv with a MODEL that `mlplab fit` wrote.

    The file needs the columns that the model was fitted on, in any order; a column of ids, where
    the model knows one, names the rows. The model knows which entries are missing and how dates and
    numbers are written; what separates cells, the encoding and the mark before decimals are those
    of the file, and options override all of them.

    \b
    mlplab predict reports/train/model.mlplab new.csv --out predictions.csv
    """
    keep_inputs((model, file), {"--out": out})
    from mlplab.cli.screen import note, write_line
    from mlplab.cli.streams import write_as_it_is
    from mlplab.cli.text_file import write_text
    from mlplab.tabular import load_table_model, read_table

    loaded = load_table_model(model)
    if proba and loaded.task != "classification":
        raise click.UsageError("--proba: this model predicts numbers; leave it out")
    known = loaded.schema.without_target()
    table = read_table(file, schema=known, **reading.cells, **reading.entries(known.missing))
    for line in table.notes:
        note(line, quiet)
    found = _predictions(loaded, table.frame, proba)
    text = _as_csv(found)
    if out is not None:
        write_text(out, text)
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
        write_line(f"{out}: {len(found)} predictions of {loaded.target}")
    else:
        write_as_it_is()
        click.echo(text, nl=False)


def _predictions(model: Any, frame: pd.DataFrame, proba: bool) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    row_id = model.schema.row_id(list(frame.columns))
    out: dict[str, Any] = {} if row_id is None else {row_id: frame[row_id].tolist()}
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
