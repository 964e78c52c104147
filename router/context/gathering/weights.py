"""How much each sign counts that a name is needed next: the coefficients of three logistic regressions.

`python -m bench.fit REPOSITORY ...` fits them, and says how good they are.
"""

from __future__ import annotations

BODY, TOP, IMPORTS = "body", "top", "imports"  # the cursor is within a definition, outside of all, among imports

# What is known of a name wherever the cursor is in its place; see `Ground.facts`.
ALWAYS = ("spread", "files", "imported", "often", "near", "far")
# What the names at the cursor say of it; see `expected.speaking`.
NOW = ("beside", "beside, squared", "together", "after", "words")

# Fitted to 1,200 insertions of the histories of twelve projects in five languages, none of which is judged on.
BIAS = {BODY: -7.8, TOP: -7.9, IMPORTS: -7.5}
WEIGHTS: dict[str, tuple[float, ...]] = {
    BODY: (1.47, 0.55, 0.11, 0.21, 0.19, 0.74),
    TOP: (2.35, 0.44, 0.79, 0.14, 0.31, 2.03),
    IMPORTS: (0.38, 0.63, -0.12, -0.86, -0.86, -0.27),
}
AT_CURSOR: dict[str, tuple[float, ...]] = {
    BODY: (5.73, -9.26, 0.3, 1.42, 0.86),
    TOP: (3.26, -6.63, 0.03, 0.6, 1.0),
    IMPORTS: (3.38, -4.33, 1.26, 2.16, 0.78),
}
# What else brings a name. Those that count for nothing here only bring lines: the fit found that what they say of
# names is known from the files that are looked into. Of those from `edits` on no history tells: they are judgement.
SOURCES = {
    "enclosing": 0.0,
    "imports": 0.1,
    "definitions": 0.0,
    "members": 0.0,
    "overrides": 0.0,
    "edits": 1.0,
    "visited": 0.7,
    "diff": 0.7,
    "diagnostics": 3.0,
    "frames": 3.0,
    "callers": 2.0,
    "users": 2.0,
    "changed": 2.0,
    "docs": 1.0,
}
