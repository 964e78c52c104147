-- Begins to work when Neovim loads its plugins; require("switchyard").setup changes the defaults before or after.
if vim.g.loaded_switchyard then
  return
end
vim.g.loaded_switchyard = true

if vim.fn.has("nvim-0.10") == 0 then
  vim.api.nvim_err_writeln("Switchyard needs Neovim 0.10 or newer.")
  return
end

vim.api.nvim_create_user_command("Switchyard", function(call)
  local words = vim.list_slice(call.fargs, 2)
  local lines = call.range > 0 and { call.line1, call.line2 } or nil
  require("switchyard").command(call.fargs[1] or "status", table.concat(words, " "), lines)
end, {
  nargs = "*",
  range = true,
  desc = "Switchyard: explain, fix, document, refactor, review, plan, stats, doctor, pause, toggle, menu, trigger, status, restart",
  complete = function(lead, line)
    local said = line:gsub("^.-Switchyard!?%s+", "")
    local name = said:match("^(%S+)%s")
    return name and require("switchyard").words(name, lead) or require("switchyard").subcommands(lead)
  end,
})

require("switchyard").start()
