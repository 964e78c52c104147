; TSX
; names: typescriptreact (tsx)
; comment: // /* */
; grammar: tree_sitter_typescript.language_tsx
; like: typescript
