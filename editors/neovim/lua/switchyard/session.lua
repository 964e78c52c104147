--- What is asked, shown and accepted at the cursor: one suggestion at a time, in the buffer one types in.
local M = {}

local candidate = require("switchyard.candidate")
local ghost = require("switchyard.ghost")
local rivals = require("switchyard.rivals")
local server = require("switchyard.server")
local settings = require("switchyard.settings")

local api = vim.api
local METHOD = "textDocument/inlineCompletion"
local INVOKED, AUTOMATIC = 1, 2

local shown = nil ---@type { buf: integer, candidates: switchyard.Candidate[], index: integer }?
local asked = nil ---@type { client: vim.lsp.Client, id: integer }?
local turn = 0 -- an answer to an older turn comes too late
local dealt_with = "" -- the key of the last place that was looked at
local wanted = false -- ask by hand as soon as there is a place
local paused = 0 -- nothing is asked by itself before this time, in seconds since 1970

--- Where the user types now: nil outside insert mode. Two places are the same if text and cursor are.
local function here()
  if api.nvim_get_mode().mode:sub(1, 1) ~= "i" then
    return nil
  end
  local buf, cursor = api.nvim_get_current_buf(), api.nvim_win_get_cursor(0)
  local key = ("%d %d %d %d"):format(buf, api.nvim_buf_get_changedtick(buf), cursor[1], cursor[2])
  return { buf = buf, row = cursor[1] - 1, col = cursor[2], key = key }
end

--- Whether something else has the cursor's surroundings: a completion menu, or another plugin's ghost text.
local function in_the_way()
  rivals.meet()
  return (rivals.menu_is_open() and not settings.now.beside_menu) or rivals.ghost_is_shown()
end

local function cancel()
  turn = turn + 1
  if asked then
    server.cancel(asked.client, asked.id)
    asked = nil
  end
end

local function hide()
  if shown then
    ghost.hide(shown.buf)
    shown = nil
  end
end

--- The candidate on show with what it still adds at `place`; without one, nil.
local function current(place)
  if not shown or not place or shown.buf ~= place.buf then
    return nil
  end
  local one = shown.candidates[shown.index]
  local rest = one and candidate.rest(one, place.buf, place.row, place.col)
  if rest then
    return one, rest
  end
end

--- Drops the candidates that the text has left behind, draws the first of the others; false if there is none.
local function redraw(place)
  if not shown or shown.buf ~= place.buf then
    return false
  end
  local chosen = shown.candidates[shown.index]
  shown.candidates = vim.tbl_filter(function(one)
    return candidate.rest(one, place.buf, place.row, place.col) ~= nil
  end, shown.candidates)
  shown.index = 1
  for index, one in ipairs(shown.candidates) do
    shown.index = one == chosen and index or shown.index
  end
  local _, rest = current(place)
  if not rest then
    hide()
    return false
  end
  ghost.show(place.buf, place.row, place.col, rest)
  return true
end

--- An answer is shown only where it was asked for: same text, same cursor, no newer question.
local function answered(question, encoding, answer)
  local place = here()
  if question.turn ~= turn or not place or place.key ~= question.key then
    return
  end
  asked = nil
  hide()
  if in_the_way() then
    return
  end
  local line = api.nvim_buf_get_lines(place.buf, place.row, place.row + 1, false)[1]
  local found = candidate.read_all(answer, line, place.row, place.col, encoding)
  shown = { buf = place.buf, candidates = found, index = 1 }
  redraw(place)
end

local function ask(place, kind)
  cancel()
  local client = server.client(place.buf)
  if not client then
    return
  end
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
  params.context = { triggerKind = kind }
  local question = { turn = turn, key = place.key }
  local id = server.request(client, METHOD, params, function(_, answer)
    answered(question, client.offset_encoding, answer)
  end, place.buf)
  asked = id and { client = client, id = id } or nil
end

--- Looks at the place where the user types now: shifts what is on show, or asks. Cheap when nothing has changed.
function M.update()
  local place = here()
  if not place then
    return M.clear()
  end
  if in_the_way() then
    return M.clear()
  end
  if place.key == dealt_with and not wanted then
    return
  end
  dealt_with = place.key
  local by_hand = wanted
  wanted = false
  if by_hand then
    ask(place, INVOKED)
  elseif redraw(place) then
    cancel()
  else
    cancel()
    if settings.automatic(vim.bo[place.buf].filetype) and os.time() >= paused then
      ask(place, AUTOMATIC)
    end
  end
end

--- Ends everything: no ghost text, no open question.
function M.clear()
  cancel()
  hide()
  dealt_with = ""
end

--- Looks again although nothing has changed in the text: the server, or its engine, has just come.
function M.again()
  dealt_with = ""
  M.update()
end

--- Asks for nothing by itself for so many minutes; 0: it does again.
function M.pause(minutes)
  paused = os.time() + 60 * minutes
  M.clear()
end

--- When it asks by itself again, as the clock says it; nil: it does.
function M.paused()
  return os.time() < paused and os.date("%H:%M", paused) or nil
end

--- Asks by hand; from normal mode, insert mode is entered first.
function M.trigger()
  wanted = true
  if here() then
    M.update()
  else
    vim.cmd.startinsert()
  end
end

--- Takes the ghost text away and does not ask again before the text or the cursor changes.
function M.dismiss()
  local place = here()
  local one = current(place)
  if one then
    server.tell(place.buf, one.command, "switchyard.dismissed")
  end
  M.clear()
  dealt_with = place and place.key or ""
end

function M.visible()
  return current(here()) ~= nil
end

--- Shows the next candidate, or with -1 the previous one.
function M.cycle(step)
  local place = here()
  if place and current(place) then
    shown.index = (shown.index - 1 + step) % #shown.candidates + 1
    redraw(place)
  end
end

--- Puts `part` of the ghost text (a function of what is left of it) into the buffer; false if there is none.
function M.accept(part)
  local place = here()
  local one, rest = current(place)
  if not one then
    return false
  end
  local text = part(rest.text)
  local left = rest.text:sub(#text + 1)
  local lines = vim.split(text, "\n", { plain = true })
  local stop = place.col + (left == "" and #rest.tail or 0)
  api.nvim_buf_set_text(place.buf, place.row, place.col, place.row, stop, lines)
  local column = (#lines == 1 and place.col or 0) + #lines[#lines]
  api.nvim_win_set_cursor(0, { place.row + #lines, column })
  if left == "" or left == rest.tail then
    hide()
    server.execute(place.buf, one.command)
  else
    server.tell(place.buf, one.command, "switchyard.partlyAccepted")
  end
  M.update()
  return true
end

return M
