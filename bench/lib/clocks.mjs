// Where the time of all processors goes while a server is under load: the scheduler's own clocks of each thread of
// the server and of its workers (/proc/PID/task/TID/schedstat, in nanoseconds), those of the load generator when it has
// ended, and what the whole machine was idle or had to wait for its host (/proc/stat).
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { TICK, ownCpuSeconds, tree } from './processes.mjs';

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null; // a thread that has just ended
  }
}

/** Seconds on a processor, by thread: {"pid/tid": seconds}. */
function threads(pid) {
  const found = {};
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const text = read(`/proc/${pid}/task/${tid}/schedstat`);
    if (text !== null) found[`${pid}/${tid}`] = Number(text.split(' ')[0]) / 1e9;
  }
  return found;
}

/** A reading of all clocks, in seconds. */
export function readClocks(server) {
  const workers = {};
  let ended = 0; // workers retire
  for (const { pid, ended: children } of tree(server.pid)) {
    ended += children;
    if (pid === server.pid) continue;
    try {
      Object.assign(workers, threads(pid));
    } catch { /* has just ended */ }
  }
  const [, , , idle, iowait, , , steal] = read('/proc/stat').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  return { now: performance.now() / 1000, own: threads(server.pid), workers, ended, generator: ownCpuSeconds(), idle: (idle + iowait) * TICK, steal: steal * TICK };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const passed = (before, after) => sum(Object.keys(after).map((key) => after[key] - (before[key] ?? 0)));
const ofThoseGone = (before, after) => sum(Object.keys(before).filter((key) => !(key in after)).map((key) => before[key]));

/**
 * Seconds of processor a request between two readings: {loop, threads, workers, generator, idle, steal, rest, all}. `threads` are
 * all of the server's but its loop; `rest` is what the kernel did for nobody, and other programs.
 */
export function split(server, before, after, requests) {
  const main = `${server.pid}/${server.pid}`;
  const loop = after.own[main] - before.own[main];
  const parts = {
    loop,
    threads: passed(before.own, after.own) - loop,
    workers: passed(before.workers, after.workers) + after.ended - before.ended - ofThoseGone(before.workers, after.workers),
    generator: after.generator - before.generator,
    idle: after.idle - before.idle,
    steal: after.steal - before.steal,
  };
  const all = cpus().length * (after.now - before.now);
  const row = { ...parts, rest: all - sum(Object.values(parts)), all };
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [key, value / requests]));
}
