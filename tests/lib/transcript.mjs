// Transcripts in documents: blocks of commands ("    $ ...") with what they print, run for real.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine, refuse } from './command_line.mjs';
import { freePort } from './ports.mjs';
import { binary, extraArgs, slow } from './settings.mjs';

const INDENT = '    ';
const continues = (line) => /[\\|]$/.test(line);

/** [{command, output}], each an array of lines without indent; `at` and `end` are lines of the text. */
export function steps(text) {
  const found = [];
  let open = null;
  text.split('\n').forEach((line, at) => {
    if (!line.startsWith(INDENT)) {
      open = null;
      return;
    }
    const rest = line.slice(INDENT.length);
    if (rest.startsWith('$ ')) {
      open = { command: [rest.slice(2)], output: [], at, end: at + 1 };
      found.push(open);
    } else if (open) {
      const more = open.output.length === 0 && continues(open.command.at(-1));
      open[more ? 'command' : 'output'].push(rest);
      open.end = at + 1;
    }
  });
  return found;
}

/**
 * Runs them one after another in one shell, in an empty folder, `neocompute` being the binary under
 * test. Gives what each of them printed, lines.
 */
export async function play(list) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'neocompute-transcript-'));
  fs.chmodSync(folder, 0o755); // a service started as root becomes nobody
  const port = await freePort();
  const mark = '\x1e';
  const script = ['exec 2>&1', ...list.map(({ command }) => (
    `printf '${mark}'\n${command.join('\n').replaceAll(':8080', `:${port}`)
      .replace('neocompute serve', `neocompute serve ${extraArgs.join(' ')}`)}`))].join('\n');
  fs.mkdirSync(path.join(folder, 'bin'));
  fs.symlinkSync(binary, path.join(folder, 'bin', 'neocompute'));
  const { stdout } = spawnSync('bash', ['-c', script], {
    cwd: folder, env: { PATH: `${path.join(folder, 'bin')}:${process.env.PATH}` }, maxBuffer: 1 << 26, timeout: 60000 * slow, killSignal: 'SIGKILL',
  });
  fs.rmSync(folder, { recursive: true, force: true });
  return stdout.toString().replaceAll(`:${port}`, ':8080').split(mark).slice(1)
    .map((text) => (text === '' ? [] : text.replace(/\n$/, '').split('\n')));
}

/** A line with what differs from run to run made the same. */
export const timeless = (line) => line
  .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
  .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
  .replace(/\b[0-9a-f]{64}\b/g, '<hex>')
  .replace(/[\w-]{43,}/g, '<base64url>')
  .replace(/\b\d+ gas\b|"(gas_used|memory_used|duration_us|iat|started_ms)":\d+/g, '<n>')
  .replace(/"(kind|level)":"\w+"/g, '"$1":"<of the isolation>"')
  .replace(/\b\d+ s\b/g, '<n> s');

async function rewrite(file) {
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const list = steps(lines.join('\n'));
  const outputs = await play(list);
  for (let i = list.length - 1; i >= 0; i -= 1) {
    const { at, end, command } = list[i];
    lines.splice(at + command.length, end - at - command.length,
      ...outputs[i].map((line) => INDENT + line));
  }
  fs.writeFileSync(file, lines.join('\n'));
}

const HELP = `Usage: node lib/transcript.mjs DOCUMENT

Runs the commands of a document ("    $ ...") and writes what they print in place of what stood there.

  --help

    node lib/transcript.mjs ../docs/verify.md
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { positionals: [file] } = commandLine(HELP, { most: 1 });
  if (!fs.existsSync(file ?? '')) refuse('a DOCUMENT is expected');
  await rewrite(file);
}
