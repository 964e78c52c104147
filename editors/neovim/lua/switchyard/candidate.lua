--- A suggestion, and how much of it is still to come at the cursor; changes nothing.
local M = {}

--- What an auto-closing plugin may have put after the cursor since the suggestion came.
local CLOSERS = "^[%)%]}>\"'`]+$"

---@class switchyard.Candidate
---@field row integer line of the start of its range, from 0
---@field col integer byte column of that start
---@field least integer bytes from there to the cursor when it came
---@field text string what is to stand from there on
---@field tail string what stood between the cursor and the end of its range
---@field after string what stood behind that on the line
---@field command? lsp.Command

---@class switchyard.Rest what a candidate still adds
---@field text string to be inserted at the cursor
---@field tail string to be replaced behind the cursor
---@field after string the rest of the line

local old_byteindex = vim.fn.has("nvim-0.11") == 0

--- The byte column of an LSP character, or nil if the line has no such place.
local function byte(line, character, encoding)
  if type(character) ~= "number" then
    return nil
  end
  local ok, index
  if encoding == "utf-8" then
    ok, index = true, character
  elseif old_byteindex then
    ok, index = pcall(vim.str_byteindex, line, character, encoding == "utf-16")
  else
    ok, index = pcall(vim.str_byteindex, line, encoding, character)
  end
  return ok and index and index <= #line and index or nil
end

local function columns(range, line, row, col, encoding)
  if not range then
    return col, col
  end
  if range.start.line ~= row or range["end"].line ~= row then
    return nil
  end
  return byte(line, range.start.character, encoding), byte(line, range["end"].character, encoding)
end

--- One item of the server's answer as a candidate, or nil if it is none for this place.
function M.read(item, line, row, col, encoding)
  if type(item) ~= "table" or type(item.insertText) ~= "string" then
    return nil
  end
  local first, last = columns(item.range, line, row, col, encoding)
  if not first or not last or first > col or last < col then
    return nil
  end
  return {
    row = row,
    col = first,
    least = col - first,
    text = (item.insertText:gsub("\r\n?", "\n")),
    tail = line:sub(col + 1, last),
    after = line:sub(last + 1),
    command = type(item.command) == "table" and item.command or nil,
  }
end

--- The candidates in an answer (a list, or an object with `items`), best first.
function M.read_all(answer, line, row, col, encoding)
  local found = {}
  if type(answer) == "table" then
    for _, item in ipairs(type(answer.items) == "table" and answer.items or answer) do
      found[#found + 1] = M.read(item, line, row, col, encoding)
    end
  end
  return found
end

local function typed_so_far(candidate, buf, row, col)
  if row < candidate.row or (row == candidate.row and col < candidate.col) then
    return nil
  end
  local ok, lines = pcall(vim.api.nvim_buf_get_text, buf, candidate.row, candidate.col, row, col, {})
  local typed = ok and table.concat(lines, "\n")
  if typed and #typed >= candidate.least and vim.startswith(candidate.text, typed) then
    return typed
  end
end

--- What `candidate` still adds at (row, col), or nil when the text there is no longer on its way.
---@return switchyard.Rest?
function M.rest(candidate, buf, row, col)
  local typed = typed_so_far(candidate, buf, row, col)
  local right = typed and (vim.api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ""):sub(col + 1)
  if not right or not vim.endswith(right, candidate.after) then
    return nil
  end
  local tail = right:sub(1, #right - #candidate.after)
  if not vim.endswith(candidate.tail, tail) and not tail:find(CLOSERS) then
    return nil
  end
  local text = candidate.text:sub(#typed + 1)
  if text == "" or text == tail then
    return nil
  end
  return { text = text, tail = tail, after = candidate.after }
end

--- The first word of a text with the blanks before it; the whole text if there is no word.
function M.word(text)
  local word = vim.fn.matchstr(text, [[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)]])
  return word ~= "" and word or text
end

--- The first line of a text; if it starts with a line end, that and the line after it.
function M.line(text)
  return text:match("^\n?[^\n]*")
end

return M
