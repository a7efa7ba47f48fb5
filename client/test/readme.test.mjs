// The examples of README.md do what they say: what a line prints stands behind it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startService } from './lib/real.mjs';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('..', import.meta.url));
const text = fs.readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/^## (.*)\n(?:(?!^## )[^])*?```js\n([^]*?)```/gm)];

describe('README.md', () => {
  let service;
  before(async () => { service = await startService(); });
  after(() => service.stop());

  it('has examples', () => assert.equal(examples.length, 4));
  for (const [, title, code] of examples) {
    it(title, async () => {
      const program = code.replaceAll('https://compute.example', service.url)
        .replaceAll('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', service.identityKey);
      const { stdout } = await run(process.execPath,
        ['--input-type=module', '--eval', program],
        { cwd: folder, timeout: 30000 });
      const expected = [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
      assert.deepEqual(stdout.trim().split('\n'), expected);
    });
  }
});
