"""What an engine's refusals mean: a status and a text become an error of ours, with the way out in it."""

from __future__ import annotations

import re

from msgspec import Struct

from router import Busy, Incomplete, ModelMissing, OutOfMemory, PromptCut, Refused, RuntimeFailure, Unreachable

# The texts are those of Ollama before and after 0.30, llama.cpp's server and vLLM, read in their sources.
NO_MEMORY = re.compile(
    r"out[ _-]of[ _-](device[ _-])?memory|erroroutof(device|host)?memory|requires more system memory|not enough memory"
    r"|insufficient memory|(failed|unable) to allocate|allocation failed|(cuda|hip)malloc failed|signal: killed"
)
# What CUDA, ROCm, Vulkan and Metal say of a card that is gone, hangs, or does not do what it should.
NO_CARD = re.compile(
    r"(cuda|rocm|hip) error|no (cuda|rocm)-capable device|device[ _]?lost|device was removed|fallen off the bus"
    r"|command buffer failed|failed to initialize (cuda|nvml)"
)
TOO_LONG = re.compile(
    r"exceeds? the available context|exceed_context_size|than the context length|maximum context length"
)
NO_MODEL = re.compile(r"model.{0,200}(not found|does not exist)|no such model", re.DOTALL)
UNABLE = re.compile(r"does not support|not (currently )?supported|unsupported")


class Engine(Struct, frozen=True):
    """How to speak of one engine: its `title`, its `host`, and the sentences that mend what can be wrong.

    `title` stands in the middle of a sentence too; in `pull`, `{model}` stands for the model's name.
    """

    title: str
    host: str
    start: str
    setting: str
    key: str
    pull: str
    window: str

    @property
    def _subject(self) -> str:
        return self.title[0].upper() + self.title[1:]

    def absent(self) -> Unreachable:
        return Unreachable(f"{self._subject} does not answer at {self.host}; {self.start}.")

    def stranger(self) -> Unreachable:
        return Unreachable(f"What answers at {self.host} is not {self.title}; {self.start}, or correct {self.setting}.")

    def silent(self) -> Incomplete:
        return Incomplete(
            f"{self._subject} at {self.host} was silent for too long; see whether it is overloaded or hangs."
        )

    def broken(self, model: str) -> Incomplete:
        return Incomplete(
            f"{self._subject} broke off its answer{_with(model)}; ask again, and see its log if it does so again."
        )

    def garbled(self, model: str) -> Incomplete:
        return Incomplete(
            f"{self._subject}'s answer{_with(model)} was not well-formed; ask again, or update {self.title}."
        )

    def cut(self, model: str) -> PromptCut:
        return PromptCut(f"The prompt is longer than the window of {model or 'the model'}; {self.window}.")

    def refusal(self, model: str, status: int, text: str) -> RuntimeFailure:
        """The error for one answer that is none; `status` is -1 for one that came in the middle of a stream."""
        lower = text.lower()
        if NO_MEMORY.search(lower):
            return OutOfMemory(
                f"{model or 'The model'} does not fit into memory; choose a smaller model, or a smaller window for it."
            )
        if NO_CARD.search(lower):
            return Refused(
                f"{self._subject}'s graphics card has failed{_with(model)}; see whether the system still sees it, "
                f"then start {self.title} anew."
            )
        if TOO_LONG.search(lower):
            return self.cut(model)
        if status in (401, 403):
            return Refused(f"{self._subject} at {self.host} does not let us in (status {status}); {self.key}.")
        if status == 429:
            return Busy(f"{self._subject} asks to be left alone for a while; ask again later.")
        if lower.lstrip().startswith("<") or 300 <= status < 400:
            return self.stranger()
        return self._told(model, status, lower)

    def _told(self, model: str, status: int, lower: str) -> RuntimeFailure:
        if status == 503:
            return Busy(f"{self._subject} is busy or still starting; ask again in a moment.")
        if status == 404 or NO_MODEL.search(lower):
            return self.missing(model) if NO_MODEL.search(lower) else self.stranger()
        if 400 <= status < 499:
            reason = "cannot do this" if UNABLE.search(lower) else "refuses the request"
            return Refused(
                f"{self._subject} {reason}{_with(model)} (status {status}); choose another model, or update it."
            )
        return Incomplete(f"{self._subject} failed{_with(model)}; ask again, and see its log if it does so again.")

    def missing(self, model: str) -> ModelMissing:
        return ModelMissing(f"{self._subject} has no model {model or 'of that name'}; {self.pull.format(model=model)}.")


def _with(model: str) -> str:
    return f" with {model}" if model else ""
