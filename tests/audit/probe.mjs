// Starts the audit binary that NEOCOMPUTE_BIN names, makes every attack, and prints what came of
// each as one JSON array. After each attack a normal job of somebody else must be answered right.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { giveSecret } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { attacks } from './attacks.mjs';

const NEEDLE_MASK = 0x5a; // as in attacks_memory.c: the search must not find its own question
const NORMAL_MS = 1000;

const masked = (bytes) => Buffer.from(bytes.map((byte) => byte ^ NEEDLE_MASK)).toString('hex');
const marker = () => randomBytes(12).toString('hex');

const keys = { COMPUTE_MASTER_KEY: randomBytes(32), SECRETS_MASTER_KEY: randomBytes(32) };
const marks = { environment: marker(), script: marker(), input: marker(), output: marker(),
  log: marker(), secret: marker(), own: marker() };
const needles = [
  ...Object.entries(keys).flatMap(([name, key]) => [
    [`${name} as text`, Buffer.from(key.toString('hex'))], [`${name} as bytes`, key]]),
  ['environment', Buffer.from(marks.environment)],
  ...['script', 'input', 'output', 'log', 'secret'].map((part) => [`${part} of another tenant`,
    Buffer.from(marks[part])]),
  ['own input', Buffer.from(marks.own)],
];

const server = await startServer({
  args: ['--workers', '1', '--warm-workers', '1', '--log-format', 'json'],
  env: { COMPUTE_MASTER_KEY: keys.COMPUTE_MASTER_KEY.toString('hex'),
    SECRETS_MASTER_KEY: keys.SECRETS_MASTER_KEY.toString('hex'),
    AUDIT_MARKER: marks.environment },
});
const victim = path.join(os.tmpdir(), `neocompute-audit-${process.pid}`);
fs.writeFileSync(victim, 'to be removed by nobody', { mode: 0o666 });
const facts = { pid: String(server.pid), port: String(server.port), victim,
  marked: needles.map(([, bytes]) => masked(bytes)).join(',') };

/** The lines of the log that say why a worker was lost, since `from`. */
function lossesSince(from) {
  return server.log.slice(from).split('\n').filter((line) => line.includes('"worker lost"'))
    .map((line) => JSON.parse(line).reason);
}

/** A tenant whose marks are in script, input, secret, output and logs; half of each is put together here. */
async function plant() {
  const half = (text) => `"${text.slice(0, 12)}" + "${text.slice(12)}"`;
  const script = `// ${marks.script}
    function main(input, secrets) {
      if (secrets.MARK.length === 0) throw new Error('no secret');
      console.log(${half(marks.log)});
      return { input, built: ${half(marks.output)} };
    }`;
  const { json } = await server.execute({ script, input: { text: marks.input }, secret_refs: ['MARK'] }, { user: 'tenant' });
  if (json.output?.built !== marks.output || json.output.input.text !== marks.input)
    throw new Error(`the planted job failed: ${JSON.stringify(json)}`);
}

const AHEAD = 6;
const TRIES = 50; // until jobs were given ahead while the attack ran

async function attackOnce({ name, argument = '', timeout = 20, ahead }) {
  const text = typeof argument === 'function' ? argument(facts) : argument;
  const from = server.log.length;
  const attacking = server.execute(
    { script: `//audit:${name} ${text}\n`, input: { text: marks.own }, timeout },
    { user: 'attacker' });
  const others = Array.from({ length: ahead ? AHEAD : 0 }, ahead === 'secrets' ? isWellWithSecret : isWell);
  const answer = await attacking;
  const { status, error_code: code, output } = answer.json;
  await new Promise((resolve) => setTimeout(resolve, 20)); // the log comes by a pipe
  const outcome = { status, code, lost: code === 'worker_lost', value: output?.value,
    error: output?.error, text: answer.text, ms: answer.ms, reason: lossesSince(from)[0] };
  if (ahead) outcome.ahead = (await Promise.all(others)).every(Boolean);
  if (name.startsWith('search') && outcome.value >= 0)
    outcome.found = needles.filter((_, i) => outcome.value & (1 << i)).map(([title]) => title);
  return outcome;
}

/** Whether jobs are given ahead is up to the moment: a search beside them waits for one that has some. */
async function attack(entry) {
  let outcome = await attackOnce(entry);
  for (let i = 1; i < TRIES && entry.name === 'search-ahead' && outcome.error === os.constants.errno.EAGAIN; i++)
    outcome = await attackOnce(entry);
  return outcome;
}

/** A neighbour whose job has a secret, and gets it. */
async function isWellWithSecret() {
  const { json } = await server.execute(
    { script: 'function main(input, secrets) { return { size: secrets.MARK.length } }', secret_refs: ['MARK'] },
    { user: 'tenant' });
  return json.output?.size === marks.secret.length;
}

/** The others: answered right, and soon. */
async function isWell() {
  const { json, ms } = await server.execute(
    { script: 'function main(input) { return { sum: input.a + input.b } }', input: { a: 40, b: 2 } },
    { user: 'neighbour' });
  return json.output?.sum === 42 && ms < NORMAL_MS && fs.existsSync(victim);
}

await giveSecret(server, 'MARK', marks.secret, {}, { user: 'tenant' });
const outcomes = [];
for (const entry of attacks.filter(({ name }) => name)) {
  await plant();
  const outcome = await attack(entry);
  outcome.well = await isWell();
  outcomes.push(outcome);
}
await server.stop();
fs.rmSync(victim, { force: true });

/** Does native code that stays in a worker see the input of the next tenant there? */
async function nextTenantIsSeen(args) {
  const other = await startServer({ args: ['--workers', '1', '--warm-workers', '1', ...args] });
  const run = (script, user, input) => other.execute({ script, input }, { user });
  const secret = marker();
  await run('//audit:stay\n', 'attacker', {});
  await run('function main() {}', 'tenant', { secret });
  const { text } = await run('//audit:tell\n', 'attacker', {});
  await other.stop();
  return text.includes(secret);
}

const seen = { standard: await nextTenantIsSeen([]),
  one: await nextTenantIsSeen(['--jobs-per-worker', '1']) };
process.stdout.write(JSON.stringify({ outcomes, seen }));
