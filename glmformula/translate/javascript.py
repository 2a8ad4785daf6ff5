"""Expressions in JavaScript, for a page that computes by itself: numbers that are missing are NaN, others null."""

from __future__ import annotations

from .dialects import CALENDAR, Dialect

_ESCAPES = {
    "\\": "\\\\", '"': '\\"', "'": "\\'", "\n": "\\n", "\r": "\\r", "<": "\\u003c", ">": "\\u003e",
    "\u2028": "\\u2028", "\u2029": "\\u2029",
}  # fmt: skip

JAVASCRIPT = Dialect(
    "javascript",
    {
        "+": "{0} + {1}", "-": "{0} - {1}", "*": "{0} * {1}", "/": "{0} / {1}",
        "=": "eq({0}, {1})", "<>": "not(eq({0}, {1}))", "<": "below({0}, {1})", "<=": "atMost({0}, {1})",
        ">": "below({1}, {0})", ">=": "atMost({1}, {0})", "and": "and({0}, {1})", "or": "or({0}, {1})",
        "not": "not({0})", "missing": "missing({0})", "surely": "surely({0})", "true": "true", "false": "false",
        "||": "joined({0}, {1})", "power": "Math.pow({0}, {1})", "square": "Math.pow({0}, 2)",
        "exp": "Math.exp({0})", "ln": "Math.log({0})", "log2": "Math.log2({0})", "log10": "Math.log10({0})",
        **{
            name: f"Math.{name}({{0}})"
            for name in ("sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "floor", "abs")
        },
        "ceiling": "Math.ceil({0})", "atan2": "Math.atan2({0}, {1})", "length": "length({0})",
        "substring": "part({0}, {1}, {2})", "toupper": "upper({0})", "tolower": "lower({0})",
        "trim": "trimmed({0}, {1}, true, true)", "trim_left": "trimmed({0}, {1}, true, false)",
        "trim_right": "trimmed({0}, {1}, false, true)", "contains": "contains({0}, {1})", "digits": "digits({0})",
        **{name: f"calendar({{0}}, '{name}')" for name in CALENDAR},
    },
    dict.fromkeys(("number", "plain", "text", "truth", "date", "time"), "v[{0}]"),
    "{0}",
    ("Infinity", "-Infinity"),
    in_names=_ESCAPES,
    escapes=_ESCAPES,
    nothing={"number": "NaN", "truth": "null", "text": "null"},
    choice=("(", "({0}) === true ? {1} :", "{0}", ")"),
    sql=False,
)  # fmt: skip

HELPERS = """\
const missing = x => x === null || x === undefined || (typeof x === "number" && Number.isNaN(x));
const either = (x, y) => missing(x) || missing(y);
const eq = (x, y) => either(x, y) ? null : x === y;
const below = (x, y) => either(x, y) ? null : x < y;
const atMost = (x, y) => either(x, y) ? null : x <= y;
const not = x => missing(x) ? null : !x;
const and = (x, y) => x === false || y === false ? false : either(x, y) ? null : true;
const or = (x, y) => x === true || y === true ? true : either(x, y) ? null : false;
const surely = x => x === true;
const joined = (x, y) => either(x, y) ? null : x + y;
const length = x => missing(x) ? NaN : [...x].length;
const part = (x, from, count) => missing(x) ? null : [...x].slice(from - 1, from - 1 + count).join("");
const upper = x => missing(x) ? null : x.toUpperCase();
const lower = x => missing(x) ? null : x.toLowerCase();
const trimmed = (x, set, left, right) => {
  if (missing(x)) return null;
  let from = 0, to = x.length;
  while (left && from < to && set.includes(x[from])) from++;
  while (right && to > from && set.includes(x[to - 1])) to--;
  return x.slice(from, to);
};
const contains = (x, y) => either(x, y) ? null : x.includes(y);
const digits = x => missing(x) ? null : String(x);
const calendar = (days, what) => {
  if (missing(days)) return NaN;
  const date = new Date(days * 86400000), year = date.getUTCFullYear();
  if (what === "year") return year;
  if (what === "month") return date.getUTCMonth() + 1;
  if (what === "day") return date.getUTCDate();
  return Math.round((date - Date.UTC(year, 0, 1)) / 86400000) + 1;
};
"""
