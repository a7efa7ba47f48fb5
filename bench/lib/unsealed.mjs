// The same program whose workers are not sealed: to measure what sealing costs.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const TARGET = join('bench', 'unsealed', 'neocompute-unsealed');
const SAYS = 'WORKERS ARE NOT SEALED';

// Built from the objects of `binary`, in its build directory. {binary}, or {reason} why there is none.
export function buildUnsealed(binary) {
  const build = dirname(binary);
  const made = spawnSync('ninja', ['-C', build, TARGET], { encoding: 'utf8' });
  if (made.status !== 0) return { reason: `ninja failed: ${(made.error?.message ?? made.stdout).trim().split('\n').at(-1)}` };
  const unsealed = join(build, TARGET);
  const says = (program) => spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.includes(SAYS);
  if (!says(unsealed) || says(binary)) return { reason: 'the two binaries do not say which of them is sealed' };
  return { binary: unsealed };
}
