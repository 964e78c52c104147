; Java
; names: java (java)
; comment: // /* */
; grammar: tree_sitter_java.language

[(line_comment) (block_comment)] @comment
[(identifier) (type_identifier)] @reference

(class_declaration name: (identifier) @name body: (_) @body) @definition.class
(interface_declaration name: (identifier) @name body: (_) @body) @definition.interface
(annotation_type_declaration name: (identifier) @name body: (_) @body) @definition.interface
(enum_declaration name: (identifier) @name body: (_) @body) @definition.enum
(enum_constant name: (identifier) @name) @definition.member
(record_declaration name: (identifier) @name body: (_) @body) @definition.class
(record_declaration parameters: (formal_parameters (formal_parameter name: (identifier) @name) @definition.attribute))
(method_declaration name: (identifier) @name) @definition.method
(method_declaration body: (block) @body)
(annotation_type_element_declaration name: (identifier) @name) @definition.method
(constructor_declaration name: (identifier) @name body: (_) @body) @definition.constructor
(compact_constructor_declaration name: (identifier) @name body: (_) @body) @definition.constructor
(field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.attribute
(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.attribute

(import_declaration) @import @tree
