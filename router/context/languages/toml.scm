; TOML
; names: toml (toml)
; comment: #
; grammar: tree_sitter_toml.language
