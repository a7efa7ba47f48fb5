// More work than there is room for, and ends in the middle of it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { skipIfBusy, watchMachine } from '../lib/machine.mjs';
import { slow } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';
import { inParallel, percentile, sleep, until } from '../lib/wait.mjs';

// About 20 ms of one core.
const WORK = 'function main() { let n = 0; for (let i = 0; i < 400000; i++) n = (n * 31 + i) | 0; return n }';
const SMALL = { script: 'function main(i) { return i + 1 }', input: 1 };
const ROOM = ['--workers', '8', '--queued', '16'];
const PLACES = 8 + 16;

/** What came of many answers: counts, and latencies of the admitted and of the refused. */
function summary(answers) {
  const of = (test) => answers.filter(test).map(({ ms }) => ms);
  return {
    admitted: of(({ status }) => status === 200),
    refused: of(({ status }) => status === 429 || status === 503),
    others: answers.filter(({ status }) => ![200, 429, 503].includes(status)).map(({ status }) => status),
  };
}

describe('overload', () => {
  it('keeps the latency of the admitted and refuses the rest at once, at ten times its capacity', async (test) => {
    const server = await startServer({ args: ROOM });
    const user = (i) => ({ user: `u${i % 24}` });
    const foreign = watchMachine(server);
    await inParallel(40, 8, (i) => server.execute(WORK, user(i)));

    // Both in turn, three times, judged once over all: the 99th of one round is too few answers.
    const full = { admitted: [] }, over = { admitted: [], refused: [], others: [] };
    let perSecond = 0;
    for (let round = 0; round < 3; round++) {
      // At capacity: every place taken, nobody refused.
      const start = Date.now();
      const taken = summary(await inParallel(PLACES * 5, PLACES, (i) => server.execute(WORK, user(i))));
      perSecond = taken.admitted.length / ((Date.now() - start) / 1000);
      assert.equal(taken.refused.length, 0);
      full.admitted.push(...taken.admitted);

      // Ten times that many a second, whether they are answered or not.
      const pending = [];
      const end = Date.now() + 3000;
      for (let i = 0, due = Date.now(); Date.now() < end; due += 10) {
        for (let k = 0; k < perSecond / 10; k++) pending.push(server.execute(WORK, user(i++)));
        await sleep(Math.max(0, due - Date.now()));
      }
      const ended = summary(await Promise.all(pending));
      for (const kind of Object.keys(over)) over[kind].push(...ended[kind]);
    }
    const p99 = [full, over].map(({ admitted }) => percentile(admitted, 0.99));
    const said = `${perSecond.toFixed(0)}/s; p99 ${p99.map((ms) => ms.toFixed(0))} ms; ` +
      `${over.admitted.length} admitted, ${over.refused.length} refused in ${percentile(over.refused, 0.5).toFixed(1)} ms ` +
      `(p99 ${percentile(over.refused, 0.99).toFixed(1)})`;
    const memory = server.memory();
    const busy = skipIfBusy(test, foreign);
    await server.stop();
    assert.deepEqual(over.others, []);
    assert.ok(over.refused.length > over.admitted.length, said);
    assert.ok(memory < 400 * 1024 * 1024 * slow, `${memory >> 20} MiB`);
    if (busy) return;
    assert.ok(p99[1] <= 2 * p99[0] * slow, said);
    assert.ok(percentile(over.refused, 0.5) <= 10 * slow, said);
    assert.ok(over.admitted.length >= 3 * perSecond * 3 * 0.6 / slow, `throughput fell: ${said}`);
  });

  it('leaves others their share when one user sends without end', async (test) => {
    const server = await startServer();
    const foreign = watchMachine(server);
    let stop = false;
    const abuse = Promise.all(Array.from({ length: 40 }, async () => {
      while (!stop) {
        const { status } = await server.execute(WORK, { user: 'abuser' });
        if (status !== 200) await sleep(20);
      }
    }));
    await sleep(500);
    const times = [];
    const end = Date.now() + 3000;
    while (Date.now() < end) {
      const { status, ms } = await server.execute(SMALL, { user: 'other' });
      assert.equal(status, 200);
      times.push(ms);
      await sleep(5);
    }
    stop = true;
    await abuse;
    const busy = skipIfBusy(test, foreign);
    await server.stop();
    if (!busy) assert.ok(percentile(times, 0.99) <= 60 * slow, `p99 ${percentile(times, 0.99).toFixed(1)} ms`);
  });
});

describe('ends in the middle of load', () => {
  it('SIGTERM: every request that was taken gets exactly one answer, and the exit is clean', async () => {
    const server = await startServer();
    let answered = 0;
    let cut = 0;
    const statuses = new Set();
    const clients = Promise.all(Array.from({ length: 16 }, async (_, i) => {
      for (;;) {
        const answer = await server.execute(WORK, { user: `u${i}` }).catch((error) => error);
        if (answer instanceof Error) {
          if (!['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(answer.code)) throw answer;
          if (answer.code === 'ECONNRESET' || answer.code === 'EPIPE') cut += 1;
          return;
        }
        statuses.add(answer.status);
        answered += 1;
        if (answer.status === 503) return;
      }
    }));
    await until(() => answered > 20, 'load is up', 10000);
    server.child.kill('SIGTERM');
    await clients;
    assert.deepEqual(await server.exit(), { code: 0, signal: null });
    assert.deepEqual([...statuses].filter((status) => ![200, 503].includes(status)), []);
    // A kept-alive connection may be closed just as its client sends the next request on it.
    assert.ok(cut <= 16, `${cut} connections were cut`);
    await server.stop();
  });

  it('clients that all hang up: no job is left running', async () => {
    const server = await startServer();
    for (let round = 0; round < 5; round++) {
      const controller = new AbortController();
      const all = Array.from({ length: 40 }, (_, i) => server.execute(
        { script: 'function main() { return new Promise((r) => setTimeout(r, 30000)) }' },
        { user: `u${i % 10}`, signal: controller.signal }).catch(() => null));
      await sleep(100 + round * 20);
      controller.abort();
      await Promise.all(all);
    }
    for (let i = 0; i < 10; i++) {
      await until(async () => (await server.request('GET', '/jobs?status=running', { user: `u${i}` })).json.length === 0,
        'running jobs end');
    }
    await server.output('function main() { return 1 }');
    await server.stop();
  });
});
