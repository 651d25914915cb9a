"""Two samples from files: tables, arrays or folders of images."""

from __future__ import annotations

from pathlib import Path

from mlplab.cli.reading import Reading
from mlplab.cli.shift_tables import Pair, read_pair
from mlplab.errors import DataError


def read_samples(
    first: Path, second: Path, label: str | None, reading: Reading, features: str, quiet: bool
) -> tuple[Pair, tuple[str, ...]]:
    """Read two samples, and the names of the second one's images; none of rows.

    Args:
        first, second: CSV or Parquet tables, `.npy` arrays, or folders of images; both alike.
        label: the column with labels; the second table need not have it.
        reading: how CSV files are written.
        features: what makes numbers of images, as `image_features` takes it.
        quiet: show no progress.

    Raises:
        click.UsageError: no such label column, or samples of two forms.
        DataError: a file that is not there or not readable.
    """
    for path in (first, second):
        if not path.exists():
            raise DataError(f"{path}: no such file or folder")
    if first.is_dir() != second.is_dir():
        file, folder = (second, first) if first.is_dir() else (first, second)
        raise DataError(f"{folder} is a folder and {file} a file; expected two of one form")
    if not first.is_dir():
        return read_pair(first, second, label, reading, detects=True), ()
    if label is not None:
        raise DataError(f"--label names a column of a table; {first} is a folder of images")
    from mlplab.shift import image_features

    parts = [image_features(path, features, progress=not quiet) for path in (first, second)]
    notes = (f"images as {parts[0].values.shape[1]} features ({features})",)
    pair = Pair(parts[0].values, parts[1].values, notes=notes)
    return pair, tuple(str(name) for name in parts[1].files)
