"""What of the workspace a prompt may show: sources, each with what it is worth, packed in a stable order."""
