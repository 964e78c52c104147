"""A small model of our own, from public source code to a GGUF file: `python -m bench.tiny STEP`. See docs/tiny.md."""
