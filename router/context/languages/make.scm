; Makefile
; names: makefile (mk Makefile GNUmakefile)
; comment: #
; grammar: tree_sitter_languages.make
