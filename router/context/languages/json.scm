; JSON
; names: json (json)  jsonc (jsonc)
; comment: // /* */
; grammar: tree_sitter_json.language

(comment) @comment

(document (object (pair key: (string (string_content) @name)) @definition.key))
(document (object (pair value: (object (pair key: (string (string_content) @name)) @definition.key))))
