; Java
; names: java (java)
; comment: // /* */
; grammar: tree_sitter_java.language
