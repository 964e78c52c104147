; Markdown
; names: markdown (md)
; comment: - <!-- -->
; grammar: tree_sitter_markdown.language
