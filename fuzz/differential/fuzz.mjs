// Runs random programs in the service and in Node: their logs must be equal, or the difference must
// be explained by a rule of rules.mjs.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { commandLine } from '../../tests/lib/command_line.mjs';
import { startServer } from '../../tests/lib/server.mjs';
import { inParallel } from '../../tests/lib/wait.mjs';
import { compare } from './compare.mjs';
import { assemble, makeStatements } from './program.mjs';

const HELP = `Usage: node fuzz.mjs [--seconds N | --programs N] [--seed S]

Runs random programs in the service and in Node. Every program is known by its seed; those of
regressions/ are run first. A difference that nothing explains is made small, printed and kept in
findings/; the exit status is then 1.

  --seconds N    how long (20)
  --programs N   or how many
  --seed S       of the first (of the clock)
  --help

    node fuzz.mjs --programs 500 --seed 1
`;
const WIDTH = 4;

/** Leaves out statements for as long as an unexplained difference stays. */
async function shrink(server, statements) {
  const differs = async (list) => {
    const { difference, why } = await compare(server, assemble(list), 'shrink');
    return difference && !why;
  };
  for (let i = 0; i < statements.length;) {
    const fewer = statements.filter((_, k) => k !== i);
    if (await differs(fewer)) statements = fewer;
    else i += 1;
  }
  return statements;
}

async function report(server, seed, statements, count) {
  const small = assemble(await shrink(server, statements));
  const { difference } = await compare(server, small, 'shrink');
  console.log(`seed ${seed}: line ${difference?.at} differs\n  node: ${difference?.node}\n  ours: ${difference?.ours}`);
  const folder = new URL('findings/', import.meta.url);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(new URL(`${seed}.js`, folder), small);
  console.log(`  kept in findings/${seed}.js`);
  count.found += 1;
}

async function main() {
  const { values } = commandLine(HELP, { options: {
    seconds: { type: 'string' }, programs: { type: 'string' }, seed: { type: 'string' },
  } });
  const first = Number(values.seed ?? Date.now() % 1e9);
  const programs = Number(values.programs ?? Infinity);
  const end = Date.now() + Number(values.seconds ?? (values.programs ? 1e6 : 20)) * 1000;
  const server = await startServer();
  const count = { run: 0, skipped: 0, explained: 0, found: 0 };

  const folder = new URL('regressions/', import.meta.url);
  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.js')).sort()) {
    const { difference, why } = await compare(server, fs.readFileSync(new URL(file, folder), 'utf8'), 'regressions');
    assert.ok(!difference || why, `${file}: ${JSON.stringify(difference)}`);
  }

  let seed = first;
  await inParallel(WIDTH, WIDTH, async (lane) => {
    while (Date.now() < end && count.run < programs && count.found < 10) {
      const mine = seed++;
      count.run += 1;
      const statements = makeStatements(mine);
      const { skipped, difference, why } = await compare(server, assemble(statements), `fuzz-${lane}`);
      if (skipped) count.skipped += 1;
      else if (difference && why) count.explained += 1;
      else if (difference) await report(server, mine, statements, count);
    }
  });
  await server.stop();
  console.log(`${count.run} programs from seed ${first}: ${count.found} unexplained differences, ` +
    `${count.explained} explained, ${count.skipped} past a limit or no program`);
  if (count.found > 0) process.exitCode = 1;
}

await main();
