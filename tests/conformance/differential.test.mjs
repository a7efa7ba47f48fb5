// Some hundred random programs, always the same ones; fuzz/differential/fuzz.mjs runs others.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { compare } from '../../fuzz/differential/compare.mjs';
import { assemble, makeStatements } from '../../fuzz/differential/program.mjs';
import { startServer } from '../lib/server.mjs';
import { inParallel } from '../lib/wait.mjs';

const FIRST_SEED = 1000;
const PROGRAMS = 300;
const regressions = new URL('../../fuzz/differential/regressions/', import.meta.url);

describe('random programs', () => {
  let server;
  before(async () => { server = await startServer(); });
  after(() => server.stop());

  it(`give Node's answers: ${PROGRAMS} of them`, async () => {
    let compared = 0;
    await inParallel(PROGRAMS, 4, async (i) => {
      const seed = FIRST_SEED + i;
      const { skipped, difference, why } = await compare(server, assemble(makeStatements(seed)), `lane-${i % 4}`);
      assert.ok(!difference || why, `seed ${seed}: ${JSON.stringify(difference)}`);
      compared += skipped ? 0 : 1;
    });
    assert.ok(compared > PROGRAMS * 0.9, `only ${compared} were programs within the limits`);
  });

  for (const file of fs.readdirSync(regressions).sort()) {
    it(`regression: ${file}`, async () => {
      const { difference } = await compare(server, fs.readFileSync(new URL(file, regressions), 'utf8'), 'regressions');
      assert.equal(difference, null);
    });
  }
});
