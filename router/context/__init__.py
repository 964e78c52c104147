"""What a prompt may contain."""
