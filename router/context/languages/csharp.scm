; C#
; names: csharp (cs) cs
; comment: // /* */
; grammar: tree_sitter_c_sharp.language

(comment) @comment
(identifier) @reference

(namespace_declaration name: (_) @name body: (_) @body) @definition.namespace
(file_scoped_namespace_declaration name: (_) @name) @definition.namespace
(class_declaration name: (identifier) @name) @definition.class
(class_declaration body: (_) @body)
(struct_declaration name: (identifier) @name) @definition.struct
(struct_declaration body: (_) @body)
(record_declaration name: (identifier) @name) @definition.class
(record_declaration body: (_) @body)
(record_declaration (parameter_list (parameter name: (identifier) @name) @definition.attribute))
(interface_declaration name: (identifier) @name body: (_) @body) @definition.interface
(enum_declaration name: (identifier) @name body: (_) @body) @definition.enum
(enum_member_declaration name: (identifier) @name) @definition.member
(delegate_declaration name: (identifier) @name) @definition.type
(method_declaration name: (identifier) @name) @definition.method
(method_declaration body: (_) @body)
(local_function_statement name: (identifier) @name body: (_) @body) @definition.function
(constructor_declaration name: (identifier) @name body: (_) @body) @definition.constructor
(property_declaration name: (identifier) @name) @definition.attribute
(event_declaration name: (identifier) @name) @definition.attribute
(field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @definition.attribute
(event_field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @definition.attribute

(using_directive !name [(identifier) (qualified_name)] @module) @import
(using_directive name: (identifier) @alias (_) @module .) @import
