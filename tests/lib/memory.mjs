// What lies in the memory of a server's processes, read through /proc/PID/mem (as root or the owner).

import fs from 'node:fs';
import { family } from './processes.mjs';

const CHUNK = 4 * 1024 * 1024;
const PRESENT = 1n << 63n;
const SWAPPED = 1n << 62n;
const PAGE = 4096;

/** The runs of pages of one region that are there: [start, end]. Most of what is mapped is not. */
function* presentRuns(pagemap, start, end) {
  const pages = (end - start) / PAGE;
  const step = 1 << 20;
  let from = -1;
  for (let first = 0; first < pages; first += step) {
    const count = Math.min(step, pages - first);
    const entries = new BigUint64Array(count);
    fs.readSync(pagemap, new Uint8Array(entries.buffer), 0, count * 8, (start / PAGE + first) * 8);
    for (let i = 0; i < count; i++) {
      const here = (entries[i] & (PRESENT | SWAPPED)) !== 0n;
      const at = start + (first + i) * PAGE;
      if (here && from < 0) from = at;
      if (!here && from >= 0) {
        yield [from, at];
        from = -1;
      }
    }
  }
  if (from >= 0) yield [from, end];
}

function searchRegion(file, pagemap, start, end, needles, found, name) {
  const longest = Math.max(...needles.map((needle) => needle.length));
  for (const [from, to] of presentRuns(pagemap, start, end)) {
    for (let at = from; at < to; at += CHUNK) {
      const bytes = Buffer.alloc(Math.min(CHUNK + longest, to - at));
      let read;
      try { read = fs.readSync(file, bytes, 0, bytes.length, at); } catch { break; }
      for (const needle of needles) {
        const index = bytes.subarray(0, read).indexOf(needle);
        if (index >= 0) found.push(`${name} at ${(at + index).toString(16)}: ${needle}`);
      }
    }
  }
}

/** Where any of the buffers `needles` lies in the writable memory of the process. */
export function searchProcess(pid, needles) {
  const found = [];
  let file;
  let pagemap;
  try {
    file = fs.openSync(`/proc/${pid}/mem`, 'r');
    pagemap = fs.openSync(`/proc/${pid}/pagemap`, 'r');
    for (const line of fs.readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) rw(..) \S+ \S+ \S+ *(.*)$/.exec(line);
      if (match) {
        searchRegion(file, pagemap, parseInt(match[1], 16), parseInt(match[2], 16), needles, found, `${pid} ${match[4] || 'anonymous'}`);
      }
    }
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error; // it ended meanwhile
  } finally {
    if (file !== undefined) fs.closeSync(file);
    if (pagemap !== undefined) fs.closeSync(pagemap);
  }
  return found;
}

/** The same for core, zygote and workers of a server. */
export function searchFamily(root, needles) {
  return family(root).flatMap(({ pid }) => searchProcess(pid, needles));
}
