"""What keeps a file out of every prompt, and what of a text is masked; context/privacy.py is the gate."""
