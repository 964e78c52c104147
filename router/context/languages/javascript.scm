; JavaScript
; names: javascript (js cjs mjs) javascriptreact (jsx)
; comment: // /* */
; like: ecmascript
; grammar: tree_sitter_javascript.language

(comment) @comment
[(identifier) (property_identifier) (private_property_identifier) (shorthand_property_identifier)] @reference

(class_declaration name: (_) @name body: (_) @body) @definition.class
(lexical_declaration (variable_declarator name: (identifier) @name value: (class body: (_) @body))) @definition.class
(field_definition property: (_) @name) @definition.attribute
