// Text as HTML that can do nothing but be read.

const SIGNS: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => SIGNS[sign] as string);
}

/** A table; every cell is text. A column whose heading ends in `>` stands to the right. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const side = heads.map((it) => (it.endsWith(">") ? ' class="number"' : ""));
  const head = heads.map((it, at) => `<th${side[at]}>${escape(it.replace(/>$/, ""))}</th>`).join("");
  const body = rows.map((row) => `<tr>${row.map((it, at) => `<td${side[at]}>${escape(it)}</td>`).join("")}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>`;
}
