"""A prompt and its reasons as people read of them: what it is made of, how long it may be, what was left out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from msgspec import Struct

from lsp.shell import files, terminal
from router.completing.weighing import Weighed
from router.context import privacy
from router.models.modest import modest
from router.types import Request
from router.why import Why

_LEFT = 12  # pieces that were left out, in a table
_LEFT_AT_ALL = 500  # in JSON
_LONG = 60  # code points of a piece in a table


class Seen(Struct, frozen=True):
    """A piece with its line, from 1 (0: unknown), and about how many tokens it takes."""

    weighed: Weighed
    line: int
    tokens: int


class Found(Struct, frozen=True):
    """What is shown: `why`, or a sentence in `silent` that says why nothing is sent.

    `masked` counts the secrets that are masked in the prompt; `kept_out` are the workspace's files that are never
    shown, by what keeps them out.
    """

    request: Request
    root: Path
    why: Why | None = None
    seen: tuple[Seen, ...] = ()
    tokens: int = 0
    masked: int = 0
    kept_out: dict[str, int] = {}
    silent: str = ""
    offline: bool = False


def prompt(found: Found) -> None:
    """Print the prompt alone."""
    if found.why is None:
        terminal.note(f"switchyard: {found.silent}")
        return
    call = found.why.call
    parts = [call.system, call.prompt] + ([call.suffix] if call.suffix else [])
    print("\n\n".join(terminal.clean(part) for part in parts if part))


def tell(found: Found) -> None:
    """Print all there is to say, and the prompt."""
    if found.why is None:
        terminal.note(f"switchyard: nothing is sent. {found.silent}")
        return
    why, route = found.why, found.why.call.route
    model = f"{route.model} on {route.runtime}" if route.model != route.runtime else route.runtime
    terminal.say(f"{why.task.title}: asked of {model}. {route.why}".rstrip())
    terminal.say(f"The prompt: about {found.tokens:,} tokens; {_budget(why)}.")
    if modest(route):
        whole, inside = route.sure
        terminal.say(f"Shown is what is sure enough: {whole:.0%} of a whole line, {inside:.0%} of the rest of one.")
    terminal.say(f"Of {_called(found, found.request.document.path)}: {_lines(found)}.")
    terminal.say(_cache(found))
    _pieces(found)
    terminal.say(_kept_back(found))
    print()
    if why.call.system:
        terminal.say(f"{why.call.system}\n\n---\n")
    terminal.say(why.call.prompt)
    if why.call.suffix:
        terminal.say(f"\n--- and behind the cursor ---\n{why.call.suffix}")


def _budget(why: Why) -> str:
    """Where the limit of the prompt's length comes from."""
    route, speed = why.call.route, why.speed
    window = f"{route.window:,}" if route.window else "unknown"
    room = f"it may have {why.budget:,}, for the window is {window} and the answer may take {why.task.max_tokens:,}"
    if speed.prefill <= 0:
        return f"{room}; how fast the model reads is not known yet"
    how = "measured" if speed.measured else "expected"
    return f"{room}, and so many are read in {why.task.patience:g} s at {speed.prefill:,.0f} tokens/s ({how})"


def _lines(found: Found) -> str:
    assert found.why is not None
    document, shown = found.request.document, found.why.shown
    first, last = files.place(document, shown.start)[0], files.place(document, max(shown.start, shown.end - 1))[0]
    return f"lines {first:,} to {last:,} of {files.place(document, len(document.text))[0]:,}"


def _cache(found: Found) -> str:
    assert found.why is not None
    unknown = "What the engine has in its cache now can't be seen from here"
    if found.why.told:
        return f"{unknown}; the first {found.why.told:,} characters are those of every request of this task."
    if found.request.task != "complete":
        return f"{unknown}."
    return f"{unknown}; whoever types on from the end of the line above finds {found.why.held:.0%} of it read already."


def _pieces(found: Found) -> None:
    assert found.why is not None
    shown = [it for it in found.seen if not it.weighed.why]
    left = [it for it in found.seen if it.weighed.why]
    if not found.seen:
        terminal.say("Of other files: nothing." if found.why.beside else "Of other files: nothing; none may be shown.")
        return
    spent = sum(it.tokens for it in shown)
    terminal.say(f"Of other files: {len(shown):,} pieces, about {spent:,} of {found.why.beside:,} tokens.")
    print()
    columns = ("shown", "from", "worth>", "tokens>", "")
    terminal.table(
        columns,
        [(*_row(found, it), terminal.line(privacy.clean(it.weighed.piece.text))[:_LONG]) for it in shown],
        ("",),
    )
    if left:
        print()
        columns = ("left out", "from", "worth>", "tokens>", "why")
        terminal.table(columns, [(*_row(found, it), it.weighed.why) for it in left[:_LEFT]])
        counts = Counter(it.weighed.why for it in left[_LEFT:])
        for reason, count in counts.most_common():
            terminal.say(f"… and {count:,} more: {reason}.")
    print()


def _row(found: Found, one: Seen) -> tuple[str, str, str, str]:
    piece = one.weighed.piece
    place = f"{_called(found, piece.path)}:{one.line}" if one.line else _called(found, piece.path)
    return place, piece.source, f"{one.weighed.worth:.2f}", f"{one.tokens:,}"


def _called(found: Found, path: str) -> str:
    try:
        return terminal.line(str(Path(path).relative_to(found.root)))
    except ValueError:
        return terminal.line(path)


def _kept_back(found: Found) -> str:
    files_out = [f"{count:,} by {why}" for why, count in sorted(found.kept_out.items(), key=lambda it: -it[1])]
    masked = f"{found.masked:,} masked in the prompt" if found.masked else "none is masked in the prompt"
    if not files_out:
        return f"Secrets: {masked}. Files kept out of every prompt: none that the workspace lists."
    return f"Secrets: {masked}. Files kept out of every prompt: {', '.join(files_out)}."


def as_json(found: Found) -> dict[str, object]:
    """The same for programs."""
    why = found.why
    place = dict(zip(("line", "column"), files.place(found.request.document, found.request.span.start), strict=True))
    head: dict[str, object] = {"task": found.request.task, "path": found.request.document.path, **place}
    if why is None:
        return head | {"silent": found.silent}
    route, call = why.call.route, why.call
    first, last = (files.place(found.request.document, it)[0] for it in (why.shown.start, why.shown.end))
    return head | {
        "engine": route.runtime,
        "model": route.model,
        "why": route.why,
        "window": route.window,
        "tokens": found.tokens,
        "budget": {"tokens": why.budget, "beside": why.beside, "patience": why.task.patience}
        | {"prefill": round(why.speed.prefill, 1), "measured": why.speed.measured},
        "shown": {"first": first, "last": last},
        "held": round(why.held, 4),
        "pieces": [_piece(it) for it in found.seen if not it.weighed.why],
        "left_out": [_piece(it) | {"why": it.weighed.why} for it in found.seen if it.weighed.why][:_LEFT_AT_ALL],
        "masked": found.masked,
        "kept_out": found.kept_out,
        "system": call.system,
        "prompt": call.prompt,
        "suffix": call.suffix,
        "silent": "",
    }


def _piece(one: Seen) -> dict[str, object]:
    piece = one.weighed.piece
    place = {"path": piece.path, "line": one.line}
    return {
        "source": piece.source,
        **place,
        "worth": round(one.weighed.worth, 4),
        "tokens": one.tokens,
        "text": privacy.clean(piece.text),
    }
