"""How often `echo` is right when it shows something, beside plain copy.

The held-out lines are in packages that nothing was chosen on (bench/lines.py). With `--fit` it prints, from the
tuning packages alone, the numbers that router/echo/choice.py holds.
"""

from __future__ import annotations

import asyncio
import math
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, TypeAlias

from msgspec import Struct

from bench import lines, table
from bench.lines import HELD_OUT, TUNING, Case, Where
from router import echo
from router.echo import choice, places
from router.runtimes.echo import Echo
from router.types import Call, Delta, Route

Text: TypeAlias = Literal["the open file", "and files beside it", "nothing after the cursor"]
TEXTS: tuple[Text, ...] = ("the open file", "and files beside it", "nothing after the cursor")
WHERE: tuple[Where, ...] = ("whole", "inside", "block")
SEED = 20
HELD_OUT_SEED = 21  # with 20 an earlier scale of six signs was measured, so those lines have been looked at
# Of what is shown on the tuning lines, this share must be right.
AIM = {"whole": 0.35, "inside": 0.50, "block": 0.60}
Engine: TypeAlias = Callable[[str, str, Sequence[str]], str]


class Row(Struct, frozen=True):
    """One line of the table: `right` counts exact answers among the `shown`; times in milliseconds per line."""

    where: str
    text: str
    engine: str
    lines: int
    shown: int
    right: int
    low: float
    high: float
    p50: float
    p95: float


class Pace(Struct, frozen=True):
    """Milliseconds per call through the runtime, and the longest that the event loop had to wait."""

    lines: int
    p50: float
    p95: float
    longest_step: float


def said(before: str, after: str, pieces: Sequence[str], gate: echo.Gate = echo.GATE) -> str:
    """What `echo` says."""
    *_, answer = echo.stages(before, after, pieces, gate)
    return answer.text if answer else ""


def copied(before: str, after: str, pieces: Sequence[str]) -> str:
    """Plain copy: how the longest match of what stands before the cursor goes on, shown whenever there is one."""
    size, tail = 0, ""
    for text in (before, after, *reversed(pieces)):
        end = len(text) - (text is before)  # not the very place of the cursor
        while size < len(before) and (hit := text.rfind(before[-size - 1 :], 0, end)) >= 0:
            size += 1
            tail = text[hit + size :].partition("\n")[0]
    return tail


def shown_by(case: Case, text: Text) -> tuple[str, str, tuple[str, ...]]:
    """What an engine gets to see of a case."""
    after = "" if text == "nothing after the cursor" else case.after
    return case.before, after, case.siblings if text == "and files beside it" else ()


def right(answer: str, case: Case) -> bool:
    """Whether an answer is the hidden text; of a block, its first lines are right too if there are several."""
    got, wanted = answer.rstrip(), case.target.rstrip()
    return (wanted + "\n").startswith(got + "\n") if case.where == "block" else got == wanted


def measure(found: Sequence[Case], text: Text, name: str, engine: Engine) -> Row:
    """One line of the table."""
    hits: list[bool] = []
    spent: list[float] = []
    for case in found:
        seen = shown_by(case, text)
        began = time.perf_counter()
        answer = engine(*seen)
        spent.append((time.perf_counter() - began) * 1000)
        if answer.strip() and (case.where != "block" or "\n" in answer):
            hits.append(right(answer, case))
    low, high = wilson(sum(hits), len(hits))
    times = (table.percentile(spent, 0.5), table.percentile(spent, 0.95))
    return Row(found[0].where, text, name, len(found), len(hits), sum(hits), low, high, *times)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - half, middle + half


def rows() -> list[Row]:
    """`echo` and plain copy on the held-out lines."""
    held = lines.cases(HELD_OUT, 25, HELD_OUT_SEED)
    found: list[Row] = []
    for where in WHERE:
        some = lines.rows(held, where)
        for text in TEXTS:
            found.append(measure(some, text, "echo", said))
            if where != "block":
                found.append(measure(some, text, "copy", copied))
    return found


def pace(height: int, calls: int = 60) -> Pace:
    """Calls through the runtime at places spread over one document of so many lines, on a running loop."""
    document = lines.document(HELD_OUT, height)
    starts = [number * len(document) // calls for number in range(1, calls)]
    return asyncio.run(_paced(document, [document.find(" ", start) + 1 for start in starts], height))


async def _paced(document: str, cursors: Sequence[int], height: int) -> Pace:
    steps: list[float] = []
    running = True

    async def neighbour() -> None:
        last = time.perf_counter()
        while running:
            await asyncio.sleep(0)
            now = time.perf_counter()
            steps.append((now - last) * 1000)
            last = now

    other = asyncio.ensure_future(neighbour())
    spent: list[float] = []
    for cursor in cursors:
        began = time.perf_counter()
        call = Call(Route("echo", "echo"), document[:cursor], document[cursor:])
        _ = [event async for event in Echo().generate(call) if isinstance(event, Delta)]
        spent.append((time.perf_counter() - began) * 1000)
    running = False
    await other
    return Pace(height, table.percentile(spent, 0.5), table.percentile(spent, 0.95), max(steps))


def fitted() -> tuple[dict[str, choice.Scale], echo.Gate]:
    """The scale of signs and the gate, from the tuning packages alone."""
    tuning = lines.cases(TUNING, 75, SEED)
    of = {where: lines.rows(tuning, where) for where in WHERE}
    choice.WHOLE, choice.INSIDE = _scale(of["whole"]), _scale(of["inside"])
    whole = _lowest(of["whole"], AIM["whole"])
    inside = _lowest(of["inside"], AIM["inside"])
    block = _lowest_block(of["block"], AIM["block"], whole)
    return {"WHOLE": choice.WHOLE, "INSIDE": choice.INSIDE}, echo.Gate(whole, inside, block)


def _scale(found: Sequence[Case]) -> choice.Scale:
    """Logistic regression on every way to go on of every case in every text, by Newton's method."""
    import numpy as np

    signs: list[tuple[float, ...]] = []
    truth: list[float] = []
    for case in found:
        for text in TEXTS:
            spot, looks = places.everywhere(*shown_by(case, text))
            for way in choice.ways(match for some in looks for match in some):
                if answer := choice.fit(way.tail, spot):
                    signs.append(choice.signs(way, spot))
                    truth.append(float(right(answer, case)))
    x, y = np.array(signs), np.array(truth)
    scale = np.zeros(x.shape[1])
    for _ in range(20):
        p = 1 / (1 + np.exp(-x @ scale))
        scale -= np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + np.eye(len(scale)), x.T @ (p - y) + scale)
    return tuple(round(float(weight), 2) for weight in scale)


def _lowest(found: Sequence[Case], aim: float) -> float:
    """The lowest probability above which, in each of the texts, the share of right ones is the aim."""
    return max(_lowest_in(found, text, aim) for text in TEXTS)


def _lowest_in(found: Sequence[Case], text: Text, aim: float) -> float:
    answers: list[tuple[float, bool]] = []
    for case in found:
        *_, answer = echo.stages(*shown_by(case, text), echo.Gate(0.0, 0.0, 2.0))
        if answer:
            answers.append((answer.probability, right(answer.text, case)))
    best, hits = 1.0, 0
    for number, (probability, hit) in enumerate(sorted(answers, reverse=True), 1):
        hits += hit
        best = probability if hits >= aim * number else best
    return math.ceil(best * 100) / 100


def _lowest_block(found: Sequence[Case], aim: float, whole: float) -> float:
    """The same for blocks, in all texts together: there are few."""
    for level in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6):
        gate = echo.Gate(whole, block=level)
        measured = [measure(found, text, "", partial(said, gate=gate)) for text in TEXTS]
        if sum(row.right for row in measured) >= aim * sum(row.shown for row in measured):
            return level
    return 1.0


def main(arguments: Sequence[str]) -> int:
    """Print the tables, or the fitted numbers."""
    parser = table.flags(__doc__ or "")
    parser.add_argument("--fit", action="store_true", help="print the scale and the gate, fitted on the tuning lines")
    flags = parser.parse_args(arguments)
    if flags.fit:
        scales, gate = fitted()
        print("\n".join(f"{name}: Scale = {scale}" for name, scale in scales.items()))
        print(f"{gate}\nFitted on: {lines.versions(TUNING)}.")
        return 0
    table.show([_accuracy(rows()), _speed([pace(500), pace(11_000)])], flags.json)
    return 0


def _accuracy(measured: Sequence[Row]) -> table.Table:
    gate = echo.GATE
    return table.Table(
        "Held-out lines: a suggestion is right when it is exact to the end of the line (block: in every line shown)",
        ("cursor", "text", "engine", "lines", "shown", "right", "right %", "95 % from", "to", "p50 ms", "p95 ms"),
        tuple(_cells(row) for row in measured),
        (
            f"Silent below {gate.whole} (whole line), {gate.inside} (inside a line), {gate.block} (more lines).",
            f"Chosen on: {lines.versions(TUNING)}.",
            f"Measured on: {lines.versions(HELD_OUT)}.",
        ),
    )


def _cells(row: Row) -> tuple[table.Cell, ...]:
    share = 100 * row.right / max(1, row.shown)
    counts = (row.lines, row.shown, row.right)
    return (row.where, row.text, row.engine, *counts, share, 100 * row.low, 100 * row.high, row.p50, row.p95)


def _speed(paces: Sequence[Pace]) -> table.Table:
    return table.Table(
        "One call through the runtime, the cursor anywhere in a document (ms)",
        ("lines", "p50", "p95", "longest wait of the loop"),
        tuple((f"{one.lines:,}", one.p50, one.p95, one.longest_step) for one in paces),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
