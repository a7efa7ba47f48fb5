// What the service says of its isolation, and that it never starts with less than it was asked for.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { binary, isolation } from '../lib/settings.mjs';
import { Server, startServer } from '../lib/server.mjs';

const SMALL = 'function main() { return 7 }';
const PROPERTIES = ['no files', 'no network', 'no other process', 'no privileges', 'bounded memory'];
const LEVELS = ['none', 'reduced', 'full', 'full', 'full', 'full']; // by the number of mechanisms

/** Runs a command on a system that lacks these calls; see tests/tools/without-calls.c. */
function without(calls) {
  const build = path.dirname(binary);
  execFileSync('ninja', ['-C', build, 'tests/tools/without-calls'], { stdio: 'ignore' });
  return [path.join(build, 'tests/tools/without-calls'), calls];
}

async function propertiesOf(server) {
  const { json } = await server.request('GET', '/info');
  assert.equal(json.isolation.kind, 'process');
  return new Map(json.isolation.properties.map(({ name, level, by }) => [name, { level, by: by.split(', ').filter(Boolean) }]));
}

describe('isolation', { skip: isolation === 'thread' && 'threads have no second wall' }, () => {
  it('names each property, its level, and the mechanisms that make it so', async () => {
    const server = await startServer();
    const properties = await propertiesOf(server);
    assert.deepEqual([...properties.keys()], PROPERTIES);
    for (const [name, { level, by }] of properties) {
      assert.equal(level, LEVELS[by.length], `${name}: ${by}`);
      assert.notEqual(level, 'none', name);
      assert.ok(server.log.includes(name), `${name} is not in the log`);
    }
    await server.stop();
  });

  it('starts with --require-isolation=full exactly where everything is full', async () => {
    const first = await startServer();
    const weak = [...await propertiesOf(first)].filter(([, { level }]) => level !== 'full');
    await first.stop();
    const server = new Server({ args: ['--require-isolation=full'] });
    if (weak.length === 0) {
      await server.ready();
      await server.stop();
      return;
    }
    const { code } = await server.exit();
    assert.equal(code, 4, server.log);
    assert.ok(weak.some(([name]) => server.log.includes(`"${name}"`)), server.log);
  });

  it('starts where landlock is missing, in strict mode too, and says that it is missing', async () => {
    const calls = 'landlock_create_ruleset,landlock_add_rule,landlock_restrict_self';
    const server = await startServer({ command: without(calls), args: ['--strict'] });
    const properties = await propertiesOf(server);
    for (const [name, { by }] of properties) {
      assert.ok(!by.some((mechanism) => mechanism.startsWith('landlock')), `${name}: ${by}`);
    }
    assert.match(server.log, /refused.*landlock/);
    assert.deepEqual(await server.output(SMALL), { result: 7 });
    await server.stop();
  });

  it('does not start where no filter of calls can be had', async () => {
    const server = new Server({ command: without('seccomp') });
    const { code } = await server.exit();
    assert.notEqual(code, 0);
    assert.match(server.log, /cannot be sealed here: no seccomp/);
  });

  it('leaves the core no privileges', async () => {
    const server = await startServer();
    const status = fs.readFileSync(`/proc/${server.pid}/status`, 'latin1');
    const field = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)[1].split(/\s+/);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      if (set === 'CapBnd' && process.getuid() !== 0) continue; // only root can drop from it
      assert.match(field(set)[0], /^0+$/, set);
    }
    assert.deepEqual(field('NoNewPrivs'), ['1']);
    if (process.getuid() === 0) assert.ok(!field('Uid').includes('0'), field('Uid').join());
    await server.stop();
  });
});
