; R
; names: r (r)
; comment: #
; grammar: tree_sitter_languages.r
