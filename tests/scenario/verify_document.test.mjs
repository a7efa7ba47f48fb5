// docs/verify.md: its commands are run, and print what it says that they print.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { rootDir } from '../lib/settings.mjs';
import { play, steps, timeless } from '../lib/transcript.mjs';

describe('docs/verify.md', () => {
  it('prints what it says', async () => {
    const list = steps(fs.readFileSync(path.join(rootDir, 'docs', 'verify.md'), 'utf8'));
    assert.ok(list.length > 15, 'no transcript');
    const outputs = await play(list);
    list.forEach(({ command, output }, i) => {
      assert.deepEqual(outputs[i]?.map(timeless), output.map(timeless), command.join('\n'));
    });
  });
});
