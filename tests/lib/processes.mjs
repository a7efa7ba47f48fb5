// What the kernel says about a process and its descendants, read from /proc.

import fs from 'node:fs';

function readStat(pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const rest = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid, state: rest[0], parent: Number(rest[1]), ticks: Number(rest[11]) + Number(rest[12]) };
  } catch {
    return null;
  }
}

/** Every process below `root` (not itself), zombies included: [{pid, state, parent, ticks}]. */
export function descendants(root) {
  const all = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name))).filter(Boolean);
  const found = [];
  let parents = new Set([root]);
  while (parents.size > 0) {
    const children = all.filter((entry) => parents.has(entry.parent));
    found.push(...children);
    parents = new Set(children.map((entry) => entry.pid));
  }
  return found;
}

/** The processes of a server: the core and everything it started. */
export function family(root) {
  const core = readStat(root);
  return core ? [core, ...descendants(root)] : [];
}

/** Proportional resident bytes of all processes of a server (shared pages counted once). */
export function memoryOf(root) {
  let bytes = 0;
  for (const { pid } of family(root)) {
    try {
      const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
      bytes += Number(/^Pss:\s+(\d+) kB/m.exec(text)[1]) * 1024;
    } catch {
      try {
        bytes += Number(fs.readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096;
      } catch { /* it ended meanwhile */ }
    }
  }
  return bytes;
}

/** Open descriptors of one process. */
export function descriptorsOf(pid) {
  return fs.readdirSync(`/proc/${pid}/fd`).length;
}

/** Threads of one process. */
export function threadsOf(pid) {
  return fs.readdirSync(`/proc/${pid}/task`).length;
}

/** CPU seconds used so far by all living processes of a server. */
export function cpuOf(root) {
  return family(root).reduce((sum, entry) => sum + entry.ticks, 0) / 100;
}

/** The workers of a server in process mode: what the zygote forked. */
export function workersOf(root) {
  const all = descendants(root);
  const zygotes = new Set(all.filter((entry) => entry.parent === root).map((entry) => entry.pid));
  return all.filter((entry) => zygotes.has(entry.parent));
}
