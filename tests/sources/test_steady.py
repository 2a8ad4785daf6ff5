"""Sources that answer differently each time are noticed, in the fit and in every verb after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import pytest

from glmformula import DataError, glm

CHANGED = "the data have changed during the fit or since"


@pytest.fixture
def connection() -> Any:
    rng = np.random.default_rng(4)
    connection = duckdb.connect()
    given = pd.DataFrame(
        {"y": rng.poisson(2.0, 4000), "x": rng.normal(size=4000), "z": rng.normal(size=4000)}
    )
    given["g"] = rng.choice(["a", "b"], 4000)
    connection.register("given", given)
    connection.execute("CREATE TABLE rows AS SELECT * FROM given")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM rows USING SAMPLE 50 PERCENT (bernoulli)",
        "SELECT * FROM rows USING SAMPLE 1000 ROWS",
        "SELECT y, z, g, x + random() AS x FROM rows",
        "SELECT y, x, z, CASE WHEN random() < 0.5 THEN 'a' ELSE 'b' END AS g FROM rows",
    ],
)
def test_queries_that_draw(sql: str, connection: Any, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=CHANGED):
        glm("y ~ poly(x, 2) + g", (sql, connection), "poisson").residuals(out=tmp_path / "r.parquet")
    assert not list(tmp_path.iterdir())


VERBS = {
    "residuals": lambda m, out: m.residuals(out=out),
    "predict": lambda m, out: m.predict(out=out),
    "update": lambda m, out: m.update("~ . - z"),
    "add1": lambda m, out: m.add1("~ . + I(x^2)"),
    "cluster": lambda m, out: m.vcov(cluster="g"),
}
EDITS = {
    "rows": ("INSERT INTO rows VALUES (1, 0.5, 0.5, 'a')", "4000 rows were there at first, now 4001"),
    "column": ("UPDATE rows SET x = x + 1 WHERE x > 2", "the sum of column 'x' is another than at first"),
    "text": ("UPDATE rows SET g = 'b' WHERE y = 3", "the sum of column 'g' is another than at first"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("edit", EDITS)
def test_a_table_that_is_updated(verb: str, edit: str, connection: Any, tmp_path: Path) -> None:
    fit = glm("y ~ x + z + g", connection.table("rows"), "poisson")
    VERBS[verb](fit, tmp_path / "answer.parquet")
    sql, message = EDITS[edit]
    connection.execute(sql)
    with pytest.raises(DataError, match=f"{CHANGED}: {message}"):
        VERBS[verb](fit, tmp_path / "again.parquet")
    assert not (tmp_path / "again.parquet").exists()
    assert fit.update(data=connection.table("rows")).nobs in (4000, 4001)


def test_columns_that_are_not_used_may_change(connection: Any, tmp_path: Path) -> None:
    fit = glm("y ~ x", connection.table("rows"), "poisson")
    connection.execute("UPDATE rows SET z = 0")
    fit.residuals(out=tmp_path / "answer.parquet")


def test_another_order_is_the_same_rows(connection: Any) -> None:
    query = ("SELECT * FROM rows ORDER BY random()", connection)
    plain = glm("y ~ poly(x, 2) + g", connection.table("rows"), "poisson").coefficients
    np.testing.assert_allclose(glm("y ~ poly(x, 2) + g", query, "poisson").coefficients, plain, rtol=1e-9)


STATE = {"seed": 0, "draws": True}


def drawn(frame: pd.DataFrame) -> pd.DataFrame:
    STATE["seed"] += STATE["draws"]
    return frame.assign(x=np.random.default_rng(STATE["seed"]).normal(size=len(frame)))


def test_partitions_that_draw() -> None:
    rows = pd.DataFrame({"y": np.arange(40) % 5, "x": 0.5})
    data = dd.from_pandas(rows, npartitions=4).map_partitions(drawn)
    STATE["draws"] = True
    with pytest.raises(DataError, match=f"{CHANGED}: the sum of column 'x' of partition"):
        glm("y ~ poly(x, 2)", data, "poisson")
    STATE["draws"] = False
    fit = glm("y ~ x", data, "poisson")
    assert len(fit.residuals().compute()) == 40
    STATE["seed"] += 1
    with pytest.raises(DataError, match=f"{CHANGED}: the sum of column 'x' of partition"):
        fit.residuals().compute(scheduler="sync")
    with pytest.raises(DataError, match=CHANGED):
        fit.update("~ . + I(x^2)")


def test_partitions_that_dask_joins_are_no_other_rows(tmp_path):
    """Of small Parquet files Dask joins as many as the columns asked for allow: borders move, rows do not."""
    rng = np.random.default_rng(4)
    data = pd.DataFrame(rng.normal(size=(1200, 12)), columns=[f"x{k}" for k in range(12)])
    data["y"] = rng.poisson(2.0, 1200)
    for k in range(6):
        data[k * 200 : (k + 1) * 200].to_parquet(tmp_path / f"{k}.parquet")
    fit = glm("y ~ poly(x0, 2) + x1", dd.read_parquet(tmp_path), "poisson")
    memory = glm("y ~ poly(x0, 2) + x1", data, "poisson")
    np.testing.assert_allclose(fit.coefficients, memory.coefficients, rtol=1e-9)
    assert fit.drop1().shape == (3, 3)
    np.testing.assert_allclose(fit.predict().compute(), memory.predict(), rtol=1e-8)
