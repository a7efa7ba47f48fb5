// The systemd unit: systemd itself finds nothing wrong with it, and little exposed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { binary, testsDir } from '../lib/settings.mjs';

const MOST_EXPOSED = 3.0; // systemd's own scale, 0 to 10
const source = path.join(testsDir, '../deploy/neocompute.service');
const available = spawnSync('systemd-analyze', ['--version']).status === 0;

function analyze(...args) {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

describe('systemd unit', { skip: available ? false : 'systemd-analyze is not here' }, () => {
  let dir, unit;

  before(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-unit-'));
    unit = path.join(dir, 'neocompute.service');
    const text = fs.readFileSync(source, 'utf8');
    fs.writeFileSync(unit, text.replace('/usr/bin/neocompute', path.resolve(binary)));
  });
  after(() => fs.rmSync(dir, { recursive: true }));

  it('has nothing that systemd does not know', () => {
    const { status, text } = analyze('verify', unit);
    assert.equal(status, 0, text);
    assert.doesNotMatch(text, /neocompute\.service/, text);
  });

  it('exposes little', () => {
    const { text } = analyze('security', '--offline=true', unit);
    const level = Number(/exposure level for neocompute\.service: ([\d.]+)/.exec(text)?.[1]);
    assert.ok(level <= MOST_EXPOSED, `exposure ${level}:\n${text}`);
  });

  it('starts the service with options that it has', () => {
    const options = /ExecStart=\S+ serve (.*)/.exec(fs.readFileSync(source, 'utf8'))[1];
    const help = spawnSync(binary, ['serve', '--help'], { encoding: 'utf8' }).stdout;
    for (const [option] of options.matchAll(/--[a-z-]+/g)) assert.ok(help.includes(option), option);
  });
});
