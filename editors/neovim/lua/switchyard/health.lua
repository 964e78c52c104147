--- `:checkhealth switchyard`: what is there, what is missing, and what mends it.
local M = {}

local rivals = require("switchyard.rivals")
local server = require("switchyard.server")
local settings = require("switchyard.settings")

local health = vim.health
local PATIENCE_MS = 20000

local function check_neovim()
  health.start("Switchyard: Neovim")
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.10") == 1 then
    health.ok("Neovim " .. version)
  else
    health.error("Neovim " .. version .. " is too old", { "Install Neovim 0.10 or newer." })
  end
end

--- The command line of `subcommand` in the program whose language server `cmd` starts.
function M.command_line(program, cmd, subcommand)
  local line, found = { program }, false
  for index = 2, #cmd do
    if not found and cmd[index] == "lsp" and cmd[index - 1] ~= "-m" then
      found = true
      vim.list_extend(line, subcommand)
    else
      line[#line + 1] = cmd[index]
    end
  end
  return found and line or vim.list_extend(line, subcommand)
end

--- Runs a subcommand; `done` gets its outcome, in a moment when anything may be done.
local function run(program, subcommand, environment, done)
  local line = M.command_line(program, settings.now.cmd, subcommand)
  local options = { text = true, timeout = PATIENCE_MS, stdin = false, env = environment }
  local ok, process = pcall(vim.system, line, options, done and vim.schedule_wrap(done))
  return ok and process or nil
end

--- The doctor's report in what it printed, or nil.
local function report_in(answer)
  local ok, report = pcall(vim.json.decode, answer.stdout or "", { luanil = { object = true } })
  return ok and type(report) == "table" and type(report.checks) == "table" and report or nil
end

--- `done` gets what the doctor looked at; nothing, if it can't be asked.
function M.asked(done)
  local program = server.program()
  local running = program and run(program, { "doctor", "--json" }, nil, function(answer)
    done((report_in(answer) or { checks = {} }).checks)
  end)
  if not running then
    done({})
  end
end

local function check_program()
  health.start("Switchyard: program")
  local program, why = server.program()
  if not program then
    health.error(why, {
      "Install Switchyard so that `switchyard` is on the $PATH of this Neovim,",
      "or name the program by an absolute path: require('switchyard').setup{ cmd = { … } }",
    })
    return nil
  end
  health.ok("program: " .. program)
  return program
end

--- Shows what a subcommand prints, beside the code.
function M.printed(name)
  local program, why = server.program()
  if not program then
    return vim.notify("Switchyard: " .. why, vim.log.levels.WARN)
  end
  local shown = require("switchyard.page").show(name, "text")
  shown.set("…")
  local environment = { COLUMNS = tostring(math.max(vim.o.columns - 4, 60)), NO_COLOR = "1" }
  run(program, { name }, environment, function(answer)
    local said = (answer.stdout or "") ~= "" and answer.stdout or answer.stderr or ""
    shown.set(said ~= "" and said or ("switchyard %s said nothing"):format(name))
  end)
end

--- How this report says what the doctor found.
local voices = {
  ok = health.ok,
  note = health.info,
  missing = health.warn,
  warning = health.warn,
  wrong = health.error,
}

local function say_check(check)
  local voice = voices[check.state] or health.info
  local advice = check.mend ~= "" and check.mend or nil
  if voice == health.ok or voice == health.info then
    voice(("%s: %s%s"):format(check.name, check.found, advice and (" -> " .. advice) or ""))
  else
    voice(("%s: %s"):format(check.name, check.found), advice)
  end
end

local function check_doctor(program)
  health.start("Switchyard: engine")
  local process = run(program, { "doctor", "--json" })
  local report = process and report_in(process:wait())
  if not report then
    health.warn("`switchyard doctor --json` gave no report", { "Run `switchyard doctor` in a terminal." })
    return
  end
  health.info("version: " .. tostring(report.versions and report.versions.switchyard))
  local verdict = report.ok and health.ok or health.error
  verdict(tostring(report.verdict))
  for _, check in ipairs(report.checks) do
    if check.name ~= "editor" then -- this editor is there
      say_check(check)
    end
  end
end

local function check_clients()
  health.start("Switchyard: servers")
  local clients = vim.lsp.get_clients({ name = "switchyard" })
  for _, client in ipairs(clients) do
    health.ok(("runs for %s, counts in %s"):format(client.config.root_dir or "single files", client.offset_encoding))
  end
  local status = server.status()
  local say = (status.state == "offline" or (status.state == "absent" and #clients > 0)) and health.warn or health.info
  say(("%s: %s"):format(status.state, status.message))
end

local function check_rivals()
  health.start("Switchyard: other ghost text")
  local found = rivals.ghosts()
  for _, name in ipairs(found) do
    health.warn(name .. " also draws ghost text", { "Switch one of the two off: whichever comes first is shown." })
  end
  if #found == 0 then
    health.ok("none found")
  end
end

function M.check()
  check_neovim()
  local program = check_program()
  if program then
    check_doctor(program)
  end
  check_clients()
  check_rivals()
end

return M
