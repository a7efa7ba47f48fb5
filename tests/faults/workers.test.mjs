// Workers that are killed or stopped at any moment: their job ends as worker_lost, nobody else's is
// touched, they are replaced, and nothing is left.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { descendants, descriptorsOf, workersOf } from '../lib/processes.mjs';
import { isolation } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';
import { sleep, until } from '../lib/wait.mjs';

const SMALL = 'function main() { return 7 }';
const SLEEP = 'function main(ms) { return new Promise((r) => setTimeout(r, ms, "slept")) }';

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

describe('workers', { skip: isolation === 'thread' && 'threads cannot be killed one by one' }, () => {
  let server;
  let descriptors;
  before(async () => {
    server = await startServer();
    await server.output(SMALL);
    await sleep(200);
    descriptors = descriptorsOf(server.pid);
  });
  after(() => server.stop());

  const workers = () => workersOf(server.pid).filter(({ state }) => state !== 'Z');

  /** All is as before: answers, no running job, no zombie, no descriptor more. */
  async function recovered() {
    assert.deepEqual(await server.output(SMALL, { user: 'next' }), { result: 7 });
    for (const user of ['alice', 'bob']) {
      assert.deepEqual((await server.request('GET', '/jobs?status=running', { user })).json, []);
    }
    await until(() => descendants(server.pid).every(({ state }) => state !== 'Z'), 'zombies are reaped');
    server.closeIdle();
    await until(() => descriptorsOf(server.pid) <= descriptors + 12,
      `descriptors: ${descriptorsOf(server.pid)}, at the start ${descriptors}`);
  }

  /** The worker that is busiest since `before`. */
  async function busyWorker() {
    const ticks = new Map(workers().map(({ pid, ticks: t }) => [pid, t]));
    await sleep(300);
    return workers().map(({ pid, ticks: t }) => ({ pid, used: t - (ticks.get(pid) ?? 0) }))
      .sort((a, b) => b.used - a.used)[0].pid;
  }

  it('killed while idle are replaced', async () => {
    assert.ok(workers().length > 0, 'no workers found below the zygote');
    for (const { pid } of workers()) signal(pid, 'SIGKILL');
    for (let i = 0; i < 10; i++) {
      const { json } = await server.execute(SMALL);
      assert.ok(json.status === 'completed' || json.error_code === 'worker_lost', json.error_code);
    }
    await recovered();
  });

  // Only SIGKILL: a worker is the first process of its namespace, which other signals do not reach.
  it('killed during a job lose that job only', async () => {
    const loop = server.execute({ script: 'function main() { for (;;); }', gas_limit: 2e11, timeout: 10 });
    const other = server.execute({ script: SLEEP, input: 1500 }, { user: 'bob' });
    await sleep(200);
    signal(await busyWorker(), 'SIGKILL');
    const lost = await loop;
    assert.equal(lost.status, 200);
    assert.equal(lost.json.error_code, 'worker_lost');
    assert.deepEqual((await other).json.output, { result: 'slept' });
    await recovered();
  });

  it('stopped for good lose their job by its timeout, and are replaced', async () => {
    const loop = server.execute({ script: 'function main() { for (;;); }', gas_limit: 2e11, timeout: 2 });
    await sleep(200);
    signal(await busyWorker(), 'SIGSTOP');
    const start = Date.now();
    const { json } = await loop;
    assert.ok(['worker_lost', 'timeout'].includes(json.error_code), json.error_code);
    assert.ok(Date.now() - start < 6000, 'it took too long to notice');
    await recovered();
  });

  it('stopped and continued answer as if nothing was', async () => {
    const answer = server.execute({ script: 'function main() { let n = 0; while (n < 2e7) n++; return n }', gas_limit: 2e11, timeout: 20 });
    await sleep(100);
    const stopped = workers().map(({ pid }) => pid);
    for (const pid of stopped) signal(pid, 'SIGSTOP');
    await sleep(500);
    for (const pid of stopped) signal(pid, 'SIGCONT');
    assert.deepEqual((await answer).json.output, { result: 2e7 });
    await recovered();
  });

  it('killed at random under load: every request gets exactly one answer', async () => {
    const end = Date.now() + 3000;
    let killed = 0;
    const killer = (async () => {
      while (Date.now() < end) {
        await sleep(40);
        const alive = workers();
        if (alive.length > 0) {
          signal(alive[Math.floor(Math.random() * alive.length)].pid, 'SIGKILL');
          killed += 1;
        }
      }
    })();
    const outcomes = {};
    await Promise.all(Array.from({ length: 4 }, async (_, user) => {
      while (Date.now() < end) {
        const { status, json } = await server.execute(
          'function main() { let n = 0; while (n < 30000) n++; return n }', { user: `u${user}` });
        const outcome = status === 200 ? json.error_code ?? json.status : status;
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (outcome === 'completed') assert.deepEqual(json.output, { result: 30000 });
      }
    }));
    await killer;
    await sleep(100); // the last one may still be dying, and take a job before the core sees that
    assert.ok(killed > 10 && outcomes.completed > 5, JSON.stringify([killed, outcomes]));
    assert.deepEqual(Object.keys(outcomes).filter((o) => !['completed', 'worker_lost', '503'].includes(o)), []);
    await recovered();
  });
});

describe('the zygote', { skip: isolation === 'thread' && 'there is none' }, () => {
  it('killed: the service goes on or ends, it does not hang', async () => {
    const server = await startServer();
    await server.output(SMALL);
    const [zygote] = descendants(server.pid).filter(({ parent }) => parent === server.pid);
    signal(zygote.pid, 'SIGKILL');
    await sleep(300);
    const outcome = await Promise.race([
      server.exit().then(({ code }) => `exit ${code}`),
      server.execute(SMALL).then(({ status, json }) => json.error_code ?? status, () => 'exit'),
      sleep(8000).then(() => 'hang'),
    ]);
    assert.notEqual(outcome, 'hang');
    await server.kill();
    await until(() => descendants(server.pid).length === 0, 'no process is left');
  });
});
