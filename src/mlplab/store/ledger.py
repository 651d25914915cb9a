"""What was concluded, and every look at a test split: only ever added to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, case, func, insert, select

from mlplab.errors import StoreError
from mlplab.specs.plain import read_json
from mlplab.store import schema
from mlplab.store.row_checks import check_verdict


def write_verdicts(
    connection: Connection,
    experiment: str,
    verdicts: Sequence[Mapping[str, Any]],
    exercise: str,
    profile: str,
    now: float,
) -> None:
    """Add verdicts to the history, once: those of this moment may be there from a first try."""
    rows = [
        {
            "experiment": experiment,
            "exercise": exercise,
            "profile": profile,
            "key": str(verdict.get("key") or ""),
            "claim": _claim_of(verdict),
            "n_seeds": int(verdict.get("n_seeds") or 0),
            "saved_at": now,
            "verdict": _to_json(verdict),
        }
        for verdict in verdicts
    ]
    if rows and not _is_there(connection, schema.verdicts, experiment, now):
        connection.execute(insert(schema.verdicts), rows)


def read_verdicts(
    connection: Connection, experiment: str | None, latest: bool
) -> list[dict[str, Any]]:
    """Return verdicts in the order they were given, or each claim's last one."""
    table = schema.verdicts
    query = select(table).order_by(table.c.id)
    if experiment is not None:
        query = query.where(table.c.experiment == experiment)
    if latest:
        # By id, not by time: clocks of several machines differ.
        # A claim with a key may be asked anew, with another threshold: that is its last word.
        claim = case((table.c.key != "", table.c.key), else_=table.c.claim)
        last = select(func.max(table.c.id)).group_by(table.c.experiment, claim)
        query = query.where(table.c.id.in_(last))
    return [_as_verdict(row) for row in connection.execute(query)]


def _as_verdict(row: Row[Any]) -> dict[str, Any]:
    try:
        return {
            **_read(row.verdict),
            **{name: str(getattr(row, name)) for name in ("experiment", "exercise", "profile")},
            "time": _as_time(row.saved_at),
        }
    except (TypeError, ValueError, OverflowError, OSError) as error:
        # SQLite lets anything stand in a column, and anybody may have written it.
        raise StoreError(
            f"a stored verdict of experiment {str(row.experiment)[:80]!r} cannot be read: {error}"
        ) from error


def _read(text: Any) -> dict[str, Any]:
    """Return a verdict whose fields are what they are shown as; words that it lacks are empty."""
    found = {"says": "", "verdict": "", **read_json(text)}
    check_verdict(found)
    return found


def write_look(
    connection: Connection,
    split: str,
    purpose: str,
    experiment: str,
    n_runs: int,
    remembered: bool,
    now: float,
) -> None:
    """Log one look, once: that of this moment may be there from a first try."""
    row = {
        "split": split,
        "purpose": purpose,
        "experiment": experiment,
        "n_runs": int(n_runs),
        "remembered": bool(remembered),
        "saved_at": now,
    }
    if not _is_there(connection, schema.looks, experiment, now):
        connection.execute(insert(schema.looks), row)


def read_looks(connection: Connection) -> list[dict[str, Any]]:
    """Return all looks in order."""
    table = schema.looks
    found = []
    for row in connection.execute(select(table).order_by(table.c.id)):
        look = dict(row._mapping)
        del look["id"]
        if not all(isinstance(look[name], str) for name in ("split", "purpose", "experiment")):
            raise StoreError("a stored look cannot be read: its words are none")
        try:
            look["time"] = _as_time(look.pop("saved_at"))
        except (TypeError, ValueError, OverflowError, OSError) as error:
            raise StoreError(f"a stored look has no time that can be read: {error}") from error
        found.append(look)
    return found


def _is_there(connection: Connection, table: Table, experiment: str, now: float) -> bool:
    """Whether a server kept what was written, though its answer was lost."""
    mine = (table.c.experiment == experiment) & (table.c.saved_at == now)
    return connection.execute(select(table.c.id).where(mine).limit(1)).first() is not None


def _claim_of(verdict: Mapping[str, Any]) -> str:
    claim = verdict.get("id")
    if not isinstance(claim, str) or not claim:
        raise StoreError(f"cannot keep a verdict without its claim's id: got {claim!r}")
    return claim


def _to_json(verdict: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(verdict), ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"cannot keep the verdict of claim {verdict['id']}: {error}; expected JSON values"
        ) from error


def _as_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
