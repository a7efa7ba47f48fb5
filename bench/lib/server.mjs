// Starts and stops a server, and proves that it runs what it is sent.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { request, Agent } from 'node:http';
import { tree } from './processes.mjs';

const START_MS = 20000;
const STOP_MS = 5000;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

// One job: its status and answer. Rejects if there is no connection.
export function execute(server, script, input) {
  const body = JSON.stringify({ script, input });
  return new Promise((resolve, reject) => {
    const req = request({
      host: '127.0.0.1', port: server.port, path: server.subject.path, method: 'POST', agent: server.agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-user-id': 'bench' },
    }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (part) => { text += part; });
      res.on('end', () => {
        try {
          resolve({ status: res.statusCode, answer: JSON.parse(text) });
        } catch {
          resolve({ status: res.statusCode, answer: { error: text.slice(0, 200) } });
        }
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

async function expect(server, script, input, output) {
  const { status, answer } = await execute(server, script, input);
  for (const [name, value] of Object.entries(output)) {
    if (status !== 200 || answer.output?.[name] !== value) {
      throw new Error(`${server.subject.name} answered ${status} ${JSON.stringify(answer).slice(0, 300)}, expected ${JSON.stringify(output)}`);
    }
  }
}

// Really runs the script it is sent, on the input it is sent, and nothing of one job is in the next.
export async function verify(server) {
  const sum = 'function main(input){ let s=0; for (const x of input.values) s+=x*input.weight; return {sum:s,n:input.values.length}; }';
  for (let i = 0; i < 3; i++) {
    const values = Array.from({ length: 10 }, () => Math.floor(Math.random() * 1000));
    await expect(server, sum, { values, weight: 2.5 }, { sum: values.reduce((s, x) => s + x * 2.5, 0), n: 10 });
  }
  const salt = Math.floor(Math.random() * 1e9);
  await expect(server, `const k = ${salt}; function main(input) { return { k: k + input.one, s: [3,1,2].sort().join('') }; }`, { one: 1 }, { k: salt + 1, s: '123' });
  for (let i = 0; i < 2; i++) {
    await expect(server, 'globalThis.seen = (globalThis.seen || 0) + 1; Array.prototype.mark = (Array.prototype.mark || 0) + 1; function main() { return { seen: globalThis.seen, mark: [].mark }; }', {}, { seen: 1, mark: 1 });
  }
}

// Starts a server; `startMs` is from its start to the first right answer.
export async function start(subject, extraArgs = []) {
  const port = await freePort();
  const [command, ...args] = [...subject.start, ...extraArgs].map((part) => part.replace('$PORT', String(port)));
  const begun = performance.now();
  const child = spawn(command, args, { cwd: subject.cwd, env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] });
  const server = { subject, port, child, pid: child.pid, agent: new Agent({ keepAlive: true }), said: '' };
  child.stderr.on('data', (text) => { server.said = (server.said + text).slice(-2000); });
  let failed = null;
  child.on('error', (error) => { failed = error.message; });
  child.on('exit', (code, signal) => { failed = `ended with ${signal ?? code}: ${server.said.trim()}`; });
  for (;;) {
    try {
      await expect(server, 'function main(input) { return { twice: input.x * 2 }; }', { x: 21 }, { twice: 42 });
      server.startMs = performance.now() - begun;
      return server;
    } catch (error) {
      if (error.code !== 'ECONNREFUSED' || failed || performance.now() - begun > START_MS) {
        await stop(server);
        throw new Error(`${subject.name} did not start: ${failed ?? error.message}`);
      }
      await sleep(1);
    }
  }
}

// The numbers of /metrics that have no labels.
export async function counters(server) {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  return Object.fromEntries([...text.matchAll(/^(\w+) ([\d.]+)$/gm)].map(([, name, value]) => [name, Number(value)]));
}

// Ends the server politely, then whatever of its processes is left.
export async function stop(server) {
  server.agent.destroy();
  const processes = tree(server.pid);
  server.child.kill('SIGTERM');
  for (const deadline = performance.now() + STOP_MS; performance.now() < deadline;) {
    if (server.child.exitCode !== null || server.child.signalCode !== null) return;
    await sleep(10);
  }
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // gone meanwhile
    }
  }
}
