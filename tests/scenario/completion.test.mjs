// The completion for bash: the file in completion/ is what the binary prints, and bash completes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { neocompute } from '../lib/cli.mjs';
import { rootDir } from '../lib/settings.mjs';

const file = path.join(rootDir, 'completion', 'neocompute.bash');

/** What bash offers when the cursor stands at the end of the last word. */
function complete(...words) {
  const script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _neocompute; ' +
    'printf "%s\\n" "${COMPREPLY[@]}"';
  return execFileSync('bash', ['-c', script, 'bash', file, 'neocompute', ...words])
    .toString().split('\n').filter(Boolean);
}

describe('completion', () => {
  it('is what the binary prints', async () => {
    const { code, stdout } = await neocompute(['completion', 'bash']);
    assert.equal(code, 0);
    assert.equal(fs.readFileSync(file, 'utf8'), stdout,
      'build/neocompute completion bash > completion/neocompute.bash');
  });

  it('offers commands, options and choices', () => {
    assert.deepEqual(complete('r'), ['run']);
    assert.ok(complete('').includes('serve'));
    assert.deepEqual(complete('run', '--gas'), ['--gas-limit']);
    assert.deepEqual(complete('jobs', 'c'), ['cancel']);
    assert.ok(complete('jobs', 'list', '--').includes('--status'));
    assert.ok(complete('serve', '--').includes('--user-running'));
    assert.deepEqual(complete('serve', '--isolation', 't'), ['thread']);
    assert.deepEqual(complete('completion', 'b'), ['bash']);
  });

  it('knows no other shell', async () => {
    const { code, stderr } = await neocompute(['completion', 'tcsh']);
    assert.equal(code, 2);
    assert.match(stderr, /bash/);
  });
});
