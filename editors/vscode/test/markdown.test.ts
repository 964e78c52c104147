import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "../src/markdown.ts";

const places = (href: string) => (href === "file:///w/a.py#L3" ? "0" : href === "a.py:4" ? "1" : undefined);
const PICTURES: [string, string][] = [
  ["a **b** *c* ~~d~~ `e`", "<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e</code></p>"],
  ["# One\ntext\nmore", "<h1>One</h1><p>text<br>more</p>"],
  ["- a\n- b\n  - c\n\nd", "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><p>d</p>"],
  ["1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"],
  ["```python\nif a < b:\n    pass\n```\nc", '<pre data-language="python"><code>if a &lt; b:\n    pass</code></pre><p>c</p>'],
  ["```\nstill being written", '<pre data-language=""><code>still being written</code></pre>'],
  ["| a | b |\n|---|--:|\n| 1 | `2` |", "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td><code>2</code></td></tr></tbody></table>"],
  ["> a\n> b", "<blockquote><p>a<br>b</p></blockquote>"],
  ["see [`a.py:3`](file:///w/a.py#L3)", '<p>see <button class="place" data-place="0"><code>a.py:3</code></button></p>'],
  ["### `a.py:4` and `b.py:4`", '<h3><button class="place" data-place="1"><code>a.py:4</code></button> and <code>b.py:4</code></h3>'],
  ["2 * 3 * 4 and a_b_c and x ** y ** z", "<p>2 * 3 * 4 and a_b_c and x ** y ** z</p>"],
  ["``a ` b`` \\*c\\*", "<p><code>a ` b</code> *c*</p>"],
];

for (const [markdown, html] of PICTURES) {
  test(`reads ${JSON.stringify(markdown)}`, () => assert.equal(render(markdown, places), html));
}

const HOSTILE: [string, string][] = [
  ["<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"],
  ['<img src="http://e.vil/x">', "<p>&lt;img src=&quot;http://e.vil/x&quot;&gt;</p>"],
  ["![seen](http://e.vil/x.png)", "<p>seen</p>"],
  ["[run](command:workbench.action.terminal.new)", "<p>run</p>"],
  ["[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"],
  ["[passwd](file:///etc/passwd)", "<p>passwd</p>"],
  ["[docs](https://e.vil/?q=code)", "<p>docs (https://e.vil/?q=code)</p>"],
  ["[a](https://x<img>)", "<p>a (https://x&lt;img&gt;)</p>"],
  ['[a](x" onclick="b)', "<p>[a](x&quot; onclick=&quot;b)</p>"],
  ['```x" onload="y\nz', '<pre data-language="x"><code>z</code></pre>'],
  ["<!-- -->&amp;", "<p>&lt;!-- --&gt;&amp;amp;</p>"],
];

for (const [markdown, html] of HOSTILE) {
  test(`makes ${JSON.stringify(markdown)} inert`, () => assert.equal(render(markdown, places), html));
}

test("only our own tags come out, whatever goes in", () => {
  const parts = ["<", ">", '"', "'", "`", "```\n", "*", "**", "~~", "[", "](", ")", "![", "\n", "\n\n", "- ", "> ", "# ", "|", "|-|", "x", "&", "\\", "  "];
  let seed = 7;
  const next = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const ours = /<\/?(?:p|br|hr|h[1-6]|ul|ol|li|pre data-language="[\w+#.-]*"|pre|code|strong|em|del|blockquote|table|thead|tbody|tr|th|td|button class="place" data-place="0"|button)>/g;
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: next(30) }, () => parts[next(parts.length)]).join("");
    const rest = render(text, () => "0").replace(ours, "");
    assert.ok(!/[<>"']/.test(rest), JSON.stringify(text));
  }
});

test("a long line of marks is read in no time", () => {
  for (const mark of ["*", "`", "[", "~~", "![", "> ", "- ", "|"]) render(mark.repeat(20_000 / mark.length));
});
