"""An explanation as it is read in a terminal: as it is written, then whole, with links, what is invented struck out."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from lsp.shell import terminal
from router.types import Mention, Prose

if TYPE_CHECKING:
    from rich.live import Live

Link: TypeAlias = Callable[[str, int], str]  # the address of a path and a line, which is 0 where none is named


class Written:
    """Shows what is said while it is said, where somebody looks; in a pipe all of it comes at the end."""

    def __init__(self, live: bool = True) -> None:
        self._console = terminal.console()
        self._shown = live and self._console.is_terminal
        self._live: Live | None = None
        self._text = ""

    def __enter__(self) -> Written:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def hear(self, text: str) -> None:
        """A stretch of it."""
        if not self._shown:
            return
        from rich.live import Live
        from rich.markdown import Markdown

        self._text += text
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(Markdown(terminal.clean(self._text)), refresh=True)

    def end(self, answer: Prose) -> None:
        """All of it."""
        if not self._console.is_terminal:
            print(terminal.clean(marked(answer)))
            return
        from rich.markdown import Markdown

        self._console.print(Markdown(terminal.clean(marked(answer))))


def marked(answer: Prose, link: Link | None = None) -> str:
    """The Markdown of an explanation: what it has invented is struck out; what is real leads to where `link` says."""
    text, at = "", 0
    for mention in sorted(answer.mentions, key=lambda it: it.start):
        start, end = _widened(answer.text, mention)
        if start < at:
            continue
        said = answer.text[start:end]
        if not mention.path:
            said = f"~~{said}~~"
        elif link is not None:
            said = f"[{said}]({link(mention.path, mention.line)})"
        text += answer.text[at:start] + said
        at = end
    return text + answer.text[at:]


def _widened(text: str, mention: Mention) -> tuple[int, int]:
    """A mention with the backticks around it."""
    start, end = mention.start, mention.end
    while start > 0 and end < len(text) and text[start - 1] == text[end] == "`":
        start, end = start - 1, end + 1
    return start, end
