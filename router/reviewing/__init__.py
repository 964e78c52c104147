"""Reviews: what changed, what a model claims of it, which claims prove themselves, and how they are reported."""
