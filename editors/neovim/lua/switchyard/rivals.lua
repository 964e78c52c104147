--- What else draws at the cursor: completion menus, and other plugins' ghost text. One of us is to be seen at a time.
local M = {}

local api = vim.api

--- A module that somebody else has loaded; nothing is loaded by asking.
local function loaded(name)
  local module = package.loaded[name]
  return type(module) == "table" and module or nil
end

--- What a method of a module says, if the module is loaded and has such a method.
local function says(name, method)
  local module = loaded(name)
  return module and type(module[method]) == "function" and module[method]() or false
end

--- nvim-cmp's own `visible()` waits for a filter that runs; its view knows at once.
local function cmp_is_open()
  local cmp = loaded("cmp")
  local view = cmp and cmp.core and cmp.core.view
  if view and view.visible then
    return view:visible()
  end
  return says("cmp", "visible")
end

local function function_exists(name)
  return vim.fn.exists("*" .. name) == 1
end

--- A source of ghost text that is a module with a method which says whether it shows something.
local function answers(name, module, method)
  return {
    name = name,
    here = function()
      return loaded(module)
    end,
    shows = function()
      return says(module, method)
    end,
  }
end

--- Other sources of ghost text: a name, whether it is loaded, and, where it can be asked, whether it shows something.
local ghosts = {
  {
    name = "copilot.vim",
    here = function()
      return function_exists("copilot#GetDisplayedSuggestion")
    end,
    shows = function()
      return vim.fn["copilot#GetDisplayedSuggestion"]().text ~= ""
    end,
  },
  answers("copilot.lua", "copilot.suggestion", "is_visible"),
  answers("supermaven", "supermaven-nvim.completion_preview", "has_suggestion"),
  {
    name = "llama.vim",
    here = function()
      return function_exists("llama#is_fim_hint_shown")
    end,
    shows = function()
      return vim.fn["llama#is_fim_hint_shown"]()
    end,
  },
  {
    name = "minuet's virtual text",
    here = function()
      return loaded("minuet.virtualtext")
    end,
    shows = function()
      local act = (loaded("minuet.virtualtext") or {}).action
      return act and act.is_visible and act.is_visible()
    end,
  },
  {
    name = "codeium",
    here = function()
      return vim.fn.exists(":Codeium") == 2
    end,
  },
  {
    name = "Neovim's own inline completion",
    here = function()
      local native = rawget(vim.lsp, "inline_completion")
      return native and native.is_enabled()
    end,
  },
}

--- What a plugin says of itself; one that raises says nothing.
local function asked(question)
  local ok, answer = pcall(question)
  return ok and answer ~= false and answer ~= nil and answer ~= 0
end

--- The names of the other sources of ghost text that are loaded.
function M.ghosts()
  local found = {}
  for _, rival in ipairs(ghosts) do
    if asked(rival.here) then
      found[#found + 1] = rival.name
    end
  end
  return found
end

--- Whether a completion menu is open: Neovim's own, or one of two that draw their own windows.
function M.menu_is_open()
  return vim.fn.pumvisible() == 1 or asked(cmp_is_open) or asked(function()
    return says("blink.cmp", "is_visible")
  end)
end

--- Whether another plugin's ghost text is on show.
function M.ghost_is_shown()
  for _, rival in ipairs(ghosts) do
    if rival.shows and asked(rival.here) and asked(rival.shows) then
      return true
    end
  end
  return false
end

--- Neovim 0.12 may ask every server for ghost text by itself; ours is asked by us.
function M.spare(client)
  local native = rawget(vim.lsp, "inline_completion")
  if native and native.is_enabled({ client_id = client.id }) then
    native.enable(false, { client_id = client.id })
  end
end

local listening = false -- to nvim-cmp, which comes when it is wanted

--- Has `changed` called when a menu that is no window of Neovim's own opens or closes.
function M.listen(changed)
  api.nvim_create_autocmd("User", {
    group = "switchyard",
    pattern = { "BlinkCmpMenuOpen", "BlinkCmpMenuClose" },
    callback = changed,
  })
  M.meet = function()
    local cmp = not listening and loaded("cmp")
    if cmp and cmp.event and cmp.event.on then
      listening = true
      cmp.event:on("menu_opened", changed)
      cmp.event:on("menu_closed", changed)
    end
  end
end

--- Listens to what has been loaded since.
function M.meet() end

return M
