--- What the server does when it is asked to: explain, mend, document, refactor, review. Streamed, and stopped by `q`.
local M = {}

local page = require("switchyard.page")
local reported = require("switchyard.reported")
local server = require("switchyard.server")

local api = vim.api
local tokens = 0
local hearing = {} ---@type table<string, fun(text: string)> by the token of a job under way

--- Takes a stretch of an answer; false if it belongs to nobody here.
function M.heard(params)
  local hear = type(params) == "table" and hearing[params.token]
  if not hear then
    return false
  end
  if type(params.value) == "table" and type(params.value.delta) == "string" then
    hear(params.value.delta)
  end
  return true
end

local function complain(sentence)
  vim.notify("Switchyard: " .. sentence, vim.log.levels.WARN)
end

--- Lines `first` to `last`, from 1, as a range.
local function lines_range(buf, first, last, encoding)
  local line = api.nvim_buf_get_lines(buf, last - 1, last, false)[1] or ""
  return { start = { line = first - 1, character = 0 }, ["end"] = { line = last - 1, character = reported.units(line, #line, encoding) } }
end

--- The arguments of a command about the place where the user is: the lines given, a diagnostic, or the cursor.
local function here(client, buf, lines, note)
  local encoding = client.offset_encoding
  local row = api.nvim_win_get_cursor(0)[1] - 1
  local known = reported.worded(buf, vim.diagnostic.get(buf, { lnum = row }), encoding)
  local range = vim.lsp.util.make_range_params(0, encoding).range
  if lines then
    range = lines_range(buf, lines[1], lines[2], encoding)
  elseif known[1] then
    range = known[1].range
  end
  local more = #known > 0 and { diagnostics = known } or vim.NIL
  return { vim.uri_from_bufnr(buf), range, note or vim.NIL, vim.NIL, more }
end

--- Sends a command; `hear` gets what is said as it goes, `done` the result. Returns what stops it.
local function ask(client, buf, command, arguments, at, hear, done)
  tokens = tokens + 1
  local token = ("switchyard-%d"):format(tokens)
  for place = 1, at - 1 do
    arguments[place] = arguments[place] == nil and vim.NIL or arguments[place]
  end
  arguments[at] = token
  hearing[token] = hear
  local params = { command = command, arguments = arguments }
  local id = server.request(client, "workspace/executeCommand", params, function(err, result)
    hearing[token] = nil
    done(err, type(result) == "table" and result or {})
  end, buf)
  return function()
    if id and hearing[token] then
      server.cancel(client, id)
    end
  end
end

--- Goes on with what an answer of `client` about `buf` offers, wherever the user is by then.
local function carry_out(client, buf, action)
  local run = M.commands[action.command]
  if run then
    run(action, { client_id = (server.client(buf) or client).id, bufnr = buf })
  end
end

--- Says why a job came to nothing, and offers what could be done about it.
local function refused(client, buf, result)
  local actions = result.actions or {}
  if #actions == 0 then
    return complain(result.refusal)
  end
  local titles = vim.tbl_map(function(action)
    return action.title
  end, actions)
  vim.ui.select(titles, { prompt = result.refusal }, function(_, index)
    if index then
      carry_out(client, buf, actions[index])
    end
  end)
end

local function trouble(err)
  if err.code ~= -32800 and err.code ~= -32802 then
    complain(err.message or "the server could not do it")
  end
end

--- Opens the place that the link under the cursor names, if it is a file that is there; `leave` goes to the code.
local function follow(leave)
  local column, line = api.nvim_win_get_cursor(0)[2] + 1, api.nvim_get_current_line()
  for first, uri, last in line:gmatch("()%[[^%]]*%]%((file:[^)%s]+)%)()") do
    local path = first <= column and column < last and vim.uri_to_fname((uri:gsub("#.*", "")))
    if path and vim.fn.filereadable(path) == 1 then
      leave()
      vim.cmd.edit(vim.fn.fnameescape(path))
      local row = tonumber(uri:match("#L(%d+)")) or 1
      return pcall(api.nvim_win_set_cursor, 0, { row, 0 })
    end
  end
end

--- Shows the text of a job as it is written, in a page that stops it when it is closed.
local function read(client, buf, name, command, arguments, at)
  local text, stop, result = "", nil, nil
  local shown
  local function act()
    if result and result.actions and result.actions[1] then
      shown.close()
      carry_out(client, buf, result.actions[1])
    end
  end
  local function links()
    follow(shown.leave)
  end
  shown = page.show(name, "markdown", { ["<CR>"] = links, f = act }, function()
    if stop then
      stop()
    end
  end)
  shown.set("The model reads …")
  stop = ask(client, buf, command, arguments, at, function(delta)
    text = text .. delta
    shown.set(text)
  end, function(err, found)
    stop, result = nil, found
    if err then
      shown.set(text .. "\n\nStopped.")
      return trouble(err)
    end
    local key = found.actions and found.actions[1] and ("\n\n`f` " .. found.actions[1].title .. ", `q` close") or ""
    shown.set((found.markdown or found.refusal or text) .. key)
  end)
end

--- Shows an edit as a diff; `a` makes it, `q` leaves it.
local function preview(client, result)
  local shown
  local function apply()
    shown.close()
    vim.lsp.util.apply_workspace_edit(result.edit, client.offset_encoding)
  end
  shown = page.show("edit", "diff", { a = apply })
  local notes = table.concat(result.notes or {}, " ")
  shown.set(("%s. %s\n`a` makes this change, `q` leaves it.\n\n%s"):format(result.title, notes, result.diff or ""))
  for _, window in ipairs(vim.fn.win_findbuf(shown.buf)) do
    api.nvim_set_current_win(window)
  end
end

local function edit(client, buf, command, arguments)
  arguments[5] = type(arguments[5]) == "table" and arguments[5] or {}
  arguments[5].preview = true
  vim.cmd.redraw() -- below what was chosen from, the message would want Enter to be pressed
  vim.notify("Switchyard: at work …")
  ask(client, buf, command, arguments, 4, function() end, function(err, result)
    api.nvim_echo({}, false, {}) -- it is not at work any more
    if err then
      trouble(err)
    elseif result.refusal then
      refused(client, buf, result)
    elseif result.edit then
      preview(client, result)
    end
  end)
end

local function explain(client, buf, command, arguments)
  read(client, buf, "explanation", command, arguments, 4)
end

local ways = {
  ["switchyard.explain"] = explain,
  ["switchyard.fix"] = edit,
  ["switchyard.document"] = edit,
  ["switchyard.refactor"] = edit,
}

--- For the client: what its code actions name, so that they stream and are looked at before they are made.
M.commands = {}
for name, way in pairs(ways) do
  M.commands[name] = function(command, context)
    local client = vim.lsp.get_client_by_id(context.client_id)
    if client then
      way(client, context.bufnr, name, vim.deepcopy(command.arguments or {}))
    end
  end
end

local function attached()
  local client = server.client(0)
  if not client then
    complain(server.status().message)
  end
  return client, api.nvim_get_current_buf()
end

--- Carries out one of the commands about a place; `lines` are those that are selected, from 1.
function M.place(task, lines, note)
  local client, buf = attached()
  if client then
    local name = "switchyard." .. task
    ways[name](client, buf, name, here(client, buf, lines, note))
  end
end

--- What the server offers to refactor, and what the user may want instead, as entries to choose from.
local function kinds(client, buf, actions, own)
  local entries = {}
  for _, action in ipairs(actions or {}) do
    local command = action.command
    if type(command) == "table" and command.command == "switchyard.refactor" then
      entries[#entries + 1] = {
        label = (action.title:gsub(" %(Switchyard%)$", "")),
        act = function()
          carry_out(client, buf, command)
        end,
      }
    end
  end
  entries[#entries + 1] = { label = "In your own words …", act = own }
  return entries
end

--- Lets the user choose what the server offers, unless they have said it in words of their own.
function M.refactor(lines, words)
  local client, buf = attached()
  if not client then
    return
  end
  if words ~= "" then
    return M.place("refactor", lines, words)
  end
  local asked = here(client, buf, lines)
  local context = { diagnostics = {}, only = { "refactor" }, triggerKind = 1 }
  local params = { textDocument = { uri = asked[1] }, range = asked[2], context = context }
  local function own()
    vim.ui.input({ prompt = "What is to be different afterwards? " }, function(said)
      if said and said ~= "" then
        M.place("refactor", lines, said)
      end
    end)
  end
  server.request(client, "textDocument/codeAction", params, function(_, actions)
    require("switchyard.menu").choose("Refactor", kinds(client, buf, actions, own))
  end, buf)
end

--- Reviews a change: all that is not committed, what is "staged", or what came since a branch.
function M.review(which)
  local client, buf = attached()
  if client then
    local choice = which == "staged" and { staged = true } or which ~= "" and { base = which } or vim.empty_dict()
    local folder = client.config.root_dir and vim.uri_from_fname(client.config.root_dir) or vim.NIL
    read(client, buf, "review", "switchyard.reviewChanges", { folder, choice }, 3)
  end
end

return M
