// Results to tables, plots, and the marked places of docs/performance.md.
import { geometricMean } from './kernels.mjs';
import { barChart } from './plot.mjs';
import { mib, ms, number, table, times, us } from './table.mjs';
import { spread } from './turns.mjs';

const LOW = 16, HIGH = 64; // connections

const perSecond = (value) => `${number(value)}/s`;

function throughputTables({ throughput }) {
  const base = throughput.find(({ name }) => name === 'neocompute');
  return [LOW, HIGH].map((c) => {
    const rows = throughput.map((row) => {
      const { rate, p50, p99, cpu } = row.load[c];
      const theirs = base && row !== base;
      return [row.title, row.sandbox, number(rate), ms(p50), ms(p99), us(cpu),
        theirs ? times(base.load[c].rate / rate) : null, theirs ? number(base.load[c].p99 / p99) : null];
    });
    return `${c} connections:\n\n` +
      table(['', 'sandbox', 'requests/s', 'p50', 'p99', 'CPU a request', 'our rate ÷ theirs', 'our p99 ÷ theirs'], rows, 2);
  }).join('\n\n');
}

function memoryTable({ throughput }) {
  return table(['', 'start to first answer', 'processes at rest', 'memory at rest, MiB (PSS)', 'RSS, summed', 'after load, MiB (PSS)'],
    throughput.map((row) => [row.title, ms(row.startMs / 1e3), row.idle?.processes, mib(row.idle?.pss), mib(row.idle?.rss), mib(row.after?.pss)]));
}

const turnsNote = (turns) => `${turns} turns of a second for each row; a ratio is the median of those of neighbouring turns, with the half of them in the middle.`;

function sealingTable({ sealing }) {
  const rows = sealing.flatMap(({ connections, off, on, rate, cpu }) => [
    [`${connections}, off`, number(off.rate), ms(off.p99), us(off.cpu), null, null],
    [`${connections}, on`, number(on.rate), ms(on.p99), us(on.cpu), spread(rate), spread(cpu)],
  ]);
  return `${table(['connections, sealing', 'requests/s', 'p99', 'CPU a request', 'rate ÷ off', 'CPU ÷ off'], rows)}\n\n${turnsNote(sealing[0].turns)}`;
}

function receiptsTable({ receipts }) {
  const tables = receipts.map(({ connections, ways }) => `${connections} connections:\n\n` +
    table(['receipts', 'requests/s', 'p50', 'p99', 'CPU a request', 'signatures a job', 'rate ÷ none'],
      ways.map(({ how, rate, p50, p99, cpu, signatures, ratio }) => [how, number(rate), ms(p50), ms(p99), us(cpu),
        number(signatures), ratio && spread(ratio)])));
  return `${tables.join('\n\n')}\n\n${turnsNote(receipts[0].turns)}`;
}

function retainedTable({ retained }) {
  const [few] = retained;
  return table(['results kept', 'requests/s, 16 conn.', 'p99', 'CPU/request', 'throughput ÷ first row', 'memory, MiB (PSS)'],
    retained.map((row) => [number(row.kept), number(row.rate), ms(row.p99), us(row.cpu), row === few ? null : number(row.rate / few.rate), mib(row.memory?.pss)]));
}

function breakdownTable({ breakdown }) {
  if (breakdown.reason) return `Not measured: ${breakdown.reason}.`;
  const rows = breakdown.parts.map(({ name, share }) => [name, `${number(share * 100)} %`, us(share * breakdown.cpu)]);
  return `${table(['part', 'share', 'of a small job'], [...rows, ['all processes', '100 %', us(breakdown.cpu)]])}\n\n` +
    `${breakdown.samples} samples.`;
}

function engineText({ engine }) {
  return engine.reason ? `Not measured: ${engine.reason}.` : `\`\`\`\n${engine.text}\n\`\`\``;
}

function kernelTable({ kernels: { titles, rows } }) {
  const names = Object.keys(titles);
  const base = names.includes('neocompute') ? 'neocompute' : null;
  const others = names.filter((name) => name !== base);
  const head = ['kernel', ...names.map((name) => titles[name]), ...(base ? others.map((name) => `${titles[name]} ÷ ours`) : [])];
  const body = rows.map(({ kernel, seconds }) => [kernel, ...names.map((name) => ms(seconds[name])),
    ...(base ? others.map((name) => number(seconds[name] / seconds[base])) : [])]);
  const mean = ['geometric mean', ...names.map((name) => ms(geometricMean(rows.map(({ seconds }) => seconds[name])))),
    ...(base ? others.map((name) => number(geometricMean(rows.map(({ seconds }) => seconds[name] / seconds[base])))) : [])];
  return table(head, [...body, mean]);
}

const SECTIONS = [
  { key: 'throughput', name: 'throughput', title: 'Small jobs', make: throughputTables },
  { key: 'throughput', name: 'memory', title: 'Start and memory', make: memoryTable },
  { key: 'sealing', name: 'sealing', title: 'Sealing', make: sealingTable },
  { key: 'receipts', name: 'receipts', title: 'Receipts', make: receiptsTable },
  { key: 'retained', name: 'retained', title: 'Results kept', make: retainedTable },
  { key: 'breakdown', name: 'breakdown', title: 'CPU of a small job', make: breakdownTable },
  { key: 'engine', name: 'engine', title: 'The engine alone', make: engineText },
  { key: 'kernels', name: 'kernels', title: 'CPU kernels', make: kernelTable },
];

function missingText({ missing }) {
  return missing.map(({ title, reason }) => `Not available here: ${title} (${reason}).`).join('\n');
}

// [{name, title, text}] of what this run measured.
export function sections(results) {
  const made = SECTIONS.filter(({ key }) => results[key] && results[key].length !== 0)
    .map(({ name, title, make }) => ({ name, title, text: make(results) }));
  if (results.missing.length > 0) made.push({ name: 'missing', title: 'Not available', text: missingText(results) });
  const { machine } = results;
  made.push({
    name: 'machine',
    title: 'This run',
    text: `${results.date.slice(0, 10)}, commit ${machine.commit}, ${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}; ` +
      `medians of ${results.rounds} interleaved rounds, ${results.seconds} s a measurement.`,
  });
  return made;
}

// Replaces what stands between <!-- figures: NAME --> and <!-- end --> with this run's.
export function writeInto(page, results) {
  let text = page;
  for (const { name, text: figures } of sections(results)) {
    text = text.replace(new RegExp(`(<!-- figures: ${name} -->\n)[^]*?(<!-- end -->)`), (all, open, close) => `${open}${figures}\n${close}`);
  }
  return text;
}

// {file name: SVG}
export function plots(results) {
  const made = {};
  const note = `${results.machine.cores} cores, ${results.date.slice(0, 10)}, medians of ${results.rounds} rounds.`;
  if (results.throughput?.length > 0) {
    const both = (row, key) => [row.load[LOW][key], row.load[HIGH][key]];
    made['throughput.svg'] = barChart({
      title: 'A small job in a fresh sandbox, over HTTP', note, series: [`${LOW} connections`, `${HIGH} connections`],
      panels: [
        { key: 'rate', title: 'requests a second (more is better)', format: perSecond },
        { key: 'p99', title: '99th percentile (less is better)', format: ms },
      ],
      rows: results.throughput.map((row) => ({ title: row.title, ours: row.ours, values: { rate: both(row, 'rate'), p99: both(row, 'p99') } })),
    });
  }
  if (results.kernels?.rows.length > 0) {
    const { titles, rows } = results.kernels;
    made['kernels.svg'] = barChart({
      title: 'CPU kernels', note, series: ['geometric mean'],
      panels: [{ key: 'seconds', title: `geometric mean of ${rows.length} kernels (less is better)`, format: ms }],
      rows: Object.keys(titles).map((name) => ({
        title: titles[name], ours: name === 'neocompute' || name === 'unmetered', values: { seconds: [geometricMean(rows.map(({ seconds }) => seconds[name]))] },
      })),
    });
  }
  return made;
}
