// Writes the vectors of proof and sealing, made by implementations that are not ours: `jose` signs,
// `@hpke/core` seals. Every key is fixed, ephemeral ones too, so the files are reproducible.
//
//   node vectors/make.mjs            (in tests/) writes tests/vectors/*.json
//
// See README.md for what is in them and who reads them.

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeKeys } from './make/keys.mjs';
import { makeReceipts } from './make/receipts.mjs';
import { makeSealed } from './make/sealed.mjs';
import { makeRefused } from './make/refused.mjs';

/** What each file must hold: Map from its name to its text. */
export async function vectors() {
  const keys = await makeKeys();
  const receipts = await makeReceipts(keys);
  const sealed = await makeSealed(keys, receipts);
  const refused = await makeRefused(keys, receipts, sealed);
  const files = {
    keys: keys.file, receipts: receipts.file, sealed: sealed.file, refused: refused.file,
  };
  return new Map(Object.entries(files)
    .map(([name, value]) => [`${name}.json`, `${JSON.stringify(value, null, 1)}\n`]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of await vectors()) fs.writeFileSync(new URL(name, import.meta.url), text);
}
