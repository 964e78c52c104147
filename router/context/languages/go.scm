; Go
; names: go (go)
; comment: // /* */
; grammar: tree_sitter_go.language
