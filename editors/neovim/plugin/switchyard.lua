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
  require("switchyard").command(call.args == "" and "status" or call.args)
end, {
  nargs = "?",
  desc = "Switchyard: toggle, trigger, status, restart",
  complete = function(lead)
    return require("switchyard").subcommands(lead)
  end,
})

require("switchyard").start()
