; Rust
; names: rust (rs)
; comment: // /* */
; grammar: tree_sitter_rust.language
