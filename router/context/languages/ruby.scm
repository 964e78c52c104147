; Ruby
; names: ruby (rb rake gemspec Rakefile Gemfile)
; comment: #
; grammar: tree_sitter_ruby.language

(comment) @comment
[(identifier) (constant) (instance_variable) (class_variable) (global_variable)] @reference

(module name: (_) @name) @definition.module
(module body: (_) @body)
(class name: [(constant) @name (scope_resolution scope: (_) @parent name: (_) @name)]) @definition.class
(class body: (_) @body)
(method name: (_) @name) @definition.method
(method body: (_) @body)
(singleton_method name: (_) @name) @definition.method
(singleton_method body: (_) @body)
(assignment left: (constant) @name) @definition.constant
(assignment left: [(instance_variable) (class_variable)] @name) @definition.attribute
(call
  method: (identifier) @_attr
  arguments: (argument_list (simple_symbol) @name)
  (#match? @_attr "^attr_")) @definition.attribute
(call
  method: (identifier) @_alias
  arguments: (argument_list . (simple_symbol) @name)
  (#eq? @_alias "alias_method")) @definition.method

(call
  method: (identifier) @_require
  arguments: (argument_list . (string (string_content) @module))
  (#any-of? @_require "require" "load")) @import
(call
  method: (identifier) @_require
  arguments: (argument_list . (string (string_content) @relative))
  (#eq? @_require "require_relative")) @import
