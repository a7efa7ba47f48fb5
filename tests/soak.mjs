// Mixed good and hostile traffic for some minutes, watched from outside. A connection that is cut is
// counted: where others keep the machine busy, a client may be slower than the server's patience with
// idle connections.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Random } from '../fuzz/differential/random.mjs';
import { carryOut, withMarker } from './hostile/attack.mjs';
import { commandLine, refuse } from './lib/command_line.mjs';
import { descendants, descriptorsOf } from './lib/processes.mjs';
import { startServer } from './lib/server.mjs';
import { plot } from './lib/svg.mjs';
import { percentile, sleep, until } from './lib/wait.mjs';

const SAMPLE_MS = 2000;
const SETTLE_MS = 30000; // workers that nobody needs go after some seconds
const MEMORY_SLACK = 64 * 1024 * 1024;
const WRITE_MS = 60000;
const CUT_MOST = 0.001; // of all requests

const HELP = `Usage: node soak.mjs [options]

Mixed good and hostile traffic for some minutes, watched from outside.

  --minutes N    how long (3)
  --seed N       of the order of requests (1)
  --share N      the part of its time that a client is busy with a request; below 1 it leaves the machine
                 to others (1)
  --out FOLDER   where samples.json (a line every two seconds: memory, descriptors, processes, p99 of small
                 jobs, requests) and soak.svg go, every minute and at the end (.)
  --help

    node soak.mjs --minutes 60 --out /tmp/soak

Fails if an answer is wrong, or if memory, descriptors or processes are not back at their level at the end.
`;
const { values } = commandLine(HELP, { options: {
  minutes: { type: 'string', default: '3' }, seed: { type: 'string', default: '1' }, share: { type: 'string', default: '1' },
  out: { type: 'string', default: '.' },
} });
const seconds = Number(values.minutes) * 60;
const share = Number(values.share);
if (!(seconds > 0 && share > 0 && share <= 1)) refuse('minutes are above 0, a share above 0 and at most 1');
const random = new Random(Number(values.seed));
const folder = new URL('hostile/attacks/', import.meta.url);
const attacks = (await Promise.all(fs.readdirSync(folder).map((file) => import(new URL(file, folder)))))
  .flatMap((module) => module.default);

const GOOD = [
  [{ script: 'function main(i) { return i.a + i.b }', input: { a: 1, b: 2 } }, { result: 3 }],
  [{ script: 'async function main() { await new Promise((r) => setTimeout(r, 20)); return { ok: true } }' }, { ok: true }],
  [{ script: 'function main() { const a = []; for (let i = 0; i < 20000; i++) a.push({ i }); return a.length }' }, { result: 20000 }],
  [{ script: 'function main(t) { return t.length }', input: 'x'.repeat(100000) }, { result: 100000 }],
  [{ script: 'function main() { return "x".repeat(50000).length }' }, { result: 50000 }],
];

const server = await startServer({ args: ['--connection-idle', '5s', '--results', '5000', '--result-ttl', '60s'] });
const end = Date.now() + seconds * 1000;
const samples = [];
let times = [];
const count = { good: 0, hostile: 0, refused: 0, cut: 0 };
const CUT = { status: 0 };

/** CUT if the connection was. */
function unlessCut(answer) {
  return answer.catch((error) => {
    if (!['ECONNRESET', 'EPIPE'].includes(error.code)) throw error;
    count.cut += 1;
    return CUT;
  });
}

// After a request that took so long.
const rest = (ms) => sleep(ms * (1 / share - 1));

async function goodClient(number) {
  while (Date.now() < end) {
    const [body, output] = random.pick(GOOD);
    const { status, json, ms, text } = await unlessCut(server.execute(body, { user: `good-${number}` }));
    if (status === 503 || status === 0) {
      if (status === 503) count.refused += 1;
      await sleep(50);
      continue;
    }
    assert.equal(status, 200, text);
    assert.deepEqual(json.output, output, text);
    if (body === GOOD[0][0]) times.push(ms);
    count.good += 1;
    await sleep(10);
    await rest(ms);
  }
}

async function hostileClient(number) {
  while (Date.now() < end) {
    const attack = withMarker(random.pick(attacks), `marker-${number}-`.padEnd(64, '0'));
    const begun = Date.now();
    const { outcome, text } = await unlessCut(carryOut(server, attack, { user: `bad-${number}`, during: async () => {} }));
    if (outcome === undefined) continue;
    const right = attack.expect ?? attack.status;
    // Under this load an attack may also be late or refused.
    assert.ok(right.includes(outcome) || [429, 503, 'timeout', 'silence', 'close'].includes(outcome),
      `${attack.name} came to ${outcome}: ${text.slice(0, 300)}`);
    count.hostile += 1;
    await rest(Date.now() - begun);
  }
}

function sample() {
  samples.push({
    second: Math.round((Date.now() - start) / 1000),
    memory: Math.round(server.memory() / 1048576),
    descriptors: descriptorsOf(server.pid),
    processes: descendants(server.pid).length,
    p99: times.length > 0 ? Number(percentile(times, 0.99).toFixed(1)) : null,
    good: count.good,
    hostile: count.hostile,
  });
  times = [];
}

function write() {
  fs.mkdirSync(values.out, { recursive: true });
  fs.writeFileSync(path.join(values.out, 'samples.json'), `[\n${samples.map((s) => JSON.stringify(s)).join(',\n')}\n]\n`);
  fs.writeFileSync(path.join(values.out, 'soak.svg'), plot('Soak: mixed good and hostile traffic', 'seconds', samples, [
    { name: 'memory of all processes, MiB', key: 'memory' }, { name: 'descriptors of the core', key: 'descriptors' },
    { name: 'processes', key: 'processes' }, { name: 'p99 of a small job, ms', key: 'p99' },
  ]));
}

for (let i = 0; i < 20; i++) await server.execute(GOOD[0][0], { user: 'warm' });
const start = Date.now();
sample();
const sampler = setInterval(sample, SAMPLE_MS);
const writer = setInterval(write, WRITE_MS);
const clients = [0, 1, 2, 3].map(goodClient).concat([0, 1].map(hostileClient));
await Promise.all(clients);
await sleep(1000);
server.closeIdle();
const [first] = samples;
const settled = () => server.memory() < first.memory * 1048576 + MEMORY_SLACK &&
  descriptorsOf(server.pid) <= first.descriptors + 10 && descendants(server.pid).length <= first.processes + 4;
await until(settled, 'memory, descriptors and processes return to their level', SETTLE_MS)
  .catch((error) => { process.exitCode = 1; console.error(error.message); });
clearInterval(sampler);
clearInterval(writer);
sample();

write();
const last = samples.at(-1);
if (count.cut > CUT_MOST * (count.good + count.hostile)) process.exitCode = 1;
console.log(`${count.good} good and ${count.hostile} hostile requests, ${count.refused} refused, ${count.cut} cut; ` +
  `memory ${first.memory} -> ${last.memory} MiB, descriptors ${first.descriptors} -> ${last.descriptors}, ` +
  `processes ${first.processes} -> ${last.processes}`);
await server.stop();
