; PHP
; names: php (php)
; comment: // /* */
; grammar: tree_sitter_php.language_php
