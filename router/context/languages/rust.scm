; Rust
; names: rust (rs)
; comment: // /* */
; grammar: tree_sitter_rust.language

[(line_comment) (block_comment)] @comment
[(attribute_item) (inner_attribute_item)] @attribute
[(identifier) (field_identifier) (shorthand_field_identifier) (type_identifier)] @reference
(lifetime (identifier) @ignored)

(function_item name: (identifier) @name body: (block) @body) @definition.function
(function_signature_item name: (identifier) @name) @definition.function
(struct_item name: (type_identifier) @name) @definition.struct
(struct_item body: (field_declaration_list) @body)
(union_item name: (type_identifier) @name body: (_) @body) @definition.union
(field_declaration name: (field_identifier) @name) @definition.attribute
(enum_item name: (type_identifier) @name body: (_) @body) @definition.enum
(enum_variant name: (identifier) @name) @definition.member
(trait_item name: (type_identifier) @name body: (_) @body) @definition.trait
(associated_type name: (type_identifier) @name) @definition.type
(type_item name: (type_identifier) @name) @definition.type
(const_item name: (identifier) @name) @definition.constant
(static_item name: (identifier) @name) @definition.variable
(macro_definition name: (identifier) @name (macro_rule) @body) @definition.macro
(mod_item name: (identifier) @name) @definition.module
(mod_item body: (_) @body)
(impl_item type: [
  (type_identifier) @name
  (generic_type type: (type_identifier) @name)
  (scoped_type_identifier name: (type_identifier) @name)
]) @scope

(use_declaration argument: (_) @tree) @import
(extern_crate_declaration name: (identifier) @module) @import
