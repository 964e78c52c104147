"""In which form a model is asked for an edit: what it does reliably, by its size and by how much there is to say.

A model that repeats a whole definition makes few mistakes of form and takes its time; one that names only what changes
is quick, if it can quote: the smaller ones miss a blank. (aider's page on its edit formats says the same.)
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from router.editing.blocks import DIVIDER, REPLACE, SEARCH, marked

Format: TypeAlias = "Literal['whole', 'blocks', 'name', 'doc']"

QUOTES = 7.0  # billions of parameters from which on a model quotes lines to the letter
SHORT = 30  # lines that are said as quickly as they are quoted
_GROWTH = 1.5  # times as long an answer may be as what it replaces
_LETTERS = 3.0  # code points per token of code, at least; see models/tokens.py

_WHOLE = """Answer with one fenced code block and nothing else. It takes the place of all the code above: repeat every
line that stays, and leave nothing out."""
_BLOCKS = f"""Answer with one block per change and nothing else. Copy the lines to search exactly as they stand, with
their indentation, and enough of them to stand there only once:

{SEARCH}
lines as they stand
{DIVIDER}
lines that take their place
{REPLACE}"""
_NAME = "Answer with one line that holds only the new name, which takes the place of {name}."
_DOC = "Answer with one fenced code block that holds only the documentation, as it will stand in the file, and no code."
TEXTS: dict[Format, str] = {"whole": _WHOLE, "blocks": _BLOCKS, "name": _NAME, "doc": _DOC}


def chosen(code: str, size: float, tokens: int) -> Format:
    """The form for an edit of `code` by a model of `size` (billions of parameters) that may say `tokens`."""
    lines = code.count("\n") + 1
    if marked(code):
        return "whole"  # the marks would be taken for those of the answer
    if len(code) * _GROWTH > tokens * _LETTERS:
        return "blocks"
    return "blocks" if size >= QUOTES and lines > SHORT else "whole"


def again(form: str, reason: str) -> str:
    """The form, for a model whose last answer could not be used for this reason."""
    return f"{form}\n\nYour last answer could not be used: {reason}"
