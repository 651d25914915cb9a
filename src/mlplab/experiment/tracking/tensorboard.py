"""Runs as TensorBoard's event files, a folder each: curves by epoch, settings, final values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

from mlplab.atomic import atomic_file
from mlplab.errors import StoreError
from mlplab.experiment.tracking.children import Child, Each, Group
from mlplab.extras import load

FOLDER = "tensorboard"
_FINAL = "final/"
_LONGEST = 80  # of a folder's name; file systems end at 255 bytes, pages sooner
_ENDING = ".mlplab"


@final
class EventFiles:
    """A folder of event files, for `tensorboard --logdir`.

    Each run has a folder, and in it one file, written whole when the run has ended; a run whose
    file is there is not written again. By tensorboardX: torch's own writer imports all of
    `tensorboard`, with a server and gRPC, to write the same bytes.
    """

    name = "tensorboard"

    def __init__(self, place: str | None = None) -> None:
        self._writers = load("tensorboardX", "tensorboard")
        self._root = Path(place or FOLDER)
        self.where = str(self._root)
        if self._root.exists() and not self._root.is_dir():
            raise StoreError(f"tensorboard: {self._root} is no folder; name one")
        probe = self._root / "probe"
        try:
            with atomic_file(probe) as draft:
                draft.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise StoreError(_unwritable(probe, error)) from None
        self._there: dict[Group, set[str]] = {}

    def begin(self, group: Group, each: Each) -> Each:
        """Return what is there already, runs or arms, else `each`."""
        folder = self._folder(group)
        mark = folder / f"each{_ENDING}"
        try:
            self._there[group] = {path.name for path in folder.rglob(f"*{_ENDING}")}
            there = mark.read_text(encoding="utf-8").strip() if mark.is_file() else ""
            if there in ("run", "arm"):
                return "run" if there == "run" else "arm"
            with atomic_file(mark) as draft:
                draft.write_text(f"{each}\n", encoding="utf-8")
        except OSError as error:
            raise StoreError(_unwritable(mark, error)) from None
        return each

    def has(self, group: Group, child_id: str) -> bool:
        """Look for its file, whatever its folder is called."""
        return _file_name(child_id) in self._there[group]

    def put(self, group: Group, child: Child) -> None:
        """Write a child's file."""
        folder = self._folder(group) / f"{_safe(child.arm)}-{child.arm_id[:8]}"
        if child.seed is not None:
            folder /= f"seed={child.seed}-{child.id[:8]}"
        summaries: list[tuple[int, Any]] = [(0, one) for one in self._settings(child)]
        by_epoch: dict[int, list[Any]] = {}
        for metric, points in child.curves.items():
            for epoch, value in points:
                by_epoch.setdefault(epoch, []).append((metric, value))
        last = max(by_epoch, default=0)
        finals = [(_FINAL + metric, value) for metric, value in child.final.items()]
        by_epoch[last] = [*by_epoch.get(last, []), *finals]
        summaries += [(epoch, self._scalars(by_epoch[epoch])) for epoch in sorted(by_epoch)]
        target = folder / _file_name(child.id)
        self._write(target, summaries, child.time)
        self._there[group].add(target.name)
        # An arm that has gained runs: TensorBoard would draw both files as one curve.
        for older in folder.glob(f"*{_ENDING}"):
            if older != target:
                older.unlink(missing_ok=True)

    def put_verdicts(self, group: Group, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write them as a table under the experiment's text."""
        heads = ("says", "verdict", "effect", "interval", "n_seeds")
        lines = [" | ".join(heads), " | ".join("---" for _ in heads)]
        lines += [" | ".join(_cell(row.get(head)) for head in heads) for row in rows]
        text = self._writers.summary.text("verdicts", "\n".join(lines))
        time = max((float(row.get("saved_at", 0.0)) for row in rows), default=0.0)
        self._write(self._folder(group) / _file_name("verdicts"), [(0, text)], time)

    def end(self, group: Group) -> None:
        """Nothing: each file was whole when it got its name."""

    def _settings(self, child: Child) -> Iterable[Any]:
        """The three marks that fill a line of the table HPARAMS."""
        tags = {f"mlplab.{name}": value for name, value in child.tags.items()}
        finals = {_tag(_FINAL + metric): value for metric, value in child.final.items()}
        return list(self._writers.summary.hparams({**child.params, **tags}, finals))

    def _scalars(self, values: Sequence[tuple[str, float]]) -> Any:
        summary = self._writers.proto.summary_pb2.Summary
        return summary(value=[summary.Value(tag=_tag(name), simple_value=v) for name, v in values])

    def _write(self, target: Path, summaries: Sequence[tuple[int, Any]], time: float) -> None:
        event = self._writers.proto.event_pb2.Event
        try:
            with atomic_file(target) as draft:
                writer = self._writers.record_writer.RecordWriter(str(draft))
                try:
                    head = event(wall_time=time, file_version="brain.Event:2")
                    writer.write(head.SerializeToString())
                    for step, summary in summaries:
                        record = event(wall_time=time, step=step, summary=summary)
                        writer.write(record.SerializeToString())
                finally:
                    writer.close()
        except OSError as error:
            raise StoreError(_unwritable(target, error)) from None

    def _folder(self, group: Group) -> Path:
        return self._root / f"{_safe(group.title)}-{group.id[:8]}"


def _file_name(child_id: str) -> str:
    # TensorBoard reads what has `tfevents` in its name.
    return f"events.out.tfevents.{child_id}{_ENDING}"


def _safe(text: str) -> str:
    """A folder's name that cannot leave its folder, and that any file system takes.

    >>> _safe("../../etc lr=0.1")
    'etc_lr=0.1'
    """
    return re.sub(r"[^A-Za-z0-9=+.,-]+", "_", text).strip("._")[:_LONGEST] or "unnamed"


def _tag(name: str) -> str:
    return re.sub(r"[^-/\w.]", "_", name).lstrip("/") or "_"


def _cell(value: Any) -> str:
    """A value in a table of Markdown, which it cannot leave."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_cell, value)) + "]"
    text = " ".join(str("-" if value is None else value).split())
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", text)


def _unwritable(place: Path, error: OSError) -> str:
    return f"tensorboard: {place} cannot be written ({error.strerror or error})"
