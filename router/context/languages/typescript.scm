; TypeScript
; names: typescript (ts mts cts)
; comment: // /* */
; like: ecmascript
; grammar: tree_sitter_typescript.language_typescript

(comment) @comment
[
  (identifier)
  (property_identifier)
  (private_property_identifier)
  (shorthand_property_identifier)
  (type_identifier)
] @reference

(class_declaration name: (_) @name body: (_) @body) @definition.class
(abstract_class_declaration name: (_) @name body: (_) @body) @definition.class
(public_field_definition name: (_) @name) @definition.attribute
(required_parameter (accessibility_modifier) pattern: (identifier) @name) @definition.attribute
(optional_parameter (accessibility_modifier) pattern: (identifier) @name) @definition.attribute
(interface_declaration name: (_) @name body: (_) @body) @definition.interface
(interface_body (property_signature name: (_) @name) @definition.attribute)
(method_signature name: (_) @name) @definition.method
(abstract_method_signature name: (_) @name) @definition.method
(function_signature name: (_) @name) @definition.function
(type_alias_declaration name: (_) @name) @definition.type
(enum_declaration name: (_) @name body: (_) @body) @definition.enum
(enum_body [(property_identifier) @name (enum_assignment name: (_) @name)] @definition.member)
(internal_module name: (_) @name body: (_) @body) @definition.namespace
(module
  name: [(identifier) @name (nested_identifier) @name (string (string_fragment) @name)]
  body: (_) @body) @definition.namespace
(expression_statement (internal_module)) @wrapper
(ambient_declaration) @wrapper

(import_require_clause (identifier) @alias source: (string (string_fragment) @module)) @import
