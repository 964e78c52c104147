; JavaScript
; names: javascript (js cjs mjs) javascriptreact (jsx)
; comment: // /* */
; grammar: tree_sitter_javascript.language
