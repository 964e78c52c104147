"""The nouns of reviews: what a model claims, where a finding stands, what was not looked at; imports only nouns."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from router.types import Diagnostic, Finding, Span

Counts: TypeAlias = "dict[str, int]"  # stage of the proofs -> how many claims it stopped


class Claim(Struct, frozen=True):
    """What a model says of a stretch of code, before anything of it is believed.

    `line` is its hint, from 1 (0: none); `fix` takes the place of `quote` (None: it offers none); `path` is the file
    that it speaks of, if it names one.
    """

    quote: str
    rule: str
    message: str
    symbols: tuple[str, ...] = ()
    fails: str = ""
    fix: str | None = None
    line: int = 0
    path: str = ""


class Scope(Struct, frozen=True):
    """What a review was about: a text, the stretches that may be spoken of, and what others say of it already."""

    path: str
    language: str
    text: str
    spans: tuple[Span, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


class Unit(Struct, frozen=True):
    """What is reviewed at once: a function, what stands in a class between its methods, or lines outside of both.

    `digest` is that of its code without comments, documentation and blanks; `weight` counts its words and signs.
    """

    name: str
    span: Span
    digest: str
    weight: int


class Place(Struct, frozen=True):
    """Lines and columns from 1, columns in code points; the end is behind the last."""

    line: int
    column: int
    end_line: int
    end_column: int


class Reported(Struct, frozen=True):
    """A finding as a report tells it: `path` is relative to the workspace, with slashes; `print` its fingerprint."""

    finding: Finding
    path: str
    place: Place
    print: str


class Skipped(Struct, frozen=True):
    """What was not reviewed, and why: a sentence's end for people. `name` is the definition, or empty for all of it.

    `failed`: an engine was to look at it, and did not.
    """

    path: str
    why: str
    name: str = ""
    failed: bool = False


class Review(Struct, frozen=True):
    """A whole review: findings, worst first; `counts` says how many claims each stage of the proofs stopped."""

    reported: tuple[Reported, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    summary: str = ""
    units: int = 0
    known: int = 0
    counts: tuple[tuple[str, int], ...] = ()

    @property
    def failure(self) -> str:
        """Why no engine has looked at any of it; empty: one has, or there was nothing to look at."""
        return "" if self.units else next((it.why for it in self.skipped if it.failed), "")
