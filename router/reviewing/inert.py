"""Sentences of a model as they may be shown: one line of plain text, and nothing that could act on its reader. Pure.

A finding needs no link, no image, no HTML and no command for a shell: one that brings them does not say what is wrong
with the code, it says what the code wanted to have said. So it is dropped, and what is left is plain text.
"""

from __future__ import annotations

import re

from router.context.gating.invisible import visible

LONGEST = 400  # code points of a message
_SCHEME = r"(?:https?|ftp|file|data|javascript|vbscript|command|vscode|vscode-insiders|mailto|ssh)"
_MARKS = re.compile(
    r"(?<![\w\])])!?\[[^\]\n]{0,200}\]\s?[(\[]|<!--"
    r"|<\s?/?(?:a|img|script|iframe|svg|style|link|object|embed|form|meta|video|audio)\b",
    re.I,
)
_ADDRESS = re.compile(rf"\b{_SCHEME}:(?://)?\S|\bwww\.\w", re.I)
_CODE = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"")
# What poisoned code has a model say: orders to the next reader instead of a fault. Orders begin a sentence; "this can
# leak the token" or "runs it in a shell" is what a true finding says.
_ORDERED = r"(?:\A|[.!?:;,]\s+|\b(?:please|must|should|now|then|and|you can|need to|have to)\s+)"
_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+|the\s+|your\s+)*(?:previous|prior|above|earlier|system)\b"
    r"|\b(?:your|the|this) (?:system|developer) (?:prompt|message)\b|\bas an? (?:ai|language model|ai assistant)\b"
    rf"|{_ORDERED}(?:run|execute|paste|type|enter|open|visit|click|download|install|pipe|curl|wget)\b[^.\n]{{0,60}}"
    r"(?:\bcurl\b|\bwget\b|\bsudo\b|\bbash\b|\bpowershell\b|\bterminal\b|\bshell\b|\blink\b|\brm -|\bpip\b|\bnpm\b)"
    r"|\b(?:curl|wget|iwr)\s+\S+[^\n]*\||\|\s*(?:ba|z)?sh\b"
    rf"|{_ORDERED}(?:send|post|upload|exfiltrate|e-?mail|leak|print|reveal|include|append|paste|copy)\b[^.\n]{{0,40}}"
    r"\b(?:passwords?|credentials?|secrets?|tokens?|(?:api[ _-]?|private |ssh )keys?|\.env|environment variables?)\b"
    r"|\b(?:code|file|change|pull request|pr|review)\s+(?:is|was|has been)\s+(?:pre-)?(?:approved|exempt|certified)\b"
    rf"|{_ORDERED}(?:do not|don't|never) (?:report|flag|review|mention|warn)\b|\blgtm\b",
    re.I,
)


def plain(text: str, longest: int = LONGEST) -> str:
    """`text` on one line, without what cannot be seen, and not too long."""
    said = " ".join(visible(text.replace("\x85", " ")).encode("utf-8", "replace").decode("utf-8").split())
    return said if len(said) <= longest else said[: longest - 1].rstrip() + "…"


def acts(text: str) -> bool:
    """Whether a sentence holds what does something when it is shown, or tells its reader to do something.

    What cannot be seen does, too. Brackets and angles in code are code.
    """
    return _MARKS.search(_CODE.sub("", text)) is not None or orders(text)


def orders(text: str) -> bool:
    """Whether a text, also one of code, leads somewhere, gives orders, or hides something."""
    seen = visible(text)
    return seen != text or _ADDRESS.search(seen) is not None or _ORDERS.search(seen) is not None
