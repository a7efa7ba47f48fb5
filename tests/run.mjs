// Runs test files one after another (timings would disturb each other) and ends with one plain line.

import fs from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { commandLine, refuse } from './lib/command_line.mjs';
import { testsDir } from './lib/settings.mjs';

const HELP = `Usage: node run.mjs [FOLDER|FILE]...

Runs test files one after another and ends with one plain line. Names are relative to tests/; without
any: scenario, conformance, hostile, faults. NEOCOMPUTE_BIN is the program (build/neocompute).

  --help

    node run.mjs scenario hostile/hostile.test.mjs
`;
const SUITES = ['scenario', 'conformance', 'hostile', 'faults'];

function testFiles(name) {
  const full = path.resolve(testsDir, name);
  if (!fs.statSync(full).isDirectory()) return [full];
  return fs.readdirSync(full).filter((file) => file.endsWith('.test.mjs')).sort()
    .map((file) => path.join(full, file));
}

const { positionals: names } = commandLine(HELP, { most: Infinity });
for (const name of names) if (!fs.existsSync(path.resolve(testsDir, name))) refuse(`there is no ${name} in tests/`);
const files = (names.length > 0 ? names : SUITES).flatMap(testFiles);
const count = { passed: 0, failed: 0, skipped: 0 };

const stream = run({ files, concurrency: 1 });
const leaf = (event) => event.details?.type !== 'suite' && event.name !== event.file &&
  !files.includes(path.resolve(event.name));
stream.on('test:pass', (event) => {
  if (leaf(event)) count[event.skip !== undefined ? 'skipped' : 'passed'] += 1;
});
stream.on('test:fail', (event) => {
  if (leaf(event) || event.details?.error?.failureType !== 'subtestsFailed') count.failed += 1;
  process.exitCode = 1;
});
stream.compose(typeof spec === 'function' && spec.prototype ? new spec() : spec)
  .on('end', () => {
    console.log(`${count.passed} passed, ${count.failed} failed` +
      (count.skipped ? `, ${count.skipped} skipped` : ''));
  })
  .pipe(process.stdout);
