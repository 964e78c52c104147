; SQL
; names: sql (sql)
; comment: -- /* */
; grammar: tree_sitter_sql.language

[(comment) (marginalia)] @comment
(identifier) @reference

(create_schema (identifier) @name) @definition.schema
(create_table (object_reference name: (identifier) @name)) @definition.table
(create_table (object_reference schema: (identifier) @parent))
(create_view (object_reference name: (identifier) @name)) @definition.view
(create_view (object_reference schema: (identifier) @parent))
(create_materialized_view (object_reference name: (identifier) @name)) @definition.view
(create_materialized_view (object_reference schema: (identifier) @parent))
(create_type (object_reference name: (identifier) @name)) @definition.type
(create_type (object_reference schema: (identifier) @parent))
(create_function (object_reference name: (identifier) @name)) @definition.function
(create_function (object_reference schema: (identifier) @parent))
(create_function (function_body) @body)
(create_index column: (identifier) @name) @definition.index
(column_definition name: (identifier) @name) @definition.attribute
(cte . (identifier) @name) @definition.view
