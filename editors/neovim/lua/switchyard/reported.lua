--- What tools report of a buffer, in places as our server counts them.
local M = {}

local api = vim.api

--- How many of an encoding's units a line's first bytes are.
function M.units(line, bytes, encoding)
  bytes = math.min(bytes, #line)
  if encoding == "utf-8" then
    return bytes
  end
  if vim.fn.has("nvim-0.11") == 1 then
    return vim.str_utfindex(line, encoding, bytes, false)
  end
  local utf32, utf16 = vim.str_utfindex(line, bytes)
  return encoding == "utf-16" and utf16 or utf32
end

local function position(buf, row, bytes, encoding)
  local line = api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ""
  return { line = row, character = M.units(line, bytes, encoding) }
end

--- Diagnostics as their servers worded them, or in the same form; those servers may count columns in other units.
function M.worded(buf, diagnostics, encoding)
  local found = {}
  for _, one in ipairs(diagnostics) do
    local said = type(one.user_data) == "table" and one.user_data.lsp
    if type(said) == "table" and said.range then
      found[#found + 1] = vim.tbl_extend("force", said, {
        range = {
          start = position(buf, one.lnum, one.col, encoding),
          ["end"] = position(buf, one.end_lnum or one.lnum, one.end_col or one.col, encoding),
        },
      })
    end
  end
  return found
end

return M
