-- A yard that sorts wagons.
local rails = require("rails.switch")
local lamp = require "signals"
require("plugins")

local M = {}

-- How many wagons a track holds.
M.capacity = 40
local engines, drivers = 3, "größe 𝒳"
count = 0

--- One wagon.
-- @param load in tons
function M.wagon(load, name)
  local self = { load = load, name = name }
  return setmetatable(self, M)
end

--[[ What the axles bear. ]]
function M:total()
  return self.load + rails.tare(self)
end

local function lighter(one, other)
  local limit = M.capacity
  return one:total() < other:total()
end

-- Sort them.
M.sort = function(wagons, by)
  table.sort(wagons, by or lighter)
  return wagons
end

local shunt = function(wagon, ...)
  for _, track in ipairs({ ... }) do
    track:push(wagon)
  end
end

M.handlers = {
  tip = function(wagon) wagon.load = 0 end,
  limit = 3,
}

function open(path) return lamp.on(path) end

return M
