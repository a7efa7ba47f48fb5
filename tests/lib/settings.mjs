// What the environment may change about a test run. Everything else is fixed.
//
//   NEOCOMPUTE_BIN        the binary under test (default: build/neocompute of this checkout)
//   NEOCOMPUTE_TEST_ARGS  options added to every `serve`, such as --isolation=thread
//   NEOCOMPUTE_ISOLATION  which isolation the binary has, where it is not told by the options above
//   NEOCOMPUTE_SLOW       how many times longer everything may take (ASan builds: 8); with a value
//                         above 1 exact latencies and memory levels are not judged

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const testsDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
export const rootDir = path.resolve(testsDir, '..');
export const binary = path.resolve(
  process.env.NEOCOMPUTE_BIN || path.join(rootDir, 'build', 'neocompute'));
export const extraArgs = (process.env.NEOCOMPUTE_TEST_ARGS || '').split(/\s+/).filter(Boolean);
export const slow = Number(process.env.NEOCOMPUTE_SLOW || 1);
export const isolation = process.env.NEOCOMPUTE_ISOLATION ||
  (extraArgs.includes('--isolation=thread') ? 'thread' : 'process');

/** The master key of every server that a test starts, unless the test gives its own. */
export const masterKey = '6e8a31c4f20d975be6137c48a90fd25b8c4e71f6039ad2b55e28c7f3164b0d9a';

if (!fs.existsSync(binary)) {
  console.error(`${binary} does not exist: build it, or set NEOCOMPUTE_BIN`);
  process.exit(2);
}
