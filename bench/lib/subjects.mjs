// What is measured: this service in its modes, and the peers, one folder each with a peer.json:
// {title, sandbox, setup?, start?, kernel?: {title, run}}. A peer listens on 127.0.0.1:$PORT.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BENCH = dirname(dirname(fileURLToPath(import.meta.url)));
const PEERS = join(BENCH, 'peers');
const SETUP_MS = 15 * 60 * 1000;

// This service: the same binary, one row for each way to run it. `needs` is what `serve --help`
// must show for the row to exist.
const MODES = [
  { name: 'neocompute', title: 'neocompute, sealed processes', sandbox: 'a restored realm in a sealed process', args: ['--isolation=process'], needs: '--isolation' },
  // The peers prove nothing: this is what the proof costs beside them.
  { name: 'neocompute-unproven', title: 'neocompute, without receipts', sandbox: 'a restored realm in a sealed process', args: ['--isolation=process', '--receipts=none'], needs: '--receipts' },
  { name: 'neocompute-thread', title: 'neocompute, threads', sandbox: 'a restored realm, checked bounds', args: ['--isolation=thread'], needs: '--isolation' },
];

export function ourSubjects(binary) {
  const help = spawnSync(binary, ['serve', '--help'], { encoding: 'utf8' });
  if (help.error) throw new Error(`${binary}: ${help.error.message}; run make first`);
  return MODES.filter((mode) => help.stdout.includes(mode.needs)).map((mode) => ourSubject(binary, mode));
}

export function ourSubject(binary, mode) {
  return {
    ...mode,
    ours: true,
    path: '/execute',
    cwd: BENCH,
    start: [binary, 'serve', '--listen', '127.0.0.1:$PORT', '--log-level=warn', ...mode.args],
  };
}

export function peers() {
  return readdirSync(PEERS)
    .filter((name) => existsSync(join(PEERS, name, 'peer.json')))
    .map((name) => ({
      name,
      path: '/',
      cwd: join(PEERS, name),
      ...JSON.parse(readFileSync(join(PEERS, name, 'peer.json'), 'utf8')),
    }));
}

// Everything of a peer's own that its setup depends on.
function digest(dir) {
  const hash = createHash('sha256').update(process.version);
  for (const name of readdirSync(dir).sort()) {
    const file = join(dir, name);
    if (statSync(file).isFile()) hash.update(name).update(readFileSync(file));
  }
  return hash.digest('hex');
}

// Installs or builds a peer once for each state of its folder. Returns null, or why it can't.
export function setUp(peer) {
  if (!peer.setup) return null;
  const stamp = join(peer.cwd, 'build', 'ready');
  const wanted = digest(peer.cwd);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return null;
  process.stderr.write(`setting up ${peer.name} ...\n`);
  const [command, ...args] = peer.setup;
  // Native modules are built with the headers of the Node that is installed, not with fetched ones.
  const headers = existsSync('/usr/include/node/node.h') ? { npm_config_nodedir: '/usr' } : {};
  const done = spawnSync(command, args, { cwd: peer.cwd, encoding: 'utf8', timeout: SETUP_MS, env: { ...process.env, ...headers } });
  if (done.status !== 0) {
    const said = (done.error?.message ?? done.stderr.trim()) || `exit status ${done.status}`;
    return `its setup failed: ${said.split('\n').slice(-4).join(' | ')}`;
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  return null;
}
