"""What a model is, how it is prompted, and whether it fits."""
