"""Speaks Ollama's protocol in front of the embedded llama.cpp, so that the real `ollama` client meets a real engine.

It follows Ollama 0.30.11 and later: paths, field names, error texts, what makes it reload a model, and the silent cut
of a prompt that is too long. Its models are run by Go templates, as far as anybody can see: they have none of their
own. It has no tools, no pull, no embeddings: those answer 501.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gguf as ggml
import xllamacpp

from router.models import gguf

VERSION = "0.30.11"
KEPT = 4  # Ollama's num_keep, unless it is told another
FOREVER = "2318-01-01T00:00:00Z"
# Ollama's names for what samples, and llama.cpp's.
SAMPLING = {"num_predict": "n_predict", "temperature": "temperature", "stop": "stop", "seed": "seed", "top_k": "top_k"}


class Refusal(Exception):
    """An answer that is an error, with its status."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class Weights:
    """One model: a file, and the engine that runs it once it is loaded."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self.window = 0
        self.loads = 0
        self._engine: Any = None
        self._lock = threading.Lock()
        self.digest = hashlib.sha256(f"{name} {path}".encode()).hexdigest()
        self.keep: Any = None
        with path.open("rb") as stream:
            self.header = gguf.read(stream)
        fields = ggml.GGUFReader(path).fields.values()
        # Ollama leaves arrays out unless it is asked to be verbose.
        self.facts = {it.name: None if it.types[0] == ggml.GGUFValueType.ARRAY else it.contents() for it in fields}

    def load(self, options: dict[str, Any]) -> None:
        """Load the weights, or load them again because the window is another one."""
        window = min(int(options.get("num_ctx", 4096)), self.header.window)
        with self._lock:
            if self._engine is not None and window == self.window:
                return
            params = xllamacpp.CommonParams()
            params.model.path = str(self.path)
            params.n_ctx, params.n_parallel, params.verbosity = window, 1, 0
            params.n_batch = params.n_ubatch = 128
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
            self._engine = None
            self._engine = xllamacpp.Server(params)
            self.window = window
            self.loads += 1

    def unload(self) -> None:
        with self._lock:
            self._engine = None

    @property
    def loaded(self) -> bool:
        return self._engine is not None

    def ask(self, path: str, question: Any = None) -> HTTPConnection:
        """A connection on which the question has been sent."""
        connection = HTTPConnection(urlsplit(self._engine.listening_address).netloc)
        body = None if question is None else json.dumps(question)
        connection.request("GET" if body is None else "POST", path, body, {"Content-Type": "application/json"})
        return connection

    def asked(self, path: str, question: Any = None) -> Any:
        connection = self.ask(path, question)
        try:
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def busy(self) -> bool:
        """Whether the engine is generating."""
        return any(slot["is_processing"] for slot in self.asked("/slots"))

    def wait_until_free(self) -> None:
        while self.busy():
            time.sleep(0.002)

    def count(self, text: str) -> int:
        """How many tokens a text is, marks read as marks."""
        question = {"content": text, "add_special": False, "parse_special": True}
        return len(self.asked("/tokenize", question)["tokens"])

    def entry(self) -> dict[str, Any]:
        family = self.header.architecture
        details = {"format": "gguf", "family": family, "parameter_size": "4.20M", "quantization_level": "Q8_0"}
        size = self.path.stat().st_size
        return {"name": self.name, "model": self.name, "size": size, "digest": self.digest, "details": details}

    def process(self) -> dict[str, Any]:
        held = self.path.stat().st_size
        return self.entry() | {"size_vram": held, "context_length": self.window, "expires_at": FOREVER}


class Facade:
    """The server; `heard` are the paths and bodies of the requests, in order."""

    def __init__(self, models: dict[str, Path]) -> None:
        self.models = {name: Weights(name, path) for name, path in models.items()}
        self.heard: list[tuple[str, dict[str, Any]]] = []
        handler = type("Handler", (_Handler,), {"facade": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.host = f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        for model in self.models.values():
            model.unload()


@contextmanager
def serving(models: dict[str, Path]) -> Iterator[Facade]:
    """A façade for these models, by their names with the tag, while the block runs."""
    facade = Facade(models)
    facade.start()
    try:
        yield facade
    finally:
        facade.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each line waits 40 ms for the last one's acknowledgement
    facade: Facade

    def log_message(self, *words: Any) -> None:
        return None

    def do_GET(self) -> None:
        models = self.facade.models.values()
        running = [it.process() for it in models if it.loaded]
        answers = {
            "/api/version": {"version": VERSION},
            "/api/tags": {"models": [it.entry() for it in models]},
            "/api/ps": {"models": running},
        }
        self._say(answers.get(self.path, {"error": "not found"}), 200 if self.path in answers else 404)

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.facade.heard.append((self.path, question))
        ways = {"/api/show": self._show, "/api/generate": self._generate, "/api/chat": self._chat}
        try:
            ways.get(self.path, self._unable)(question)
        except Refusal as refusal:
            self._say({"error": refusal.error}, refusal.status)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _unable(self, question: dict[str, Any]) -> None:
        raise Refusal(501, "the façade does not do this")

    def _model(self, question: dict[str, Any]) -> Weights:
        name = question["model"]
        found = self.facade.models.get(name if ":" in name else f"{name}:latest")
        if found is None:
            raise Refusal(404, f"model '{name}' not found")
        return found

    def _show(self, question: dict[str, Any]) -> None:
        model = self._model(question)
        facts = {name: value for name, value in model.facts.items() if not name.startswith("GGUF.")}
        facts |= {"general.parameter_count": model.header.parameters}
        fim = model.header.infills
        template = "<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>" if fim else "{{ .Prompt }}"
        capabilities = ["completion", "insert"] if fim else ["completion"]
        self._say({"template": template, "capabilities": capabilities, "model_info": facts, "details": {}})

    def _generate(self, question: dict[str, Any]) -> None:
        model = self._model(question)
        if question.get("keep_alive") == 0 and not question.get("prompt"):
            model.unload()
            return self._say({"model": model.name, "response": "", "done": True, "done_reason": "unload"})
        began = time.perf_counter_ns()
        model.keep = question.get("keep_alive")
        model.load(question.get("options", {}))
        if not question.get("prompt"):
            return self._say({"model": model.name, "response": "", "done": True, "done_reason": "load"})
        prompt = question["prompt"]
        if not question.get("raw"):
            prompt = _templated(model, [{"role": "user", "content": prompt}])
        return self._answer(model, question, prompt, lambda text: {"response": text}, began)

    def _chat(self, question: dict[str, Any]) -> None:
        model = self._model(question)
        if question.get("think"):
            raise Refusal(400, f'"{model.name}" does not support thinking')
        began = time.perf_counter_ns()
        model.keep = question.get("keep_alive")
        model.load(question.get("options", {}))
        prompt = _templated(model, question["messages"])
        if question.get("_debug_render_only"):
            self._say({"model": model.name, "_debug_info": {"rendered_template": prompt}})
            return
        self._answer(model, question, prompt, lambda text: {"message": {"role": "assistant", "content": text}}, began)

    def _answer(self, model: Weights, question: dict[str, Any], prompt: str, shape: Any, began: int) -> None:
        loading = time.perf_counter_ns() - began
        connection = model.ask("/completion", _order(model, question, prompt))
        try:
            answer = connection.getresponse()
            if answer.status != 200:
                raise Refusal(answer.status, answer.read().decode())  # JSON within JSON, as Ollama has it
            self._begin()
            for event in _events(answer):
                if text := event["content"]:
                    self._line({"model": model.name, "done": False} | shape(text))
                if event["stop"]:
                    self._line({"model": model.name} | shape("") | _ending(event, loading))
            self.wfile.write(b"0\r\n\r\n")
        finally:
            connection.close()

    def _begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _line(self, said: dict[str, Any]) -> None:
        line = json.dumps({"created_at": "2026-01-01T00:00:00Z", **said}, ensure_ascii=False).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))

    def _say(self, said: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _templated(model: Weights, turns: list[dict[str, str]]) -> str:
    prompt: str = model.asked("/apply-template", {"messages": turns})["prompt"]
    return prompt


def _order(model: Weights, question: dict[str, Any], prompt: str) -> dict[str, Any]:
    options = question.get("options", {})
    order = {theirs: options[ours] for ours, theirs in SAMPLING.items() if ours in options}
    if question.get("format"):
        order["json_schema"] = question["format"]
    cut = question.get("truncate", True)
    return {"prompt": _fitted(model, prompt) if cut else prompt, "stream": True, "cache_prompt": True, **order}


def _fitted(model: Weights, prompt: str) -> str | list[int]:
    """The prompt, silently cut when it is too long, as Ollama does: its first tokens and half of the other window."""
    tokens: list[int] = model.asked("/tokenize", {"content": prompt, "add_special": True})["tokens"]
    tail = model.window - (model.window - KEPT) // 2 - KEPT
    return prompt if len(tokens) < model.window else tokens[:KEPT] + tokens[-tail:]


def _events(answer: Any) -> Iterator[dict[str, Any]]:
    for line in answer:
        if line.startswith(b"data: ") and not line.startswith(b"data: [DONE]"):
            yield json.loads(line[6:])


def _ending(event: dict[str, Any], loading: int) -> dict[str, Any]:
    """Ollama's last line; a count of zero is left out of it."""
    timings = event["timings"]
    counts = {
        "load_duration": loading,
        "prompt_eval_count": timings["prompt_n"] + timings["cache_n"],
        "prompt_eval_duration": int(timings["prompt_ms"] * 1e6),
        "eval_count": timings["predicted_n"],
        "eval_duration": int(timings["predicted_ms"] * 1e6),
    }
    reason = "length" if event["stop_type"] == "limit" else "stop"
    return {"done": True, "done_reason": reason} | {name: count for name, count in counts.items() if count}


if __name__ == "__main__":
    pairs = (pair.split("=", 1) for pair in sys.argv[1:])
    with serving({name: Path(path) for name, path in pairs}) as running:
        print(running.host, flush=True)
        sys.stdin.read()
