"""What the columns of a table are: a schema, made once and applied to every later table."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal, get_args

from pydantic import Field, model_validator

from mlplab.errors import ConfigError
from mlplab.hints import hint
from mlplab.reading import refuse_unless
from mlplab.specs.base import Spec
from mlplab.tabular.values import MISSING

Kind = Literal["number", "category", "date", "id", "constant", "text", "ignored"]
KINDS: tuple[str, ...] = get_args(Kind)
_NO_FEATURES = ("id", "constant", "text", "ignored")
_INDEX_ALONE = re.compile(r"unnamed:? ?0(?:\.\d+)?|row[ ._]?names?")
_INDEX_NAME = re.compile(
    r"unnamed:? ?\d+(?:\.\d+)?|row[ ._]?names?|row[ ._]?(?:id|num|number|nr)|index|\.\.\.1|x\.1"
)


class Column(Spec):
    """One column: what its entries are, and for categories whether they have an order."""

    name: str = Field(min_length=1, description="name in the header")
    kind: Kind = Field(
        description="number, category, date; or what no model is given: id, constant, text, ignored"
    )
    order: tuple[str, ...] = Field(
        default=(), description="levels of a category from lowest to highest; empty: no order"
    )
    date_format: str | None = Field(
        default=None, description="format of dates as in strptime; None: year first, as ISO 8601"
    )
    decimal: Literal[".", ","] | None = Field(
        default=None,
        description="mark before decimals of numbers that may have thousands, brackets or a unit; "
        "None: numbers are plain, as 1234.5",
    )
    unit: str = Field(default="", description="currency, % or ‰ written with numbers")

    @model_validator(mode="after")
    def _fits(self) -> Column:
        if self.order and self.kind != "category":
            raise ValueError(f"{self.name!r}: order is for categories; this is a {self.kind}")
        if len(set(self.order)) != len(self.order) or len(self.order) == 1:
            raise ValueError(
                f"{self.name!r}: order: expected two or more different levels; got {self.order}"
            )
        if self.date_format is not None and self.kind != "date":
            raise ValueError(f"{self.name!r}: date_format is for dates; this is a {self.kind}")
        if (self.decimal is not None or self.unit) and self.kind != "number":
            raise ValueError(f"{self.name!r}: decimal and unit are for numbers, not a {self.kind}")
        if self.unit and self.decimal is None:
            raise ValueError(f"{self.name!r}: a unit needs a decimal, '.' or ','")
        return self


class Schema(Spec):
    """The columns of a table in their order, and which of them is to be predicted."""

    columns: tuple[Column, ...] = Field(description="the columns in the order of the table")
    target: str | None = Field(default=None, description="the column to predict")
    missing: tuple[str, ...] = Field(
        default=MISSING, description='texts that stand for "not there"'
    )

    @model_validator(mode="after")
    def _fits(self) -> Schema:
        names = [column.name for column in self.columns]
        twice = sorted(name for name, n in Counter(names).items() if n > 1)
        if twice:
            raise ValueError(f"columns: expected different names; got {twice[0]!r} twice")
        if self.target is not None and self.target not in names:
            raise ValueError(no_such_column(self.target, names, "target"))
        return self

    @property
    def features(self) -> tuple[Column, ...]:
        """Every column but the target."""
        return tuple(column for column in self.columns if column.name != self.target)

    @property
    def usable(self) -> list[str]:
        """Names of the features that models are given: numbers, categories and dates."""
        return [column.name for column in self.features if column.kind not in _NO_FEATURES]

    def without_target(self) -> Schema:
        """Return the schema of the features alone."""
        return Schema(columns=self.features, missing=self.missing)

    def present(self, names: Collection[str]) -> Schema:
        """Return the schema without columns that no model is given and that are not there.

        Args:
            names: of the columns that are there.
        """
        kept = [c for c in self.columns if c.name in names or c.kind not in _NO_FEATURES]
        return Schema(columns=tuple(kept), target=self.target, missing=self.missing)

    def row_id(self, names: Collection[str] | None = None) -> str | None:
        """Return the column that names the rows: an id, rather no mere index; None without one.

        Args:
            names: of the columns that are there; None: all are.

        >>> columns = (Column(name="Unnamed: 0", kind="id"), Column(name="Id", kind="id"))
        >>> Schema(columns=columns).row_id()
        'Id'
        """
        ids = [name for name in self.names("id") if names is None or name in names]
        return min(ids, key=is_index_name, default=None)

    def names(self, kind: Kind, *, ordered: bool | None = None) -> list[str]:
        """Return the names of the features of one kind.

        Args:
            kind: what they are.
            ordered: only those with a declared order, or only those without; None: all.

        >>> schema = Schema(columns=(Column(name="a", kind="number"), Column(name="b", kind="id")))
        >>> schema.names("number")
        ['a']
        """
        return [
            column.name
            for column in self.features
            if column.kind == kind and ordered in (None, bool(column.order))
        ]

    def __getitem__(self, name: str) -> Column:
        """The column of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise ConfigError(no_such_column(name, [column.name for column in self.columns], "schema"))

    def with_types(self, types: Mapping[str, Any]) -> Schema:
        """Return the schema with some columns declared anew.

        Args:
            types: name -> a kind, or a list of levels in their order, or a `Column`.

        Raises:
            ConfigError: an unknown column or kind.

        >>> schema = Schema(columns=(Column(name="size", kind="category"),))
        >>> schema.with_types({"size": ["S", "M", "L"]})["size"].order
        ('S', 'M', 'L')
        """
        declared = {n: declared_column(n, given) for n, given in read_types(types).items()}
        known = [column.name for column in self.columns]
        for name in declared:
            if name not in known:
                raise ConfigError(no_such_column(name, known, "types"))
        columns = tuple(declared.get(column.name, column) for column in self.columns)
        return Schema(columns=columns, target=self.target, missing=self.missing)

    def to_json(self) -> str:
        """Write the schema as JSON; `Schema.from_json` reads it back."""
        return json.dumps(self.canonical(), indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Read what `to_json` wrote.

        Raises:
            ConfigError: it is no JSON, or no schema.

        >>> schema = Schema(columns=(Column(name="size", kind="category"),))
        >>> Schema.from_json(schema.to_json()) == schema
        True
        """
        try:
            fields = json.loads(text)
        except ValueError as problem:
            raise ConfigError(f"schema: expected JSON ({problem})") from None
        if not isinstance(fields, dict):
            raise ConfigError(f"schema: expected a JSON object; got {type(fields).__name__}")
        return cls(**fields)


def is_index_name(name: str) -> bool:
    """Return whether programs call a column of row numbers or row names so.

    >>> is_index_name("Unnamed: 0"), is_index_name("rownames"), is_index_name("PassengerId")
    (True, True, False)
    """
    return _INDEX_NAME.fullmatch(name.strip().lower()) is not None


def is_nothing_but_index(name: str) -> bool:
    """Return whether no measurement is ever called so: a column without a name, or names of rows.

    >>> is_nothing_but_index("Unnamed: 0"), is_nothing_but_index("index")
    (True, False)
    """
    return _INDEX_ALONE.fullmatch(name.strip().lower()) is not None


def declared_column(name: str, given: Any) -> Column:
    """Make a column of what a user declares: a kind, levels in their order, or a `Column`.

    >>> declared_column("age", "number").kind
    'number'
    """
    if isinstance(given, Column):
        if given.name != name:
            raise ConfigError(f"types: expected a column named {name!r}; got {given.name!r}")
        return given
    if isinstance(given, str):
        if given not in KINDS:
            raise ConfigError(f"types: column {name!r} cannot be {given!r}; {hint(given, KINDS)}")
        return Column(name=name, kind=given)
    if isinstance(given, Iterable):
        return Column(name=name, kind="category", order=tuple(str(level) for level in given))
    raise ConfigError(
        f"types: column {name!r}: expected a kind or a list of levels in order; got {given!r}"
    )


def read_types(types: Any) -> dict[str, Any]:
    """Return what is declared of columns, by name; None declares nothing.

    Raises:
        ConfigError: no mapping.

    >>> read_types(None)
    {}
    """
    if types is None:
        return {}
    refuse_unless("types", types, Mapping, "a mapping, column -> kind")
    return dict(types)


def check_schema(schema: Any, *, needed: bool = False) -> None:
    """Refuse what is no schema; unless it is needed, None stands for one that is inferred.

    Raises:
        ConfigError: neither.

    >>> check_schema(None)
    """
    if needed or schema is not None:
        refuse_unless("schema", schema, Schema, "a Schema, such as the one of a table")


def no_such_column(name: str, known: Iterable[str], what: str) -> str:
    """Say in one line that a column is not there, and which one may be meant."""
    names = list(known)
    shown = ", ".join(names[:8]) + (f", ... ({len(names)} in all)" if len(names) > 8 else "")
    return f"{what}: no column {name!r}; {hint(name, names, f'there are: {shown}')}"
