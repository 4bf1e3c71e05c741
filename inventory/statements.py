"""Questions and changes whose SQL is put together once a process and run many times with other values.

Putting a query together costs Django as much as the database takes to answer it. Only the words are kept: every run
asks the database anew and makes rows of its own. Where a connection outlives its request, PostgreSQL keeps the plan
of the words as well (`sequencer.postgres`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models import Expression, Field, Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery
from django.db.transaction import TransactionManagementError

Row = TypeVar("Row")
Kept = TypeVar("Kept", bound=Model)
Said = dict[str, Any]
LARGEST_KEY = 2**63 - 1


class Given(Expression):
    """A value that is said when the statement is run."""

    def __init__(self, name: str, kind: Field[Any, Any]) -> None:
        super().__init__(output_field=kind)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]

    def of(self, said: Said) -> Any:
        value, kind = said[self.name], self.output_field
        if isinstance(value, Model):
            value = value.prepare_database_save(kind)
        return kind.get_db_prep_save(value, connection)


def field(model: type[Model], name: str) -> Given:
    """A value of one of a model's fields, given under the field's name."""
    kind = model._meta.get_field(name)
    assert isinstance(kind, Field)
    return Given(name, kind)


def number(name: str) -> Given:
    return Given(name, models.BigIntegerField())


def text(name: str) -> Given:
    return Given(name, models.TextField())


def moment(name: str) -> Given:
    return Given(name, models.DateTimeField())


class Words:
    """SQL with a %s for each parameter: a constant, or what is said when it is run."""

    _count = count()

    def __init__(self, sql: str, params: Iterable[Any]) -> None:
        self.sql, self.params = sql, tuple(params)
        self.given = [p for p in self.params if isinstance(p, Given)]
        self.name = f"jis_{next(self._count)}"
        self.execute = f"EXECUTE {self.name}" + (
            f" ({', '.join(['%s'] * len(self.given))})" if self.given else ""
        )

    def run(self, cursor: Any, said: Said) -> None:
        prepare = getattr(connection, "prepare", None)
        if prepare is not None and prepare(self):
            cursor.execute(self.execute, [given.of(said) for given in self.given])
        else:
            cursor.execute(self.sql, [p.of(said) if isinstance(p, Given) else p for p in self.params])


class Question(Generic[Row]):
    """Rows of a query set in which `Given` values stand: model rows with what they are joined to, or tuples."""

    def __init__(self, build: Callable[[], QuerySet[Any, Row]]) -> None:
        self._build = build
        self._made: tuple[Words, bool, Callable[[Any], Row]] | None = None

    def rows(self, **said: Any) -> list[Row]:
        """What the database holds now; nothing where a key is larger than any."""
        if any(type(value) is int and value > LARGEST_KEY for value in said.values()):
            return []
        words, locks, row_of = self._made = self._made or self._make()
        if locks and not connection.in_atomic_block:
            raise TransactionManagementError("a lock lasts as long as its transaction: there is none")
        with connection.cursor() as cursor:
            words.run(cursor, said)
            return [row_of(row) for row in cursor.fetchall()]

    def first(self, **said: Any) -> Row | None:
        return next(iter(self.rows(**said)), None)

    def _make(self) -> tuple[Words, bool, Callable[[Any], Row]]:
        rows = self._build()
        query = rows.query
        compiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        fields = [column[0] for column in compiler.select[: compiler.col_count]]
        converted = [(at, *found) for at, found in compiler.get_converters(fields).items()]
        whole: Callable[[Any], Any] = (
            _loader(compiler) if issubclass(rows._iterable_class, ModelIterable) else tuple
        )

        def row_of(found: Any) -> Row:
            if converted:
                found = list(found)
                for at, converters, field in converted:
                    for convert in converters:
                        found[at] = convert(found[at], field, connection)
            row: Row = whole(found)
            return row

        return Words(sql, params), bool(query.select_for_update), row_of


def _loader(compiler: Any) -> Callable[[Any], Any]:
    """A row's model with its joined ones and annotations, as `ModelIterable` makes it."""
    info, select = compiler.klass_info, compiler.select
    model, columns = info["model"], info["select_fields"]
    begin, end = columns[0], columns[-1] + 1
    names = [column[0].target.attname for column in select[begin:end]]
    joined = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg]  # of a later Django
    annotated = list(compiler.annotation_col_map.items())

    def load(found: Any) -> Any:
        row = model.from_db(connection.alias, names, found[begin:end])
        for one in joined:
            one.populate(found, row)
        for name, at in annotated:
            setattr(row, name, found[at])
        return row

    return load


class Change:
    """An UPDATE of the rows of a query set, in which `Given` values stand."""

    def __init__(self, build: Callable[[], tuple[QuerySet[Any], dict[str, Any]]]) -> None:
        self._build = build
        self._words: Words | None = None

    def run(self, **said: Any) -> int:
        """How many rows it changed."""
        self._words = words = self._words or self._make()
        with connection.cursor() as cursor:
            words.run(cursor, said)
            changed: int = cursor.rowcount
        return changed

    def _make(self) -> Words:
        rows, values = self._build()
        query: Any = rows.order_by().query.chain(UpdateQuery)
        query.add_update_values(values)
        sql, params = query.get_compiler(connection=connection).as_sql()
        return Words(sql, params)


class Insert(Generic[Kept]):
    """One new row of a model; the fields that are not said have the model's defaults. No signal is sent."""

    def __init__(self, model: type[Kept]) -> None:
        self._model = model
        self._made: tuple[Words, list[str]] | None = None

    def run(self, **values: Any) -> Kept:
        words, returned = self._made = self._made or self._make()
        row = self._model(**values)
        with connection.cursor() as cursor:
            words.run(cursor, row.__dict__)
            for name, value in zip(returned, cursor.fetchone(), strict=True):
                setattr(row, name, value)
        row._state.adding, row._state.db = False, connection.alias
        return row

    def _make(self) -> tuple[Words, list[str]]:
        meta = self._model._meta
        fields = [field for field in meta.local_concrete_fields if not field.primary_key]
        blank = self._model()
        for field in fields:
            setattr(blank, field.attname, Given(field.attname, field))
        query = InsertQuery(self._model)
        query.insert_values(fields, [blank])
        compiler = query.get_compiler(connection=connection)
        compiler.returning_fields = meta.db_returning_fields
        ((sql, params),) = compiler.as_sql()
        return Words(sql, params), [field.attname for field in meta.db_returning_fields]
