"""The laws of the house, held against its code; docs/architecture.md says why each is one."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
ROOMS = sorted(path for folder in ("lsp", "router") for path in (HOUSE / folder).rglob("*.py"))
PURE = """
    config layers settings tasks toml types answers/edits answers/findings answers/ground answers/inert
    answers/insertion answers/mentions answers/prose answers/repeats answers/thinking completing/cache
    completing/completion completing/weighing context/begun context/blocks context/brackets context/gathering/expected
    context/gathering/focus context/gathering/gather context/gathering/laid context/gathering/pack
    context/gathering/sheet context/gathering/similar context/gathering/sources context/gathering/tracing
    context/gathering/view context/gating/ignore context/gating/invisible context/gating/rulebook context/gating/secrets
    context/indexing/catalogue context/indexing/neighbours context/indexing/postings context/indexing/resolving
    context/lines context/parsing/crossing context/privacy context/syntax context/tagging/flat context/tagging/grammars
    context/tagging/headers context/tagging/imports context/tagging/language context/tagging/stretches
    context/tagging/tags context/window dispatch/paces dispatch/pieces dispatch/policy echo/__init__ echo/choice
    echo/places editing/blocks editing/checks editing/docs editing/formats editing/hoisting editing/kinds editing/names
    editing/narrowing editing/paths editing/renaming editing/spans editing/spoken editing/style editing/trees
    editing/unified editing/words jobs/fields jobs/render jobs/template ledger/fates ledger/reckoning ledger/shares
    ledger/stats models/budget models/catalog models/choice models/families models/fit models/gguf models/hardware
    models/known models/length models/memory models/modest models/picker models/plan models/reasons models/residency
    models/shape models/speed models/tokens models/types models/weights reviewing/cases reviewing/changed reviewing/diff
    reviewing/fingerprints reviewing/inert reviewing/mending reviewing/proofs reviewing/quoting reviewing/ranking
    reviewing/reading reviewing/refuting reviewing/reports/github reviewing/reports/json reviewing/reports/markdown
    reviewing/reports/sarif reviewing/reports/text reviewing/rules reviewing/trial reviewing/types traces/__init__
    traces/c traces/code traces/go traces/java traces/javascript traces/loose traces/places traces/pytest traces/python
    traces/rust traces/telling traces/types workspace/trail
""".split()
WORLDLY = {"asyncio", "httpx", "http", "io", "multiprocessing", "ollama", "os", "shutil", "signal", "socket"} | {
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
}
LONGEST_FILE, LONGEST_FUNCTION, MEDIAN_FUNCTION = 300, 40, 10


def name(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", [path for path in ROOMS if "router" in path.parts], ids=name)
def test_the_router_knows_nothing_of_lsp(path: Path) -> None:
    assert not [module for module in imports(path) if module.split(".")[0] in ("lsp", "pygls", "lsprotocol")]


def test_the_nouns_import_none_of_ours() -> None:
    assert not [module for module in imports(HOUSE / "router/types.py") if module.startswith("router")]


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_does_not_touch_the_world(room: str) -> None:
    path = HOUSE / f"router/{room}.py"
    assert not [module for module in imports(path) if module.split(".")[0] in WORLDLY]


def test_only_convert_knows_utf_16() -> None:
    knowing = [name(path) for path in ROOMS if "utf-16" in path.read_text().lower().replace("utf16", "utf-16")]
    assert knowing == ["lsp/convert.py"]


@pytest.mark.parametrize("path", ROOMS, ids=name)
def test_a_room_is_small_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST_FILE
    assert ast.get_docstring(ast.parse(text)), "a module opens with one sentence that says what it is for"
    too_long = [function.name for function in functions(path) if length(function) > LONGEST_FUNCTION]
    assert not too_long


def test_the_median_function_is_short() -> None:
    assert statistics.median(length(function) for path in ROOMS for function in functions(path)) < MEDIAN_FUNCTION


def test_there_is_one_broad_except_at_most() -> None:
    broad = [
        f"{name(path)}:{node.lineno}"
        for path in ROOMS
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]
    assert len(broad) <= 1, broad


def test_there_are_no_rooms_without_a_purpose() -> None:
    assert not [name(path) for path in ROOMS if path.stem in ("utils", "helpers", "common", "misc", "manager")]
