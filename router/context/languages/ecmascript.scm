; What JavaScript and TypeScript have in common; no language of its own

(method_definition name: (_) @name body: (_) @body) @definition.method
(pair key: (property_identifier) @name value: [
  (arrow_function body: (_) @body)
  (function_expression body: (_) @body)
]) @definition.method

(function_declaration name: (_) @name body: (_) @body) @definition.function
(generator_function_declaration name: (_) @name body: (_) @body) @definition.function
(lexical_declaration (variable_declarator name: (identifier) @name value: [
  (arrow_function body: (_) @body)
  (function_expression body: (_) @body)
  (generator_function body: (_) @body)
])) @definition.function
(assignment_expression left: (member_expression property: (property_identifier) @name) right: [
  (arrow_function body: (_) @body)
  (function_expression body: (_) @body)
  (generator_function body: (_) @body)
]) @definition.function
(assignment_expression
  left: (member_expression object: (identifier) @parent)
  right: [(arrow_function) (function_expression) (generator_function)]
  (#not-match? @parent "^(exports|module)$"))
(assignment_expression
  left: (member_expression object: (member_expression
    object: (identifier) @parent
    property: (property_identifier) @_prototype))
  right: [(arrow_function) (function_expression) (generator_function)]
  (#eq? @_prototype "prototype"))
(assignment_expression left: (member_expression object: (this) property: (_) @name)) @definition.attribute

(program [
  (lexical_declaration (variable_declarator name: (identifier) @name))
  (variable_declaration (variable_declarator name: (identifier) @name))
] @definition.variable)
(export_statement declaration: [
  (lexical_declaration (variable_declarator name: (identifier) @name))
  (variable_declaration (variable_declarator name: (identifier) @name))
] @definition.variable)
(program (lexical_declaration (variable_declarator name: (array_pattern (identifier) @name))) @definition.variable)
(program (lexical_declaration (variable_declarator name: (object_pattern [
  (shorthand_property_identifier_pattern) @name
  (pair_pattern value: (identifier) @name)
]))) @definition.variable)
(export_statement declaration: (lexical_declaration (variable_declarator name: (object_pattern [
  (shorthand_property_identifier_pattern) @name
  (pair_pattern value: (identifier) @name)
]))) @definition.variable)
(export_statement declaration: (_)) @wrapper

(import_statement source: (string (string_fragment) @module)) @import
(import_clause (identifier) @default)
(import_clause (namespace_import (identifier) @alias))
(import_specifier name: (_) @imported)
(import_specifier alias: (_) @alias)
(export_statement source: (string (string_fragment) @module)) @import
(export_statement (export_clause (export_specifier name: (_) @imported)) source: (_))
(export_statement (export_clause (export_specifier alias: (_) @alias)) source: (_))
(export_statement "*" @all source: (_))
(export_statement (namespace_export (_) @alias) source: (_))
(call_expression function: (import) arguments: (arguments . (string (string_fragment) @module))) @import
(expression_statement (call_expression
  function: (identifier) @_require
  arguments: (arguments . (string (string_fragment) @module)))
  (#eq? @_require "require")) @import
(variable_declarator
  name: [
    (identifier) @alias
    (object_pattern [
      (shorthand_property_identifier_pattern) @imported
      (pair_pattern key: (property_identifier) @imported value: (identifier) @alias)
    ])
  ]
  value: (call_expression function: (identifier) @_require arguments: (arguments . (string (string_fragment) @module)))
  (#eq? @_require "require")) @import
