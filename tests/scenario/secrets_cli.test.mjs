// `neocompute secret`, on a server and straight on the store: the same commands, the same answers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { reveal, sha256 } from '../lib/secrets.mjs';
import { startServer } from '../lib/server.mjs';
import { binary, masterKey } from '../lib/settings.mjs';
import { secretsKey, stores } from '../lib/stores.mjs';

// Types `text` where `args` asks for it; gives what the terminal showed, and whether it shows typing afterwards.
const terminal = `
import json, os, pty, sys, termios
args = sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(args[0], args)
shown = b""
while b"not shown" not in shown:
    shown += os.read(fd, 4096)
os.write(fd, sys.argv[1].encode() + b"\\n")
try:
    while True:
        more = os.read(fd, 4096)
        if not more: break
        shown += more
except OSError:
    pass
echo = bool(termios.tcgetattr(fd)[3] & termios.ECHO)
print(json.dumps({"shown": shown.decode(), "echo": echo, "code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}))
`;

function typed(text, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-c', terminal, text, binary, ...args], { env: { PATH: process.env.PATH, ...env } });
    let out = '';
    child.stdout.on('data', (data) => { out += data; });
    child.on('error', reject);
    child.on('close', () => resolve(JSON.parse(out)));
  });
}

for (const store of stores) {
  for (const way of ['a server', 'the store']) {
    describe(`secret, on ${way} of ${store.name}`, () => {
      const env = { SECRETS_MASTER_KEY: secretsKey, COMPUTE_MASTER_KEY: masterKey };
      let dir;
      let server;
      let where;
      before(async () => {
        await store.open();
        dir = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-secret-cli-'));
        server = await startServer(await store.fresh());
        where = way === 'a server' ? ['--server', `http://127.0.0.1:${server.port}`] : store.cliArgs(server);
      });
      after(async () => {
        await server.stop();
        await store.close();
        fs.rmSync(dir, { recursive: true, force: true });
      });

      const run = (command, args = [], options = {}) => neocompute(['secret', command, ...args, '--user', 'alice', ...where], { env, ...options });
      const done = async (...args) => {
        const { code, stdout, stderr } = await run(...args);
        assert.equal(code, 0, stderr);
        return stdout;
      };
      const file = (name, text) => {
        fs.writeFileSync(path.join(dir, name), text);
        return path.join(dir, name);
      };
      const policy = async (name) => (await server.request('GET', `/secrets/${name}/policy`)).json;

      it('set takes the value from standard input or a file, without one final newline', async () => {
        for (const [stdin, args, value] of [['from stdin\n', [], 'from stdin'], ['two\n\n', [], 'two\n'], ['kept as it is\n', ['--raw'], 'kept as it is\n']]) {
          const out = await done('set', ['KEY', ...args], { stdin });
          assert.ok(!out.includes(value.trim()), out);
          assert.equal(await reveal(server, 'KEY'), value);
        }
        assert.match(await done('set', ['KEY', '--file', file('value', 'from a file\n')]), /version 4/);
        assert.equal(await reveal(server, 'KEY'), 'from a file');
        await done('set', ['KEY', '--raw', '--file', file('value', 'raw\r\n')]);
        assert.equal(await reveal(server, 'KEY'), 'raw\r\n');
      });

      it('set takes a value that is typed, and does not show it', async () => {
        const { shown, echo, code } = await typed('typed in the dark', ['secret', 'set', 'TYPED', '--user', 'alice', ...where], env);
        assert.equal(code, 0, shown);
        assert.ok(echo, 'the terminal shows again what is typed');
        assert.ok(!shown.includes('dark'), shown);
        assert.equal(await reveal(server, 'TYPED'), 'typed in the dark');
      });

      it('set leaves a terminal that shows what is typed when it is interrupted', async () => {
        const { echo, code } = await typed('half of it\x03', ['secret', 'set', 'HALF', '--user', 'alice', ...where], env);
        assert.equal(code, -2); // SIGINT
        assert.ok(echo);
      });

      it('set refuses what no secret may be, and keeps nothing of it', async () => {
        for (const stdin of ['x'.repeat(65537), Buffer.from([0xff, 0xfe, 0x41])]) {
          const { code, stdout, stderr } = await run('set', ['BAD'], { stdin });
          assert.notEqual(code, 0, stdout);
          assert.ok(!stderr.includes('xxxx'), stderr);
        }
        for (const name of ['../x', '__proto__', '🔑', '', 'a b', 'x'.repeat(129)]) {
          const { code } = await run('set', [name], { stdin: 'a value for a bad name' });
          assert.notEqual(code, 0, name);
        }
        assert.equal((await server.request('GET', '/secrets/BAD')).status, 404);
        await done('set', ['NUL'], { stdin: 'a\0b, and 64 KiB are fine: '.padEnd(65536, 'y') });
        assert.equal((await reveal(server, 'NUL')).length, 65536);
      });

      it('set --new overwrites nothing', async () => {
        assert.equal(await done('set', ['ONCE', '--new'], { stdin: 'the first' }), 'ONCE is at version 1\n');
        const { code, stderr } = await run('set', ['ONCE', '--new'], { stdin: 'the second' });
        assert.equal(code, 2, stderr);
        assert.match(stderr, /there already, at version 1/);
        assert.equal(await reveal(server, 'ONCE'), 'the first');
      });

      it('allow and revoke change the rules they have read', async () => {
        await done('set', ['RACED'], { stdin: 'the value' });
        const services = Array.from({ length: 12 }, (_, i) => `s${i}`);
        await Promise.all(services.map(async (service) => {
          for (;;) {
            const { code, stderr } = await run('allow', ['RACED', '--service', service]);
            if (code === 0) return;
            assert.match(stderr, /the rules are others now/);
          }
        }));
        assert.deepEqual((await policy('RACED')).services.toSorted(), services.toSorted());
      });

      it('set never takes a value from the command line, and warns of a short one', async () => {
        assert.equal((await run('set', ['KEY', 'the-value'])).code, 2);
        const { code, stderr } = await run('set', ['SHORT'], { stdin: 'short' });
        assert.equal(code, 0);
        assert.match(stderr, /5 bytes/);
      });

      it('list and show give everything but the value', async () => {
        await done('set', ['SHOWN'], { stdin: 'never in a listing' });
        const names = (await done('list', ['--json'])).trim().split('\n').map((line) => JSON.parse(line).name);
        assert.ok(names.includes('SHOWN'));
        const both = await done('list') + await done('show', ['SHOWN']);
        assert.match(both, /SHOWN +1 /);
        assert.ok(!both.includes('never in a listing'));
        assert.match((await run('show', ['NONE'])).stderr, /NONE|no such/);
      });

      it('allow pins a script by its bytes, and revoke takes it back', async () => {
        await done('set', ['PINNED'], { stdin: 'for one script only' });
        const script = `function main(i, s) { return { size: s.PINNED.length } } // ${'é'.repeat(200)}\n`;
        await done('allow', ['PINNED', '--script', file('script.js', script), '--output', 'on']);
        assert.deepEqual(await policy('PINNED').then(({ services, scripts, allow_output: output, guard }) => [services, scripts.map((s) => s.sha256), output, guard]),
          [['neocompute'], [sha256(script)], true, true]);
        const ask = (text) => server.execute({ script: text, secret_refs: ['PINNED'] });
        assert.deepEqual((await ask(script)).json.output, { size: 19 });
        assert.match((await ask(script.trimEnd())).json.error, /not_allowed/);
        await done('allow', ['PINNED', '--script', path.join(dir, 'script.js'), '--expires', '2020-01-01T00:00:00Z']);
        assert.equal((await policy('PINNED')).scripts.length, 1, 'the same script again changes its entry');
        assert.match((await ask(script)).json.error, /not_allowed/);
        await done('revoke', ['PINNED', '--script', path.join(dir, 'script.js')]);
        assert.deepEqual((await policy('PINNED')).scripts, []);
        assert.match((await ask(script)).json.error, /not_allowed/, 'a list without scripts lets none');
        await done('revoke', ['PINNED']);
        assert.deepEqual((await policy('PINNED')).services, []);
        assert.notEqual((await run('revoke', ['PINNED'])).code, 0);
        assert.equal((await run('allow', ['PINNED', '--script', path.join(dir, 'none.js')])).code, 2);
      });

      it('revoke says what an empty list lets', async () => {
        await done('set', ['EMPTIED'], { stdin: 'for nobody any more' });
        await done('allow', ['EMPTIED', '--service', 'another']);
        await done('allow', ['EMPTIED']);
        assert.equal((await run('revoke', ['EMPTIED', '--service', 'another'])).stderr, '');
        assert.match((await run('revoke', ['EMPTIED'])).stderr, /no service is left.*--strict/);
      });

      it('allow keeps what it is not told to change', async () => {
        await done('set', ['RULES'], { stdin: 'a value with rules' });
        await done('allow', ['RULES', '--guard', 'off', '--service', 'another']);
        await done('allow', ['RULES']);
        const { services, guard, allow_output: output } = await policy('RULES');
        assert.deepEqual([services.sort(), guard, output], [['another', 'neocompute'], false, false]);
      });

      it('audit shows who did what, and remove forgets', async () => {
        await done('set', ['GONE'], { stdin: 'soon forgotten' });
        await done('remove', ['GONE']);
        assert.equal((await server.request('GET', '/secrets/GONE')).status, 404);
        assert.notEqual((await run('remove', ['GONE'])).code, 0);
        const rows = (await done('audit', ['--json'])).trim().split('\n').map((line) => JSON.parse(line)).filter((row) => row.name === 'GONE' && row.success);
        assert.deepEqual(rows.map((row) => row.action), ['delete', 'create']);
        assert.ok(!(await done('audit')).includes('soon forgotten'));
      });

      it('audit writes a line for each entry, whatever a job called the secret', async () => {
        const name = 'X\n2026-01-01T00:00:00.000Z  read    ok       ADMIN_KEY\u001b[2J\u009b\u202e\\';
        await server.execute({ script: 'function main() { return {} }', secret_refs: [name] });
        const { length } = (await done('audit', ['--json'])).trim().split('\n');
        const shown = await done('audit');
        assert.equal(shown.trim().split('\n').length, length);
        assert.match(shown, /read +refused +X\\x0a2026-01-01T00:00:00.000Z  read    ok       ADMIN_KEY\\x1b\[2J\\xc2\\x9b\\xe2\\x80\\xae\\\\ not_found$/m);
      });

      it('audit --verify and rotate are for the store alone', async () => {
        for (const args of [['audit', ['--verify']], ['rotate', ['--format', 'v2']]]) {
          const { code, stderr } = await run(...args);
          assert.equal(code, way === 'the store' ? 0 : 2, `${args[0]}: ${stderr}`);
        }
      });
    });
  }
}
