// Where the CPU time of a small job goes: perf samples of all our processes under load, each given
// to the first row of the table that its process, its innermost symbol or its kernel stack matches.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tree } from './processes.mjs';

// {part, where: core | worker | any, symbol: of the innermost frame, dso, stack: any kernel frame}
const PARTS = [
  { part: 'engine: page faults and restore', where: 'worker', stack: /page_fault|mprotect|madvise|change_protection/ },
  { part: 'hand-over', where: 'worker', stack: /./ },
  { part: 'engine: restore', where: 'worker', symbol: /restore|snapshot|memcpy|memmove|memset/ },
  { part: 'hand-over', where: 'worker', symbol: /^(worker|window|message|zygote|exec|seal)_/ },
  { part: 'engine: the job', where: 'worker', symbol: /./ },
  { part: 'hand-over', where: 'core', stack: /unix_|eventfd|futex|memfd|shmem|page_fault/ },
  { part: 'HTTP: kernel sockets', where: 'core', stack: /tcp|inet|sock|skb|net_/ },
  { part: 'loop: kernel epoll, clock, the rest', where: 'core', stack: /./ },
  { part: 'HTTP: libmicrohttpd', where: 'core', dso: /microhttpd/ },
  { part: 'loop: libuv', where: 'core', dso: /libuv/ },
  { part: 'proof', where: 'core', dso: /libcrypto/ },
  { part: 'JSON', where: 'core', dso: /yajl/ },
  { part: 'proof', where: 'core', symbol: /^(protect|key|proof)_/ },
  { part: 'JSON', where: 'core', symbol: /^(json|guard|utf8|canonical)_/ },
  { part: 'hand-over', where: 'core', symbol: /^(exec|pool|window|message|worker|zygote|check|result)_/ },
  { part: 'jobs', where: 'core', symbol: /^(job|table|user|admit|arena|uuid|store)_/ },
  { part: 'HTTP: our handlers', where: 'core', symbol: /^(api|http|request|answer|route|buf|log|clock|encode)_/ },
  { part: 'libc (copying, allocation)', where: 'core', dso: /libc\.|libc-|vdso|ld-linux/ },
  { part: 'other', where: 'any' },
];

function classify(where, frames) {
  const kernel = frames.filter((frame) => frame.dso.startsWith('[kernel') || frame.dso.startsWith('[k]')).map((frame) => frame.symbol).join(' ');
  const top = frames[0];
  return PARTS.find((row) => (row.where === 'any' || row.where === where) &&
    (!row.stack || (kernel && row.stack.test(kernel))) &&
    (!row.symbol || (!kernel && row.symbol.test(top.symbol))) &&
    (!row.dso || (!kernel && row.dso.test(top.dso)))).part;
}

// perf script's blocks: a header line with the pid, then one line a frame: address symbol (dso).
function* samples(text) {
  for (const block of text.split('\n\n')) {
    const lines = block.split('\n').filter((line) => line.trim());
    if (lines.length < 2) continue;
    const pid = Number(lines[0].trim().split(/\s+/)[0]);
    const frames = lines.slice(1).map((line) => {
      const m = /^\s*[0-9a-f]+ (.*) \(([^()]*)\)$/.exec(line) ?? [null, '?', '?'];
      return { symbol: m[1].replace(/\+0x[0-9a-f]+$/, ''), dso: m[2] };
    });
    yield { pid, frames };
  }
}

export function perfWorks() {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  const done = spawnSync('perf', ['record', '-q', '-e', 'cpu-clock', '-o', join(dir, 'data'), '--', 'true'], { encoding: 'utf8' });
  rmSync(dir, { recursive: true });
  return done.status === 0;
}

// Samples for `seconds` while `load` runs: {parts: [{part, share}], symbols: [{symbol, share}], samples}.
export async function breakDown(server, load, seconds) {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  const data = join(dir, 'data');
  try {
    const pids = tree(server.pid).map(({ pid }) => pid);
    const perf = spawn('perf', ['record', '-q', '-e', 'cpu-clock', '-F', '1997', '-g', '-o', data, '-p', pids.join(','), '--', 'sleep', String(seconds)], { stdio: 'ignore' });
    const ended = new Promise((resolve) => { perf.on('close', resolve); });
    await load();
    await ended;
    const script = spawnSync('perf', ['script', '-i', data, '-F', 'pid,ip,sym,dso'], { encoding: 'utf8', maxBuffer: 1 << 30 });
    const parts = new Map();
    const symbols = new Map();
    let count = 0;
    for (const { pid, frames } of samples(script.stdout)) {
      const where = pid === server.pid ? 'core' : 'worker';
      const part = classify(where, frames);
      const symbol = `${where}: ${frames[0].symbol} (${frames[0].dso.split('/').pop()})`;
      parts.set(part, (parts.get(part) ?? 0) + 1);
      symbols.set(symbol, (symbols.get(symbol) ?? 0) + 1);
      count++;
    }
    const shares = (map) => [...map].sort((a, b) => b[1] - a[1]).map(([name, n]) => ({ name, share: n / count }));
    return { samples: count, parts: shares(parts), symbols: shares(symbols).slice(0, 40) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
