; Perl
; names: perl (pl pm)
; comment: #
; grammar: tree_sitter_languages.perl
