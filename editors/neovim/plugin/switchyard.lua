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
  desc = "Switchyard: explain, fix, document, refactor, review, plan, stats, doctor, pause, toggle, trigger, status, restart",
  complete = function(lead, line)
    return line:match("^%S+%s+%S*$") and require("switchyard").subcommands(lead) or {}
  end,
})

require("switchyard").start()
