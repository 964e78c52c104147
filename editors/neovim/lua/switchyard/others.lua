--- What other tools report of a file is told to the server, so that its reviews do not say it again.
local M = {}

local server = require("switchyard.server")

local RESTS_MS = 400 -- after the last change of what is reported
local due = {} ---@type table<integer, true>
local resting = assert(vim.uv.new_timer())

--- What is reported of a buffer by others, as their servers worded it, or in the same form.
local function reported(buf, ours)
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(buf)) do
    local worded = type(one.user_data) == "table" and one.user_data.lsp
    if one.source ~= ours and type(worded) == "table" and worded.range then
      found[#found + 1] = worded
    end
  end
  return found
end

local function tell()
  for buf in pairs(due) do
    local client = vim.api.nvim_buf_is_valid(buf) and server.client(buf)
    if client then
      server.notify(client, "switchyard/diagnostics", {
        uri = vim.uri_from_bufnr(buf),
        diagnostics = reported(buf, "Switchyard"),
      })
    end
  end
  due = {}
end

--- What is reported of a buffer has changed.
function M.changed(buf)
  due[buf] = true
  resting:start(RESTS_MS, 0, vim.schedule_wrap(tell))
end

return M
