; YAML
; names: yaml (yaml yml)
; comment: #
; grammar: tree_sitter_yaml.language

(comment) @comment
(alias_name) @reference

(document (block_node (block_mapping (block_mapping_pair key: (flow_node) @name) @definition.key)))
(document (block_node (block_mapping (block_mapping_pair value: (block_node (block_mapping
  (block_mapping_pair key: (flow_node) @name) @definition.key))))))
