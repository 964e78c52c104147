; Scala
; names: scala (scala sc)
; comment: // /* */
; grammar: tree_sitter_languages.scala
