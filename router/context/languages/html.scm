; HTML
; names: html (html htm)
; comment: - <!-- -->
; grammar: tree_sitter_html.language
