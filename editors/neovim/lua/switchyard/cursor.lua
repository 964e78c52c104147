--- Tells the server where the cursor rests outside insert mode, so that it can make ready what is typed there next.
local M = {}

local server = require("switchyard.server")
local settings = require("switchyard.settings")

local api = vim.api
local REST_MS = 150

local moves = 0 -- a timer of an older move says nothing

local function tell(buf)
  local client = server.client(buf)
  if client and api.nvim_get_current_buf() == buf and api.nvim_get_mode().mode:sub(1, 1) ~= "i" then
    server.notify(client, "switchyard/cursor", vim.lsp.util.make_position_params(0, client.offset_encoding))
  end
end

--- The cursor was moved, or another buffer is looked at.
function M.moved()
  if not settings.automatic(vim.bo.filetype) then
    return
  end
  moves = moves + 1
  local move, buf = moves, api.nvim_get_current_buf()
  vim.defer_fn(function()
    if move == moves and api.nvim_buf_is_valid(buf) then
      tell(buf)
    end
  end, REST_MS)
end

return M
