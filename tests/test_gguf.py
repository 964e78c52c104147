"""The header of a GGUF file, whole, cut short and hostile."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.models import downloads, gguf
from tests.engine import random_gguf

WHOLE = random_gguf.made().read_bytes()


def test_a_header_says_what_the_model_is() -> None:
    header = gguf.read(io.BytesIO(WHOLE))
    assert (header.name, header.architecture) == ("switchyard-random-4m", "llama")
    assert header.parameters == 4_196_608
    assert header.window == random_gguf.WINDOW
    assert header.infills
    assert header.family == "switchyard"


def test_a_model_without_marks_has_no_family() -> None:
    header = gguf.read(io.BytesIO(random_gguf.made(fim=False).read_bytes()))
    assert not header.infills
    assert header.marks == ""


def test_marks_in_the_vocabulary_alone_make_no_family() -> None:
    """A chat model of Qwen's has the marks and was not taught them."""
    header = gguf.Header("Qwen3 8B", "qwen3", 8_000_000_000, 40960, infills=False, marks="qwen")
    assert header.family == ""


@given(st.integers(0, 200_000))
def test_a_header_that_is_cut_short_is_refused(at: int) -> None:
    whole = 60_000  # the header is longer than this, and the tensors lie behind it
    with pytest.raises(gguf.NotGGUF):
        gguf.read(io.BytesIO(WHOLE[: at % whole]))


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_read_and_nothing_else(noise: bytes) -> None:
    with pytest.raises(gguf.NotGGUF):
        gguf.read(io.BytesIO(b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + noise))


@pytest.mark.parametrize("counts", [(1 << 60, 1), (1, 1 << 60)])
def test_impossible_counts_are_refused_at_once(counts: tuple[int, int]) -> None:
    with pytest.raises(gguf.NotGGUF):
        gguf.read(io.BytesIO(b"GGUF" + struct.pack("<IQQ", 3, *counts)))


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>", "qwen"),
        ("<fim_prefix>{{ .Prompt }}<fim_suffix>{{ .Suffix }}<fim_middle>", "starcoder"),
        ("{{ .Prompt }}", ""),
    ],
)
def test_a_template_betrays_its_family_by_its_marks(text: str, family: str) -> None:
    assert gguf.by_marks(text) == family


def pulled(place: Path, name: str, weights: bytes, digest: str = "a" * 64) -> None:
    """Lay a model out as Ollama does."""
    manifest = place / "manifests" / name
    manifest.parent.mkdir(parents=True, exist_ok=True)
    layer = {"mediaType": downloads.WEIGHTS, "digest": f"sha256:{digest}", "size": len(weights)}
    manifest.write_text(json.dumps({"layers": [{"mediaType": "other", "digest": "x"}, layer]}))
    (place / "blobs").mkdir(exist_ok=True)
    (place / "blobs" / f"sha256-{digest}").write_bytes(weights)


def test_what_ollama_has_downloaded_is_found_by_its_manifests(tmp_path: Path) -> None:
    pulled(tmp_path, "models.example/library/qwen2.5-coder/1.5b", b"x", "a" * 64)
    pulled(tmp_path, "models.example/someone/coder/latest", b"x", "b" * 64)
    pulled(tmp_path, "elsewhere.example/library/coder/q8", b"x", "c" * 64)
    found = dict(downloads.found([tmp_path / "not there", tmp_path]))
    assert set(found) == {"qwen2.5-coder:1.5b", "someone/coder:latest", "coder:q8"}
    assert found["qwen2.5-coder:1.5b"] == tmp_path / "blobs" / f"sha256-{'a' * 64}"


@pytest.mark.parametrize("manifest", ["", "[]", '{"layers": 3}', '{"layers": [{"digest": "sha256:../../etc"}]}'])
def test_a_manifest_that_is_none_is_passed_over(tmp_path: Path, manifest: str) -> None:
    pulled(tmp_path, "models.example/library/good/1b", b"x")
    bad = tmp_path / "manifests/models.example/library/bad/1b"
    bad.parent.mkdir(parents=True)
    bad.write_text(manifest)
    assert [name for name, _ in downloads.found([tmp_path])] == ["good:1b"]
