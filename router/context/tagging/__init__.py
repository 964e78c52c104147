"""What a text defines, refers to and imports, by its grammar; languages/ has a file for each."""
