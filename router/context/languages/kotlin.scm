; Kotlin
; names: kotlin (kt kts)
; comment: // /* */
; grammar: tree_sitter_kotlin.language

[(line_comment) (block_comment)] @comment
(identifier) @reference

(class_declaration name: (identifier) @name) @definition.class
(class_declaration "interface" name: (identifier) @name) @definition.class.interface
(class_declaration
  (modifiers (class_modifier) @_enum)
  name: (identifier) @name
  (#eq? @_enum "enum")) @definition.class.enum
(class_declaration [(class_body) (enum_class_body)] @body)
(object_declaration name: (identifier) @name) @definition.object
(object_declaration (class_body) @body)
(companion_object name: (identifier) @name) @definition.object
(class_parameter ["val" "var"] (identifier) @name) @definition.attribute
(enum_entry . (identifier) @name) @definition.member
(function_declaration name: (identifier) @name) @definition.function
(function_declaration (function_body) @body)
(property_declaration (variable_declaration (identifier) @name)) @definition.variable
(property_declaration (getter) @body)
(type_alias type: (identifier) @name) @definition.type

(import) @import @tree
