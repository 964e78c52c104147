"""What a model said -> a typed answer, or a typed refusal: one module per kind of answer, each of them total."""
