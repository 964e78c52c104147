"""How families of models have a chat laid out, by the templates that their makers publish; for tests only.

An engine lays a chat out itself, by the template that comes with the weights, and reads the marks in it as marks; so
what is between them must not hold any.
"""

from __future__ import annotations

import re

# The marks of the template, {system} and {message}; without thoughts, where the model could have some.
LAYOUTS = {
    "qwen2.5-coder": "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{message}<|im_end|>\n"
    "<|im_start|>assistant\n",
    "qwen3": "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{message}<|im_end|>\n<|im_start|>assistant\n"
    "<think>\n\n</think>\n\n",
    "llama3": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{system}<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\n{message}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "gemma3": "<bos><start_of_turn>user\n{system}\n\n{message}<end_of_turn>\n<start_of_turn>model\n",
    "mistral": "<s>[SYSTEM_PROMPT]{system}[/SYSTEM_PROMPT][INST]{message}[/INST]",
    "deepseek-v2": "<｜begin▁of▁sentence｜>{system}\n\nUser: {message}\n\nAssistant:",
    "granite3": "<|start_of_role|>system<|end_of_role|>{system}<|end_of_text|>\n"
    "<|start_of_role|>user<|end_of_role|>{message}<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
    "phi4": "<|im_start|>system<|im_sep|>{system}<|im_end|><|im_start|>user<|im_sep|>{message}<|im_end|>"
    "<|im_start|>assistant<|im_sep|>",
}
MARKS = re.compile(
    r"<[|｜][^<>\n]{1,64}[|｜]>|</?think>|<bos>|</?s>|<(?:start|end)_of_turn>|\[/?(?:INST|SYSTEM_PROMPT)\]"
)


def laid_out(family: str, system: str, message: str) -> str:
    """The prompt that a model of this family reads."""
    parts = re.split(r"(\{system\}|\{message\})", LAYOUTS[family])
    return "".join({"{system}": system, "{message}": message}.get(part, part) for part in parts)
