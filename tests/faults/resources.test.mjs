// A machine that runs out of something: descriptors, disk, memory for jobs, processes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cpuOf, descriptorsOf } from '../lib/processes.mjs';
import { freePort } from '../lib/ports.mjs';
import { startServer } from '../lib/server.mjs';
import { sleep, until } from '../lib/wait.mjs';

const SMALL = 'function main() { return 7 }';

describe('resources', () => {
  it('descriptors run out: some are refused, the rest answered, and it recovers', async () => {
    const server = await startServer({ command: ['prlimit', '--nofile=80:80'], args: ['--warm-workers', '2'] });
    await server.output(SMALL);
    const connections = [];
    for (let i = 0; i < 200; i++) connections.push(await server.raw().catch(() => null));
    await sleep(300);
    assert.ok(!server.exited, 'it died');
    for (const connection of connections) connection?.destroy();
    await until(async () => {
      const answer = await server.execute(SMALL).catch(() => null);
      return answer?.json?.status === 'completed';
    }, 'it answers again', 5000);
    for (let i = 0; i < 20; i++) assert.deepEqual(await server.output(SMALL), { result: 7 });
    server.closeIdle();
    await until(() => descriptorsOf(server.pid) < 60, 'descriptors are given back');
    await server.stop();
  });

  it('does not burn a core while descriptors are out', async () => {
    const server = await startServer({ command: ['prlimit', '--nofile=64:64'] });
    const connections = [];
    for (let i = 0; i < 150; i++) connections.push(await server.raw().catch(() => null));
    await sleep(300);
    const before = cpuOf(server.pid);
    await sleep(1000);
    const used = cpuOf(server.pid) - before;
    for (const connection of connections) connection?.destroy();
    assert.ok(used < 0.5, `${used} s of CPU in a second of waiting`);
    await sleep(200);
    await server.stop();
  });

  it('the disk is full for logs: answers go on', async () => {
    const port = await freePort();
    const server = await startServer({
      port, command: ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh'], args: ['--log-level', 'debug'],
    });
    for (let i = 0; i < 50; i++) assert.deepEqual(await server.output(SMALL), { result: 7 });
    await server.failure('function main() { throw 1 }');
    await server.stop();
  });

  it('nobody reads the log: answers go on', async () => {
    const server = await startServer({ args: ['--log-level', 'debug'] });
    server.child.stderr.pause();
    server.child.stdout.pause();
    for (let i = 0; i < 600; i++) {
      assert.deepEqual(await server.output(SMALL, { user: `reader-${'x'.repeat(90)}` }), { result: 7 });
    }
    server.child.stderr.resume();
    server.child.stdout.resume();
    await server.stop();
  });

  it('the terminal goes away: it goes on or ends, it does not spin', async () => {
    const server = await startServer();
    server.child.stderr.destroy();
    server.child.stdout.destroy();
    for (let i = 0; i < 20 && !server.exited; i++) await server.execute(SMALL).catch(() => {});
    assert.ok(!server.exited, 'it died of SIGPIPE');
    await server.stop();
  });

  it('memory for jobs is taken: the next waits, then runs', async () => {
    const server = await startServer({ args: ['--memory-total', '64MiB'] });
    const holder = server.execute({ script: 'function main() { return new Promise((r) => setTimeout(r, 500)) }' });
    await sleep(100);
    const next = await server.execute(SMALL, { user: 'bob' });
    assert.equal(next.json.status, 'completed');
    assert.ok(next.ms > 300, `it did not wait: ${next.ms} ms`);
    assert.equal((await holder).json.status, 'completed');
    await server.stop();
  });

  it('a job that asks for more memory than there is in all is told so at once', async () => {
    const server = await startServer({ args: ['--memory-total', '64MiB'] });
    const { status, json, ms } = await server.execute({ script: SMALL, memory_limit: 256 * 1024 * 1024 });
    assert.ok(ms < 2000, `${ms} ms`);
    assert.ok(status !== 200 || json.status === 'completed' || json.error_code === 'resource_exhausted', `${status} ${json.error_code}`);
    await server.output({ script: SMALL, memory_limit: 16 * 1024 * 1024 });
    await server.stop();
  });
});
