// Shared libraries that are loaded by those who need them: what happens without them, and who has them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { descendants } from '../lib/processes.mjs';
import { startServer } from '../lib/server.mjs';
import { masterKey } from '../lib/settings.mjs';

const PACKAGES = {
  'libcurl.so.4': 'libcurl4', 'libpq.so.5': 'libpq5', 'libmicrohttpd.so.12': 'libmicrohttpd12',
  'libsodium.so.23': 'libsodium23',
};

describe('libraries', () => {
  let folder;
  let script;
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-libraries-'));
    fs.chmodSync(folder, 0o755);
    for (const name of Object.keys(PACKAGES)) {
      const alone = path.join(folder, `only-${name}`);
      fs.mkdirSync(alone);
      fs.writeFileSync(path.join(alone, name), 'not a library');
      fs.copyFileSync(path.join(alone, name), path.join(folder, name));
    }
    script = path.join(folder, 'script.js');
    fs.writeFileSync(script, 'function main() { return { one: 1 } }');
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  // As on a machine where none of them can be loaded, or one of them cannot.
  const without = (args, { env = {}, library } = {}) => {
    const where = library ? path.join(folder, `only-${library}`) : folder;
    return neocompute(args, { env: { LD_LIBRARY_PATH: where, ...env } });
  };
  const isNamed = (stderr, library) => {
    assert.match(stderr, new RegExp(`${library.replaceAll('.', '\\.')}: cannot be loaded`));
    assert.match(stderr, new RegExp(`in the package ${PACKAGES[library]}\\b`));
  };

  it('are not missed by whoever does not need them', async () => {
    assert.equal((await without(['--version'])).code, 0);
    const { code, stdout, stderr } = await without(['run', script]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), { one: 1 });
    assert.match((await without(['verify', 'no-such-file'])).stderr, /no-such-file/);
  });

  it('are named by a command that talks to a server', async () => {
    const exec = await without(['exec', script, '--server', 'http://127.0.0.1:1', '--user', 'u']);
    assert.equal(exec.code, 4);
    isNamed(exec.stderr, 'libcurl.so.4');
    const verify = await without(['verify', script, '--jwks', 'http://127.0.0.1:1/jwks']);
    assert.equal(verify.code, 2);
    isNamed(verify.stderr, 'libcurl.so.4');
  });

  it('are named by a service, which does not start', async () => {
    const options = {
      'libmicrohttpd.so.12': [],
      'libpq.so.5': ['--database-url', 'postgres://u@127.0.0.1:1/x'],
      'libsodium.so.23': [],
    };
    for (const [library, more] of Object.entries(options)) {
      const { code, stderr } = await without(['serve', '--listen', '127.0.0.1:0', ...more],
        { env: { COMPUTE_MASTER_KEY: masterKey }, library });
      assert.equal(code, 4);
      isNamed(stderr, library);
    }
  });

  it('are in no process that does not use them', async (test) => {
    const server = await startServer();
    const maps = (pid) => fs.readFileSync(`/proc/${pid}/maps`, 'latin1');
    try {
      const processes = descendants(server.pid).map(({ pid }) => maps(pid));
      assert.match(maps(server.pid), /libmicrohttpd/);
      assert.match(maps(server.pid), /libsodium/);
      assert.doesNotMatch(maps(server.pid), /libpq|libcurl|libldap|libkrb5|libssh/);
      for (const text of processes) assert.doesNotMatch(text, /libmicrohttpd|libgnutls|libpq|libcurl|libssl|libsodium/);
    } catch (error) {
      if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
      test.skip('only root may look into sealed processes');
    } finally {
      await server.stop();
    }
  });
});
