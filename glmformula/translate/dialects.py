"""How each database writes what expressions are made of: tables, an entry for each operator and function.

``{0}``, ``{1}`` ... are the arguments. An entry is there only if the database's own answer is right to the last
digits or so and no argument makes it fail that R has an answer for; where it fails by overflow, the entry guards it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Dialect:
    """One language.

    Attributes
    ----------
    name : str
    functions : mapping of str to str
        Of an operator or function; `{...}` are its arguments.
    columns : mapping of str to str
        Of a column, by its kind: how it becomes a double, text, truth, count of days or of seconds, NULL where it
        is NaN.
    number : str
        A literal double, ``{0}`` its shortest digits that read back as the same number.
    infinities : tuple of str
        Plus and minus infinity.
    quote : str
        What stands around a name.
    in_names : mapping of str to str
        How characters are written in a name.
    escapes : mapping of str to str
        In a text, beside the doubled apostrophe.
    nothing : mapping of str to str
        A missing number, truth, text.
    refused : mapping of str to str
        Functions that the database has and that are not exact, with the reason.
    choice : tuple of str
        The first branch that holds: what stands before, a branch, the default, what stands behind.
    sql : bool
        Whether a choice may name what all its branches compare once, and leave a missing default out.
    """

    name: str
    functions: Mapping[str, str]
    columns: Mapping[str, str]
    number: str
    infinities: tuple[str, str]
    quote: str = '"'
    in_names: Mapping[str, str] = field(default_factory=lambda: {'"': '""'})
    escapes: Mapping[str, str] = field(default_factory=lambda: {"'": "''"})
    nothing: Mapping[str, str] = field(
        default_factory=lambda: dict.fromkeys(("number", "truth", "text"), "NULL")
    )
    refused: Mapping[str, str] = field(default_factory=dict)
    choice: tuple[str, str, str, str] = ("CASE ", "WHEN {0} THEN {1}", "ELSE {0}", " END")
    sql: bool = True


# Of standard SQL, in which all of them agree.
STANDARD = {
    "+": "{0} + {1}", "-": "{0} - {1}", "*": "{0} * {1}", "/": "{0} / {1}",
    "=": "{0} = {1}", "<>": "{0} <> {1}", "<": "{0} < {1}", "<=": "{0} <= {1}", ">": "{0} > {1}", ">=": "{0} >= {1}",
    "and": "{0} AND {1}", "or": "{0} OR {1}", "not": "NOT {0}", "missing": "{0} IS NULL", "||": "{0} || {1}",
    "true": "TRUE", "false": "FALSE", "surely": "COALESCE({0}, FALSE)",
    "power": "POWER({0}, {1})", "square": "POWER({0}, 2)", "exp": "EXP({0})", "ln": "LN({0})", "sqrt": "SQRT({0})",
    "sin": "SIN({0})", "cos": "COS({0})", "tan": "TAN({0})", "asin": "ASIN({0})", "acos": "ACOS({0})",
    "atan": "ATAN({0})", "atan2": "ATAN2({0}, {1})", "floor": "FLOOR({0})", "ceiling": "CEIL({0})", "abs": "ABS({0})",
    "length": "LENGTH({0})", "toupper": "UPPER({0})", "tolower": "LOWER({0})",
}  # fmt: skip
CALENDAR = ("year", "month", "day", "day_of_year")


def _calendar(form: str, words: str) -> dict[str, str]:
    """The parts of a date, from what has a word for each in the place of ``{part}``."""
    return {name: form.replace("{part}", word) for name, word in zip(CALENDAR, words.split(), strict=True)}


NOT_UNICODE = "it changes ASCII letters only, or what the database's locale says"

DUCKDB = Dialect(
    "duckdb",
    STANDARD
    | {
        "log2": "LOG2({0})", "log10": "LOG10({0})",
        "substring": "SUBSTRING({0}, CAST({1} AS BIGINT), CAST({2} AS BIGINT))",
        "trim": "TRIM({0}, {1})", "trim_left": "LTRIM({0}, {1})", "trim_right": "RTRIM({0}, {1})",
        "contains": "CONTAINS({0}, {1})", "digits": "CAST(CAST({0} AS BIGINT) AS VARCHAR)",
        "error": "CAST(ERROR({0}) AS DOUBLE)",
        **_calendar(
            "CAST(EXTRACT({part} FROM (DATE '1970-01-01' + CAST({0} AS INTEGER))) AS DOUBLE)",
            "YEAR MONTH DAY DOY",
        ),
    },
    {
        "number": "NULLIF(CAST({0} AS DOUBLE), CAST('NaN' AS DOUBLE))",
        "plain": "{0}",
        "text": "CAST({0} AS VARCHAR)",
        "truth": "CAST({0} AS BOOLEAN)",
        "date": "CAST(DATE_DIFF('day', DATE '1970-01-01', CAST({0} AS DATE)) AS DOUBLE)",
        "time": "EPOCH({0})",
    },
    "{0}e0",
    ("CAST('Infinity' AS DOUBLE)", "CAST('-Infinity' AS DOUBLE)"),
)  # fmt: skip

POSTGRES = Dialect(
    "postgres",
    STANDARD
    | {
        # overflow and underflow are errors there
        "exp": "CASE WHEN {0} > 709.78::float8 THEN 'Infinity'::float8 WHEN {0} < -744.4::float8 THEN 0::float8 "
        "ELSE EXP({0}) END",
        "log2": "LN({0}) / 0.6931471805599453::float8", "log10": "LOG({0})",
        "substring": "SUBSTRING({0} FROM CAST({1} AS integer) FOR CAST({2} AS integer))",
        "trim": "BTRIM({0}, {1})", "trim_left": "LTRIM({0}, {1})", "trim_right": "RTRIM({0}, {1})",
        "contains": "STRPOS({0}, {1}) > 0", "digits": "CAST(CAST({0} AS bigint) AS text)",
        "error": "CAST({0} AS float8)",
        **_calendar(
            "CAST(EXTRACT({part} FROM (DATE '1970-01-01' + CAST({0} AS integer))) AS float8)",
            "YEAR MONTH DAY DOY",
        ),
    },
    {
        "number": "NULLIF(CAST({0} AS float8), 'NaN'::float8)",
        "plain": "{0}",
        "text": "CAST({0} AS text)",
        "truth": "CAST({0} AS boolean)",
        "date": "CAST(CAST({0} AS date) - DATE '1970-01-01' AS float8)",
        "time": "CAST(EXTRACT(EPOCH FROM {0}) AS float8)",
    },
    "{0}::float8",
    ("'Infinity'::float8", "'-Infinity'::float8"),
    nothing={"number": "NULL::float8", "truth": "NULL::boolean", "text": "NULL::text"},
    refused={"toupper": NOT_UNICODE, "tolower": NOT_UNICODE},
)  # fmt: skip

SQLITE = Dialect(
    "sqlite",
    STANDARD
    | {
        "true": "1", "false": "0", "surely": "COALESCE({0}, 0)",
        "log2": "LOG2({0})", "log10": "LOG10({0})",
        "substring": "SUBSTR({0}, CAST({1} AS INTEGER), CAST({2} AS INTEGER))",
        "trim": "TRIM({0}, {1})", "trim_left": "LTRIM({0}, {1})", "trim_right": "RTRIM({0}, {1})",
        "contains": "INSTR({0}, {1}) > 0", "digits": "CAST(CAST({0} AS INTEGER) AS TEXT)",
        **_calendar("CAST(STRFTIME('{part}', {0} * 86400.0, 'unixepoch') AS REAL)", "%Y %m %d %j"),
    },
    {
        # a text in a column of numbers would be 0.0 in silence
        "number": "CASE WHEN TYPEOF({0}) IN ('integer', 'real') THEN {0} * 1.0 END",
        "plain": "{0}",
        "text": "CAST({0} AS TEXT) COLLATE BINARY",
        "truth": "CASE WHEN TYPEOF({0}) IN ('integer', 'real') THEN {0} <> 0 END",
        "date": "JULIANDAY(DATE({0})) - 2440587.5",
        "time": "STRFTIME('%s', {0}) * 1.0 + (STRFTIME('%f', {0}) - STRFTIME('%S', {0}))",
    },
    "{0}",
    ("9e999", "-9e999"),
    refused={
        "toupper": NOT_UNICODE,
        "tolower": NOT_UNICODE,
        "error": 'nothing in an expression stops a query; new_levels="na" gives NULL',
    },
)  # fmt: skip

BACKSLASH = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"}

SNOWFLAKE = Dialect(
    "snowflake",
    STANDARD
    | {
        "log2": "LOG(2, {0})", "log10": "LOG(10, {0})",
        "substring": "SUBSTR({0}, CAST({1} AS INTEGER), CAST({2} AS INTEGER))",
        "trim": "TRIM({0}, {1})", "trim_left": "LTRIM({0}, {1})", "trim_right": "RTRIM({0}, {1})",
        "contains": "CONTAINS({0}, {1})", "digits": "CAST(CAST({0} AS INTEGER) AS VARCHAR)",
        "error": "TO_DOUBLE({0})",
        **_calendar("CAST({part}(DATEADD('day', {0}, DATE '1970-01-01')) AS FLOAT)", "YEAR MONTH DAY DAYOFYEAR"),
    },
    {
        "number": "NULLIF(CAST({0} AS FLOAT), CAST('NaN' AS FLOAT))",
        "plain": "{0}",
        "text": "CAST({0} AS VARCHAR)",
        "truth": "CAST({0} AS BOOLEAN)",
        "date": "CAST(DATEDIFF('day', DATE '1970-01-01', CAST({0} AS DATE)) AS FLOAT)",
        "time": "DATE_PART('epoch_microsecond', {0}) / CAST(1000000 AS FLOAT)",
    },
    "{0}::FLOAT",
    ("CAST('inf' AS FLOAT)", "CAST('-inf' AS FLOAT)"),
    escapes=BACKSLASH,
)  # fmt: skip

BIGQUERY = Dialect(
    "bigquery",
    STANDARD
    | {
        "exp": "CASE WHEN {0} > 709.78 THEN CAST('inf' AS FLOAT64) ELSE EXP({0}) END",
        "log2": "LOG({0}, 2)", "log10": "LOG10({0})",
        "substring": "SUBSTR({0}, CAST({1} AS INT64), CAST({2} AS INT64))", "length": "CHAR_LENGTH({0})",
        "trim": "TRIM({0}, {1})", "trim_left": "LTRIM({0}, {1})", "trim_right": "RTRIM({0}, {1})",
        "contains": "STRPOS({0}, {1}) > 0", "digits": "CAST(CAST({0} AS INT64) AS STRING)",
        "error": "ERROR({0})",
        **_calendar(
            "CAST(EXTRACT({part} FROM DATE_FROM_UNIX_DATE(CAST({0} AS INT64))) AS FLOAT64)",
            "YEAR MONTH DAY DAYOFYEAR",
        ),
    },
    {
        "number": "IF(IS_NAN(CAST({0} AS FLOAT64)), NULL, CAST({0} AS FLOAT64))",
        "plain": "{0}",
        "text": "CAST({0} AS STRING)",
        "truth": "CAST({0} AS BOOL)",
        "date": "CAST(UNIX_DATE(CAST({0} AS DATE)) AS FLOAT64)",
        "time": "UNIX_MICROS(CAST({0} AS TIMESTAMP)) / 1000000",
    },
    "{0}",
    ("CAST('inf' AS FLOAT64)", "CAST('-inf' AS FLOAT64)"),
    quote="`",
    in_names={"`": "\\`", "\\": "\\\\"},
    escapes=BACKSLASH,
)  # fmt: skip

SPARK = Dialect(
    "spark",
    STANDARD
    | {
        "log2": "LOG2({0})", "log10": "LOG10({0})",
        "substring": "SUBSTRING({0}, CAST({1} AS INT), CAST({2} AS INT))",
        "trim": "TRIM(BOTH {1} FROM {0})", "trim_left": "TRIM(LEADING {1} FROM {0})",
        "trim_right": "TRIM(TRAILING {1} FROM {0})",
        "contains": "INSTR({0}, {1}) > 0", "digits": "CAST(CAST({0} AS BIGINT) AS STRING)",
        "error": "CAST(RAISE_ERROR({0}) AS DOUBLE)",
        **_calendar("CAST({part}(DATE_FROM_UNIX_DATE(CAST({0} AS INT))) AS DOUBLE)", "YEAR MONTH DAY DAYOFYEAR"),
    },
    {
        "number": "NULLIF(CAST({0} AS DOUBLE), DOUBLE('NaN'))",
        "plain": "{0}",
        "text": "CAST({0} AS STRING)",
        "truth": "CAST({0} AS BOOLEAN)",
        "date": "CAST(DATEDIFF(CAST({0} AS DATE), DATE '1970-01-01') AS DOUBLE)",
        "time": "UNIX_MICROS(CAST({0} AS TIMESTAMP)) / 1000000D",
    },
    "{0}D",
    ("DOUBLE('Infinity')", "DOUBLE('-Infinity')"),
    quote="`",
    in_names={"`": "``"},
    escapes=BACKSLASH,
)  # fmt: skip

DIALECTS: dict[str, Dialect] = {d.name: d for d in (DUCKDB, POSTGRES, SQLITE, SNOWFLAKE, BIGQUERY, SPARK)}
