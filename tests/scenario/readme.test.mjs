// The examples in README.md are real ones: they are sent, and what stands there comes back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { binary, rootDir } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';

const text = fs.readFileSync(path.join(rootDir, 'README.md'), 'utf8');
const request = JSON.parse(/ -d '([^']*)'/.exec(text)[1]);
const told = JSON.parse(/^ {4}(\{"job_id"[\s\S]*?"\})$/m.exec(text)[1]);

describe('README', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(async () => { await server.stop(); });

  it('shows the answer that comes', async () => {
    const { status, json } = await server.execute(request);
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(told).sort(), Object.keys(json).sort());
    for (const key of ['status', 'output', 'logs', 'output_hash', 'nondeterminism', 'limits']) {
      assert.deepEqual(told[key], json[key], key);
    }
    // Gas is the engine's and changes with it, a little.
    assert.ok(Math.abs(told.gas_used / json.gas_used - 1) < 0.1, `${json.gas_used} gas`);
  });

  it('shows the hash of the canonical output', () => {
    const [, output, hash] = /echo -n '([^']*)' \| sha256sum\n\s+([0-9a-f]{64})/.exec(text);
    assert.equal(createHash('sha256').update(output).digest('hex'), hash);
    assert.equal(hash, told.output_hash);
    assert.deepEqual(JSON.parse(output), told.output);
  });

  it('shows a sealed call that works', () => {
    const url = `http://127.0.0.1:${server.port}`;
    const commands = /^ {4}\$ (curl .*identity\.jwk\n) {4}\$ (build\/neocompute exec (?:.*\\\n)+.*)$/m
      .exec(text).slice(1).join('').replaceAll('build/neocompute', '"$BINARY"')
      .replaceAll('http://127.0.0.1:8080', url).replaceAll('examples/', `${rootDir}/examples/`);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-readme-'));
    const env = { ...process.env, BINARY: binary, NEOCOMPUTE_SERVER: url };
    const output = execFileSync('bash', ['-ec', commands], { cwd: folder, env, stdio: 'pipe' });
    fs.rmSync(folder, { recursive: true });
    assert.ok(Math.abs(JSON.parse(output).total - 36495.8) < 0.1, output);
  });

  it('names files that are there', () => {
    for (const [, file] of text.matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.ok(fs.existsSync(path.join(rootDir, file)), file);
    }
  });
});
