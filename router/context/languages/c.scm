; C
; names: c (c h)
; comment: // /* */
; grammar: tree_sitter_c.language
