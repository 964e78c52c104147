; CSS
; names: css (css)
; comment: - /* */
; grammar: tree_sitter_css.language
