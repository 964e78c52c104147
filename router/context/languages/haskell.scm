; Haskell
; names: haskell (hs)
; comment: -- {- -}
; grammar: tree_sitter_languages.haskell
