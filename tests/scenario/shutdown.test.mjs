// SIGTERM: no new work, running jobs finish up to a limit, exit 0, and nothing is left.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { sleep } from '../lib/wait.mjs';

const SLEEP = 'function main(ms) { return new Promise((r) => setTimeout(r, ms, "slept")) }';

describe('shutdown', () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    it(`${signal} lets running jobs finish and refuses new ones`, async () => {
      const server = await startServer();
      const running = server.execute({ script: SLEEP, input: 700 });
      await sleep(150);
      server.child.kill(signal);
      await sleep(150);
      const late = await server.execute('function main() {}').catch((error) => error);
      if (late.status) {
        assert.equal(late.status, 503);
        assert.equal(late.json.error_code, 'shutting_down');
      }
      const { status, json } = await running;
      assert.equal(status, 200);
      assert.deepEqual(json.output, { result: 'slept' });
      assert.deepEqual(await server.exit(), { code: 0, signal: null });
      await server.stop();
    });
  }

  it('answers waiting jobs with 503 and cuts running ones at the limit', async () => {
    const server = await startServer({ args: ['--user-running', '1', '--shutdown-timeout', '500ms'] });
    const running = server.execute({ script: SLEEP, input: 60000 });
    await sleep(150);
    const waiting = server.execute({ script: SLEEP, input: 1 });
    await sleep(100);
    const start = Date.now();
    server.child.kill('SIGTERM');
    const [first, second] = await Promise.all([running, waiting]);
    assert.equal(first.status, 200);
    assert.equal(first.json.error_code, 'cancelled');
    assert.equal(second.status, 503);
    assert.equal(second.json.error_code, 'shutting_down');
    assert.deepEqual(await server.exit(), { code: 0, signal: null });
    assert.ok(Date.now() - start < 3000, 'took longer than its limit');
    await server.stop();
  });

  it('ends at once when nothing runs', async () => {
    const server = await startServer();
    const start = Date.now();
    await server.stop();
    assert.ok(Date.now() - start < 1500);
  });

  it('ends with an idle connection and one in the middle of a request open', async () => {
    const server = await startServer();
    const [idle, half] = [await server.raw(), await server.raw()];
    await half.send('POST /execute HTTP/1.1\r\nHost: x\r\nContent-Le');
    await sleep(50);
    await server.stop({ ms: 5000 });
    idle.destroy();
    half.destroy();
  });
});
