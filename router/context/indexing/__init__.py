"""The workspace's definitions, references and imports: listed, parsed, kept fresh, kept on the disk."""
