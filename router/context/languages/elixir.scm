; Elixir
; names: elixir (ex exs)
; comment: #
; grammar: tree_sitter_languages.elixir
