--- A window with text to read: an explanation, a diff, a table. Its buffer is never written anywhere.
local M = {}

local settings = require("switchyard.settings")

local api = vim.api
local WIDEST, MARGIN = 96, 4 -- cells of a window above the code, and what it leaves of the screen on either side

---@class switchyard.Page
---@field buf integer
---@field set fun(text: string) shows this text in place of what was shown
---@field leave fun() goes back to the code; a window above it is closed
---@field close fun()

local function lines_of(text)
  return vim.split((text:gsub("\r\n?", "\n"):gsub("\n+$", "")), "\n", { plain = true })
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

--- A window beside the code; the cursor stays where it was.
local function split(buf)
  local before = api.nvim_get_current_win()
  vim.cmd((vim.o.columns >= 160 and "vertical " or "") .. "botright sbuffer " .. buf)
  local window = api.nvim_get_current_win()
  api.nvim_set_current_win(before)
  return window
end

--- Where a window above the code stands, so that as much of `height` lines is seen as the screen allows.
local function place(height)
  local width = math.min(WIDEST, vim.o.columns - 2 * MARGIN)
  local rows = math.max(1, math.min(height, vim.o.lines - 2 * MARGIN))
  return {
    relative = "editor",
    width = width,
    height = rows,
    row = math.max(0, math.floor((vim.o.lines - rows) / 2) - 2),
    col = math.floor((vim.o.columns - width) / 2) - 1,
  }
end

--- A window above the code; the cursor goes there.
local function float(buf, name)
  local frame = { style = "minimal", border = "rounded", title = (" %s "):format(name) }
  return api.nvim_open_win(buf, true, vim.tbl_extend("force", place(1), frame))
end

local function grow(window)
  if api.nvim_win_is_valid(window) then
    api.nvim_win_set_config(window, place(api.nvim_win_text_height(window, {}).all))
  end
end

local function set(buf, text)
  if not api.nvim_buf_is_valid(buf) then
    return
  end
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, 0, -1, false, lines_of(text))
  vim.bo[buf].modifiable = false
end

local function blank(name)
  local buf = api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden, vim.bo[buf].swapfile = "wipe", false
  pcall(api.nvim_buf_set_name, buf, ("switchyard://%s/%d"):format(name, buf))
  return buf
end

--- A window of this name and file type; `keys` are what its normal mode keys do, `ended` is called when it is closed.
---@return switchyard.Page
function M.show(name, kind, keys, ended)
  local before, floats = api.nvim_get_current_win(), settings.now.window == "float"
  local buf = blank(name)
  local window = floats and float(buf, name) or split(buf)
  vim.bo[buf].filetype = kind
  look(window, kind)
  local page = { buf = buf }
  page.set = function(text)
    set(buf, text)
    if floats then
      grow(window)
    end
  end
  page.close = function()
    pcall(api.nvim_buf_delete, buf, { force = true })
  end
  page.leave = function()
    if floats then
      page.close()
    end
    if api.nvim_win_is_valid(before) then
      api.nvim_set_current_win(before)
    end
  end
  for key, act in pairs(vim.tbl_extend("keep", keys or {}, { q = page.close })) do
    vim.keymap.set("n", key, act, { buffer = buf, nowait = true, silent = true })
  end
  if ended then
    api.nvim_create_autocmd("BufWipeout", { buffer = buf, once = true, callback = ended })
  end
  return page
end

return M
