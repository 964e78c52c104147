; CSS
; names: css (css)
; comment: - /* */
; grammar: tree_sitter_css.language

(comment) @comment
[(plain_value) (tag_name)] @reference

(rule_set (selectors) (block) @body) @definition.rule
(class_selector (class_name (identifier) @name))
(id_selector (id_name) @name)
(declaration (property_name) @name (#match? @name "^--")) @definition.variable
(keyframes_statement (keyframes_name) @name (_) @body) @definition.keyframes

(import_statement (string_value (string_content) @module)) @import
(import_statement (call_expression (arguments (string_value (string_content) @module)))) @import
