// The same job costs the same gas and gives the same output: again, after a restart, with one worker
// or many, and whatever ran before it.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startServer } from '../lib/server.mjs';
import { inParallel } from '../lib/wait.mjs';

const JOBS = [
  { script: 'function main() { return 1 }' },
  { script: 'function main(i) { return i.map((x) => x * 2).sort() }', input: [3, 1, 2] },
  { script: 'function main() { const o = {}; for (let i = 0; i < 3000; i++) o["k" + (i * 7919 % 1000)] = i; return o }' },
  { script: 'function main() { return "x".repeat(50000).replace(/x/g, (m, i) => i % 10) }' },
  { script: 'function main() { const m = new Map(); for (let i = 0; i < 2000; i++) m.set({ i }, i); return m.size }' },
  { script: 'function main() { let n = 1n; for (let i = 1n; i < 300n; i++) n *= i; return String(n) }' },
  { script: 'async function main() { let s = 0; for (let i = 0; i < 100; i++) s += await i; return s }' },
  { script: 'function main() { return /(\\w+)\\s(?<b>\\w+)/.exec("hello world").groups.b + JSON.stringify([1, { a: 2 }]) }' },
  { script: 'function main() { return crypto.sha256("abc") + btoa("x") + structuredClone([1])[0] }' },
  { script: 'function main() { throw new Error("same") }' },
  { script: 'function f(n) { return n ? f(n - 1) + 1 : 0 } function main() { return f(500) }' },
  { script: 'function main() { const w = new WeakMap(); for (let i = 0; i < 500; i++) w.set({}, [i]); return Array.from({ length: 1000 }, (_, i) => ({ i })).length }' },
  { script: 'function main() { console.log("a", { b: 1 }); return new Date(0).toISOString() }' },
];

/** What must not change: [output or error, gas] of each job. */
async function measure(server, { width = 1, rounds = 1 } = {}) {
  const runs = await inParallel(JOBS.length * rounds, width, async (i) => {
    const { json } = await server.execute(JOBS[i % JOBS.length], { user: `u${i % 7}` });
    assert.equal(json.nondeterminism?.length ?? 0, 0, `${JOBS[i % JOBS.length].script}: ${json.nondeterminism}`);
    return JSON.stringify([json.output ?? json.error, json.gas_used, json.memory_used]);
  });
  return JOBS.map((_, i) => new Set(runs.filter((__, k) => k % JOBS.length === i)));
}

describe('determinism', () => {
  it('gives the same output, gas and memory in every run', async () => {
    const all = JOBS.map(() => new Set());
    const add = (sets) => sets.forEach((set, i) => set.forEach((run) => all[i].add(run)));
    for (const args of [['--workers', '1'], [], ['--jobs-per-worker', '3']]) {
      const server = await startServer({ args });
      add(await measure(server, { rounds: 3 }));
      add(await measure(server, { width: 8, rounds: 8 }));
      for (const dirty of ['function main() { const a = []; for (;;) a.push({}) }', 'function main() { return main() }']) {
        await server.execute({ script: dirty, memory_limit: 32 * 1024 * 1024, gas_limit: 3e8 });
      }
      add(await measure(server, { rounds: 2 }));
      await server.stop();
    }
    all.forEach((runs, i) => assert.equal(runs.size, 1,
      `${JOBS[i].script}\n${[...runs].map((run) => run.slice(-80)).join('\n')}`));
  });

  it('ends gas-limited jobs at the same point', async () => {
    const server = await startServer();
    const script = 'function main() { let n = 0; for (;;) { n++; if (n % 1000 === 0) console.log(n) } }';
    const runs = new Set();
    for (let i = 0; i < 5; i++) {
      const job = await server.failure({ script, gas_limit: 3000000 });
      runs.add(JSON.stringify([job.gas_used, job.logs]));
    }
    assert.equal(runs.size, 1);
    await server.stop();
  });

  it('has another random sequence in every job', async () => {
    const server = await startServer({ args: ['--workers', '1'] });
    const seen = new Set();
    for (let i = 0; i < 20; i++) seen.add((await server.output('function main() { return Math.random() }')).result);
    assert.equal(seen.size, 20);
    await server.stop();
  });
});
