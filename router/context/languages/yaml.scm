; YAML
; names: yaml (yaml yml)
; comment: #
; grammar: tree_sitter_yaml.language
