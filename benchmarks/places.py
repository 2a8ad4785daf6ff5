"""Where the data live: equal rows counted by DuckDB, and Spark beside its own GeneralizedLinearRegression.

``python -m benchmarks counted spark``; the second needs Java, and a session of its own.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

ROWS = 20_000_000
FORMULA = "claim ~ age + factor(area) + kind + factor(month)"
SPARK_ROWS = 2_000_000


def policies(rows: int) -> Any:
    """A DuckDB connection with a table of some 70,000 kinds of rows."""
    import duckdb

    connection = duckdb.connect()
    connection.sql(
        "create table policies as select (random() * 60)::int + 18 as age, (random() * 9)::int as area, "
        "['a', 'b', 'c', 'd', 'e'][1 + (random() * 4)::int] as kind, (random() * 11)::int as month, "
        f"(random() < 0.08)::int as claim from range({rows})"
    )
    return connection


def counted_beside_rows(rows: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of the fit to counts, and of the one that reads every row."""
    from glmformula import glm

    data = "select * from policies", policies(rows)
    counts, each = [], []
    for _ in range(rounds):
        counts.append(seconds(lambda: glm(FORMULA, data, "binomial", compress=True).summary()))
        each.append(seconds(lambda: glm(FORMULA, data, "binomial").summary()))
    return counts, each


def seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def spark_beside_its_own(rows: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of a logistic fit to ten numbers with standard errors: ours, ours counted not, and Spark's own."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.regression import GeneralizedLinearRegression
    from pyspark.sql import SparkSession, functions

    from glmformula import glm

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "4g")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    names = [f"x{k}" for k in range(10)]
    frame = session.range(0, rows, 1, 4)
    for k, name in enumerate(names):
        frame = frame.withColumn(name, functions.randn(k))
    eta = sum((0.1 * (k % 3 - 1) * functions.col(name) for k, name in enumerate(names)), functions.lit(-1.0))
    frame = frame.withColumn(
        "y", (functions.rand(99) < 1 / (1 + functions.exp(-eta))).cast("double")
    ).persist()
    frame.count()

    def own() -> Any:
        data = VectorAssembler(inputCols=names, outputCol="features").transform(frame)
        return GeneralizedLinearRegression(family="binomial", labelCol="y").fit(data).summary.pValues

    def ours() -> Any:
        return glm("y ~ " + " + ".join(names), frame, "binomial").summary()

    ours(), own()  # workers and the JVM begin
    times: dict[str, list[float]] = {"glmformula": [], "Spark's own": []}
    for _ in range(rounds):
        times["glmformula"].append(seconds(ours))
        times["Spark's own"].append(seconds(own))
    session.stop()
    return times
