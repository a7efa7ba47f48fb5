// A running `neocompute serve` on a free port with a data directory of its own, and its client.
//
//   const server = await startServer({ args: ['--user-running', '2'] });
//   const { json } = await server.execute({ script: 'function main() { return 1 }' });
//   await server.stop();
//
// Every answer that the client sees is validated against the server's own /openapi.json.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { binary, extraArgs, masterKey, slow } from './settings.mjs';
import { descendants, memoryOf } from './processes.mjs';
import { RawConnection } from './raw.mjs';
import { Contract } from './schema.mjs';
import { until } from './wait.mjs';

function refused(error) {
  if (error.code !== 'ECONNREFUSED') throw error;
}

const LOG_BYTES = 8 * 1024 * 1024;
const running = new Set();
process.on('exit', () => {
  for (const server of running) server.child.kill('SIGKILL');
});

export class Server {
  #contract = null;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 4096 });
  #exit;
  log = '';

  /**
   * args     more options of `serve`
   * env      more variables; undefined takes one away
   * command  what runs the binary: ['prlimit', '--nofile=64']
   * port     a port that is known to be free, for servers whose log cannot be read
   * dataDir  the data directory, which stays; else one that goes with the server
   */
  constructor({ args = [], env = {}, command = [], port = 0, dataDir } = {}) {
    this.keepsData = dataDir !== undefined;
    this.dataDir = dataDir ?? fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-test-'));
    this.port = port;
    const [program, ...rest] = [...command, binary, 'serve', '--listen', `127.0.0.1:${port}`,
      '--data-dir', this.dataDir, ...extraArgs, ...args];
    this.child = spawn(program, rest, {
      env: { PATH: process.env.PATH, COMPUTE_MASTER_KEY: masterKey, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (data) => {
        if (this.log.length < LOG_BYTES) this.log += data;
      });
    }
    this.#exit = new Promise((resolve) => {
      this.child.once('error', (error) => resolve({ code: null, signal: null, error }));
      this.child.once('exit', (code, signal) => {
        running.delete(this);
        resolve({ code, signal });
      });
    });
  }

  get pid() {
    return this.child.pid;
  }

  get exited() {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  #mustRun() {
    if (this.exited) throw new Error(`the server ended at start:\n${this.log}`);
  }

  /** {code, signal} once the process has ended. */
  exit() {
    this.child.ref();
    return this.#exit;
  }

  async ready() {
    this.port ||= Number(await until(() => {
      this.#mustRun();
      return /http:\/\/[\w.]+:(\d+)/.exec(this.log)?.[1];
    }, 'the printed address', 10000));
    await until(async () => {
      this.#mustRun();
      const answer = await this.request('GET', '/ready', { user: null }).catch(refused);
      return answer?.status === 200;
    }, '/ready', 10000);
    // A test that fails before it stops its server must not keep the test run from ending.
    for (const handle of [this.child, this.child.stdout, this.child.stderr]) handle.unref();
    return this;
  }

  /**
   * One request: {status, headers, bytes, text, json, ms}. `body` is sent as it is if it is a string or
   * Buffer, else as JSON. `user: null` sends no X-User-ID. `signal` hangs up.
   */
  async request(method, target, { user = 'alice', body, headers = {}, signal } = {}) {
    const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
      ? body : JSON.stringify(body);
    const send = (agent) => this.#send(method, target, bytes, {
      ...(user === null ? {} : { 'X-User-ID': user }),
      ...(bytes === undefined ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(bytes) }),
      ...headers,
    }, signal, agent);
    const answer = await send(this.#agent).catch((error) => {
      // The server may close an idle connection just as the next request is sent on it: a new one.
      if (error.reused) return send(false);
      throw error;
    });
    if (target !== '/openapi.json') (await this.contract()).check(method, target, answer);
    if (/json$/.test((answer.headers['content-type'] || '').split(';')[0]) && answer.text !== '') {
      answer.json = JSON.parse(answer.text);
    }
    return answer;
  }

  #send(method, target, bytes, headers, signal, agent = this.#agent) {
    const start = performance.now();
    return new Promise((resolve, reject) => {
      const request = http.request({
        host: '127.0.0.1', port: this.port, method, path: target, headers, signal, agent,
      }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({
          status: response.statusCode,
          headers: response.headers,
          bytes: Buffer.concat(chunks),
          text: Buffer.concat(chunks).toString(),
          ms: performance.now() - start,
        }));
      });
      request.on('error', (error) => {
        error.reused = request.reusedSocket && error.code === 'ECONNRESET';
        reject(error);
      });
      request.end(bytes);
    });
  }

  async contract() {
    if (!this.#contract) {
      const { status, text } = await this.#send('GET', '/openapi.json', undefined, {});
      assert.equal(status, 200, '/openapi.json');
      this.#contract = new Contract(JSON.parse(text));
    }
    return this.#contract;
  }

  /** POST /execute. A string is a script. */
  execute(body, options = {}) {
    return this.request('POST', '/execute', {
      ...options, body: typeof body === 'string' ? { script: body } : body,
    });
  }

  /** Runs a script that must succeed and gives its `output`. */
  async output(body, options) {
    const { status, json, text } = await this.execute(body, options);
    assert.equal(status, 200, text);
    assert.equal(json.status, 'completed', `${json.error_code}: ${json.error}`);
    return json.output;
  }

  /** Runs a script that must fail and gives the whole job. */
  async failure(body, options) {
    const { status, json, text } = await this.execute(body, options);
    assert.equal(status, 200, text);
    assert.equal(json.status, 'failed', text.slice(0, 500));
    return json;
  }

  raw() {
    return RawConnection.open(this.port);
  }

  /** The numbers of /metrics: Map from "name{labels}" to value. */
  async metrics() {
    const { text } = await this.request('GET', '/metrics', { user: null });
    return new Map(text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }));
  }

  memory() {
    return memoryOf(this.pid);
  }

  /** A kept-alive connection that the server closes meanwhile would be an error of ours. */
  closeIdle() {
    this.#agent.destroy();
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: 4096 });
  }

  /** SIGTERM; the server must leave with 0, take all its processes along and report no fault. */
  async stop({ ms = 10000 } = {}) {
    const family = descendants(this.pid).map((entry) => entry.pid);
    if (!this.exited) this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), ms * slow);
    const { code, signal } = await this.exit();
    clearTimeout(late);
    this.#agent.destroy();
    const left = () => family.filter((pid) => fs.existsSync(`/proc/${pid}`));
    await until(() => left().length === 0, `processes left behind: ${left()}`, 3000);
    if (!this.keepsData) fs.rmSync(this.dataDir, { recursive: true, force: true });
    assert.doesNotMatch(this.log, /AddressSanitizer|LeakSanitizer|runtime error:/,
      this.log.slice(-4000));
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, this.log.slice(-2000));
  }

  /** For tests that broke it on purpose. */
  async kill() {
    this.child.kill('SIGKILL');
    await this.exit();
    this.#agent.destroy();
    if (!this.keepsData) fs.rmSync(this.dataDir, { recursive: true, force: true });
  }
}

export async function startServer(options) {
  const server = new Server(options);
  try {
    return await server.ready();
  } catch (error) {
    await server.kill();
    throw error;
  }
}
