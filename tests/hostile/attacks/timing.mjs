// Looking at the neighbours and at the machine by the clock.

const limits = { timeout: 2, gas_limit: 2e11 };
const main = (body) => `async function main() { ${body} }`;

export default [
  { name: 'a fine clock', script: main('const seen = new Set(); for (let i = 0; i < 20000; i++) seen.add(Date.now() % 1); return [...seen]'), limits, why: 'whole milliseconds only', expect: ['completed'], output: { result: [0] } },
  { name: 'performance.now', script: main('return typeof performance === "undefined" || performance.now() % 1 === 0 || Math.abs(performance.now() * 10 % 1) < 1e-6'), limits, why: 'no clock finer than a tenth of a millisecond', expect: ['completed'], output: { result: true } },
  { name: 'a clock made of shared memory', script: main('return [typeof SharedArrayBuffer, typeof Worker]'), limits, why: 'the best clock there is', expect: ['completed'], output: { result: ['undefined', 'undefined'] } },
  { name: 'a clock made of timers', script: main('let n = 0; const t = () => { n++; setTimeout(t, 0) }; t(); const end = Date.now() + 300; while (Date.now() < end) await new Promise((r) => setTimeout(r, 1)); return n > 0'), limits, why: 'counts its own turns only', expect: ['completed'], output: { result: true } },
  { name: 'memory pressure of the neighbours', script: main('let n = 0; try { for (;;) { new ArrayBuffer(1 << 20); n++; if (n > 5000) break } } catch {} return n > 10'), limits, why: 'only its own memory shows', expect: ['completed', 'memory_exceeded'] },
  { name: 'who else is there, by WeakRef', script: main('const w = new WeakRef({}); await null; return typeof w.deref()'), limits, why: 'only its own heap is collected', expect: ['completed'] },
  { name: 'a busy wait by the clock', script: main('const end = Date.now() + 60000; while (Date.now() < end); return 1'), limits: { timeout: 1, gas_limit: 2e11 }, why: 'ends by time', expect: ['timeout'], seconds: 2 },
  { name: 'addresses by sorting', script: main('const a = Array.from({ length: 2000 }, () => ({})); const m = new Map(a.map((o, i) => [o, i])); return [...m.values()].every((v, i) => v === i)'), limits, why: 'no order depends on an address', expect: ['completed'], output: { result: true } },
];
