; Bash
; names: shellscript (sh bash zsh) sh zsh
; comment: #
; grammar: tree_sitter_bash.language
