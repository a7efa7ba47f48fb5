// Load from wrk: requests, latencies, and the CPU time that all of the server's processes took.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { BENCH } from './subjects.mjs';
import { cpuSeconds } from './processes.mjs';

function wrk(server, connections, seconds, ...extra) {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', join(BENCH, 'load', 'job.lua'),
    `http://127.0.0.1:${server.port}`, '--', server.subject.path, ...extra];
  return new Promise((resolve, reject) => {
    const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'pipe'] });
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

// Warms the server up, reading every answer: a wrong one ends the run.
export async function warmUp(server, seconds, connections = 16) {
  const { requests, wrong, errors } = await wrk(server, connections, seconds, 'check');
  if (wrong + errors > 0 || requests === 0) {
    throw new Error(`${server.subject.name}: ${wrong} wrong answers and ${errors} errors in ${requests} requests`);
  }
}

// {rate, p50, p99, cpu}: requests a second, seconds, seconds, and CPU seconds a request.
export async function measure(server, connections, seconds) {
  const before = cpuSeconds(server.pid);
  const result = await wrk(server, connections, seconds);
  const cpu = cpuSeconds(server.pid) - before;
  if (result.errors > 0) throw new Error(`${server.subject.name}: ${result.errors} errors in ${result.requests} requests`);
  return { rate: result.requests / result.seconds, p50: result.p50, p99: result.p99, cpu: cpu / result.requests };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const medians = (rows) => Object.fromEntries(Object.keys(rows[0]).map((key) => [key, median(rows.map((row) => row[key]))]));
