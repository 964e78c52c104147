"""The header of a GGUF file, whole, cut short and hostile."""

from __future__ import annotations

import contextlib
import io
import json
import struct
from pathlib import Path

import pytest
from gguf import GGUFReader
from hypothesis import given
from hypothesis import strategies as st

from router.models import downloads, gguf
from tests.engine import random_gguf, shaped_gguf

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


def test_the_model_for_tests_has_no_two_tokens_of_one_name_or_llama_cpp_would_abort() -> None:
    for fim in (True, False):
        names = GGUFReader(random_gguf.made(fim=fim)).fields["tokenizer.ggml.tokens"].contents()
        assert len(set(names)) == len(names)


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


def header(*entries: tuple[str, int, bytes], tensors: bytes = b"", count: int = 0) -> io.BytesIO:
    """A header of these entries: a key, the number of a type, and a value."""
    said = b"".join(
        struct.pack("<Q", len(key)) + key.encode() + struct.pack("<I", kind) + it for key, kind, it in entries
    )
    return io.BytesIO(b"GGUF" + struct.pack("<IQQ", 3, count, len(entries)) + said + tensors)


def text(said: str) -> bytes:
    return struct.pack("<Q", len(said)) + said.encode()


LLAMA = ("general.architecture", gguf.STRING, text("llama"))
WIDE = "llama.context_length"


def test_a_small_header_is_read() -> None:
    said = header(
        LLAMA, (WIDE, 4, struct.pack("<I", 4096)), tensors=text("w") + struct.pack("<I2QIQ", 2, 3, 4, 0, 0), count=1
    )
    assert gguf.read(said) == gguf.Header("", "llama", 12, 4096, False, "", size=48, active=12)


def test_a_header_says_how_the_model_is_built(tmp_path: Path) -> None:
    """The file is a hole of 20 GiB, and reading its header costs as much as for any other."""
    path = shaped_gguf.write(tmp_path / "oss.gguf", shaped_gguf.REAL["gpt-oss-20b"])
    with path.open("rb") as stream:
        said = gguf.read(stream)
    assert said.shape is not None
    assert sum(layer.count for layer in said.shape.layers) == 24
    assert (said.shape.experts, said.shape.experts_used) == (32, 4)
    assert said.size == pytest.approx(20.72 * (1 << 30), rel=1e-3)  # as llama.cpp says of the same file
    assert said.parameters == pytest.approx(20.9e9, rel=0.01)
    assert said.active == pytest.approx(4.2e9, rel=0.02)  # with both embeddings; its card says 3.6e9 with one


@pytest.mark.parametrize("count", [0, 1 << 20, 1 << 63, (1 << 64) - 1])
def test_a_header_that_lies_about_its_layers_has_no_shape_and_is_read_all_the_same(count: int) -> None:
    heads = (
        ("llama.attention.head_count", 4, struct.pack("<I", 8)),
        ("llama.embedding_length", 4, struct.pack("<I", 64)),
    )
    said = gguf.read(header(LLAMA, *heads, ("llama.block_count", 10, struct.pack("<Q", count))))
    assert (said.architecture, said.shape) == ("llama", None)


def test_tensors_of_a_type_that_is_not_known_leave_the_size_open() -> None:
    described = text("w") + struct.pack("<I2QIQ", 2, 32, 4, 999, 0)
    said = gguf.read(header(LLAMA, tensors=described, count=1))
    assert (said.parameters, said.size) == (128, 0)


@pytest.mark.parametrize(
    ("number", "name"), [(15, "Q4_K_M"), (7, "Q8_0"), (1, "F16"), (38, "MXFP4"), (4, ""), (999, "")]
)
def test_the_quantisation_is_named_as_in_file_names(number: int, name: str) -> None:
    said = gguf.read(header(LLAMA, ("general.file_type", 4, struct.pack("<I", number))))
    assert said.quantisation == name


@pytest.mark.parametrize(
    ("template", "thinks"),
    [
        ("{% if enable_thinking is false %}<think>{% endif %}", True),
        ("<|channel|>analysis", True),
        ("{{ messages[0].content }} I think so", False),
    ],
)
def test_a_chat_template_betrays_whether_the_model_thinks(template: str, thinks: bool) -> None:
    assert gguf.read(header(LLAMA, (gguf.TEMPLATE, gguf.STRING, text(template)))).thinks is thinks


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(header(LLAMA, (WIDE, gguf.STRING, text("wide"))), id="a text for a number"),
        pytest.param(header(LLAMA, (WIDE, 6, struct.pack("<f", float("nan")))), id="not a number"),
        pytest.param(header(LLAMA, (WIDE, 6, struct.pack("<f", float("inf")))), id="infinite"),
        pytest.param(header(LLAMA, (WIDE, 5, struct.pack("<i", -1))), id="less than nothing"),
        pytest.param(header(LLAMA, (WIDE, 10, struct.pack("<Q", (1 << 64) - 1))), id="too wide"),
        pytest.param(header(LLAMA, (WIDE, 9, struct.pack("<IQI", 4, 1, 1))), id="many for one"),
        pytest.param(header(("general.architecture", 4, b"1234")), id="a number for a text"),
        pytest.param(header(("tokenizer.ggml.tokens", 4, b"1234")), id="a number for a vocabulary"),
        pytest.param(header(("tokenizer.ggml.tokens", 9, struct.pack("<IQI", 4, 1, 1))), id="numbers for tokens"),
        pytest.param(header(("tokenizer.ggml.tokens", 9, struct.pack("<IQIQ", 9, 1, 8, 0))), id="arrays of arrays"),
        pytest.param(
            header(LLAMA, tensors=text("w") + struct.pack("<I2QIQ", 2, 1 << 40, 1 << 40, 0, 0), count=1), id="huge"
        ),
    ],
)
def test_what_says_impossible_things_of_itself_is_refused(said: io.BytesIO) -> None:
    with pytest.raises(gguf.NotGGUF):
        gguf.read(said)


@given(st.integers(0, 1_500), st.binary(min_size=1, max_size=9))
def test_a_header_in_which_bytes_have_changed_is_refused_or_read(at: int, noise: bytes) -> None:
    with contextlib.suppress(gguf.NotGGUF):
        gguf.read(io.BytesIO(WHOLE[:at] + noise + WHOLE[at + len(noise) :]))


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


@pytest.mark.parametrize(
    "manifest",
    ["", "[]", "\xff", '{"x":' + "[" * 9_000, '{"layers": 3}', '{"layers": [{"digest": "sha256:../../etc"}]}'],
    ids=str.__len__,
)
def test_a_manifest_that_is_none_is_passed_over(tmp_path: Path, manifest: str) -> None:
    pulled(tmp_path, "models.example/library/good/1b", b"x")
    bad = tmp_path / "manifests/models.example/library/bad/1b"
    bad.parent.mkdir(parents=True)
    bad.write_bytes(manifest.encode("latin-1"))
    assert [name for name, _ in downloads.found([tmp_path])] == ["good:1b"]
