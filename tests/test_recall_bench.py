"""The judge of context: cases that show nothing of a commit, lines that must be source, rivals that do what is said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from bench import fit, histories, recall, recall_tables, releases, repo_map, table, workspaces
from bench.histories import NAME, Case
from bench.judged import BUDGETS, MAIN, Found, Judged, judged, spread
from bench.rivals import LINES, Block, Bm25, Jaccard, Policy, Window, _alike
from bench.workspaces import Workspace
from tests import trees
from tests.repository import Repository

TILL = """\
class Till:
    def __init__(self):
        self.coins = []

    def total(self):
        return sum(self.coins)
"""
SHOP = """\
from till import Till


def close(till):
    print(till)


def start(till):
    print(till)
"""
SOLD = """\
from till import Till


def close(till):
    # say the grand sum
    takings = till.total()
    report("done", takings)
    print(till)


def start(till):
    print(till)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A repository whose last commit but one sells something, and whose last takes lines away and adds a file."""
    repository = Repository(tmp_path / "shop")
    for files in (
        {"till.py": TILL, "shop.py": SHOP},
        {"shop.py": SOLD},
        {"shop.py": SHOP.replace("print", "display"), "new.py": TILL},
    ):
        repository.commit(files)
    return repository.folder


def made(truth: str = "", path: str = "shop.py", text: str = SHOP, row: int = 3, shown: str = "") -> Case:
    novel = frozenset(histories.names(truth)) - histories.names(shown)
    true = frozenset(line.strip() for line in truth.split("\n") if line.strip())
    return Case("shop", "", path, "python", text, 0, row, shown, true, novel)


def workspace(folder: Path, **files: str) -> Workspace:
    """A workspace without an index: none of those who are asked here has need of it."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return Workspace(folder, None)  # type: ignore[arg-type]


class Says(Window):
    """Shows what it was given."""

    name = "says"

    def __init__(self, *blocks: Block) -> None:
        self._blocks = blocks

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        return self._blocks


def found(case: Case, place: Workspace, *blocks: Block) -> Found:
    policy: Policy = Says(*blocks)
    return judged(case, place, [policy]).found["says"]


def test_a_case_is_what_a_commit_inserted_and_shows_nothing_of_it(shop: Path) -> None:
    (case,) = histories.of_history(shop, 10, 10, 1)
    assert case.text[: case.at] + "‸" + case.text[case.at :] == SHOP.replace("    print", "    ‸\n    print", 1)
    assert case.truth == {"# say the grand sum", "takings = till.total()", 'report("done", takings)'}
    assert case.novel == {"takings", "total", "report"}, (
        "words of comments and strings are no names; the window's neither"
    )


def test_a_case_lies_in_the_workspace_as_it_was_before(shop: Path, tmp_path: Path) -> None:
    cases = histories.of_history(shop, 10, 10, 1)
    ((root, some),) = workspaces.cut(shop, cases, tmp_path / "copy")
    assert some == cases
    assert (root / "shop.py").read_text() == SHOP
    assert not (root / "new.py").exists()


def test_the_repository_itself_is_left_alone(shop: Path, tmp_path: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in shop.rglob("*"))
    list(workspaces.cut(shop, histories.of_history(shop, 10, 10, 1), tmp_path / "copy"))
    assert sorted((path, path.stat().st_mtime_ns) for path in shop.rglob("*")) == before


def test_two_releases_give_cases_too(tmp_path: Path) -> None:
    for name, text in (("1.0", SHOP), ("2.0", SOLD)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shop.py").write_text(text)
    (case,) = histories.of_releases(tmp_path / "1.0", tmp_path / "2.0", 10, 1)
    assert case.novel == {"takings", "total", "report"}


def test_the_same_seed_gives_the_same_cases(shop: Path) -> None:
    assert histories.of_history(shop, 10, 10, 1) == histories.of_history(shop, 10, 10, 1)


def test_a_true_line_is_dropped_and_costs_nothing(tmp_path: Path) -> None:
    place = workspace(tmp_path, a="total = 1\nrest(total)\n")
    true = "total = 1\n" * 500
    assert found(made("total = 1"), place, Block("a.py", true)).hits == (0,) * 5
    assert found(made("total = 1"), place, Block("a.py", f"{true}rest(total)")).hits == (1,) * 5


def test_only_source_counts(tmp_path: Path) -> None:
    place = workspace(tmp_path, a="def total(self, rest):\n    pass\n")
    case = made("total(rest)")
    assert found(case, place, Block("a.py", "total rest")).hits == (0,) * 5
    assert found(case, place, Block("a.py", "total rest")).invented == 1
    assert found(case, place, Block("b.py", "def total(self, rest):")).hits == (0,) * 5
    assert found(case, place, Block("a.py", "def total(self, rest)")).hits == (2,) * 5, "a signature is part of a line"


def test_a_budget_is_kept_to_the_character(tmp_path: Path) -> None:
    line = "#" * (4 * BUDGETS[0] + 1 - len("a.py") - 3 - 1 - 1 - len("total"))
    place = workspace(tmp_path, a=f"{line}\n{line}#\ntotal\n")
    assert found(made("total()"), place, Block("a.py", f"{line}\ntotal")).hits == (0, 1, 1, 1, 1)
    short = line[:-1]
    assert found(made("total()"), place, Block("a.py", f"{short}\ntotal")).hits == (1,) * 5


def test_the_ceiling_is_what_stands_elsewhere(tmp_path: Path) -> None:
    place = workspace(tmp_path, a="till.total()\ntakings = till.total()\n")
    case = made("takings = till.total()\nreport()")
    assert place.reachable(case) == {"till", "total"}, "takings stands only on a line that is a true one"


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from(["aa bb", "cc", "aa cc dd", "", "ee"]), min_size=LINES, max_size=LINES + 9),
    st.sets(st.sampled_from(["aa", "cc", "ee", "xx"])),
)
def test_the_jaccard_window_is_the_best_of_all(lines: list[str], asked: set[str]) -> None:
    share, start = _alike("\n".join(lines), frozenset(asked))
    windows = [set(NAME.findall("\n".join(lines[at : at + LINES]))) for at in range(max(1, len(lines) - LINES + 1))]
    shares = [len(asked & window) / max(1, len(asked | window)) for window in windows]
    assert share == pytest.approx(max(shares))
    assert not asked or shares[start] == pytest.approx(share)


def test_bm25_forgets_what_is_gone(tmp_path: Path) -> None:
    case = made(shown="till coins")
    lasting, fresh = Bm25(), Bm25()
    lasting.enter(workspace(tmp_path, a="till = coins\n" * 50, b="coins()\n"))
    lasting.enter(workspace(tmp_path, a="till = 1\n", c="till(coins)\n"))
    fresh.enter(workspace(tmp_path))
    assert list(lasting.blocks(case, MAIN)) == list(fresh.blocks(case, MAIN))
    assert lasting._lengths == fresh._lengths
    assert next(iter(fresh.blocks(case, MAIN))).path == "c.py"


def test_a_rival_does_not_repeat_the_window(tmp_path: Path) -> None:
    text = "".join(f"total_{row}(till)\n" for row in range(100))
    policy = Bm25()
    policy.enter(workspace(tmp_path, shop=text))
    shown = "".join(block.text for block in policy.blocks(made(text=text, row=50, shown="till"), MAIN))
    assert "total_9(" in shown
    assert "total_10(" not in shown
    assert "total_65(" in shown


def test_jaccard_looks_into_other_files(tmp_path: Path) -> None:
    policy = Jaccard()
    policy.enter(workspace(tmp_path, shop="till()\n", **{name: f"till({name})\n" for name in "abcde"}))
    assert [block.path for block in policy.blocks(made(text="till()\n\n", row=1), MAIN)] == [
        "e.py",
        "d.py",
        "c.py",
        "b.py",
    ]


def test_aiders_map_is_read_as_lines_of_files() -> None:
    said = "\na.py:\n⋮\n│class Till:\n│    def total(self):\n⋮\n│    def close(self):\n\nb.py\n"
    assert list(repo_map._blocks(said)) == [
        Block("a.py", "class Till:\n    def total(self):"),
        Block("a.py", "    def close(self):"),
    ]


def test_the_whole_program_runs_on_a_small_history(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert recall.main([str(shop), "--quick", "--ablate", "--json"]) == 0
    by_budget, _, ratios, ablation = json.loads(capsys.readouterr().out)
    rows = {row[0]: row for row in by_budget["rows"]}
    assert recall.OURS in rows
    assert rows[Bm25.name][3] > 0
    assert rows[Window.name][1:7] == [0] * 6
    assert ratios["notes"] == [repo_map.MISSING]
    assert ablation["rows"]


def drawn(kind: str, line: fit.Line) -> fit.Sample:
    """Names that are needed as likely as a line says."""
    dice = np.random.default_rng(1)
    signs = dice.random((20_000, len(fit.SIGNS)))
    likely = 1 / (1 + np.exp(-(line[0] + signs @ np.array(line[1:]))))
    needed = (dice.random(len(signs)) < likely).astype(float)
    return fit.Sample("shop", kind, signs, needed, int(needed.sum()))


def test_a_fit_finds_what_the_dice_were_made_with() -> None:
    line = (-2.0, 1.5, -1.0, *(0.0,) * (len(fit.SIGNS) - 2))
    rare = (-8.0, 3.0, 2.0, *(0.0,) * (len(fit.SIGNS) - 2))
    found = fit.lines([drawn(fit.KINDS[0], line), drawn(fit.KINDS[1], rare)])
    assert found[fit.KINDS[0]] == pytest.approx(line, abs=0.25)
    assert found[fit.KINDS[1]] == pytest.approx(rare, abs=2)
    assert list(found) == list(fit.KINDS[:2]), "no place among imports was there"


def test_each_repository_is_judged_by_a_fit_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    line = (-2.0, 1.5, *(0.0,) * (len(fit.SIGNS) - 1))
    some = [structs.replace(drawn(fit.KINDS[0], line), group=group) for group in "abcdef"]
    groups: list[set[str]] = []

    def noted(those: Sequence[fit.Sample], *_: object) -> list[int]:
        groups.append({it.group for it in those})
        return [1] * len(fit.FIRST)

    monkeypatch.setattr(fit, "lines", noted)
    monkeypatch.setattr(fit, "brought", noted)
    assert fit.crossed(some) == [fit.FOLDS] * 3
    others, judged = groups[::2], groups[1::2]
    assert all(not a & b and a | b == set("abcdef") for a, b in zip(others, judged, strict=True))
    assert set().union(*judged) == set("abcdef")


def test_the_program_that_fits_runs_on_a_small_history(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit.main([str(shop), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_no_history_is_no_error() -> None:
    (said,) = recall_tables.tables([], recall.OURS, [recall.OURS])
    assert isinstance(said, table.Table)


def test_a_share_lies_within_its_range() -> None:
    cases = [
        Judged("shop", str(at), 4, 4, 1, {"us": Found((at % 4,) * 5, 1.0), "them": Found((1,) * 5, 1.0)})
        for at in range(40)
    ]
    share, ratio = spread(cases, "us"), spread(cases, "us", "them")
    assert share.low < share.value == 1.5 / 4 < share.high
    assert ratio.low < ratio.value == 1.5 < ratio.high


def test_what_leaves_the_folder_is_not_unpacked(tmp_path: Path) -> None:
    import io
    import tarfile

    archive = tmp_path / "it.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        for name in ("it/a.py", "../../out.py"):
            member = tarfile.TarInfo(name)
            member.size = 4
            packed.addfile(member, io.BytesIO(b"1234"))
    releases.unpack(archive, tmp_path / "deep" / "here")
    assert [path.name for path in tmp_path.rglob("*.py")] == ["a.py"]


def test_the_index_is_asked_about_the_open_document(shop: Path) -> None:
    async def names() -> list[str]:
        (case,) = histories.of_history(shop, 10, 10, 1)
        trees.git(shop, "checkout", "--quiet", case.cut)
        async with workspaces.opened(shop) as place, workspaces.asked(place, case) as view:
            tags = view.index.tags(str(shop / "shop.py"))
            assert view.text(str(shop / "shop.py")) == case.text
            assert view.text(str(shop / "till.py")) == TILL
            return [case.text[one.at : one.at + len(one.name)] for one in tags.definitions] if tags else []

    assert asyncio.run(names()) == ["close", "start"]
