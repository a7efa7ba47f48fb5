// The product's own code with one thing taken out, to measure what that costs: bench/measuring/.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const SAYS = 'this build only measures';

/**
 * neocompute-`name` of bench/measuring/, made from the objects of `binary`, in its build directory. {binary}, or {reason} why
 * there is none.
 */
export function buildMeasuring(binary, name) {
  const build = dirname(binary), target = join('bench', 'measuring', `neocompute-${name}`);
  const made = spawnSync('ninja', ['-C', build, target], { encoding: 'utf8' });
  if (made.status !== 0) return { reason: `ninja failed: ${(made.error?.message ?? made.stdout).trim().split('\n').at(-1)}` };
  const program = join(build, target);
  const says = (path) => spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.includes(SAYS);
  if (!says(program) || says(binary)) return { reason: `the two binaries do not say which of them is ${name}` };
  return { binary: program };
}
