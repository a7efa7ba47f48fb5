// The committed vectors are what vectors/make.mjs makes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { vectors } from '../vectors/make.mjs';

test('the vectors are what their script makes', async () => {
  for (const [name, text] of await vectors()) {
    const committed = fs.readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8');
    assert.ok(committed === text, `tests/vectors/${name} is not what make.mjs writes`);
  }
});
