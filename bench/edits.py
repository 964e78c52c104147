"""Edits, byte for byte: of what models say of real functions, how much is applied just so, refused, or wrong.

What an editor makes of the edit is made by a second model of text, in UTF-16. What is wrong may never be applied.
"""

from __future__ import annotations

import ast
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from textwrap import indent

from msgspec import Struct

from bench import edit_hands, edit_tongues, lines, table
from bench.edit_cases import Case, Function, cases, functions
from bench.edit_wrong import WRONG, Wrong
from bench.naive import edited
from lsp.documents import Documents
from lsp.jobs.edits import Able, stale, workspace_edit
from router.answers import edits
from router.answers.ground import Ground
from router.context.tagging.language import language_of
from router.editing import renaming
from router.editing.blocks import Unfit
from router.editing.kinds import instruction
from router.tasks import shipped
from router.types import Answer, Document, Edit, Request, Span

PACKAGES = (*lines.HELD_OUT, *lines.STANDARD)
EACH, SEED = 4, 7
STALE = "a key was typed meanwhile"
URI, PATH = "file:///shop/a.py", "/shop/a.py"


class Outcome(Struct, frozen=True):
    """Whether an edit came, and whether the text that it makes is the wanted one; in how many milliseconds."""

    came: bool
    right: bool
    ms: float


def asked(
    text: str, at: int, said: str, task: str = "refactor", note: str = "", path: str = PATH, whole: bool = True
) -> Answer:
    """What the product makes of an answer."""
    document = Document(path, language_of(path.rsplit("/", 1)[-1]), 1, text)
    request = Request(task, document, Span(at, at), note=note)
    return edits.edit(request, said, Ground(shipped()[task], request.span, {}, whole=whole))


def after(answer: Answer, text: str) -> str | None:
    """The text in an editor that makes the edit; None where there is no edit."""
    if not isinstance(answer, Edit):
        return None
    (one,) = answer.files
    documents = Documents("utf-16")
    documents.open(URI, one.document.language, 1, text)
    return edited(text, workspace_edit(answer, documents, Able())["changes"][_uri(one.document.path)])


def _uri(path: str) -> str:
    return URI if path == PATH else f"file://{path}"


def outcome(case: Case, path: str = PATH) -> Outcome:
    """One answer, applied."""
    began = time.perf_counter()
    answer = asked(case.text, case.at, case.said, path=path)
    ms = (time.perf_counter() - began) * 1000
    made = after(answer, case.text)
    return Outcome(made is not None, made == case.wanted, ms)


def spread(name: str, found: Iterable[tuple[str, Outcome]], title: str) -> table.Table:
    """How many cases of each name came out how."""
    held: dict[str, list[Outcome]] = {}
    for key, one in found:
        held.setdefault(key, []).append(one)
    held["all"] = [one for its in held.values() for one in its]
    rows = tuple(
        (
            key,
            len(its),
            100 * sum(one.right for one in its) / len(its),
            100 * sum(not one.came for one in its) / len(its),
            sum(one.came and not one.right for one in its),
            table.percentile((one.ms for one in its), 0.5),
        )
        for key, its in held.items()
    )
    return table.Table(title, (name, "cases", "exact %", "refused %", "wrong", "ms, median"), rows)


def measure() -> Sequence[table.Table]:
    """All of it."""
    known = functions(PACKAGES, EACH, SEED)
    found = [(case, outcome(case)) for one in known for case in cases(one)]
    by_way = spread("how it is said", ((case.way, one) for case, one in found), "What models say of a function")
    by_kind = spread("file", ((case.kind, one) for case, one in found), "The same, by the kind of file")
    return [by_way, by_kind, _tongues(), _by_hand(), _documented(known), _renamed(known), _wrong(known)]


def _tongues() -> table.Table:
    found = ((case.kind, outcome(case, f"/shop/{case.way}")) for case in edit_tongues.cases())
    return spread("language", found, "The same in other languages")


def _by_hand() -> table.Table:
    found = []
    for case in edit_hands.hands():
        began = time.perf_counter()
        answer = asked(case.plain, case.at, case.said, case.task, case.note, f"/shop/{case.file}")
        ms = (time.perf_counter() - began) * 1000
        made = after(answer, case.plain)
        right = made == case.wanted if case.wanted else made is None
        found.append((case.about, Outcome(made is not None or not case.wanted, right, ms)))
    return spread(
        "about", found, "Written by hand, in ten languages; those that must be refused count as exact if they are"
    )


def _documented(known: Sequence[Function]) -> table.Table:
    """Documentation, held against Python's own parser."""
    words = "Do what is asked.\n\nArgs:\n    first: the first"
    says = {
        "a string": f'```python\n"""{words}\n"""\n```',
        "words": f"```\n{words}\n```",
        "the whole function": "",
    }
    found = []
    for one in known:
        header = one.lines[: one.body - one.first]
        lead = " " * (len(one.lines[0]) - len(one.lines[0].lstrip()) + 4)
        whole = "\n".join([*header, indent(f'"""{words}\n"""', lead), f"{lead}pass"])
        for name, said in says.items():
            answer = said or f"```python\n{whole}\n```"
            at = one.text.index("\n".join(one.lines)) + len(lead) - 4
            began = time.perf_counter()
            made = after(asked(one.text, at, answer, "document"), one.text)
            ms = (time.perf_counter() - began) * 1000
            found.append((name, Outcome(made is not None, made is not None and _only_documents(one, made, words), ms)))
    return spread("said as", found, "Documentation: by Python's parser the code is the same and the words are there")


def _only_documents(one: Function, made: str, words: str) -> bool:
    before, now = ast.parse(one.text), ast.parse(made)
    was, its = _function(before, one.name), _function(now, one.name)
    said = ast.get_docstring(its)
    for node in (was, its):
        if ast.get_docstring(node) is not None:
            del node.body[0]
    return said == words and ast.dump(before) == ast.dump(now)


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    found = (it for it in ast.walk(tree) if isinstance(it, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return next(it for it in found if it.name == name)


def _renamed(known: Sequence[Function]) -> table.Table:
    """Names, held against those that Python's own parser finds."""
    found = []
    for one in known:
        tree = ast.parse(one.text)
        top = {it.name for it in tree.body if isinstance(it, (ast.FunctionDef, ast.AsyncFunctionDef))}
        others = {it.arg for it in ast.walk(tree) if isinstance(it, ast.arg)}
        others |= {name for it in ast.walk(tree) if isinstance(it, ast.Global) for name in it.names}  # it has no places
        if one.name not in top or one.name in others:
            continue
        at = re.search(rf"(?m)^(?:async )?def {re.escape(one.name)}\b", one.text)
        assert at is not None
        began = time.perf_counter()
        document = Document(PATH, "python", 1, one.text)
        request = Request("refactor", document, Span(at.end(), at.end()), note=instruction("rename"))
        try:
            made = after(renaming.alone(request, "`renamed_by_us`"), one.text)
        except Unfit:
            made = None
        ms = (time.perf_counter() - began) * 1000
        found.append(("a function of the file", Outcome(made is not None, made == _by_ast(one, tree), ms)))
    return spread("name", found, "Renaming: the places are those that Python's parser finds")


def _by_ast(one: Function, tree: ast.Module) -> str:
    text = one.text.split("\n")
    places = {(it.lineno - 1, it.col_offset) for it in ast.walk(tree) if isinstance(it, ast.Name) and it.id == one.name}
    header = next(
        number for number, line in enumerate(text) if re.match(rf"(?:async )?def {re.escape(one.name)}\b", line)
    )
    places.add((header, text[header].index(f" {one.name}") + 1))
    for row, column in sorted(places, reverse=True):
        text[row] = text[row][:column] + "renamed_by_us" + text[row][column + len(one.name) :]
    return "\n".join(text)


def _wrong(known: Sequence[Function]) -> table.Table:
    """What must never be applied."""
    counts: Counter[str] = Counter()
    applied: Counter[str] = Counter()
    for name, make in WRONG.items():
        for one in known:
            if (wrong := make(one)) is None:
                continue
            counts[name] += 1
            applied[name] += isinstance(_answered(one, wrong), Edit)
    counts[STALE] = len(known)
    applied[STALE] = sum(not _is_stale(one) for one in known)
    rows = tuple(
        (name, counts[name], 100 - 100 * applied[name] / max(1, counts[name]), applied[name]) for name in counts
    )
    return table.Table("What must be refused", ("what is wrong", "cases", "refused %", "applied"), rows)


def _is_stale(one: Function) -> bool:
    """Whether an edit is held back when a key was typed before it came."""
    edit = _answered(one, Wrong('"""Words."""', "document"))
    documents = Documents("utf-16")
    documents.open(URI, "python", 2, f"{one.text}#")
    return isinstance(edit, Edit) and stale(edit, documents)


def _answered(one: Function, wrong: Wrong) -> Answer:
    at = one.text.index("\n".join(one.lines)) + len(one.lines[0]) - len(one.lines[0].lstrip())
    return asked(one.text, at, wrong.said, wrong.task, whole=wrong.whole)


def main(arguments: Sequence[str]) -> int:
    """Measure, and print it."""
    return table.main(arguments, __doc__, measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
