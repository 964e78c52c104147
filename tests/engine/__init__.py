"""A real engine for tests, with nothing to download: random weights, and Ollama's protocol in front of them."""
