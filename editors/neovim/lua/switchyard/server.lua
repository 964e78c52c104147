--- The language server as this Neovim sees it: started once per workspace, asked, cancelled, listened to.
local M = {}

local settings = require("switchyard.settings")

local api = vim.api
local NAME = "switchyard"
local ROOTS = { ".switchyard.toml", ".git" }
local RESTARTS, WITHIN_S = 4, 180
local PATIENCE_MS = 3000 -- for a server that was asked to end
local LARGEST = 8e6 -- bytes; of a file above 2,000,000 characters the server takes no more than its name
local methods = vim.fn.has("nvim-0.11") == 1 -- until then, a client's functions were no methods

local statuses = {} ---@type table<integer, { state: string, message: string, engine: string }>
local ends = {} ---@type number[] when servers ended that nobody had asked to
local trouble = nil ---@type string?
local missed = false -- the user has been told that there is no program
local excluded = {} ---@type table<string, { state: string, message: string, engine: string }> by file name
local restarting = {} ---@type table<integer, "asked"|"left"> clients that are to end and be started anew; some hang

--- Called when a server takes a buffer, when its engine has become able to answer, and when a server has ended.
M.on_attach = function(_, _) end
M.on_able = function() end
M.on_end = function() end

local function call(client, method, ...)
  if methods then
    return client[method](client, ...)
  end
  return client[method](...)
end

local function named_by_path(program, found)
  local folder = vim.fs.normalize(vim.fs.dirname(found))
  for _, entry in ipairs(vim.split(vim.env.PATH or "", vim.fn.has("win32") == 1 and ";" or ":", { plain = true })) do
    local absolute = entry:sub(1, 1) == "/" or entry:match("^%a:[/\\]")
    if absolute and vim.fs.normalize(entry) == folder then
      return found
    end
  end
  return nil, ("%s would be taken from %s, which no absolute entry of $PATH names"):format(program, folder)
end

--- The absolute path of the server's program, or nil and a sentence. What the working directory holds is never run.
function M.program()
  local program = settings.now.cmd[1]
  local absolute = program:sub(1, 1) == "/" or program:match("^%a:[/\\]")
  if not absolute and program:find("[/\\]") then
    return nil, ("%s is a relative path; name the program by an absolute one"):format(program)
  end
  local found = vim.fn.exepath(program)
  if found == "" then
    return nil, ("%s was not found; install Switchyard, or name it in setup{ cmd = … }"):format(program)
  end
  if absolute then
    return found
  end
  return named_by_path(program, found)
end

local function capabilities()
  return vim.tbl_deep_extend("force", vim.lsp.protocol.make_client_capabilities(), {
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    experimental = { switchyardStatus = true },
  })
end

--- Nobody need look at a statusline to know that nothing can come; whoever does knows more.
local function warn(sentence)
  vim.notify("Switchyard: " .. sentence, vim.log.levels.WARN)
end

--- The engine's state, of one server; a change for the worse or the better is passed on once.
local function changed(id, status)
  local before = (statuses[id] or {}).state
  statuses[id] = status
  if status.state == "ready" and before ~= "ready" then
    M.on_able()
  elseif status.state == "offline" and before ~= "offline" then
    warn("no engine answers; see :Switchyard status")
  end
end

--- That a file gets no request is a state of this file, all else one of the engine.
local function heard_status(_, status, context)
  if type(status) ~= "table" then
    return
  end
  if type(status.uri) == "string" then
    excluded[vim.uri_to_fname(status.uri)] = status.state == "excluded" and status or nil
  end
  if status.state ~= "excluded" then
    changed(context.client_id, status)
  end
  api.nvim_exec_autocmds("User", { pattern = "SwitchyardStatus", modeline = false })
  vim.cmd.redrawstatus({ bang = true })
end

--- What is said as a job goes is ours; other progress is shown as it always is.
local function heard_progress(err, params, ...)
  if not require("switchyard.jobs").heard(params) then
    return vim.lsp.handlers["$/progress"](err, params, ...)
  end
end

local function mourn(code, signal)
  if code == 0 and signal == 0 then
    return
  end
  ends[#ends + 1] = os.time()
  trouble = "the server has ended; it is started again with the next insertion"
  warn("the server has ended")
end

--- Starts the program. To Neovim every end is a good one: its own message is longer than many a line, and one who
--- types would be asked to press Enter.
local function spawn(command)
  return function(dispatchers)
    local on_exit = dispatchers.on_exit
    local ours = vim.tbl_extend("force", dispatchers, {
      on_exit = function(code, signal)
        vim.schedule_wrap(mourn)(code, signal)
        on_exit(0, 0)
      end,
    })
    return vim.lsp.rpc.start(command, ours)
  end
end

local function ended(_, _, id)
  statuses[id] = nil
  vim.schedule(function()
    M.on_end()
    if restarting[id] then
      restarting[id] = nil
      M.attach_all()
    end
  end)
end

--- Whether the server has lately ended too often to be started again without being told to.
local function worn_out()
  local recent = vim.tbl_filter(function(time)
    return os.time() - time < WITHIN_S
  end, ends)
  ends = recent
  if #recent >= RESTARTS then
    trouble = "the server has ended again and again; to try once more: :Switchyard restart"
    return true
  end
  return false
end

--- Whether `buf` holds a file that may be completed in.
local function is_file(buf)
  local name = api.nvim_buf_get_name(buf)
  local types = settings.now.filetypes
  return api.nvim_buf_is_loaded(buf)
    and vim.bo[buf].buftype == ""
    and name ~= ""
    and not name:find("^%a[%w+.-]+://")
    and vim.fn.getfsize(name) <= LARGEST
    and (not types or vim.tbl_contains(types, vim.bo[buf].filetype))
end

local function configuration(program, buf)
  local tree = vim.tbl_isempty(settings.now.settings) and vim.empty_dict() or settings.now.settings
  return {
    name = NAME,
    cmd = spawn(vim.list_extend({ program }, vim.list_slice(settings.now.cmd, 2))),
    root_dir = vim.fs.root(buf, ROOTS),
    capabilities = capabilities(),
    init_options = tree,
    settings = { switchyard = tree },
    handlers = { ["switchyard/status"] = heard_status, ["$/progress"] = heard_progress },
    commands = require("switchyard.jobs").commands,
    on_attach = function(client, attached)
      M.on_attach(attached, client)
    end,
    on_exit = ended,
  }
end

--- Whether a client can still be asked; one that has ended is listed for a moment yet.
local function alive(client)
  return restarting[client.id] ~= "left" and not call(client, "is_stopped")
end

--- Whether a client is the one for this workspace. Neovim 0.10 by itself starts another one for each lone file.
local function serves(client, config)
  return client.name == config.name and client.config.root_dir == config.root_dir and alive(client)
end

--- Gives `buf` to the server of its workspace, which is started if need be; that there is no program is said once.
function M.attach(buf)
  if not is_file(buf) or worn_out() then
    return
  end
  if vim.iter(vim.lsp.get_clients({ name = NAME, bufnr = buf })):any(alive) then
    return
  end
  local program, why = M.program()
  trouble = why
  if program then
    vim.lsp.start(configuration(program, buf), { bufnr = buf, reuse_client = serves })
  elseif not missed then
    missed = true
    vim.schedule(function() -- while a file is read, a message would be painted over
      warn("its program was not found; see :checkhealth switchyard")
    end)
  end
end

function M.attach_all()
  for _, buf in ipairs(api.nvim_list_bufs()) do
    M.attach(buf)
  end
end

--- Goes on without a server that does not end though it was asked to.
local function leave(client)
  if not restarting[client.id] then
    return
  end
  restarting[client.id] = "left"
  call(client, "stop", true)
  for buf in pairs(client.attached_buffers) do
    vim.lsp.buf_detach_client(buf, client.id)
  end
  M.attach_all()
end

--- Ends every server and starts those anew that have a buffer.
function M.restart()
  ends, trouble, missed = {}, nil, false
  local clients = vim.lsp.get_clients({ name = NAME })
  for _, client in ipairs(clients) do
    restarting[client.id] = "asked"
    call(client, "stop")
    vim.defer_fn(function()
      leave(client)
    end, PATIENCE_MS)
  end
  if #clients == 0 then
    M.attach_all()
  end
end

--- Our clients, of one buffer or of all, but those that are to end.
local function staying(buf)
  return vim.tbl_filter(function(client)
    return not restarting[client.id]
  end, vim.lsp.get_clients({ name = NAME, bufnr = buf }))
end

--- The client that can complete in `buf` now, or nil.
function M.client(buf)
  for _, client in ipairs(staying(buf)) do
    if client.initialized and client.server_capabilities.inlineCompletionProvider then
      return client
    end
  end
end

--- Sends a request; its id, or nil if the server is gone.
function M.request(client, method, params, handler, buf)
  local sent, id = call(client, "request", method, params, handler, buf)
  return sent and id or nil
end

function M.notify(client, method, params)
  call(client, "notify", method, params)
end

function M.cancel(client, id)
  if client.requests[id] then
    call(client, "cancel_request", id)
  end
end

--- Has the server carry out a suggestion's command; what it answers does not matter.
function M.execute(buf, command)
  local client = command and M.client(buf)
  if client then
    local params = { command = command.command, arguments = command.arguments }
    M.request(client, "workspace/executeCommand", params, function() end, buf)
  end
end

--- Says what else became of a suggestion than that all of it was accepted, to a server that wants to know.
function M.tell(buf, command, fate)
  local client = command and M.client(buf)
  local offered = client and (client.server_capabilities.executeCommandProvider or {}).commands or {}
  if vim.tbl_contains(offered, fate) then
    M.execute(buf, { command = fate, arguments = command.arguments })
  end
end

--- What the user may want to know about the engine: the server's last word, or why there is none.
function M.status()
  local client = staying(0)[1] or staying()[1]
  if client then
    local now = statuses[client.id] or { state = "starting", message = "the server is starting", engine = "" }
    local able = now.state == "ready" or now.state == "loading"
    return able and excluded[api.nvim_buf_get_name(0)] or now
  end
  local why = next(restarting) and "the server is started anew" or "no server runs"
  return { state = "absent", message = trouble or why, engine = "" }
end

return M
