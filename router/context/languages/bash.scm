; Bash
; names: shellscript (sh bash zsh) sh zsh
; comment: #
; grammar: tree_sitter_bash.language

(comment) @comment
(command_name (word) @reference)
((variable_name) @reference (#match? @reference "^[A-Za-z_]"))

(function_definition name: (word) @name body: (_) @body) @definition.function
(program (variable_assignment name: (variable_name) @name) @definition.variable)
(program (declaration_command (variable_assignment name: (variable_name) @name)) @definition.variable)

(command
  name: (command_name (word) @_source)
  .
  argument: (_) @module
  (#any-of? @_source "source" ".")) @import
