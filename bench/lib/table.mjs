// Tables as Markdown, aligned so that they read well on a terminal too. The first `left` columns are
// words, the others numbers.
export function table(head, rows, left = 1) {
  const all = [head, ...rows].map((row) => row.map((cell) => (cell === null || cell === undefined ? '–' : String(cell))));
  const widths = head.map((_, i) => Math.max(...all.map((row) => [...row[i]].length)));
  const pad = (cell, i) => (i < left ? cell + ' '.repeat(widths[i] - [...cell].length) : ' '.repeat(widths[i] - [...cell].length) + cell);
  const line = (row) => `| ${row.map(pad).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i < left ? '-'.repeat(width + 2) : '-'.repeat(width + 1) + ':')).join('|')}|`;
  return [line(all[0]), rule, ...all.slice(1).map(line)].join('\n');
}

export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return null;
  if (value >= 100) return Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, ' ');
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export const ms = (seconds) => (seconds === null || seconds === undefined ? null : `${number(seconds * 1e3)} ms`);
export const us = (seconds) => (seconds === null || seconds === undefined ? null : `${number(seconds * 1e6)} µs`);
export const mib = (bytes) => (bytes === null || bytes === undefined ? null : number(bytes / 1048576));
export const times = (ratio) => (ratio === null || ratio === undefined ? null : `${number(ratio)}×`);
