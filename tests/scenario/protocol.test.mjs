// docs/protocol.md says what the source says: its tables of errors and limits, and its example.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { outputHash, outputSignature } from '../lib/canonical.mjs';
import { rootDir } from '../lib/settings.mjs';
import { startServer } from '../lib/server.mjs';

const doc = fs.readFileSync(path.join(rootDir, 'docs/protocol.md'), 'utf8');
const source = (name) => fs.readFileSync(path.join(rootDir, 'src/base', name), 'utf8');

// Never the answer to a request: command line, and what becomes another error on its way out.
const inside = new Set(['usage', 'system', 'protocol']);

const errors = [...source('error.h').matchAll(/X\([A-Z_]+, "([a-z_]+)", (\d+), "([^"]+)"\)/g)]
  .map(([, name, status, text]) => ({ name, status, text }))
  .filter(({ name }) => !inside.has(name));

const UNITS = { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, byte: 1, ms: 1, s: 1000, h: 3600000 };

/** "2 MiB" or "20 000" as a number in the limit's own unit. */
function numberOf(cell) {
  const [, digits, unit] = /^([\d ]+?)(?: ([A-Za-z]+))?$/.exec(cell);
  return Number(digits.replaceAll(' ', '')) * (unit ? UNITS[unit] : 1);
}

describe('docs/protocol.md', () => {
  let server;
  let info;
  before(async () => {
    server = await startServer();
    info = (await server.request('GET', '/info', { user: null })).json;
  });
  after(() => server.stop());

  it('knows the source', () => assert.ok(errors.length > 30));

  for (const { name, status, text } of errors) {
    it(`lists the error ${name}`, () => {
      const row = status === '200' ? `| \`${name}\` | ${text} |` : `| ${status} | \`${name}\` | ${text} |`;
      assert.ok(doc.includes(`\n${row}\n`), `there is no row ${row}`);
    });
  }

  it('lists every limit with its default and bounds, and no other', () => {
    const rows = doc.split('\n## Limits\n')[1].split('\n## ')[0].split('\n')
      .map((line) => /^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/.exec(line)).filter(Boolean);
    assert.deepEqual(rows.map(([, name]) => name).sort(), Object.keys(info.limits).sort());
    for (const [, name, standard, least, most, text] of rows) {
      const limit = info.limits[name];
      assert.equal(numberOf(least), limit.least, name);
      assert.equal(numberOf(most), limit.most, name);
      assert.equal(text, limit.text, name);
      if (name !== 'memory_total') assert.equal(numberOf(standard), limit.value, name);
    }
  });

  it('shows a hash and a signature that are right', () => {
    const shown = JSON.parse(/^    (\{"job_id".*"completed".*\})$/m.exec(doc)[1]);
    const key = /hexkey:([0-9a-f]{64})/.exec(doc)[1];
    assert.equal(shown.output_hash, outputHash(shown.output));
    assert.equal(shown.signature, outputSignature(shown.output, key));
  });
});
