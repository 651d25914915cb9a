"""Every test that takes `place` runs on SQLite, and on PostgreSQL where a server is named."""

from __future__ import annotations

import os
import uuid

import pytest

from mlplab.store import Store

SERVER = os.environ.get("MLPLAB_TEST_POSTGRES", "")


def _answers(url: str) -> bool:
    try:
        Store(url).close()
    except Exception:
        return False
    return True


KINDS = ["sqlite", "postgresql"] if SERVER and _answers(SERVER) else ["sqlite"]


@pytest.fixture(params=KINDS)
def place(request, tmp_path):
    """An address where there is no store yet."""
    if request.param == "sqlite":
        yield str(tmp_path / "store.sqlite")
        return
    import sqlalchemy as sa

    from mlplab.store.database import _with_driver

    url = _with_driver(sa.make_url(SERVER).set(drivername="postgresql"))
    name = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    inside = url.update_query_dict({"options": f"-csearch_path={name}"})
    yield inside.set(drivername="postgresql").render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(name, cascade=True))


@pytest.fixture
def store(place):
    with Store(place) as opened:
        yield opened
