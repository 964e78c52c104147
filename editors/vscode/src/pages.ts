// The plan and the doctor's report as pages: what the command line says in JSON, as HTML.

import { escape, table } from "./html.ts";
import type { Check } from "./menu.ts";

export interface Job {
  engine: string;
  model: string;
  installed: boolean;
  size: number;
  quantisation: string;
  window: number;
  memory: { share: number };
  stays: string;
  decode: number;
  measured: boolean;
  first_line: number;
  why: string;
}

export interface Plan {
  machine: { name: string; gpus: { name: string; total: number }[]; memory: number };
  jobs: Record<string, Job>;
  without: Record<string, string>;
  notes: string[];
}

const STAYS: Record<string, string> = {
  pinned: "always",
  resident: "stays",
  swapped: "comes and goes",
  elsewhere: "at its server",
};
const COLUMNS = ["job", "model", "weights>", "window>", "in memory", "first line>", "tokens/s>", ""];

export function plan(plan: Plan): string {
  const cards = plan.machine.gpus.map((it) => `${it.name}, ${bytes(it.total)}`);
  const machine = [...cards, `${bytes(plan.machine.memory)} main memory`].join("; ");
  const rows = Object.entries(plan.jobs).map(([name, job]) => row(name, job));
  const whys = Object.entries(plan.jobs).map(([name, job]) => `${name}: ${job.why}`);
  const lacks = Object.entries(plan.without).map(([name, why]) => `${name}: ${why}`);
  return (
    `<h1>The plan</h1><p>${escape(plan.machine.name)}: ${escape(machine)}.</p>` +
    table(COLUMNS, rows) +
    `<h2>Why</h2>${list([...whys, ...lacks])}${list(plan.notes)}` +
    "<p>An asterisk: as such hardware does it; <code>switchyard bench</code> measures what is there. " +
    "<code>switchyard pull</code> brings what is missing.</p>"
  );
}

function row(name: string, job: Job): string[] {
  const part = job.memory.share < 1 ? `, ${Math.round(job.memory.share * 100)} % on the card` : "";
  return [
    name.replace("_", " "),
    `${job.model} ${job.quantisation}`,
    job.size ? bytes(job.size) : "",
    job.window.toLocaleString("en"),
    (STAYS[job.stays] ?? job.stays) + part,
    job.first_line ? seconds(job.first_line) : "",
    job.decode ? `${Math.round(job.decode)}${job.measured ? "" : " *"}` : "",
    job.installed ? "there" : "to fetch",
  ];
}

export function doctor(report: { verdict: string; checks: readonly Check[] }): string {
  const rows = report.checks.map((it) => [it.state, it.name, it.found, it.mend]);
  return `<h1>What is here</h1><p>${escape(report.verdict)}</p>${table(["", "what", "found", "what mends it"], rows)}`;
}

function list(sentences: readonly string[]): string {
  return sentences.length ? `<ul>${sentences.map((it) => `<li>${escape(it)}</li>`).join("")}</ul>` : "";
}

function bytes(count: number): string {
  return count >= 1e9 ? `${(count / 1e9).toFixed(1)} GB` : `${Math.round(count / 1e6)} MB`;
}

function seconds(span: number): string {
  return span < 1 ? `${Math.round(span * 1000)} ms` : `${span.toFixed(1)} s`;
}
