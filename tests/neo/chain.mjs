// A private Neo N3 network of one real node that makes blocks, and an account that owns its GAS.
//
//   const chain = await startChain();
//   const hash = await chain.deploy({ nef, manifest }, [identityKey, scriptHash]);
//   await chain.dry(hash, 'submitReceipt', [signingInput, signature]);   // costs and changes nothing
//   await chain.send(hash, 'submitReceipt', [signingInput, signature]);  // a transaction
//   await chain.stop();
//
// Arguments are strings or Buffers. The wallet of this folder belongs to no other network.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../lib/ports.mjs';
import { testsDir } from '../lib/settings.mjs';
import { until } from '../lib/wait.mjs';
import { neogo } from './packages.mjs';

const GAS = 1e8; // the node counts in hundred millionths of a GAS
const BLOCK_MS = 250;
const START_MS = 20000;
const WALLET = path.join(testsDir, 'neo', 'wallet.json');
const PASSWORD = 'test';
const COMMITTEE = '03e509d2f9e0832e7a75a8b7779640da13775807c0bb00033a4da925ab79d3767d';
const ADDRESS = 'NZ6Kh3uzxJKHKgb9LShy89Tj8sLoYmF6Gb'; // of the committee, which has all GAS at first

export const CRYPTO_LIB = '0x726cb6e0cd8628a1350a611384688911ab75f51b';

const configuration = (port) => `
ProtocolConfiguration:
  Magic: 20041
  TimePerBlock: ${BLOCK_MS}ms
  StandbyCommittee: [${COMMITTEE}]
  ValidatorsCount: 1
ApplicationConfiguration:
  DBConfiguration: {Type: inmemory}
  P2P: {Addresses: ["127.0.0.1:0"], MinPeers: 0}
  Consensus: {Enabled: true, UnlockWallet: {Path: ${WALLET}, Password: ${PASSWORD}}}
  RPC: {Enabled: true, Addresses: ["127.0.0.1:${port}"], MaxGasInvoke: 50}
`;

const run = promisify(execFile);
const rpcArgument = (value) => (typeof value === 'string' ? { type: 'String', value }
  : { type: 'ByteArray', value: value.toString('base64') });
const cliArgument = (value) => (typeof value === 'string' ? `string:${value}`
  : `bytes:${value.toString('hex')}`);

class Chain {
  log = '';

  constructor(port) {
    this.url = `http://127.0.0.1:${port}`;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-neo-'));
    fs.writeFileSync(path.join(this.dir, 'node.yml'), configuration(port));
    fs.writeFileSync(path.join(this.dir, 'account.yml'), `Path: ${WALLET}\nPassword: ${PASSWORD}\n`);
    this.child = spawn(neogo, ['node', '--config-file', 'node.yml'],
      { cwd: this.dir, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on('data', (data) => { this.log += data; });
    }
    process.on('exit', () => this.child.kill('SIGKILL'));
  }

  async rpc(method, ...params) {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const answer = await (await fetch(this.url, { method: 'POST', body })).json();
    if (answer.error) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  }

  async ready() {
    const height = () => {
      if (this.child.exitCode !== null) throw new Error(`the node ended at start:\n${this.log}`);
      return this.rpc('getblockcount').catch(() => 0);
    };
    await until(async () => await height() > 1, 'the first block', START_MS);
    return this;
  }

  /** Unix seconds of the newest block: what a contract takes for the time. */
  async time() {
    const height = await this.rpc('getblockcount');
    return Math.floor((await this.rpc('getblockheader', height - 1, true)).time / 1000);
  }

  /** What a call would do: {state, reason, gas, value}, the value of the result's bytes as text. */
  async dry(hash, method, values = []) {
    const { state, exception, gasconsumed, stack } =
      await this.rpc('invokefunction', hash, method, values.map(rpcArgument));
    const { type, value } = stack.at(-1) ?? {};
    return {
      state,
      reason: exception ?? '',
      gas: gasconsumed / GAS,
      value: type === 'ByteString' ? Buffer.from(value, 'base64').toString() : value,
    };
  }

  async #transact(command, args) {
    const { stdout } = await run(neogo, ['contract', command, '--rpc-endpoint', this.url,
      '--wallet-config', 'account.yml', '--address', ADDRESS, '--force', '--await', ...args],
    { cwd: this.dir });
    const transaction = /^[0-9a-f]{64}$/m.exec(stdout)?.[0];
    assert.ok(transaction, stdout);
    const { sysfee, netfee } = await this.rpc('getrawtransaction', transaction, true);
    const { vmstate, exception, notifications } =
      (await this.rpc('getapplicationlog', transaction)).executions[0];
    return {
      state: vmstate,
      reason: exception ?? '',
      fees: { system: sysfee / GAS, network: netfee / GAS },
      events: notifications.map(({ eventname, state }) => [eventname, ...state.value.map(
        ({ type, value }) => (type === 'ByteString' ? Buffer.from(value, 'base64').toString() : value))]),
      stdout,
    };
  }

  /** A transaction, in a block: {state, reason, fees, events}. Sent even if it is known to fail. */
  send(hash, method, values) {
    return this.#transact('invokefunction',
      [hash.replace(/^0x/, ''), method, ...values.map(cliArgument), '--', ADDRESS]);
  }

  /** Deploys a contract with a list as its data: the same as send, and `hash`. */
  async deploy({ nef, manifest }, values) {
    const done = await this.#transact('deploy',
      ['--in', nef, '--manifest', manifest, '[', ...values.map(cliArgument), ']']);
    return { ...done, hash: `0x${/^Contract: ([0-9a-f]{40})$/m.exec(done.stdout)?.[1]}` };
  }

  async stop() {
    const ended = new Promise((resolve) => { this.child.once('exit', resolve); });
    this.child.kill('SIGTERM');
    await ended;
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

export async function startChain() {
  const chain = new Chain(await freePort());
  try {
    return await chain.ready();
  } catch (error) {
    await chain.stop();
    throw error;
  }
}
