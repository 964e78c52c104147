; Kotlin
; names: kotlin (kt kts)
; comment: // /* */
; grammar: tree_sitter_kotlin.language
