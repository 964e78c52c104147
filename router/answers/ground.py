"""What an answer is held against: what its model was shown, and what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct

from router.types import Answer, Request, Span, Task


class Known(Struct, frozen=True):
    """A file that there is, and how many lines it has. Without a `path` it was only named to us, and leads nowhere."""

    path: str = ""
    lines: int = 0


Exists: TypeAlias = "Callable[[str], Known | None]"  # the file that somebody means by this name


class Ground(Struct, frozen=True):
    """`span` is what of the request's document was shown as the code; `fields` are all that was given to the prompt.

    `whole`: the model came to its own end, and was not stopped at the limit of tokens.
    """

    task: Task
    span: Span
    fields: Mapping[str, str]
    exists: Exists = lambda name: None
    whole: bool = True


Parse: TypeAlias = Callable[[Request, str, Ground], Answer]  # total: a Refusal for whatever is no answer
