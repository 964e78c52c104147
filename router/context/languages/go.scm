; Go
; names: go (go)
; comment: // /* */
; grammar: tree_sitter_go.language

(comment) @comment
[(identifier) (field_identifier) (package_identifier) (type_identifier)] @reference

(function_declaration name: (identifier) @name) @definition.function
(function_declaration body: (block) @body)
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @parent
    (generic_type type: (type_identifier) @parent)
    (pointer_type (type_identifier) @parent)
    (pointer_type (generic_type type: (type_identifier) @parent))
  ]))
  name: (field_identifier) @name) @definition.method
(method_declaration body: (block) @body)

(type_declaration "type" . [(type_spec) (type_alias)]) @wrapper
(type_spec name: (type_identifier) @name) @definition.type
(type_spec name: (type_identifier) @name type: (struct_type (field_declaration_list) @body)) @definition.type.struct
(type_spec name: (type_identifier) @name type: (interface_type)) @definition.type.interface
(type_alias name: (type_identifier) @name) @definition.type
(field_declaration name: (field_identifier) @name) @definition.attribute
(method_elem name: (field_identifier) @name) @definition.method

(const_declaration "const" . (const_spec)) @wrapper
(const_spec name: (identifier) @name) @definition.constant
(var_declaration "var" . (var_spec)) @wrapper
(var_spec name: (identifier) @name) @definition.variable

(import_spec path: (_) @module) @import
(import_spec name: (package_identifier) @alias)
(import_spec name: (dot) @all)
