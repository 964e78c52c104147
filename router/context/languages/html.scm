; HTML
; names: html (html htm)
; comment: - <!-- -->
; grammar: tree_sitter_html.language

(comment) @comment
((tag_name) @reference (#match? @reference "-"))

(element (start_tag (attribute
  (attribute_name) @_id
  [(attribute_value) @name (quoted_attribute_value (attribute_value) @name)])
  (#eq? @_id "id"))) @definition.element

(script_element (start_tag (attribute
  (attribute_name) @_src
  (quoted_attribute_value (attribute_value) @module))
  (#eq? @_src "src"))) @import
(element (start_tag
  (tag_name) @_link
  (attribute (attribute_name) @_href (quoted_attribute_value (attribute_value) @module)))
  (#eq? @_link "link")
  (#eq? @_href "href")) @import
