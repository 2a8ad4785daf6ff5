"""The databases that tests ask: DuckDB and SQLite in the process, PostgreSQL started beside it."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

NOBODY = "nobody"


class Duck:
    dialect = "duckdb"

    def __init__(self, data: pd.DataFrame) -> None:
        import duckdb

        self.connection = duckdb.connect()
        data = data.assign(row=range(len(data)))
        self.connection.register(
            "given", data.astype({n: object for n in data if data[n].dtype == "category"})
        )
        self.connection.execute("CREATE TABLE data AS SELECT * FROM given")

    def ask(self, columns: Sequence[str], tail: str = "FROM data ORDER BY row") -> pd.DataFrame:
        return self.connection.execute(f"SELECT {', '.join(columns)} {tail}").df()


class Lite:
    dialect = "sqlite"

    def __init__(self, data: pd.DataFrame) -> None:
        self.connection = sqlite3.connect(":memory:")
        data.assign(row=range(len(data))).to_sql("data", self.connection, index=False)

    def ask(self, columns: Sequence[str], tail: str = "FROM data ORDER BY row") -> pd.DataFrame:
        return pd.read_sql(f"SELECT {', '.join(columns)} {tail}", self.connection)


class Postgres:
    dialect = "postgres"

    def __init__(self, run: Path, programs: Path, user: str | None) -> None:
        self.run, self.programs, self.user = run, programs, user

    def load(self, data: pd.DataFrame) -> Postgres:
        kinds = {"i": "integer", "f": "float8", "b": "boolean", "M": "timestamp"}
        types = {n: kinds.get(data[n].dtype.kind, "text") for n in data}
        types |= {"d": "date", "b": "boolean"} if "d" in types else {}
        data, types = data.assign(row=range(len(data))), types | {"row": "integer"}
        columns = ", ".join('"' + n.replace('"', '""') + f'" {kind}' for n, kind in types.items())
        self.psql(
            f"DROP TABLE IF EXISTS data; CREATE TABLE data ({columns});\nCOPY data FROM STDIN WITH (FORMAT csv);\n"
            + data.to_csv(index=False, header=False)
            + "\\.\n"
        )
        return self

    def ask(self, columns: Sequence[str], tail: str = "FROM data ORDER BY row") -> pd.DataFrame:
        query = f"SELECT {', '.join(columns)} {tail}"
        return pd.read_csv(io.StringIO(self.psql(query + ";\n", "--csv")), skip_blank_lines=False)

    def psql(self, text: str, *flags: str) -> str:
        command = [
            str(self.programs / "psql"),
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            str(self.run),
            *flags,
        ]
        done = subprocess.run(
            [*command, "-U", "tester", "-f", "-", "postgres"],
            input=text, capture_output=True, text=True, user=self.user, cwd="/", check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stderr[:2000])
        return done.stdout


def programs() -> Path | None:
    """Where PostgreSQL's programs are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found += [Path(p) for p in [shutil.which("initdb")] if p]
    return found[-1].resolve().parent if found else None


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server of its own in a directory of its own, reached by a socket there; as a plain user where we are root."""
    where = programs()
    assert where is not None
    user = NOBODY if os.geteuid() == 0 else None
    run = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        if user:
            shutil.chown(run, user)
        options = {"user": user, "cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(
            [where / "initdb", "-D", run / "db", "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            check=True, **options,
        )  # fmt: skip
        start = ["start", "-w", "-o", f"-k {run} -c listen_addresses= -c fsync=off"]
        control = [where / "pg_ctl", "-D", run / "db", "-s"]
        subprocess.run([*control, *start], check=True, **options)
        try:
            yield Postgres(run, where, user)
        finally:
            subprocess.run([*control, "stop", "-m", "immediate"], check=True, **options)
    finally:
        shutil.rmtree(run, ignore_errors=True)
