// Waiting and measuring.

import { slow } from './settings.mjs';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls until `check` answers truthy and returns that; throws `what` after `ms`. */
export async function until(check, what, ms = 5000) {
  const end = Date.now() + ms * slow;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms * slow} ms in vain: ${what}`);
    await sleep(10);
  }
}

/** The value below which `part` (0..1) of the numbers lie. */
export function percentile(numbers, part) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** Runs `task(i)` for i below `count`, at most `width` at a time; the results in order. */
export async function inParallel(count, width, task) {
  const results = new Array(count);
  let next = 0;
  const runner = async () => {
    while (next < count) {
      const i = next++;
      results[i] = await task(i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, runner));
  return results;
}
