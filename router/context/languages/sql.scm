; SQL
; names: sql (sql)
; comment: -- /* */
; grammar: tree_sitter_sql.language
