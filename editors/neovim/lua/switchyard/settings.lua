--- What the user can set, with its M.defaults.
local M = {}

---@class switchyard.Settings
M.defaults = {
  --- The language server's command line. A bare name is looked up in the absolute directories of $PATH.
  cmd = { "switchyard", "lsp" },
  --- Suggest while typing: always, never, or not in these file types: { markdown = false }. The trigger key works
  --- either way.
  automatic = true,
  --- Only these file types; nil: all of them.
  filetypes = nil,
  --- Ghost text beside an open completion menu.
  beside_menu = false,
  --- Where explanations, diffs and tables are shown: in a "split", or a "float" above the code.
  window = "split",
  --- The server's own settings, as in its TOML file.
  settings = {},
  --- Insert mode keys; false switches one off, or all of them. A key without ghost text keeps its old meaning.
  keys = {
    accept = "<Tab>",
    accept_word = "<M-Right>",
    accept_line = "<M-C-Right>",
    next = "<M-]>",
    previous = "<M-[>",
    dismiss = "<C-]>",
    trigger = "<M-\\>",
  },
}

M.kinds = {
  cmd = "table",
  automatic = "boolean or table",
  filetypes = "table",
  beside_menu = "boolean",
  window = "split or float",
  settings = "table",
  keys = "table or false",
}

local switched = {} ---@type table<string, boolean> what was toggled since: by file type, "" for all

---@type switchyard.Settings
M.now = vim.deepcopy(M.defaults)

local function complain(message, ...)
  error("switchyard: " .. message:format(...), 0)
end

local function check(key, value)
  if not M.kinds[key] then
    complain("there is no option %q; see :help switchyard-options", key)
  end
  local allowed = vim.split(M.kinds[key], " or ", { plain = true })
  if not vim.tbl_contains(allowed, type(value)) and not vim.tbl_contains(allowed, tostring(value)) then
    complain("the option %q is %s, not %s", key, M.kinds[key], vim.inspect(value))
  end
end

local function check_keys(keys)
  for name, key in pairs(keys) do
    if M.defaults.keys[name] == nil then
      complain("there is no key %q; see :help switchyard-keys", name)
    end
    if key ~= false and type(key) ~= "string" then
      complain("the key %q is a string or false, not a %s", name, type(key))
    end
  end
end

--- Takes the user's options over the M.defaults. Raises a sentence that names the wrong one.
function M.take(options)
  for key, value in pairs(options or {}) do
    check(key, value)
  end
  local merged = vim.tbl_extend("force", vim.deepcopy(M.defaults), options or {})
  if merged.keys == false then
    merged.keys = {}
  else
    check_keys(merged.keys)
    merged.keys = vim.tbl_extend("force", vim.deepcopy(M.defaults.keys), merged.keys)
  end
  if type(merged.cmd[1]) ~= "string" then
    complain("the option %q is a list of strings: a program and its arguments", "cmd")
  end
  M.now = merged
end

--- Whether suggestions come by themselves in a file type; "" asks for all of them.
function M.automatic(filetype)
  if switched[filetype] ~= nil then
    return switched[filetype]
  end
  local wish, all = M.now.automatic, switched[""]
  if all == nil then
    all = wish ~= false
  end
  return all and not (type(wish) == "table" and wish[filetype] == false)
end

--- Switches them on or off, in one file type or, for "", in all; whether they come now.
function M.toggle(filetype)
  local on = not M.automatic(filetype)
  if filetype == "" then
    switched = {}
  end
  switched[filetype] = on
  return on
end

return M
