; JSON
; names: json (json)  jsonc (jsonc)
; comment: // /* */
; grammar: tree_sitter_json.language
