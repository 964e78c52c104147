"""The language server and the command line: knows LSP, knows the router, holds the open documents."""
