// Breaks into a sealed worker on purpose and tells what an attacker could do there.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../lib/command_line.mjs';
import { attacks } from './attacks.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const model = path.join(here, '../../docs/threat-model.md');
const HELP = `Usage: node audit.mjs [BUILD] [--write]

Breaks into a sealed worker on purpose and tells what an attacker could do there. Every attack is made
twice: with all walls, and (neocompute-audit-unfiltered) with the seccomp filter taken away, which shows
what the other mechanisms stop by themselves. Ends with one plain line; exit 1 if anything got through.

  BUILD     the build directory, in which the target audit was made (build)
  --write   put the table into docs/threat-model.md
  --help

    ninja -C build audit && node tests/audit/audit.mjs build
`;
const { values: flags, positionals: [build = 'build'] } = commandLine(HELP, { most: 1, options: { write: { type: 'boolean' } } });

// Which mechanism answers with this error, where the filter is gone.
const mechanisms = {
  EMFILE: 'no descriptors (RLIMIT_NOFILE)', EBADF: 'descriptors closed', EAGAIN: 'process limit',
  ENOENT: 'empty root', EACCES: 'landlock', ESRCH: 'pid namespace', ENOMEM: 'data limit',
  EPERM: 'no privileges', EINVAL: 'refused', ENOSYS: 'not in this kernel',
  EROFS: 'read-only root',
};
const errorName = (number) => Object.entries(os.constants.errno)
  .find(([, value]) => value === number)?.[0] ?? `errno ${number}`;

function probe(binary) {
  const run = spawnSync(process.execPath, [path.join(here, 'probe.mjs')], {
    env: { ...process.env, NEOCOMPUTE_BIN: path.resolve(build, 'tests/audit', binary) },
    maxBuffer: 1 << 26, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (run.status !== 0) throw new Error(`${binary}: the audit itself failed`);
  return JSON.parse(run.stdout);
}

/** What stopped it, in words. */
function describe(outcome, second) {
  const reason = outcome.reason ?? '';
  const call = /refused system call: (\w+)/.exec(reason)?.[1];
  if (call) return `seccomp, trap on \`${call}\``;
  if (/signal 31/.test(reason)) return 'seccomp, killed at once';
  if (outcome.lost)
    return `worker ended: ${reason.replace(/^worker lost: /, '').replace(/ \(exit .*| \(killed .*9\)$/, '') || 'flooded'}`;
  if (outcome.found) return `searched; found only: ${outcome.found.join(', ')}`;
  if (outcome.code) return `job ended: ${outcome.code}`;
  if (outcome.value === -1) {
    const name = errorName(outcome.error);
    return `${second ?? mechanisms[name] ?? 'refused'}, ${name}`;
  }
  if (outcome.value > 1 << 20)
    return `data limit, after ${Math.round(outcome.value / (1 << 20))} MiB`;
  return outcome.value > 0 ? `got ${outcome.value}` : 'cut to what the job was given';
}

/**
 * No binary but the audit's has the hook, none but the bench's has a wall taken out, and no release
 * has the sanitizer's table.
 */
function productIsClean() {
  const bytes = fs.readFileSync(path.resolve(build, 'neocompute'));
  const audit = fs.readFileSync(path.resolve(build, 'tests/audit/neocompute-audit'));
  const unsealed = fs.readFileSync(path.resolve(build, 'bench/measuring/neocompute-unsealed'));
  const table = 'neocompute-sanitizer-seal-table', onlyMeasures = 'this build only measures';
  const sanitized = bytes.includes('__asan_init');
  return audit.includes('//audit:') && !bytes.includes('//audit:') &&
    !bytes.includes('__wrap_') &&
    unsealed.includes(onlyMeasures) && !bytes.includes(onlyMeasures) && !audit.includes(onlyMeasures) &&
    (sanitized || !bytes.includes(table));
}

/** Where there is a binary whose workers are not sealed, it says so and is no product. */
function unsealedSaysSo() {
  const run = (binary, ...args) => spawnSync(path.resolve(build, binary), args, { encoding: 'utf8' });
  const unsealed = 'bench/measuring/neocompute-unsealed';
  return run(unsealed, '--version').stdout.includes('WORKERS ARE NOT SEALED') &&
    !run('neocompute', '--version').stdout.includes('WORKERS ARE NOT SEALED') &&
    run(unsealed, 'serve', '--strict').status === 2;
}

function writeTable(lines) {
  const text = fs.readFileSync(model, 'utf8');
  const begin = '<!-- audit:begin -->', end = '<!-- audit:end -->';
  const from = text.indexOf(begin), to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${model} has no place for the table`);
  fs.writeFileSync(model,
    `${text.slice(0, from + begin.length)}\n${lines.join('\n')}\n${text.slice(to)}`);
}

const { outcomes: walls, seen } = probe('neocompute-audit');
const { outcomes: bare } = probe('neocompute-audit-unfiltered');
const count = { held: 0, broken: 0 };
const table = ['| try | stopped by | with the filter taken away |', '|---|---|---|'];

function judge(condition, title) {
  count[condition ? 'held' : 'broken'] += 1;
  if (!condition) console.log(`BROKEN: ${title}`);
}

let i = 0;
for (const { group, title, holds, alone, second } of attacks) {
  if (group) {
    table.push(`| **${group}** | | |`);
    continue;
  }
  const all = walls[i], less = bare[i];
  i += 1;
  judge(holds(all), `${title}: ${JSON.stringify(all)}`);
  judge(all.well, `${title}: the next job of another tenant was not answered right`);
  if (!alone) {
    judge(holds(less), `${title}, without the filter: ${JSON.stringify(less)}`);
    judge(less.well, `${title}, without the filter: the next job was not answered right`);
  }
  const other = holds(less) ? describe(less, second) : 'nothing; it harms only the worker itself';
  table.push(`| ${title} | ${describe(all)} | ${other} |`);
}
table.push('| **staying in the worker** | | |',
  `| read the input of the next tenant in the same worker | ${seen.standard ? 'nothing' : 'stopped'} | |`,
  `| the same with \`--jobs-per-worker 1\` | ${seen.one ? 'nothing' : 'the end of the worker'} | |`);
judge(seen.standard, 'the table says what a broken worker costs, and this is no longer true of it');
judge(!seen.one, 'with a process for each job, the next tenant was seen');
judge(productIsClean(), 'the product has no hook');
judge(unsealedSaysSo(), 'the binary without sealing says so, and refuses --strict');

console.log(table.join('\n'));
if (flags.write) writeTable(table);
console.log(`${count.held} held, ${count.broken} broken`);
process.exitCode = count.broken === 0 ? 0 : 1;
