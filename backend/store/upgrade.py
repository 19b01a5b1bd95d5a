"""Bringing a database of an older release up to date, in the transaction that opens it: all of it or nothing.

Every value is read as this release reads it and written as it writes it, with the texts it is found by now. What cannot
be read ends the transaction, and the database stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sql

from pncsim.backend.store.tables import MAX_PAGE

OLDEST = 1
"""The oldest form that can be brought up to date."""

Renewed = Callable[[bytes], dict[str, object]]
"""The columns of a row, from the octets of a value as an older release kept it."""


def renew_table(connection: sql.Connection, table: sql.Table, renewed: Renewed) -> int:
    """Bring the rows of ``table`` up to date, columns it did not have included; how many there are.

    Raises what ``renewed`` raises for octets this release cannot read.
    """
    there = {column["name"] for column in sql.inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.name not in there:
            # A value's text is not known before it is read: every row gets its own right below.
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} TEXT NOT NULL DEFAULT ''")
    for index in table.indexes:
        index.create(connection, checkfirst=True)
    position, count = 0, 0
    while rows := _behind(connection, table, position):
        for row in rows:
            place = table.c.position == row.position
            connection.execute(sql.update(table).where(place).values(renewed(row.value)))
        position, count = rows[-1].position, count + len(rows)
    return count


def _behind(connection: sql.Connection, table: sql.Table, position: int) -> Sequence[Any]:
    columns = table.c
    asked = sql.select(columns.position, columns.value).where(columns.position > position)
    return connection.execute(asked.order_by(columns.position).limit(MAX_PAGE)).all()
