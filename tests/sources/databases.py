"""Databases with the rows of a DataFrame: SQLite, DuckDB, and a PostgreSQL of the tests' own."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi
import duckdb
import pandas as pd
import psycopg
import pytest
from translate.databases import postgres, programs


def sqlite_of(frame: pd.DataFrame, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    frame.to_sql("rows", connection, index=False)
    return connection


def adbc_of(frame: pd.DataFrame, path: Path) -> Any:
    sqlite_of(frame, path).close()
    return adbc_driver_sqlite.dbapi.connect(str(path))


def duckdb_of(frame: pd.DataFrame) -> Any:
    connection = duckdb.connect()
    connection.register("frame", frame)
    connection.sql("create table rows as select * from frame")
    return connection


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a server that lives for the tests."""
    if programs() is None or sys.platform == "win32":
        pytest.skip("PostgreSQL's server (initdb, pg_ctl) is not installed")
    with postgres() as server:
        yield f"host={server.run} user=tester dbname=postgres"


def postgres_of(frame: pd.DataFrame, address: str, types: dict[str, str]) -> psycopg.Connection:
    """A connection with the rows in a table of these types."""
    connection = psycopg.connect(address)
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists rows")
        listed = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        cursor.execute(f"create table rows ({listed})")
        with cursor.copy("COPY rows FROM STDIN") as copy:
            for row in frame[list(types)].itertuples(index=False):
                copy.write_row([None if pd.isna(value) else value for value in row])
    connection.commit()
    return connection
