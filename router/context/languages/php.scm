; PHP
; names: php (php)
; comment: // /* */
; grammar: tree_sitter_php.language_php

(comment) @comment
(name) @reference

(namespace_definition name: (_) @name) @definition.namespace
(namespace_definition body: (_) @body)
(class_declaration name: (name) @name body: (_) @body) @definition.class
(interface_declaration name: (name) @name body: (_) @body) @definition.interface
(trait_declaration name: (name) @name body: (_) @body) @definition.trait
(enum_declaration name: (name) @name body: (_) @body) @definition.enum
(enum_case name: (name) @name) @definition.member
(function_definition name: (name) @name body: (_) @body) @definition.function
(method_declaration name: (name) @name) @definition.method
(method_declaration body: (_) @body)
(property_declaration (property_element name: (variable_name (name) @name))) @definition.attribute
(property_promotion_parameter name: (variable_name (name) @name)) @definition.attribute
(const_declaration (const_element . (name) @name)) @definition.constant
(function_call_expression
  function: (name) @_define
  arguments: (arguments . (argument (string (string_content) @name)))
  (#eq? @_define "define")) @definition.constant

(namespace_use_declaration) @import @tree
[
  (require_expression (string (string_content) @module))
  (require_once_expression (string (string_content) @module))
  (include_expression (string (string_content) @module))
  (include_once_expression (string (string_content) @module))
] @import
