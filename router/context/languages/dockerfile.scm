; Dockerfile
; names: dockerfile (dockerfile Dockerfile Containerfile)
; comment: #
; grammar: tree_sitter_languages.dockerfile
