// Load from wrk: requests, latencies, and the CPU time that all of the server's processes took.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { BENCH } from './subjects.mjs';
import { cpuSeconds } from './processes.mjs';

// What done() of a script in bench/load/ prints.
function wrk(server, { connections, seconds, script, args }) {
  const words = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', join(BENCH, 'load', script),
    `http://127.0.0.1:${server.port}`, '--', ...args];
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (part) => { text += part; });
    child.stderr.on('data', (part) => { text += part; });
    child.on('error', (error) => reject(new Error(`wrk: ${error.message}; scripts/setup bench installs it`)));
    child.on('close', () => {
      const line = /^RESULT (.*)$/m.exec(text);
      if (line) resolve(JSON.parse(line[1]));
      else reject(new Error(`wrk said: ${text}`));
    });
  });
}

const smallJob = (server, ...more) => ({ script: 'job.lua', args: [server.subject.path, ...more] });

/**
 * {requests, rate, p50, p99, cpu}: how many, how many a second, seconds, seconds, and CPU seconds a request. `load` is
 * {connections, seconds, script, args}: a script of bench/load/ and its arguments. A wrong answer or an error ends the run.
 */
export async function measureLoad(server, load) {
  const before = cpuSeconds(server.pid);
  const { requests, seconds, p50, p99, wrong, errors } = await wrk(server, load);
  const cpu = cpuSeconds(server.pid) - before;
  if (wrong + errors > 0 || requests === 0) {
    throw new Error(`${server.subject?.name ?? load.script}: ${wrong} wrong answers and ${errors} errors in ${requests} requests`);
  }
  return { requests, rate: requests / seconds, p50, p99, cpu: cpu / requests };
}

// The same of the small job.
export const measure = (server, connections, seconds) => measureLoad(server, { connections, seconds, ...smallJob(server) });

// Warms the server up, reading every answer.
export const warmUp = (server, seconds, connections = 16) => measureLoad(server, { connections, seconds, ...smallJob(server, 'check') });

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const medians = (rows) => Object.fromEntries(Object.keys(rows[0]).map((key) => [key, median(rows.map((row) => row[key]))]));
