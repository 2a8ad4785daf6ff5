"""R's tokens: one compiled expression, the operator table, and how constants are written."""

from __future__ import annotations

import math
import re

from ..errors import FormulaError

TOKEN = re.compile(
    r"""(?:\s|\#[^\n]*)*(?:
      (?P<name>(?:[^\W\d_]|\.(?!\d))[\w.]*)
    | (?P<number>(?:0[xX][0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?(?:[pP][+-]?[0-9]+)?
                  |(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[Li]?)
    | (?P<operator>%[^%\n]*%|\*\*|<<-|<-|->>|->|<=|>=|==|!=|&&|\|\||\|>|:::|::|:=|[-+*/^:~!<>&|=?@$])
    | (?P<bracket>\[\[|[()\[\],])
    | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<quoted>`(?:[^`\\]|\\.)*`)
    | (?P<other>.)
    | (?P<end>\Z))""",
    re.VERBOSE | re.DOTALL,
)

Token = tuple[str, str, int, int]
"""Kind (a group's name in `TOKEN`), text, start, stop."""

UNARY = {"~": 1, "!": 4, "-": 10, "+": 10}
"""How tightly an operator before its operand binds."""

BINARY = {
    "~": 1, "|": 2, "||": 2, "&": 3, "&&": 3,
    "==": 5, "!=": 5, "<": 5, ">": 5, "<=": 5, ">=": 5,
    "+": 6, "-": 6, "*": 7, "/": 7, ":": 9, "^": 11,
}  # fmt: skip
"""How tightly an operator between two operands binds, R's ?Syntax; ``%any%`` is `SPECIAL`."""

SPECIAL, COMPARISON, POWER = 8, 5, 11

CONSTANTS: dict[str, float | bool | None] = {
    "TRUE": True, "FALSE": False, "NULL": None, "Inf": math.inf, "NaN": math.nan,
    "NA": math.nan, "NA_integer_": math.nan, "NA_real_": math.nan, "NA_character_": math.nan,
}  # fmt: skip

RESERVED = frozenset(["if", "else", "repeat", "while", "function", "for", "next", "break", "in"])

_SYNTACTIC = re.compile(r"(?:[^\W\d_]|\.(?!\d))[\w.]*")
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u\{?([0-9a-fA-F]{1,4})\}?|U\{?([0-9a-fA-F]{1,8})\}?|([0-7]{1,3})|(.))",
    re.DOTALL,
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_PLAIN = dict.fromkeys("\\\"'` \n")
_WRITTEN = {v: "\\" + k for k, v in _LETTERS.items()} | {"\\": "\\\\", '"': '\\"'}


def tokenize(text: str) -> list[Token]:
    """R's tokens with their places; white space, line ends and ``#`` comments are between them."""
    tokens = []
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind], *match.span(kind)))
    return tokens


def is_syntactic(name: str) -> bool:
    """Whether R reads the name without backticks."""
    return _SYNTACTIC.fullmatch(name) is not None and name not in RESERVED and name not in CONSTANTS


def name_text(name: str) -> str:
    """The name as R deparses it: in backticks where it is not syntactic."""
    if is_syntactic(name):
        return name
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def number_value(text: str) -> float | int:
    """The value of a number token: int for ``3L`` (and ``1e3L``), float otherwise."""
    body = text[:-1] if text[-1] == "L" else text
    try:
        value = float.fromhex(body) if body[:2] in ("0x", "0X") else float(body)
    except OverflowError:  # of fromhex alone
        value = math.inf
    if body is not text and value.is_integer() and abs(value) < 2**31:
        return int(value)
    return value


def number_text(value: float) -> str:
    """A number as R deparses it: up to 15 significant digits, fixed unless scientific is narrower.

    R's ``deparse`` on a double (``100000`` is ``1e+05``, ``123456`` stays).
    """
    if not math.isfinite(value):
        return "NaN" if value != value else "Inf" if value > 0 else "-Inf"
    mantissa, exponent = f"{value:.14e}".split("e")
    digits = len(mantissa.rstrip("0").replace(".", "").lstrip("-"))
    power = int(exponent)
    decimals = max(0, digits - power - 1)
    scientific = f"{value:.{digits - 1}e}"
    fixed = max(power, 0) + 1 + (decimals + 1 if decimals else 0) + (value < 0)
    return f"{value:.{decimals}f}" if fixed <= len(scientific) else scientific


def string_value(text: str, source: str, start: int) -> str:
    """What a quoted token stands for, R's escapes resolved."""

    def resolve(match: re.Match[str]) -> str:
        hexadecimal, octal, letter = match[1] or match[2] or match[3], match[4], match[5]
        code = int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal else None
        if code is not None:
            if 0 < code <= 0x10FFFF:
                return chr(code)
        elif letter in _LETTERS:
            return _LETTERS[letter]
        elif letter in _PLAIN:
            return letter
        place = start + 1 + match.start()
        raise FormulaError(
            f"'{match[0]}' is an unrecognized escape in a string; write a backslash as '\\\\'",
            source, place, place + len(match[0]),
        )  # fmt: skip

    body = text[1:-1]
    return _ESCAPE.sub(resolve, body) if "\\" in body else body


def string_text(value: str) -> str:
    """A string as R deparses it: double quotes and escapes."""
    return '"' + "".join(_WRITTEN.get(c) or (c if c.isprintable() else _code(c)) for c in value) + '"'


def _code(character: str) -> str:
    code = ord(character)
    return f"\\{code:03o}" if code < 128 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
