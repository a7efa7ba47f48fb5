// CPU kernels: the same file in each engine, one call of main(), seconds of evaluating and calling.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH } from './subjects.mjs';
import { median } from './load.mjs';

const KERNEL_MS = 120000;
const MOST = ['--json', '--timeout=120s', '--gas-limit=200000000000', '--memory-limit=256MiB'];

export const kernelFiles = () => readdirSync(join(BENCH, 'kernels')).filter((name) => name.endsWith('.js'));

function output(command, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: KERNEL_MS });
    let text = '';
    let said = '';
    child.stdout.on('data', (part) => { text += part; });
    child.stderr.on('data', (part) => { said += part; });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${said.slice(-300)}`))));
  });
}

// "1m2.5s", "12ms", "830µs" (Go's way) to seconds.
export function seconds(duration) {
  const units = { h: 3600, m: 60, s: 1, ms: 1e-3, 'µs': 1e-6, us: 1e-6, ns: 1e-9 };
  let total = 0;
  for (const [, number, unit] of duration.matchAll(/([\d.]+)(h|ms|m|s|µs|us|ns)/g)) total += Number(number) * units[unit];
  return total;
}

// Runners: {name, title, run(file) -> {seconds, output}}.
export function ourKernelRunner(binary, extra = [], name = 'neocompute', title = 'neocompute') {
  return {
    name,
    title,
    async run(file) {
      const answer = JSON.parse(await output(binary, ['run', file, ...MOST, ...extra], BENCH));
      return { seconds: seconds(answer.duration), output: answer.output, gas: answer.gas_used };
    },
  };
}

export function peerKernelRunner(peer) {
  const [command, ...args] = peer.kernel.run;
  return {
    name: peer.name,
    title: peer.kernel.title,
    run: async (file) => JSON.parse(await output(command, [...args, file], peer.cwd)),
  };
}

// The runners agree on what a kernel computes, or the run ends. Medians over the rounds:
// [{kernel, seconds: {runner: seconds}}].
export async function measureKernels(runners, rounds, progress) {
  const rows = [];
  for (const name of kernelFiles()) {
    const file = join(BENCH, 'kernels', name);
    const all = Object.fromEntries(runners.map((runner) => [runner.name, []]));
    let expected = null;
    for (let round = 0; round < rounds; round++) {
      for (const runner of runners) {
        progress(`kernel ${name}, round ${round + 1} of ${rounds}: ${runner.title}`);
        const result = await runner.run(file);
        const sorted = JSON.stringify(result.output, Object.keys(result.output).sort());
        expected ??= sorted;
        if (sorted !== expected) throw new Error(`${runner.title} got ${sorted} from ${name}, the first engine ${expected}`);
        all[runner.name].push(result.seconds);
      }
    }
    rows.push({
      kernel: name.replace('.js', ''),
      seconds: Object.fromEntries(runners.map(({ name: runner }) => [runner, median(all[runner])])),
    });
  }
  return rows;
}

export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
