--- `:Switchyard menu`: what the engine does, what would mend it, and what one may want at any time.
local M = {}

local health = require("switchyard.health")

--- What may be put into a terminal for the user to send off; every other advice is only shown.
local RUNNABLE = "^[%w .:'/=%[%]_-]+$"
local PROGRAMS = { ollama = true, switchyard = true, apt = true, uv = true, pipx = true }
local LACKS = { missing = true, wrong = true, warning = true }

--- A terminal with this line typed into it; the user reads it there and presses Enter, or does not.
local function prepare(line)
  vim.cmd("botright 12split | terminal")
  vim.fn.chansend(vim.bo.channel, line)
  vim.cmd.startinsert()
end

local function runnable(line)
  return PROGRAMS[line:match("^%S+") or ""] and line:find(RUNNABLE) ~= nil
end

--- What the doctor would do about what it found, as entries.
function M.mends(checks)
  local entries = {}
  for _, check in ipairs(checks) do
    if LACKS[check.state] and check.mend ~= "" then
      local act = runnable(check.mend) and function()
        prepare(check.mend)
      end or function()
        health.printed("doctor")
      end
      entries[#entries + 1] = { label = ("%s (%s)"):format(check.mend, check.name), act = act }
    end
  end
  return entries
end

local function command(label, name, words)
  return {
    label = label,
    act = function()
      require("switchyard").command(name, words)
    end,
  }
end

local function always(status)
  local filetype = vim.bo.filetype
  local entries = { status.paused and command("Suggest again", "pause", "0") or command("Pause for 5 minutes", "pause", "5") }
  if filetype ~= "" then
    local turn = status.automatic and "Suggest only when asked in " or "Suggest while typing in "
    entries[#entries + 1] = command(turn .. filetype, "toggle", filetype)
  end
  return vim.list_extend(entries, {
    command("Suggest while typing, everywhere: on or off", "toggle"),
    command("What is here and what is missing", "doctor"),
    command("Plan: which model does which job", "plan"),
    command("Statistics", "stats"),
    command("End the server and start it anew", "restart"),
  })
end

--- Has the user choose among entries ({ label, act }), and does what the chosen one does.
function M.choose(prompt, entries)
  vim.ui.select(entries, {
    prompt = prompt,
    format_item = function(entry)
      return entry.label
    end,
  }, function(entry)
    if entry then
      entry.act()
    end
  end)
end

--- Shows it; the doctor is asked first unless a model answers.
function M.show(status)
  local prompt = ("Switchyard: %s: %s"):format(status.state, status.message)
  if status.state == "ready" and status.engine ~= "echo" then
    return M.choose(prompt, always(status))
  end
  health.asked(function(checks)
    M.choose(prompt, vim.list_extend(M.mends(checks), always(status)))
  end)
end

return M
