; Lua
; names: lua (lua)
; comment: -- --[[ ]]
; grammar: tree_sitter_lua.language

(comment) @comment
(identifier) @reference

(function_declaration name: [
  (identifier) @name
  (dot_index_expression table: (_) @parent field: (identifier) @name)
  (method_index_expression table: (_) @parent method: (identifier) @name)
]) @definition.function
(function_declaration body: (block) @body)
(assignment_statement
  (variable_list . name: [(identifier) @name (dot_index_expression table: (_) @parent field: (identifier) @name)])
  (expression_list . value: (function_definition))) @definition.function
(assignment_statement (expression_list . value: (function_definition body: (block) @body)))
(field name: (identifier) @name value: (function_definition)) @definition.method
(field value: (function_definition body: (block) @body))

(variable_declaration) @wrapper
(chunk (variable_declaration (assignment_statement (variable_list name: (identifier) @name)) @definition.variable))
(chunk (assignment_statement (variable_list name: [
  (identifier) @name
  (dot_index_expression table: (_) @parent field: (identifier) @name)
])) @definition.variable)

(assignment_statement
  (variable_list . name: (identifier) @alias)
  (expression_list . value: (function_call
    name: (identifier) @_require
    arguments: (arguments . (string content: (string_content) @module))))
  (#eq? @_require "require")) @import
(chunk (function_call
  name: (identifier) @_require
  arguments: (arguments . (string content: (string_content) @module))
  (#eq? @_require "require")) @import)
