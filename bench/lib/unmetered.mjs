// The same program without gas, in a build directory of its own: to measure what counting costs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BENCH } from './subjects.mjs';

const ROOT = dirname(BENCH);
const BUILD = join(ROOT, 'build-unmetered');

// {binary}, or {reason} why there is none.
export function buildUnmetered() {
  const steps = [['ninja', '-C', BUILD]];
  if (!existsSync(join(BUILD, 'build.ninja'))) steps.unshift(['meson', 'setup', BUILD, '-Dgas=false']);
  for (const [command, ...args] of steps) {
    const done = spawnSync(command, args, {
      cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28,
      env: { ...process.env, CC: process.env.CC ?? 'clang-19', CC_LD: process.env.CC_LD ?? 'lld' },
    });
    if (done.status !== 0) return { reason: `${command} failed: ${(done.error?.message ?? done.stdout).trim().split('\n').at(-1)}` };
  }
  return { binary: join(BUILD, 'neocompute') };
}
