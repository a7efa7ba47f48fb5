// Who uses the machine. A latency can only be judged while the machine does nothing else: elsewhere,
// as on a builder with other jobs, such a test says so and is skipped at its end.

import fs from 'node:fs';
import { cpuOf } from './processes.mjs';

const BUSY = 0.3;

/** [busy, all] ticks of all cores since boot. */
function ticks() {
  const numbers = fs.readFileSync('/proc/stat', 'latin1').split('\n')[0].split(/\s+/).slice(1, 9).map(Number);
  const all = numbers.reduce((sum, n) => sum + n, 0);
  return [all - numbers[3] - numbers[4], all];
}

function ours(server) {
  const { user, system } = process.cpuUsage();
  return cpuOf(server.pid) * 100 + (user + system) / 1e4;
}

/** Call it before a measurement; what it returns, called after, gives the part used by others. */
export function watchMachine(server) {
  const [busy, all] = ticks();
  const mine = ours(server);
  return () => {
    const [busyNow, allNow] = ticks();
    return Math.max(0, busyNow - busy - (ours(server) - mine)) / Math.max(1, allNow - all);
  };
}

/** True, and the test is skipped with a reason, if others used too much for a latency to mean anything. */
export function skipIfBusy(test, foreign) {
  if (foreign() <= BUSY) return false;
  test.skip(`others used ${(foreign() * 100).toFixed(0)}% of the machine`);
  return true;
}
