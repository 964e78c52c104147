--- What other tools report of a file is told to the server, so that its reviews do not say it again.
local M = {}

local reported = require("switchyard.reported")
local server = require("switchyard.server")

local RESTS_MS = 400 -- after the last change of what is reported
local due = {} ---@type table<integer, true>
local resting = assert(vim.uv.new_timer())

local function by_others(buf)
  return vim.tbl_filter(function(one)
    return one.source ~= "Switchyard"
  end, vim.diagnostic.get(buf))
end

local function tell()
  for buf in pairs(due) do
    local client = vim.api.nvim_buf_is_valid(buf) and server.client(buf)
    if client then
      server.notify(client, "switchyard/diagnostics", {
        uri = vim.uri_from_bufnr(buf),
        diagnostics = reported.worded(buf, by_others(buf), client.offset_encoding),
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
