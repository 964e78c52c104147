"""One review from a request to its findings: what was known is not asked again, what is claimed proves itself first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Protocol, TypeAlias

from msgspec.structs import replace

import router
from router.answers.findings import claims, schema, verdict, verdict_schema
from router.answers.thinking import without
from router.config import Review as Settings
from router.jobs.fields import About
from router.reviewing import ranking
from router.reviewing.changed import units
from router.reviewing.inert import acts, plain
from router.reviewing.memory import Dismissals, Memory
from router.reviewing.proofs import marked, proved
from router.reviewing.quoting import Text
from router.reviewing.reading import WORD, Code
from router.reviewing.rules import capped, rules
from router.reviewing.steps import SECOND_LOOK, SUMMARY, step
from router.reviewing.types import Claim, Scope
from router.types import Answer, Document, Finding, Findings, Refusal, Request, Route, Span, Task

LOOKS = 8  # findings of one request that get a second look; the others have lost to them already
LONGEST_DIFF = 24_000  # code points of a change that is summed up
_BULLET = ("- ", "* ", "• ")

Defined: TypeAlias = Callable[[Request, str], bool]


class Heard(Protocol):
    """What a model has said, and whether that is all of it."""

    said: str
    whole: bool


class Model(Protocol):
    """Whoever puts a request before a model; see asking.py."""

    async def prepared(self, task: Task, request: Request) -> tuple[Route, About, dict[str, str]]: ...
    async def said(
        self, task: Task, request: Request, route: Route, given: Mapping[str, str], schema: str = ""
    ) -> Heard: ...


class Reviewing:
    """Reviews what requests are about. `settings` gives those in force, `defined` says whether the workspace defines a
    name, `root` which folder of it a path belongs to. `counts` are the claims that each stage has stopped, and those
    that came (`claims`) and were left (`shown`)."""

    def __init__(
        self,
        model: Model,
        memory: Memory,
        settings: Callable[[], Settings],
        defined: Defined,
        root: Callable[[str], str],
    ) -> None:
        self.memory = memory
        self.counts: Counter[str] = Counter()
        self._model, self._settings, self._defined, self._root = model, settings, defined, root

    async def ask(self, task: Task, request: Request) -> Answer:
        """The findings in the lines of the request's span; of a diff without a span, the summary.

        Raises RuntimeFailure, TooLong and Superseded.
        """
        if request.diff and request.span.end <= request.span.start:
            return await self._summed_up(task, request)
        wanted = await asyncio.to_thread(self.memory.dismissals, self._root(request.document.path))
        route, about, given = await self._model.prepared(task, request)
        scope = Scope(
            request.document.path, request.document.language, request.document.text, (about.span,), request.diagnostics
        )
        key = await asyncio.to_thread(_key, task, route, scope)
        known = await asyncio.to_thread(self.memory.kept, key)
        if known is not None:
            self.counts["remembered"] += 1
            return Findings(tuple(await asyncio.to_thread(self._again, known, scope, wanted)))
        found = await self._found(task, request, route, given, scope, wanted)
        if isinstance(found, Refusal):
            return found
        await asyncio.to_thread(self.memory.keep, key, found)
        return Findings(tuple(found))

    # Asking

    async def _found(
        self, task: Task, request: Request, route: Route, given: dict[str, str], scope: Scope, wanted: Dismissals
    ) -> list[Finding] | Refusal:
        claimed = await self._claimed(task, request, route, given)
        if isinstance(claimed, Refusal):
            return claimed
        self.counts["claims"] += len(claimed)
        known = self._known(request, claimed)
        most, stopped = self._settings().severity, Counter[str]()
        proven = await asyncio.to_thread(proved, claimed, scope, most, known.__contains__, wanted.unwanted, stopped)
        self.counts.update(stopped)
        ranked = ranking.ranked(proven)
        several = ranking.once(ranked)
        self.counts["duplicate"] += len(ranked) - len(several)
        kept = [it for one in several[:LOOKS] if (it := await self._looked(task, request, route, given, one))]
        self.counts["too many"] += max(0, len(several) - LOOKS)
        self.counts["shown"] += len(kept)
        return kept

    async def _claimed(
        self, task: Task, request: Request, route: Route, given: dict[str, str]
    ) -> tuple[Claim, ...] | Refusal:
        """What the model claims; where that can't be read, it is told so and asked once more."""
        note = ""
        found: tuple[Claim, ...] | Refusal = ()
        for turn in range(2):
            try:
                heard = await self._model.said(task, request, route, given | {"note": note}, schema())
            except router.Incomplete:  # it broke off; a review is worth a second try
                if turn:
                    raise
                continue
            found = claims(heard.said)
            if not isinstance(found, Refusal):
                return found
            note = f"{found.reason} Answer with the JSON object alone." + ("" if heard.whole else " Be shorter.")
            self.counts["repaired"] += 1
        return found

    def _known(self, request: Request, claimed: Sequence[Claim]) -> frozenset[str]:
        """Of the names that are claimed something of, those that the workspace defines."""
        said = (text for it in claimed for text in (*it.symbols, it.message))
        names = {word for text in said for word in WORD.findall(text)}
        return frozenset(name for name in names if self._defined(request, name))

    async def _looked(
        self, task: Task, request: Request, route: Route, given: dict[str, str], finding: Finding
    ) -> Finding | None:
        """The finding, with the input for which a second look says that it fails; None: it names none."""
        asked = {name: given.get(name, "") for name in ("path", "language", "code")}
        note = f"{finding.message}\nIt is about this line: {finding.quote}"
        looking = await asyncio.to_thread(step, task, SECOND_LOOK)
        heard = await self._model.said(looking, request, route, asked | {"note": note}, verdict_schema())
        fails = verdict(heard.said)
        if not fails or acts(fails):
            self.counts["second look"] += 1
            return None
        return replace(finding, fails=plain(fails))

    async def _summed_up(self, task: Task, request: Request) -> Findings:
        """What a diff does, in a few points."""
        summing = await asyncio.to_thread(step, task, SUMMARY)
        route, _, _ = await self._model.prepared(task, replace(request, diff=""))
        diff = request.diff if len(request.diff) <= LONGEST_DIFF else request.diff[:LONGEST_DIFF] + "\n[…]\n"
        heard = await self._model.said(summing, request, route, {"diff": diff})
        return Findings(summary=points(heard.said))

    # Remembering

    def _again(self, known: Sequence[Finding], scope: Scope, wanted: Dismissals) -> list[Finding]:
        """What was found before, where it stands now; what is not wanted any more is left out."""
        text, code = Text(scope.text), Code(scope.language, scope.text)
        moved = [it for one in known if (it := relocated(one, scope, text)) is not None]
        most = self._settings().severity
        sized = [replace(it, severity=capped(rules()[it.rule].severity, most)) for it in moved if it.rule in rules()]
        return [it for it in sized if not wanted.unwanted(marked(it, code), it.rule)]


def relocated(finding: Finding, scope: Scope, text: Text) -> Finding | None:
    """A finding where its quote stands now, in these stretches; None: it stands there no more as it was."""
    found = text.find(finding.quote, scope.spans)
    if found is None or scope.text[found.start : found.end] != finding.quote:
        return None
    by = found.start - finding.span.start
    fix = tuple(replace(it, start=it.start + by, end=it.end + by) for it in finding.fix)
    return replace(finding, path=scope.path, span=found, fix=fix)


def _key(task: Task, route: Route, scope: Scope) -> str:
    """What a review's outcome depends on: the code without its comments, the prompt, the rules and the model."""
    held = [it.digest for it in units(Code(scope.language, scope.text)) if _in(it.span, scope.spans)]
    code = held or ["".join(scope.text[it.start : it.end].split()) for it in scope.spans]
    parts = (scope.path, task.name, task.body, route.runtime, route.model, *rules(), *code)
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _in(span: Span, spans: Sequence[Span]) -> bool:
    return any(it.start <= span.start and span.end <= it.end for it in spans)


def points(said: str) -> str:
    """A summary as plain bullet points; whatever acts is left out."""
    lines = [line.strip() for line in without(said).splitlines()]
    kept = [plain(line[2:]) for line in lines if line.startswith(_BULLET) and not acts(line)]
    return "\n".join(f"- {it}" for it in kept[:8] if it)


def change(root: str, diff: str) -> Request:
    """The request that asks what a whole diff does."""
    return Request("review_changes", Document(root, "diff", 1, diff), Span(0, 0), diff=diff)
