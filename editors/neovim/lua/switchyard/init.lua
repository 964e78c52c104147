--- Ghost text from the Switchyard language server: what users and mappings call.
local M = {}

local candidate = require("switchyard.candidate")
local cursor = require("switchyard.cursor")
local ghost = require("switchyard.ghost")
local keys = require("switchyard.keys")
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
end

--- Begins to work, with the defaults if setup was not called; further calls do nothing.
function M.start()
  if started then
    return
  end
  started = true
  server.on_attach = function(buf)
    keys.map(buf)
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

--- Switches the suggestions while typing on or off; the trigger key goes on working.
function M.toggle()
  settings.now.automatic = not settings.now.automatic
  session.clear()
  return settings.now.automatic
end

--- For a statusline: { state, message, engine, automatic }.
function M.status()
  return vim.tbl_extend("force", server.status(), { automatic = settings.now.automatic })
end

local commands = {
  toggle = function()
    vim.notify("Switchyard: suggestions while typing are " .. (M.toggle() and "on" or "off"))
  end,
  trigger = M.trigger,
  restart = M.restart,
  status = function()
    local status = M.status()
    local engine = status.engine ~= "" and (" (" .. status.engine .. ")") or ""
    vim.notify(("Switchyard: %s%s: %s"):format(status.state, engine, status.message))
  end,
}

--- The names of the subcommands that begin with `lead`.
function M.subcommands(lead)
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, vim.fn.sort(vim.tbl_keys(commands)))
end

--- Carries out `:Switchyard {name}`.
function M.command(name)
  if commands[name] then
    return commands[name]()
  end
  vim.notify(("Switchyard: there is no %q; say one of: %s"):format(name, table.concat(M.subcommands(""), ", ")), 4)
end

return M
