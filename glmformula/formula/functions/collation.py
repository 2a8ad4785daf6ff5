"""The order of strings in a UTF-8 locale, as R sorts levels: ``a A b B``, accents after their letter.

The order is that of the Unicode root collation (what R uses through ICU), written for the characters that
occur in level names: white space, punctuation, symbols, digits, Latin letters; other scripts follow by code
point.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_PUNCTUATION = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_ORDER = {ord(c): chr(2 + i) for i, c in enumerate(_PUNCTUATION)}
_OTHER_SYMBOL = "/"  # sorts after every mapped character above and before the digits
_EXPANSIONS = str.maketrans({
    "ß": "ss\u0359", "ẞ": "SS\u0359", "æ": "ae\u0359", "Æ": "AE\u0359", "œ": "oe\u0359", "Œ": "OE\u0359",
    "ø": "o\u0338", "Ø": "O\u0338", "đ": "d\u0335", "Đ": "D\u0335", "ł": "l\u0335", "Ł": "L\u0335",
    "ð": "d\u0359", "Ð": "D\u0359", "þ": "th\u0359", "Þ": "TH\u0359", "ı": "i\u0359",
})  # fmt: skip


def collation_key(text: str) -> tuple[str, str, str, str]:
    """Sort key: letters first, then accents, then lower before upper case."""
    if text.isascii():
        return text.lower().translate(_ORDER), "\x01" * len(text), text.swapcase(), text
    decomposed = unicodedata.normalize("NFKD", text.translate(_EXPANSIONS))
    base = "".join(c for c in decomposed if not unicodedata.combining(c))
    accents = "".join(c if unicodedata.combining(c) else "\x01" for c in decomposed)
    primary = "".join(
        c.lower() if c.isascii() or unicodedata.category(c)[0] not in "PSZ" else _OTHER_SYMBOL + c
        for c in base
    )
    return primary.translate(_ORDER), accents, base.swapcase(), text


def sort_texts(texts: Iterable[str]) -> list[str]:
    """Strings in R's order in a UTF-8 locale."""
    return sorted(texts, key=collation_key)
