; Lua
; names: lua (lua)
; comment: -- --[[ ]]
; grammar: tree_sitter_lua.language
