; C++
; names: cpp (cc cpp cxx hh hpp hxx)
; comment: // /* */
; grammar: tree_sitter_cpp.language
