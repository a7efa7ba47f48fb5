// The scripts that people call: each tells how by --help, wherever it is called from, and refuses what it does
// not know before it does anything.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { binary, rootDir } from '../lib/settings.mjs';

const node = (file) => ({ name: file, command: [process.execPath, path.join(rootDir, file)] });
const direct = (file) => ({ name: file, command: [path.join(rootDir, file)] });
const BENCHES = ['compare', 'run', 'sealed', 'secrets', 'verify'].map((name) => direct(`bench/${name}`));
const SCRIPTS = [
  ...BENCHES, ...['scripts/lint', 'scripts/run-demo', 'scripts/setup', 'tests/run', 'fuzz/run', '.ci/run'].map(direct),
  { name: 'tests/unit/tools/bench.py', command: ['python3', path.join(rootDir, 'tests/unit/tools/bench.py')] },
  ...['tests/run.mjs', 'tests/soak.mjs', 'tests/audit/audit.mjs', 'tests/lib/transcript.mjs', 'fuzz/differential/fuzz.mjs'].map(node),
];

const call = ({ command: [program, ...first] }, args, options) => spawnSync(program, [...first, ...args], { cwd: os.tmpdir(), encoding: 'utf8', timeout: 60000, ...options });

test('every program in the folders of scripts is known here', () => {
  const found = ['bench', 'scripts', 'fuzz', '.ci'].flatMap((folder) => fs.readdirSync(path.join(rootDir, folder), { withFileTypes: true })
    .filter((entry) => entry.isFile() && fs.statSync(path.join(rootDir, folder, entry.name)).mode & 0o111).map(({ name }) => `${folder}/${name}`));
  assert.deepEqual(found.filter((name) => !SCRIPTS.some((script) => script.name === name)), []);
});

for (const script of SCRIPTS) {
  test(`${script.name} --help`, () => {
    const { status, stdout, stderr } = call(script, ['--help']);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.match(stdout, /^Usage: /);
    assert.ok(stdout.includes(path.basename(script.name)), stdout);
  });

  test(`${script.name} refuses an option that it does not know`, () => {
    const { status, stdout, stderr } = call(script, ['--no-such-option']);
    assert.equal(stdout, '');
    assert.equal(status, 2);
    assert.match(stderr, /^[^\n]*; --help says more\n$/);
    assert.ok(stderr.startsWith(`${script.name}: `), stderr);
  });
}

for (const script of BENCHES) {
  test(`${script.name} says that there is no such program`, () => {
    const { status, stderr } = call(script, script.name === 'bench/compare' ? ['nowhere/neocompute', 'nowhere/neocompute'] : ['nowhere/neocompute']);
    assert.equal(status, 2);
    assert.match(stderr, /there is no program nowhere\/neocompute \(make builds build\/neocompute\)/);
  });
}

test('a program is named from where the caller stands', () => {
  const cwd = path.join(path.dirname(binary));
  const { status, stdout, stderr } = call(direct('bench/verify'), [`./${path.basename(binary)}`, '1'], { cwd });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /\| neocompute verify, one of a batch of 8 +\| +[\d.]+ ms/);
});
