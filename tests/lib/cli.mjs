// Runs the binary with arguments and waits for its end.

import { spawn } from 'node:child_process';
import { binary, slow } from './settings.mjs';

/** {code, signal, stdout, stderr}; `stdin` is closed unless given. */
export function neocompute(args, { env = {}, stdin = '', ms = 20000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { env: { PATH: process.env.PATH, ...env } });
    const out = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) child[name].on('data', (data) => { out[name] += data; });
    const late = setTimeout(() => child.kill('SIGKILL'), ms * slow);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal, ...out });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
  });
}
