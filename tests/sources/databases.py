"""Databases with the rows of a DataFrame: SQLite, DuckDB, and a PostgreSQL of the tests' own."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import adbc_driver_sqlite.dbapi
import duckdb
import pandas as pd
import psycopg
import pytest


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


def program(name: str) -> str | None:
    """One of PostgreSQL's, which Debian does not put on the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name) or next((str(f / name) for f in folders if (f / name).exists()), None)


def as_nobody_else() -> list[str] | None:
    """What to begin a command with: the server does not run as root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    known = subprocess.run(["id", "-u", "postgres"], capture_output=True, check=False).returncode == 0
    return ["runuser", "-u", "postgres", "--"] if known and shutil.which("runuser") else None


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a server that lives for the tests, by a socket in a folder of its own."""
    initdb, pg_ctl, user = program("initdb"), program("pg_ctl"), as_nobody_else()
    if initdb is None or pg_ctl is None or sys.platform == "win32":
        pytest.skip("PostgreSQL's server (initdb, pg_ctl) is not installed")
    if user is None:
        pytest.skip("PostgreSQL's server does not run as root, and there is no user postgres")
    with TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        if user:
            shutil.chown(folder, "postgres")
        data, options = (
            f"{folder}/data",
            f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off",
        )
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            [*user, initdb, "-D", data, "-A", "trust", "-U", "postgres", "-N", "--encoding=UTF8"], **quiet
        )
        subprocess.run(
            [*user, pg_ctl, "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start"], **quiet
        )
        try:
            yield f"host={folder} user=postgres dbname=postgres"
        finally:
            subprocess.run([*user, pg_ctl, "-D", data, "-m", "immediate", "stop"], **quiet)


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
