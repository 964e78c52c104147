"""How much each sign counts that a name is needed next: the coefficients of three logistic regressions."""

from __future__ import annotations

BODY, TOP, IMPORTS = "body", "top", "imports"  # the cursor is within a definition, outside of all, among imports

# What is known of a name wherever the cursor is in its place; see `Ground.facts`.
ALWAYS = (
    "spread",
    "spread, counted",
    "files",
    "length",
    "capital",
    "hidden",
    "imported",
    "often",
    "above",
    "near",
    "far",
)
# What the names at the cursor say of it; see `expected.speaking`.
NOW = ("beside", "beside, squared", "together", "after", "words")

BIAS = {BODY: -6.0, TOP: -6.0, IMPORTS: -6.0}
WEIGHTS: dict[str, tuple[float, ...]] = {
    BODY: (3.95, -0.17, 0.83, -0.02, 0.1, 0.32, 0.48, 0.2, 0.53, 1.22, 0.5),
    TOP: (4.29, -0.28, 0.52, -0.04, 0.06, 0.49, 1.05, -0.03, 1.23, 3.09, 0.5),
    IMPORTS: (2.41, -0.15, 1.08, -0.01, 0.91, -1.21, -0.16, -1.28, -6.09, 0.0, 0.0),
}
AT_CURSOR: dict[str, tuple[float, ...]] = {
    BODY: (4.0, -2.0, 0.3, 2.0, 1.41),
    TOP: (4.0, -2.0, 0.3, 1.0, 0.92),
    IMPORTS: (1.6, -1.0, 0.5, 2.0, 1.62),
}
# What else brings a name. The first ones are fitted, too; of the others no history tells: they are a matter of
# judgement.
SOURCES = {
    "enclosing": 0.0,
    "imports": 0.3,
    "definitions": 0.2,
    "members": 0.2,
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
