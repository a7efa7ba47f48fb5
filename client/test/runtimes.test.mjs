// The same client in the other runtimes, with the package's JavaScript and the TypeScript source.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startService } from './lib/real.mjs';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('..', import.meta.url));
const smoke = path.join(folder, 'test/lib/smoke.mjs');
const PACKAGES = path.join(folder, 'node_modules');

// npm does not mark Deno's binary as executable.
const deno = path.join(PACKAGES, '@deno/linux-x64-glibc/deno');
fs.chmodSync(deno, 0o755);

const RUNTIMES = {
  Node: [process.execPath],
  Deno: [deno, 'run', '--no-lock', '--no-prompt', '--allow-env', '--allow-read', '--allow-net=127.0.0.1'],
  Bun: [path.join(PACKAGES, '@oven/bun-linux-x64/bin/bun'), 'run', '--no-install'],
};

describe('in every runtime', () => {
  let service;
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-runtimes-'));
  before(async () => { service = await startService(); });
  after(async () => {
    await service.stop();
    fs.rmSync(home, { recursive: true, force: true });
  });

  for (const [name, [program, ...args]] of Object.entries(RUNTIMES)) {
    for (const module of ['dist/index.js', 'src/index.ts']) {
      if (name === 'Node' && module.endsWith('.ts')) continue; // not before Node 22.18
      it(`${name}, ${module}`, async () => {
        const { stdout } = await run(program, [...args, smoke], {
          cwd: folder, timeout: 60000,
          env: {
            HOME: home, DENO_DIR: home, PATH: process.env.PATH, NO_COLOR: '1',
            MODULE: path.join(folder, module), NEOCOMPUTE_URL: service.url, IDENTITY: service.identityKey,
          },
        });
        assert.equal(stdout, 'vectors verified\nexecute {"echo":{"a":"é"}} true\n' +
          'executeSealed {"echo":{"a":"é"}} true\nresume {"echo":{"a":"é"}} true\n');
      });
    }
  }
});
