// CPU time and memory of a server and everything it started, from /proc.
import { readFileSync, readdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

export const TICK = 1 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

// {parent, cpu, ended} of a process, or null when it has gone. `cpu` is in seconds and counts the children
// that it has waited for; `ended` is theirs alone. The command's name may hold anything, so fields count from
// the last ')'.
function stat(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user, kernel, endedUser, endedKernel] = fields.slice(11, 15).map((ticks) => Number(ticks) * TICK);
  const ended = endedUser + endedKernel;
  return { parent: Number(fields[1]), cpu: user + kernel + ended, ended };
}

// The process and all its descendants: [{pid, cpu, ended}].
export function tree(root) {
  const children = new Map();
  const entries = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const entry = stat(name);
    if (entry === null) continue;
    entries.set(Number(name), entry);
    if (!children.has(entry.parent)) children.set(entry.parent, []);
    children.get(entry.parent).push(Number(name));
  }
  const found = entries.has(root) ? [root] : [];
  for (let i = 0; i < found.length; i++) found.push(...(children.get(found[i]) ?? []));
  return found.map((pid) => ({ pid, cpu: entries.get(pid).cpu, ended: entries.get(pid).ended }));
}

export function cpuSeconds(root) {
  return tree(root).reduce((sum, process) => sum + process.cpu, 0);
}

/** CPU seconds of this process and of those that it started and saw end: load generators. */
export const ownCpuSeconds = () => stat(process.pid).cpu;

// Bytes over all processes: `pss` counts a shared page once, `rss` once for each process. null if
// some of them may not be looked at (sealed workers show themselves to root only).
export function memory(root) {
  const total = { processes: 0, pss: 0, rss: 0 };
  for (const { pid } of tree(root)) {
    let text;
    try {
      text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    } catch (error) {
      if (error.code === 'EACCES' || error.code === 'EPERM') return null;
      continue; // has just ended
    }
    total.processes++;
    total.pss += Number(/^Pss:\s+(\d+)/m.exec(text)[1]) * 1024;
    total.rss += Number(/^Rss:\s+(\d+)/m.exec(text)[1]) * 1024;
  }
  return total;
}
