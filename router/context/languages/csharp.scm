; C#
; names: csharp (cs) cs
; comment: // /* */
; grammar: tree_sitter_c_sharp.language
