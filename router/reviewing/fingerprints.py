"""What tells one finding from all others, wherever its lines move: rule, quote, and the definition around it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from router.context.tagging.tags import Definition
from router.types import Span


def fingerprint(file: str, rule: str, quote: str, within: str) -> str:
    """16 hexadecimal digits; `file` is a name without its folders, `within` a qualified name or empty."""
    parts = (file, rule, "".join(quote.split()), within)
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def within(definitions: Sequence[Definition], span: Span) -> str:
    """The qualified name of the innermost definition around a stretch."""
    around = [it for it in definitions if it.span.start <= span.start and span.end <= it.span.end]
    inner = min(around, key=lambda it: it.span.end - it.span.start, default=None)
    return "" if inner is None else f"{inner.parent}.{inner.name}" if inner.parent else inner.name
