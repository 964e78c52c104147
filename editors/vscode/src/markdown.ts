// Markdown as HTML that can do nothing: no image is loaded, no command runs, and only places of the workspace are links.
//
// What a model has written is not trusted, so nothing of it is passed on as HTML: every text is escaped, and the tags
// are all made here. It is read while it still grows: what is not closed yet is closed at the end.

import { escape } from "./html.ts";

/** The key of the place that a link's target, or code like `path:line`, names; undefined: it leads nowhere. */
export type Places = (name: string) => string | undefined;

const MOST = 100_000; // characters; no answer is so long
const DEEPEST = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)]) +/;
const HEADING = /^ {0,3}(#{1,6}) +(.*?)(?: +#+)? *$/;
const RULE = /^ {0,3}([-*_])(?: *\1){2,} *$/;
const ROW = /^ *\|.*\| *$/;
const DASHES = /^ *\|(?: *:?-+:? *\|)+ *$/;

export function render(text: string, places: Places = () => undefined): string {
  return blocks(text.slice(0, MOST).replace(/\r\n?/g, "\n").split("\n"), places, 0);
}

function blocks(lines: readonly string[], places: Places, depth: number): string {
  let html = "";
  for (let at = 0; at < lines.length; ) {
    const [block, next] = depth < DEEPEST ? one(lines, at, places, depth) : paragraph(lines, at, places);
    html += block;
    at = next;
  }
  return html;
}

type Block = [html: string, next: number];

function one(lines: readonly string[], at: number, places: Places, depth: number): Block {
  const line = lines[at] as string;
  if (!line.trim()) return ["", at + 1];
  if (FENCE.test(line)) return fenced(lines, at);
  const heading = HEADING.exec(line);
  if (heading) {
    const level = (heading[1] as string).length;
    return [`<h${level}>${inline(heading[2] as string, places)}</h${level}>`, at + 1];
  }
  if (RULE.test(line)) return ["<hr>", at + 1];
  if (/^ {0,3}>/.test(line)) return quoted(lines, at, places, depth);
  if (ITEM.test(line)) return listed(lines, at, places, depth);
  if (ROW.test(line) && DASHES.test(lines[at + 1] ?? "")) return tabled(lines, at, places);
  return paragraph(lines, at, places);
}

function fenced(lines: readonly string[], at: number): Block {
  const [, fence = "", language = ""] = FENCE.exec(lines[at] as string) ?? [];
  const closes = (line: string) => line.trim().startsWith(fence) && /^[`~]+$/.test(line.trim());
  const end = lines.findIndex((line, index) => index > at && closes(line));
  const code = lines.slice(at + 1, end < 0 ? lines.length : end).join("\n");
  return [`<pre data-language="${escape(language)}"><code>${escape(code)}</code></pre>`, end < 0 ? lines.length : end + 1];
}

function quoted(lines: readonly string[], at: number, places: Places, depth: number): Block {
  const end = until(lines, at, (line) => !/^ {0,3}>/.test(line));
  const inner = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ""));
  return [`<blockquote>${blocks(inner, places, depth + 1)}</blockquote>`, end];
}

function listed(lines: readonly string[], at: number, places: Places, depth: number): Block {
  const ordered = /^ *\d/.test(lines[at] as string);
  const same = (line: string) => ITEM.test(line) && /^ *\d/.test(line) === ordered;
  let html = "";
  while (at < lines.length && same(lines[at] as string)) {
    const mark = (ITEM.exec(lines[at] as string) as RegExpExecArray)[0].length;
    const end = until(lines, at + 1, (line, index) => ends(lines, index, line));
    const inner = lines.slice(at, end).map((line, index) => (index ? line.replace(/^ {1,4}/, "") : line.slice(mark)));
    html += `<li>${tight(blocks(inner, places, depth + 1))}</li>`;
    at = end;
  }
  return [ordered ? `<ol>${html}</ol>` : `<ul>${html}</ul>`, at];
}

/** Whether a line is no more of a list's item: the next item, or text at the margin after a blank line. */
function ends(lines: readonly string[], index: number, line: string): boolean {
  if (/^\s/.test(line)) return ITEM.test(line) && !/^ {2}/.test(line);
  if (!line.trim()) return !/^\s+\S/.test(lines[index + 1] ?? "");
  return ITEM.test(line) || FENCE.test(line) || HEADING.test(line);
}

function tight(html: string): string {
  return html.replace(/^<p>([^]*?)<\/p>/, "$1");
}

function tabled(lines: readonly string[], at: number, places: Places): Block {
  const end = until(lines, at, (line) => !ROW.test(line));
  const cells = (line: string) => line.trim().slice(1, -1).split("|").map((it) => inline(it.trim(), places));
  const head = cells(lines[at] as string).map((it) => `<th>${it}</th>`);
  const rows = lines.slice(at + 2, end).map((line) => `<tr>${cells(line).map((it) => `<td>${it}</td>`).join("")}</tr>`);
  return [`<table><thead><tr>${head.join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`, end];
}

function paragraph(lines: readonly string[], at: number, places: Places): Block {
  const begins = (line: string) =>
    !line.trim() || FENCE.test(line) || HEADING.test(line) || ITEM.test(line) || /^ {0,3}>/.test(line);
  const end = until(lines, at + 1, begins);
  const text = lines.slice(at, end).map((line) => line.trim());
  return [`<p>${text.map((line) => inline(line, places)).join("<br>")}</p>`, end];
}

function until(lines: readonly string[], from: number, ends: (line: string, index: number) => boolean): number {
  let at = from;
  while (at < lines.length && !ends(lines[at] as string, at)) at += 1;
  return at;
}

const SPANS = new RegExp(
  [
    /(?<ticks>`+)(?<code>.+?)(?<!`)\k<ticks>(?!`)/,
    /!\[(?<alt>[^\]]*)\]\([^)]*\)/,
    /\[(?<label>(?:[^[\]]|\[[^[\]]*\])+)\]\((?<href>[^()\s]*)(?: +"[^"]*")?\)/,
    /\*\*(?<strong>\S(?:.*?\S)?)\*\*/,
    /~~(?<struck>\S(?:.*?\S)?)~~/,
    /(?<![\w*])\*(?<soft>[^\s*](?:[^*]*[^\s*])?)\*(?![\w*])/,
    /\\(?<plain>[!-/:-@[-`{-~])/,
  ]
    .map((it) => it.source)
    .join("|"),
  "g",
);

/** What stands within a line. */
function inline(text: string, places: Places, depth = 0): string {
  if (depth > DEEPEST) return escape(text);
  let html = "";
  let end = 0;
  for (const found of text.matchAll(SPANS)) {
    html += escape(text.slice(end, found.index)) + span(found.groups ?? {}, places, depth + 1);
    end = found.index + found[0].length;
  }
  return html + escape(text.slice(end));
}

function span(found: Record<string, string | undefined>, places: Places, depth: number): string {
  if (found.code !== undefined) return code(found.code.trim(), places);
  if (found.label !== undefined) return link(found.label, found.href ?? "", places, depth);
  if (found.strong !== undefined) return `<strong>${inline(found.strong, places, depth)}</strong>`;
  if (found.struck !== undefined) return `<del>${inline(found.struck, places, depth)}</del>`;
  if (found.soft !== undefined) return `<em>${inline(found.soft, places, depth)}</em>`;
  return escape(found.plain ?? found.alt ?? "");
}

function code(text: string, places: Places): string {
  const key = places(text);
  const html = `<code>${escape(text)}</code>`;
  return key === undefined ? html : button(key, html);
}

function button(key: string, html: string): string {
  return `<button class="place" data-place="${escape(key)}">${html}</button>`;
}

/** A place of the workspace can be opened; what leads elsewhere is shown, so that nobody follows it unseen. */
function link(label: string, href: string, places: Places, depth: number): string {
  const key = places(href);
  if (key !== undefined) return button(key, inline(label, () => undefined, depth));
  const text = inline(label, places, depth);
  return /^https?:/i.test(href) && label !== href ? `${text} (${escape(href)})` : text;
}
