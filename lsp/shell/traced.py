"""What was printed -> what is asked about it: the place in the workspace to look at first, and the telling part."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from lsp.commands.config import read_settings
from lsp.shell import files, kept_out
from router import SwitchyardError, traces
from router.context.indexing.index import wide
from router.context.indexing.listing import native, slashed
from router.traces import Trace
from router.traces.places import Places
from router.traces.telling import innermost, telling
from router.types import Diagnostic, Document, Request, Span

_REPORTED = 8  # diagnostics


class Question(Struct, frozen=True):
    """What is asked: the request, the workspace that it is of, and the frames that led to it, as path and line."""

    request: Request
    root: Path
    frames: tuple[tuple[str, int], ...] = ()


def of_place(name: str, line: int, column: int) -> Question:
    """The question about a line of a file, from its column on unless that is 0. Raises SwitchyardError."""
    document = files.read(name)
    span = whole(document, name, line)
    if column:
        at = files.offset(document, name, line, column)
        span = Span(at, max(at, span.end))
    return Question(_request(document, span), files.workspace(Path(document.path)))


def of_output(output: str, settings: Sequence[str], before: str = "") -> Question:
    """The question about what was printed; `before` is said before it. Where it leads to no file of the workspace, it
    is about itself. Raises SwitchyardError: it leads only to files that may not be shown, or says nothing."""
    trace = traces.read(output)
    root = _root(trace)
    places = _places(root, read_settings(settings, root).privacy.exclude)
    first = innermost(trace, places)
    if first is None:
        return _of_itself(trace, places, root, before)
    frame, path, _ = first
    document = files.read(native(path))
    line = frame.line
    if not 1 <= line <= files.place(document, len(document.text))[0]:
        line = last = files.place(document, len(document.text.rstrip()))[0]
        before += f"{Path(path).name} has changed since: it has {last:,} lines, and no line {frame.line}.\n"
    span, note = whole(document, native(path), line), before + telling(trace, places)
    frames = ((native(found), frame.line) for frame in trace.frames if (found := places.resolved(frame)))
    return Question(
        _request(document, span, note, _reported(trace, places, document)), root, tuple(dict.fromkeys(frames))
    )


def _of_itself(trace: Trace, places: Places, root: Path, before: str) -> Question:
    """The question about an output that leads to no file."""
    if any(places.where(frame) == "hidden" for frame in trace.frames):
        why = f"The files of {root} that it names are kept out of prompts"
        raise SwitchyardError(f"{why}; name a place yourself, as in switchyard explain app.py:12.")
    said = telling(trace, places)
    if not said:
        raise SwitchyardError("Nothing was printed; name a place yourself, as in switchyard explain app.py:12.")
    document = Document("untitled:output", "plaintext", 1, before + said)
    return Question(_request(document, Span(len(before), len(before) + len(said))), root)


def whole(document: Document, name: str, line: int) -> Span:
    """A line, from 1, without the blanks around it. Raises SwitchyardError: there is no such line."""
    start = files.offset(document, name, line, 1)
    text = re.split(r"[\r\n]", document.text[start:], maxsplit=1)[0]
    return (
        Span(start + len(text) - len(text.lstrip()), start + len(text.rstrip())) if text.strip() else Span(start, start)
    )


def _request(document: Document, span: Span, note: str = "", reported: tuple[Diagnostic, ...] = ()) -> Request:
    """Nobody types here: whatever model is in memory may leave it."""
    return Request("explain", document, span, manual=True, consent=True, diagnostics=reported, note=note)


def _root(trace: Trace) -> Path:
    """The workspace around the shell's folder; where that is too wide to be one, that of the first file named."""
    here = files.workspace(Path.cwd() / "any")
    if not wide(str(here)):
        return here
    nowhere = Places((), ())
    named = (Path(frame.path) for frame in reversed(trace.frames) if nowhere.where(frame) == "outside")
    roots = (files.workspace(path) for path in named if path.is_absolute() and path.is_file())
    return next((root for root in roots if not wide(str(root))), here)


def _places(root: Path, patterns: tuple[str, ...]) -> Places:
    """The files of a workspace, those that may not be shown among them. Raises SwitchyardError."""
    shown, hidden = kept_out.listing(root, patterns)
    roots = dict.fromkeys((slashed(str(root)), slashed(os.path.realpath(root))))
    return Places(shown, list(roots), slashed(os.getcwd()), hidden)


def _reported(trace: Trace, places: Places, document: Document) -> tuple[Diagnostic, ...]:
    """What compilers say of this document, each at its place."""
    found: list[Diagnostic] = []
    last = files.place(document, len(document.text))[0]
    for fault in trace.faults:
        frame = fault.frames[-1] if fault.frames else None
        if frame is None or frame.function or frame.line > last or places.resolved(frame) != slashed(document.path):
            continue
        span = whole(document, document.path, frame.line)
        found.append(Diagnostic(span, fault.said, "error" if fault.grave else "warning"))
    return tuple(found[:_REPORTED])
