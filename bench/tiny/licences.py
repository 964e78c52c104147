"""Which licences allow a package's text to be learnt from: SPDX expressions, and what a licence's own words betray."""

from __future__ import annotations

import re
from collections.abc import Sequence

# All permissive: they ask for no more than that the notice is kept.
PERMISSIVE = frozenset(
    """
    0BSD Apache-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause BSD-4-Clause-UC BSL-1.0 CC0-1.0 CNRI-Python HPND ISC MIT
    MIT-0 MIT-CMU PSF-2.0 Python-2.0 Python-2.0.1 Unicode-3.0 Unlicense Zlib
    """.split()
)
_TOKEN = re.compile(r"\(|\)|[^\s()]+")
# The first whose words all stand in a text names it; licences that ask for more come before those they borrow from.
_WORDS = (
    ("AGPL", ("gnu affero general public license",)),
    ("LGPL", ("gnu lesser general public license",)),
    ("GPL", ("gnu general public license",)),
    ("MPL-2.0", ("mozilla public license",)),
    ("EPL", ("eclipse public license",)),
    ("BUSL-1.1", ("business source license",)),
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("PSF-2.0", ("python software foundation license version 2",)),
    ("MIT", ("permission is hereby granted, free of charge", "the above copyright notice and this permission notice")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "endorse or promote")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms", "provided that the following conditions")),
    ("ISC", ("permission to use, copy, modify, and/or distribute this software",)),
    ("ISC", ("permission to use, copy, modify, and distribute this software",)),
    ("Unlicense", ("released into the public domain", "unlicense")),
)
_CLASSIFIERS = {
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
}


def permissive(expression: str) -> bool:
    """Whether an SPDX expression leaves a way in which only permissive licences apply; False for what is none."""
    tokens = _TOKEN.findall(expression.replace("/", " OR "))
    try:
        answer, rest = _either(tokens)
    except IndexError:
        return False
    return answer and not rest


def _either(tokens: Sequence[str]) -> tuple[bool, Sequence[str]]:
    answer, rest = _both(tokens)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:])
        answer = answer or other
    return answer, rest


def _both(tokens: Sequence[str]) -> tuple[bool, Sequence[str]]:
    answer, rest = _one(tokens)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:])
        answer = answer and other
    return answer, rest


def _one(tokens: Sequence[str]) -> tuple[bool, Sequence[str]]:
    if tokens[0] == "(":
        answer, rest = _either(tokens[1:])
        if rest[0] != ")":
            raise IndexError
        return answer, rest[1:]
    rest = tokens[1:]
    if rest and rest[0].upper() == "WITH":  # an exception only allows more
        rest = rest[2:]
    return tokens[0] in PERMISSIVE, rest


def of_text(text: str) -> str:
    """The SPDX name that a licence's own words betray, or an empty string."""
    words = " ".join(text.lower().split())
    return next((name for name, marks in _WORDS if all(mark in words for mark in marks)), "")


def of_classifiers(lines: Sequence[str]) -> str:
    """What Python's trove classifiers say, if it is one licence; BSD's do not say which, so its text must."""
    said = {line.rpartition(" :: ")[2] for line in lines if line.startswith("License ::")} - {"OSI Approved"}
    return " AND ".join(sorted(_CLASSIFIERS.get(name, name.replace(" ", "-")) for name in said))
