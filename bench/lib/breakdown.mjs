// Where the CPU time of a small job goes: perf samples of all our processes under load, each given
// to the first row of the table below that fits its process, the source file of its function, or
// what the kernel was doing for it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tree } from './processes.mjs';

// where: core | worker | any. kernel: matches any kernel frame of the sample; a row without it is for
// samples in user space, whose innermost function comes from our `source` or the library `dso`.
const PARTS = [
  { part: 'engine: restore and page faults', where: 'worker', kernel: /page_fault|mprotect|madvise|change_protection|sigreturn/ },
  { part: 'hand-over', where: 'worker', kernel: /./ },
  { part: 'engine: restore and page faults', where: 'worker', source: /^engine\/(snapshot|fault|memory)/ },
  { part: 'hand-over', where: 'worker', source: /^(exec|base)\// },
  { part: 'engine: the job', where: 'worker', dso: /./ },
  { part: 'hand-over', where: 'core', kernel: /unix_|eventfd|futex|memfd|shmem|page_fault|madvise/ },
  { part: 'HTTP: sockets', where: 'core', kernel: /tcp|inet|sock|skb|net_/ },
  { part: 'loop: epoll, clock, scheduling', where: 'core', kernel: /./ },
  { part: 'loop: libuv', where: 'core', dso: /libuv/ },
  { part: 'HTTP: libmicrohttpd', where: 'core', dso: /microhttpd/ },
  { part: 'JSON', where: 'core', dso: /yajl/ },
  { part: 'JSON', where: 'core', source: /^(base\/(json|guard|encode)|api\/.*json|api\/envelope)/ },
  { part: 'proof', where: 'core', dso: /libcrypto/ },
  { part: 'proof', where: 'core', source: /^protect\// },
  { part: 'hand-over', where: 'core', source: /^exec\// },
  { part: 'jobs', where: 'core', source: /^(job\/|base\/(uuid|arena))/ },
  { part: 'HTTP: our handlers', where: 'core', source: /^(api|base)\// },
  { part: 'libc: copying, allocation', where: 'core', dso: /libc[.-]|vdso|ld-linux/ },
  { part: 'other', where: 'any', dso: /./ },
  { part: 'other', where: 'any', kernel: /./ },
];

// Function -> "module/file.c", from the object files beside the binary.
function sources(binary) {
  const found = new Map();
  const root = join(dirname(binary), 'src');
  for (const module of existsSync(root) ? readdirSync(root) : []) {
    const library = join(root, module, `lib${module}.a`);
    if (!existsSync(library)) continue;
    const { stdout } = spawnSync('nm', ['-A', '--defined-only', library], { encoding: 'utf8', maxBuffer: 1 << 28 });
    for (const [, file, symbol] of (stdout ?? '').matchAll(/:(\S+)\.o:\S+ [tT] (\S+)/g)) found.set(symbol.split('.')[0], `${module}/${file}`);
  }
  return found;
}

function classify(where, frames, files) {
  const kernel = frames.filter(({ dso }) => dso.startsWith('[kernel')).map(({ symbol }) => symbol).join(' ');
  const { symbol, dso } = frames[0];
  const source = files.get(symbol.split('.')[0]) ?? '';
  return PARTS.find((row) => (row.where === 'any' || row.where === where) && Boolean(row.kernel) === Boolean(kernel) &&
    (!row.kernel || row.kernel.test(kernel)) && (!row.source || row.source.test(source)) && (!row.dso || row.dso.test(dso))).part;
}

// perf finds no symbols for processes that live under an empty root, and then gives an offset in the
// file: looked up here. Returns (file, offset) -> name of the function, '?' in a stripped library.
function symbolizer() {
  const tables = new Map();
  const run = (command, args) => spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 }).stdout ?? '';
  const load = (file) => {
    const segments = [...run('readelf', ['-lW', file]).matchAll(/LOAD\s+0x(\w+) 0x(\w+) 0x\w+ 0x(\w+)/g)]
      .map((m) => m.slice(1).map((digits) => parseInt(digits, 16)));
    const symbols = [...run('nm', ['--defined-only', file]).matchAll(/^(\w+) [tTwWiI] (\S+)$/gm)].map(([, at, name]) => ({ at: parseInt(at, 16), name })).sort((x, y) => x.at - y.at);
    return { segments, symbols };
  };
  return (file, offset) => {
    if (!tables.has(file)) tables.set(file, existsSync(file) ? load(file) : { segments: [], symbols: [] });
    const { segments, symbols } = tables.get(file);
    const segment = segments.find(([start, , size]) => offset >= start && offset < start + size);
    if (!segment) return '?';
    const address = offset - segment[0] + segment[1];
    let low = 0;
    for (let high = symbols.length; low < high;) {
      const middle = (low + high) >> 1;
      if (symbols[middle].at <= address) low = middle + 1;
      else high = middle;
    }
    return low > 0 ? symbols[low - 1].name : '?';
  };
}

// perf script's blocks: a line with the pid, then one line a frame: address symbol (dso).
function* samples(text) {
  const name = symbolizer();
  for (const block of text.split('\n\n')) {
    const lines = block.split('\n').filter((line) => line.trim());
    if (lines.length < 2) continue;
    const frames = lines.slice(1).map((line) => {
      const [, address, symbol, dso] = /^\s*([0-9a-f]+) (.*) \(([^()]*)\)$/.exec(line) ?? [null, '0', '?', '?'];
      return { symbol: symbol === '[unknown]' ? name(dso, parseInt(address, 16)) : symbol, dso };
    });
    yield { pid: Number(lines[0].trim().split(/\s+/)[0]), frames };
  }
}

export function perfWorks() {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  const done = spawnSync('perf', ['record', '-q', '-e', 'cpu-clock', '-o', join(dir, 'data'), '--', 'true'], { encoding: 'utf8' });
  rmSync(dir, { recursive: true });
  return done.status === 0;
}

// Samples for `seconds` while `load` runs: {parts: [{part, share}], symbols: [{symbol, share}], samples}.
export async function breakDown(server, binary, load, seconds) {
  const files = sources(binary);
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
      const part = classify(where, frames, files);
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
