--- Keys that act on ghost text and otherwise mean what they meant before.
local M = {}

local session = require("switchyard.session")
local settings = require("switchyard.settings")

local api = vim.api
local OTHERWISE = "<Plug>(switchyard-otherwise)"

local passing = false -- an older mapping has the key; should that yield the key itself, it is the plain key
local older = {} ---@type table<integer, table<string, table|false>> buffer -> key -> the buffer's own older mapping

local acts = {
  accept = "<C-g>u<Cmd>lua require('switchyard').accept()<CR><C-g>u",
  accept_word = "<C-g>u<Cmd>lua require('switchyard').accept_word()<CR><C-g>u",
  accept_line = "<C-g>u<Cmd>lua require('switchyard').accept_line()<CR><C-g>u",
  next = "<Cmd>lua require('switchyard').next()<CR>",
  previous = "<Cmd>lua require('switchyard').previous()<CR>",
  dismiss = "<Cmd>lua require('switchyard').dismiss()<CR>",
  trigger = "<Cmd>lua require('switchyard').trigger()<CR>",
}

local function plug(name)
  return ("<Plug>(switchyard-%s)"):format(name:gsub("_", "-"))
end

local function same_key(map, raw)
  return map.lhsraw == raw or map.lhsrawalt == raw
end

local function find(maps, raw)
  for _, map in ipairs(maps) do
    if same_key(map, raw) then
      return map
    end
  end
end

--- The keys that stand for what `key` meant before: its older mapping, under a name of ours, or the key itself.
local function otherwise(buf, key)
  local raw = api.nvim_replace_termcodes(key, true, true, true)
  local map = older[buf] and older[buf][key] or find(api.nvim_get_keymap("i"), raw)
  if not map or passing then
    passing = false
    return key
  end
  passing = map.noremap == 0
  vim.schedule(function()
    passing = false
  end)
  local name = api.nvim_replace_termcodes(OTHERWISE, true, true, true)
  local copy = vim.tbl_extend("force", map, { lhs = OTHERWISE, lhsraw = name, buffer = 0 })
  copy.lhsrawalt = nil
  vim.fn.mapset("i", false, copy)
  return OTHERWISE
end

local function map_key(buf, name, key)
  local raw = api.nvim_replace_termcodes(key, true, true, true)
  local there = find(api.nvim_buf_get_keymap(buf, "i"), raw)
  if there and there.desc == "Switchyard: " .. name then
    return
  end
  older[buf] = older[buf] or {}
  older[buf][key] = there or false
  vim.keymap.set("i", key, function()
    if name == "trigger" or session.visible() then
      return plug(name)
    end
    return otherwise(buf, key)
  end, { buffer = buf, expr = true, remap = true, silent = true, desc = "Switchyard: " .. name })
end

--- Names for all acts, for those who map keys themselves.
function M.define()
  for name, keys in pairs(acts) do
    vim.keymap.set("i", plug(name), keys, { silent = true, desc = "Switchyard: " .. name })
  end
end

--- Maps the keys of the settings in one buffer.
function M.map(buf)
  for name, key in pairs(settings.now.keys) do
    if key then
      map_key(buf, name, key)
    end
  end
end

return M
