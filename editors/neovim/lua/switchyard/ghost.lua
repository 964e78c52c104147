--- Draws what a suggestion would add, and takes it away again.
local M = {}

local api = vim.api
local GROUP = "SwitchyardGhost"

M.namespace = api.nvim_create_namespace("switchyard.ghost")

--- The highlight group; a colour scheme that clears it is asked again.
function M.highlight()
  api.nvim_set_hl(0, GROUP, { default = true, link = "Comment" })
end

--- Virtual text inside a line knows no tab stops (virtual lines do): blanks in the place of tabs, for a text that
--- starts at `column` cells.
local function spread(text, column)
  while true do
    local tab = text:find("\t", 1, true)
    if not tab then
      return text
    end
    local before = text:sub(1, tab - 1)
    local width = vim.fn.strdisplaywidth(text:sub(1, tab), column) - vim.fn.strdisplaywidth(before, column)
    text = before .. (" "):rep(width) .. text:sub(tab + 1)
  end
end

--- The stretches of `text` that stand between the characters of `tail`, if `tail` is contained in it in order:
--- a list of { offset in tail, stretch }, matched from the end, where closing brackets stand. Else nil.
local function between(text, tail)
  local parts, last = {}, #text
  for offset = #tail, 1, -1 do
    local at = last
    while at > 0 and text:byte(at) ~= tail:byte(offset) do
      at = at - 1
    end
    if at == 0 then
      return nil
    end
    table.insert(parts, 1, { offset, text:sub(at + 1, last) })
    last = at - 1
  end
  table.insert(parts, 1, { 0, text:sub(1, last) })
  return parts
end

local function below(lines)
  local virtual = {}
  for index = 2, #lines do
    virtual[#virtual + 1] = { { lines[index], GROUP } }
  end
  return #virtual > 0 and virtual or nil
end

local function place(buf, row, col, mark)
  mark.hl_mode = "replace" -- combined, it would take on the colour of a matching bracket before it
  api.nvim_buf_set_extmark(buf, M.namespace, row, col, mark)
end

--- The text around the cursor stays; the stretches appear between it.
local function draw_between(buf, row, col, column, parts, lines)
  for _, part in ipairs(parts) do
    if part[2] ~= "" then
      local text = { { spread(part[2], column), GROUP } }
      place(buf, row, col + part[1], { virt_text = text, virt_text_pos = "inline" })
    end
  end
  if #lines > 1 then
    place(buf, row, col, { virt_lines = below(lines) })
  end
end

--- The rest of the line moves: it is covered by what would stand there, and shown where it would go.
local function draw_over(buf, row, col, column, rest, lines)
  lines[#lines] = lines[#lines] .. rest.after
  local first = spread(lines[1], column)
  local covered = vim.fn.strdisplaywidth(rest.tail .. rest.after, column)
  local missing = covered - vim.fn.strdisplaywidth(first, column)
  local cover = { { first .. (" "):rep(math.max(0, missing)), GROUP } }
  place(buf, row, col, { virt_text = cover, virt_text_pos = "overlay", virt_lines = below(lines) })
end

function M.hide(buf)
  if buf and api.nvim_buf_is_valid(buf) then
    api.nvim_buf_clear_namespace(buf, M.namespace, 0, -1)
  end
end

---@param rest switchyard.Rest
function M.show(buf, row, col, rest)
  M.hide(buf)
  local lines = vim.split(rest.text, "\n", { plain = true })
  local before = api.nvim_buf_get_lines(buf, row, row + 1, false)[1]:sub(1, col)
  local column = vim.fn.strdisplaywidth(before)
  local parts = between(lines[1], rest.tail)
  if parts and (#lines == 1 or rest.after == "") then
    draw_between(buf, row, col, column, parts, lines)
  else
    draw_over(buf, row, col, column, rest, lines)
  end
end

return M
