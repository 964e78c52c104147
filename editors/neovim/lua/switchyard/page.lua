--- A window beside the code with text to read: an explanation, a diff, a table. Its buffer is never written anywhere.
local M = {}

local api = vim.api

---@class switchyard.Page
---@field buf integer
---@field set fun(text: string) shows this text in place of what was shown
---@field open fun(): boolean whether it is still there
---@field close fun()

local function lines_of(text)
  return vim.split((text:gsub("\r\n?", "\n"):gsub("\n+$", "")), "\n", { plain = true })
end

local function set(buf, text)
  if not api.nvim_buf_is_valid(buf) then
    return
  end
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, 0, -1, false, lines_of(text))
  vim.bo[buf].modifiable = false
end

local function look(window, kind)
  for option, value in pairs({
    wrap = kind == "markdown",
    linebreak = kind == "markdown",
    conceallevel = kind == "markdown" and 2 or 0,
    number = false,
    relativenumber = false,
    signcolumn = "no",
    spell = false,
  }) do
    api.nvim_set_option_value(option, value, { win = window, scope = "local" })
  end
end

--- A split of this name and file type; `keys` are what its normal mode keys do. The cursor stays where it was.
---@return switchyard.Page
function M.show(name, kind, keys, ended)
  local before = api.nvim_get_current_win()
  vim.cmd((vim.o.columns >= 160 and "vertical " or "") .. "botright new")
  local buf, window = api.nvim_get_current_buf(), api.nvim_get_current_win()
  vim.bo[buf].buftype, vim.bo[buf].bufhidden, vim.bo[buf].swapfile = "nofile", "wipe", false
  pcall(api.nvim_buf_set_name, buf, ("switchyard://%s/%d"):format(name, buf))
  vim.bo[buf].filetype = kind
  look(window, kind)
  local page = { buf = buf }
  page.set = function(text)
    set(buf, text)
  end
  page.open = function()
    return api.nvim_buf_is_valid(buf)
  end
  page.close = function()
    pcall(api.nvim_buf_delete, buf, { force = true })
  end
  for key, act in pairs(vim.tbl_extend("keep", keys or {}, { q = page.close })) do
    vim.keymap.set("n", key, act, { buffer = buf, nowait = true, silent = true })
  end
  if ended then
    api.nvim_create_autocmd("BufWipeout", { buffer = buf, once = true, callback = ended })
  end
  api.nvim_set_current_win(before)
  return page
end

return M
