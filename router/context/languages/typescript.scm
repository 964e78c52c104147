; TypeScript
; names: typescript (ts mts cts)
; comment: // /* */
; grammar: tree_sitter_typescript.language_typescript
