// The command line: run, exec, jobs, version, help, and their exit codes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { startServer } from '../lib/server.mjs';

describe('command line', () => {
  let dir;
  let server;
  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-cli-'));
    server = await startServer();
  });
  after(async () => {
    fs.rmSync(dir, { recursive: true, force: true });
    await server.stop();
  });

  function file(text, name = 'script.js') {
    const full = path.join(dir, name);
    fs.writeFileSync(full, text);
    return full;
  }

  const url = () => `http://127.0.0.1:${server.port}`;
  const ways = {
    run: (args) => neocompute(['run', ...args]),
    exec: (args) => neocompute(['exec', ...args, '--server', url(), '--user', 'cli']),
  };

  describe('run --secret-file', () => {
    const script = 'function main(i, s) { console.log(s.ONE); return { n: [s.ONE.length, s.TWO.length] } }';
    const run = (text, ...more) => ways.run([file(text), ...more]);

    it('gives the script what is in the files, without a final newline, guarded', async () => {
      const one = file('the first value\n', 'one');
      const two = file('second', 'two');
      const { code, stdout, stderr } = await run(script, '--secret-file', `ONE=${one}`, `--secret-file=TWO=${two}`);
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { n: [15, 6] });
      assert.match(stderr, /\[secret ONE\]/);
      assert.doesNotMatch(stderr, /the first value/);
      const leak = await run('function main(i, s) { return s.ONE }', '--secret-file', `ONE=${one}`);
      assert.notEqual(leak.code, 0);
      assert.equal(leak.stdout, '');
      assert.doesNotMatch(leak.stderr, /the first value/);
    });

    it('refuses what is none', async () => {
      const bad = file(Buffer.from([0xff, 0xfe, 0xfd]), 'bad');
      const big = file('x'.repeat(65537), 'big');
      for (const given of ['ONE', '=x', 'ONE=', `a/b=${bad}`, `__proto__=${bad}`, `ONE=${bad}`, `ONE=${big}`, `ONE=${dir}/none`, `ONE=${dir}`]) {
        const { code, stderr } = await run(script, '--secret-file', given);
        assert.equal(code, 2, `${given}: ${stderr}`);
      }
      const one = file('value', 'one');
      assert.equal((await run(script, '--secret-file', `ONE=${one}`, '--secret-file', `ONE=${one}`)).code, 2);
    });
  });

  for (const [name, call] of Object.entries(ways)) {
    describe(name, () => {
      it('prints the output and exits 0', async () => {
        const { code, stdout, stderr } = await call(
          [file('function main(i) { console.log("a line"); return { sum: i.a + 1 } }'), '--input', '{"a": 41}']);
        assert.equal(code, 0, stderr);
        assert.deepEqual(JSON.parse(stdout), { sum: 42 });
        assert.match(stderr, /a line/);
      });

      it('reads the input from a file and takes another entry point', async () => {
        const { code, stdout } = await call(
          [file('function go(i) { return i }'), '--entry', 'go', '--input-file', file('{"x": [1]}', 'in.json')]);
        assert.equal(code, 0);
        assert.deepEqual(JSON.parse(stdout), { x: [1] });
      });

      it('exits 1 when the script fails, and says where', async () => {
        const { code, stdout, stderr } = await call([file('function main() {\n  throw new Error("went wrong")\n}')]);
        assert.equal(code, 1);
        assert.equal(stdout, '');
        assert.match(stderr, /went wrong/);
        assert.match(stderr, /:2:/);
      });

      it('exits 3 when a limit is hit', async () => {
        const loop = file('function main() { for (;;); }');
        assert.equal((await call([loop, '--gas-limit', '1000000'])).code, 3);
        assert.equal((await call([loop, '--timeout', '1', '--gas-limit', '200000000000'])).code, 3);
        assert.equal((await call([file('function main() { const a = []; for (;;) a.push([]) }'), '--memory-limit', '8388608'])).code, 3);
      });

      it('exits 2 for wrong usage', async () => {
        for (const args of [[], ['/does/not/exist.js'], [file('1'), '--input', '{bad'], [file('1'), '--nope'],
          [file('1'), '--timeout', 'soon'], [file('1'), '--input']]) {
          const { code, stderr } = await call(args);
          assert.equal(code, 2, `${args}: ${stderr}`);
          assert.notEqual(stderr, '');
        }
      });

      it('prints the whole job with --json', async () => {
        const { code, stdout } = await call([file('function main() { return 1 }'), '--json']);
        assert.equal(code, 0);
        const job = JSON.parse(stdout);
        assert.equal(job.status, 'completed');
        assert.deepEqual(job.output, { result: 1 });
        assert.ok(job.gas_used > 0);
      });
    });
  }

  it('run and the server charge the same gas', async () => {
    const script = 'function main() { let s = 0; for (let i = 0; i < 1000; i++) s += i; return s }';
    const { stdout } = await neocompute(['run', file(script), '--json']);
    const { json } = await server.execute(script);
    assert.equal(JSON.parse(stdout).gas_used, json.gas_used);
  });

  it('jobs lists, shows and cancels', async () => {
    const script = file('function main() { return new Promise((r) => setTimeout(r, 20000)) }');
    const running = neocompute(['exec', script, '--server', url(), '--user', 'jobber']);
    const jobs = (...args) => neocompute(['jobs', ...args, '--server', url(), '--user', 'jobber']);
    let id;
    for (let i = 0; i < 100 && !id; i++) {
      id = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec((await jobs('list')).stdout)?.[0];
    }
    assert.ok(id, 'the job is not listed');
    assert.match((await jobs('show', id)).stdout, /running/);
    assert.equal((await jobs('cancel', id)).code, 0);
    const { code, stderr } = await running;
    assert.ok(code === 1 || code === 3, `${code}`);
    assert.match(stderr, /cancel/);
    assert.notEqual((await jobs('show', '0195d3a0-0000-7000-8000-000000000000')).code, 0);
    assert.equal((await jobs('dance')).code, 2);
  });

  describe('says what is wrong, where, and what would be right', () => {
    const nothing = 'http://127.0.0.1:1';
    let other; // some web server that is not ours
    before(async () => {
      other = http.createServer((request, response) => {
        response.writeHead(request.url.startsWith('/fine') ? 200 : 404).end('<html>hello</html>');
      });
      await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
    });
    after(() => other.close());
    const elsewhere = () => `http://127.0.0.1:${other.address().port}`;
    const good = () => file('function main(i) { return i }', 'good.js');
    const bytes = () => file(Buffer.from([0x2f, 0x2f, 0xff, 0xfe]), 'bytes');
    const empty = () => file('', 'empty');
    const half = () => file('{"a":', 'half.json');
    const answer = async () => file((await server.execute('function main() { return 1 }')).text, 'answer.json');

    // [arguments, exit status, what must be said]
    const table = {
      'exec, no server': () => [['exec', good(), '--server', nothing], 4, /^neocompute: http:\/\/127\.0\.0\.1:1: .*Is the service running there\?\n$/],
      'exec, another server': () => [['exec', good(), '--server', elsewhere()], 4, /127\.0\.0\.1:\d+: answered 404, and not as NeoCompute does/],
      'exec, another server that is content': () => [['exec', good(), '--server', `${elsewhere()}/fine`], 4, /answered with what is no job/],
      'exec, proved, another server': () => [['exec', good(), '--server', elsewhere(), '--allow-simulation'], 4, /\/attestation: answered 404/],
      'exec, no URL': () => [['exec', good(), '--server', ''], 2, /--server: must be a URL such as http/],
      'exec, another protocol': () => [['exec', good(), '--server', 'ftp://x'], 2, /ftp:\/\/x: must be a URL such as http/],
      'exec, a port that is none': () => [['exec', good(), '--server', 'http://127.0.0.1:99999'], 2, /99999: must be a URL/],
      'exec, nobody': () => [['exec', good(), '--server', url(), '--user', ''], 2, /--user: is empty: leave it out to be your login name/],
      'jobs list, nobody': () => [['jobs', 'list', '--server', url(), '--user', ''], 2, /--user: is empty/],
      'secret list, nobody': () => [['secret', 'list', '--server', url(), '--user', ''], 2, /--user: is empty/],
      'secret list on a store, nobody': () => [['secret', 'list', '--data-dir', dir, '--user', ''], 2, /--user: is empty/],
      'exec, no script': () => [['exec', `${dir}/none.js`, '--server', url()], 2, /none\.js: No such file or directory/],
      'exec, a directory': () => [['exec', dir, '--server', url()], 2, /: Is a directory/],
      'exec, an empty script': () => [['exec', empty(), '--server', url()], 2, /empty: is empty: there is no script in it/],
      'exec, nothing on standard input': () => [['exec', '-', '--server', url()], 2, /standard input: is empty/],
      'exec, a script of bytes': () => [['exec', bytes(), '--server', url()], 2, /bytes: is no script: it is not UTF-8/],
      'exec, half of an input': () => [['exec', good(), '--server', url(), '--input-file', half()], 2, /half\.json: is not JSON: .*, at byte 5/],
      'exec, two inputs': () => [['exec', good(), '--server', url(), '--input', ' 1,"timeout":7'], 2, /--input: is not JSON: there is something behind the value, at byte 2/],
      'exec, an empty input': () => [['exec', good(), '--server', url(), '--input', ' '], 2, /--input: is empty: leave it out/],
      'exec, an input of bytes': () => [['exec', good(), '--server', url(), '--input-file', bytes()], 2, /bytes: is not JSON: it is not UTF-8/],
      'exec, an identity that is none': () => [['exec', good(), '--server', url(), '--sealed', '--identity-key', half()], 2, /half\.json: the key is not valid JSON\. It must be .*identity_key/],
      'exec, sealed to nobody known': () => [['exec', good(), '--server', url(), '--sealed'], 2, /--sealed: takes --identity-key FILE or/],
      'exec, a wrong option': () => [['exec', good(), '--secret-fil', 'A=x'], 2, /no option --secret-fil[^]*See neocompute exec --help/],
      'run, an option that exec has': () => [['run', good(), '--secret', 'A'], 2, /did you mean --secret-file\?/],
      'run, half of an input': () => [['run', good(), '--input', '{"a":'], 2, /--input: is not JSON: .*, at byte 5/],
      'run, an empty script': () => [['run', empty()], 2, /empty: is empty/],
      'secret set, nothing on standard input': () => [['secret', 'set', 'A', '--server', url()], 2, /the value: is empty, and was not kept/],
      'secret set, an empty file': () => [['secret', 'set', 'A', '--server', url(), '--file', empty()], 2, /the value: is empty/],
      'secret set, no file': () => [['secret', 'set', 'A', '--server', url(), '--file', `${dir}/none`], 2, /none: No such file/],
      'secret set, a directory': () => [['secret', 'set', 'A', '--server', url(), '--file', dir], 2, /: Is a directory/],
      'secret set, no name': () => [['secret', 'set', 'A=my value', '--server', url(), '--file', good()], 2, /^neocompute: NAME: a secret's name is 1 to 128 of(?![^]*my value)/],
      'secret show, a path': () => [['secret', 'show', 'A/policy', '--server', url()], 2, /NAME: a secret's name/],
      'secret set, no server': () => [['secret', 'set', 'A', '--server', nothing, '--file', good()], 4, /127\.0\.0\.1:1: .*Is the service running there\?/],
      'secret set, another server': () => [['secret', 'set', 'A', '--server', elsewhere(), '--file', good()], 4, /not as NeoCompute does/],
      'jobs list, another server': () => [['jobs', 'list', '--server', elsewhere()], 4, /not as NeoCompute does/],
      'verify, no file': () => [['verify', `${dir}/none`], 2, /none: No such file/],
      'verify, a URL': () => [['verify', `${url()}/jobs/x/receipt`], 2, /a receipt is not fetched: save it first/],
      'verify, nothing on standard input': () => [['verify', '-'], 1, /failed +form +there is nothing/, 'stdout'],
      'verify, a directory': () => [['verify', dir], 2, /: Is a directory/],
      'verify, a bundle that is not there': async () => [['verify', await answer(), '--bundle', `${nothing}/attestation`], 2, /127\.0\.0\.1:1\/attestation: .*running there/],
      'verify, another server\'s bundle': async () => [['verify', await answer(), '--bundle', `${elsewhere()}/attestation`], 2, /attestation: answered 404, not 200/],
      'verify, half of a bundle': async () => [['verify', await answer(), '--bundle', half()], 1, /failed +claims +the attestation bundle is not valid JSON/, 'stdout'],
      'verify, an identity that is none': async () => [['verify', await answer(), '--identity-key', half()], 2, /half\.json: the key is not valid JSON\. It must be/],
      'verify, half of a key set': async () => [['verify', await answer(), '--jwks', half()], 1, /failed +signature +--jwks is no key set: it is not valid JSON\. It must be what GET \/\.well-known\/jwks\.json answers/, 'stdout'],
      'verify, a web page for a key set': async () => [['verify', await answer(), '--jwks', `${elsewhere()}/fine`], 1, /failed +signature +--jwks is no key set: it is not valid JSON/, 'stdout'],
      'verify, nothing for a key set': async () => [['verify', await answer(), '--jwks', empty()], 1, /--jwks is no key set: it is not valid JSON/, 'stdout'],
      'verify, a list for a key set': async () => [['verify', await answer(), '--jwks', file('[]', 'list.json')], 1, /--jwks is no key set: it is no JSON object/, 'stdout'],
      'verify, a key set without a list': async () => [['verify', await answer(), '--jwks', file('{"keys":{}}', 'keys.json')], 1, /--jwks is no key set: its "keys" is no list/, 'stdout'],
      'verify, a bundle for a key set': async () => [['verify', await answer(), '--jwks', `${url()}/attestation`], 1, /--jwks is no key set: the key must have "kty":"OKP"/, 'stdout'],
      'verify, a key set without the key': async () => [['verify', await answer(), '--jwks', file('{"keys":[]}', 'none.json')], 1, /failed +signature +--jwks has no key with the thumbprint [\w-]{43}, which signed/, 'stdout'],
      'verify, a wrong option': async () => [['verify', await answer(), '--bundel', 'x'], 2, /did you mean --bundle\?/],
    };
    for (const [name, row] of Object.entries(table)) {
      it(name, async () => {
        const [args, status, said, where = 'stderr'] = await row();
        const result = await neocompute(args, { env: { USER: 'cli' } });
        assert.equal(result.code, status, result.stderr);
        assert.match(result[where], said);
      });
    }
  });

  it('shows version, engine digest and help', async () => {
    const version = await neocompute(['--version']);
    assert.equal(version.code, 0);
    assert.match(version.stdout, /1\.0\.0/);
    assert.match(version.stdout, /[0-9a-f]{64}/);
    for (const args of [['--help'], ['serve', '--help'], ['run', '--help'], ['exec', '--help'], ['jobs', '--help'], ['bench', '--help']]) {
      const help = await neocompute(args);
      assert.equal(help.code, 0, args.join(' '));
      assert.match(help.stdout, /usage/i);
      assert.ok(help.stdout.split('\n').every((line) => line.length <= 100), 'a line is too long');
    }
    for (const args of [[], ['nonsense']]) {
      const wrong = await neocompute(args);
      assert.equal(wrong.code, 2);
      assert.match(wrong.stderr, /usage|help/i);
    }
  });
});
