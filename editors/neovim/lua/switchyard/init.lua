--- Ghost text from the Switchyard language server: what users and mappings call.
local M = {}

local candidate = require("switchyard.candidate")
local cursor = require("switchyard.cursor")
local ghost = require("switchyard.ghost")
local jobs = require("switchyard.jobs")
local keys = require("switchyard.keys")
local others = require("switchyard.others")
local rivals = require("switchyard.rivals")
local server = require("switchyard.server")
local session = require("switchyard.session")
local settings = require("switchyard.settings")

local api = vim.api
local started = false

local function whole(text)
  return text
end

local function on(events, callback)
  api.nvim_create_autocmd(events, { group = "switchyard", callback = callback })
end

local function listen()
  api.nvim_create_augroup("switchyard", { clear = true })
  on({ "BufReadPost", "BufNewFile", "BufFilePost", "FileType" }, function(event)
    server.attach(event.buf)
  end)
  on("InsertEnter", function(event)
    server.attach(event.buf)
    vim.schedule(session.update) -- the mode and the cursor are not the new ones yet
  end)
  on({ "TextChangedI", "TextChangedP", "CursorMovedI", "CompleteChanged" }, session.update)
  on("CompleteDone", function()
    vim.schedule(session.update)
  end)
  on({ "InsertLeave", "BufLeave" }, session.clear)
  on({ "CursorMoved", "BufEnter", "InsertLeave" }, cursor.moved)
  on("ColorScheme", ghost.highlight)
  rivals.listen(vim.schedule_wrap(session.update))
  on("DiagnosticChanged", function(event)
    others.changed(event.buf)
  end)
end

--- Begins to work, with the defaults if setup was not called; further calls do nothing.
function M.start()
  if started then
    return
  end
  started = true
  server.on_attach = function(buf, client)
    keys.map(buf)
    rivals.spare(client)
    session.again()
  end
  server.on_able = session.again
  server.on_end = session.clear
  ghost.highlight()
  keys.define()
  listen()
  vim.schedule(server.attach_all) -- after setup, wherever a plugin manager calls it
end

--- Takes the user's options (see :help switchyard-options) and begins to work.
function M.setup(options)
  settings.take(options)
  M.start()
end

function M.accept()
  return session.accept(whole)
end

function M.accept_word()
  return session.accept(candidate.word)
end

function M.accept_line()
  return session.accept(candidate.line)
end

function M.next()
  session.cycle(1)
end

function M.previous()
  session.cycle(-1)
end

M.dismiss = session.dismiss
M.trigger = session.trigger
M.visible = session.visible
M.restart = server.restart

--- Switches the suggestions while typing on or off, everywhere or in one file type; the trigger key goes on working.
function M.toggle(filetype)
  local on = settings.toggle(filetype or "")
  session.clear()
  return on
end

--- Asks for nothing by itself for so many minutes; 0: it does again.
M.pause = session.pause

--- For a statusline: { state, message, engine, automatic, paused }.
function M.status()
  local now = { automatic = settings.automatic(vim.bo.filetype), paused = session.paused() }
  return vim.tbl_extend("force", server.status(), now)
end

local marks = { ready = "●", loading = "◌", busy = "◍", offline = "○", excluded = "⊘", off = "⊘", starting = "◌", absent = "×" }

--- A word for a statusline: a sign, and what is to be known beside "ready".
function M.statusline()
  local status = M.status()
  local said = status.paused and ("paused until " .. status.paused) or status.state
  if said == "ready" then
    said = status.automatic and "" or "when asked"
  end
  return vim.trim(("%s switchyard %s"):format(marks[status.state] or "", said))
end

local function say_status()
  local status = M.status()
  local engine = status.engine ~= "" and (" (" .. status.engine .. ")") or ""
  vim.notify(("Switchyard: %s%s: %s"):format(status.state, engine, status.message))
end

local function pause(words)
  local minutes = tonumber(words) or 5
  M.pause(minutes)
  local paused = session.paused()
  vim.notify("Switchyard: " .. (paused and ("nothing comes by itself until " .. paused) or "suggestions come again"))
end

--- A job about the lines given, or about the place of the cursor.
local function about(task)
  return function(words, lines)
    jobs.place(task, lines, words ~= "" and words or nil)
  end
end

--- What a subcommand of the program prints, in a page.
local function printed(name)
  return function()
    require("switchyard.health").printed(name)
  end
end

local commands = {
  toggle = function(filetype)
    local on = M.toggle(filetype) and "on" or "off"
    local where = filetype ~= "" and " in " .. filetype or ""
    vim.notify(("Switchyard: suggestions while typing are %s%s"):format(on, where))
  end,
  menu = function()
    require("switchyard.menu").show(M.status())
  end,
  trigger = M.trigger,
  restart = M.restart,
  status = say_status,
  pause = pause,
  explain = about("explain"),
  fix = about("fix"),
  document = about("document"),
  refactor = function(words, lines)
    jobs.refactor(lines, words)
  end,
  review = jobs.review,
  plan = printed("plan"),
  stats = printed("stats"),
  doctor = printed("doctor"),
}

--- The names of the subcommands that begin with `lead`.
function M.subcommands(lead)
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, vim.fn.sort(vim.tbl_keys(commands)))
end

local words = {
  pause = { "0", "5", "60" },
  review = { "staged" },
  toggle = function(lead)
    return vim.fn.getcompletion(lead, "filetype")
  end,
}

--- What may follow a subcommand and begins with `lead`.
function M.words(name, lead)
  local found = words[name] or {}
  return type(found) == "function" and found(lead) or vim.tbl_filter(function(word)
    return vim.startswith(word, lead)
  end, found)
end

--- Carries out `:Switchyard {name} {words}`; `lines`: the first and the last of a range, from 1.
function M.command(name, words, lines)
  if commands[name] then
    return commands[name](words or "", lines)
  end
  vim.notify(("Switchyard: there is no %q; say one of: %s"):format(name, table.concat(M.subcommands(""), ", ")), 4)
end

return M
