; Ruby
; names: ruby (rb rake gemspec Rakefile Gemfile)
; comment: #
; grammar: tree_sitter_ruby.language
