// What is tried in a worker that was broken into, and what may come of it. The attacks themselves
// are native code (attacks_*.c); `name` is theirs.
//
//   argument  a text, or a function of {pid (the core's), port (the core's), marked (see probe.mjs)}
//   holds     may the outcome be this? {lost: the worker ended, value, error, code, text, ms, found}
//   alone     only the filter stops it; without it, it reaches nothing but the worker itself
//   ahead     six jobs of neighbours are sent at once with it, to be given to its worker behind it
//   second    what stops it without the filter, where the error does not say

// Refused by the call's failure, or by the end of the worker.
const refused = (outcome) => outcome.lost || (outcome.value === -1 && outcome.error !== 0);
const is = (value) => (outcome) => outcome.lost || outcome.value === value;
// The job fails, and nothing of what was forged is in the answer.
const rejected = (outcome) => outcome.status === 'failed' && outcome.code === 'worker_lost' &&
  !outcome.text.includes('forged');

// Counted down to what the job was given, and no more.
const cut = (outcome) => {
  const { status, gas_used: gas, memory_used: memory, duration, limits } = JSON.parse(outcome.text);
  return outcome.lost || (status === 'completed' && gas <= limits.gas_limit &&
    memory <= limits.memory_limit && /^[\d.]+(ns|µs|ms)$/.test(duration));
};

const harmless = (outcome) => rejected(outcome) && outcome.ahead === true;

const MEMORY_MOST = 384 * 1024 * 1024; // of one worker: the largest job, and some for the engine

// Order of `marked` in probe.mjs; the last one is the search's own control and must be found.
const control = (outcome) => !outcome.lost && outcome.found?.length === 1 &&
  outcome.found[0] === 'own input';

export const attacks = [
  { group: 'reading what is not its own' },
  { name: 'search', title: 'search its own address space for both master keys (as text and bytes), the environment of the core and the zygote, and the script, input, secret, output and logs of the tenant before it in the same worker (its own input is found, everything else is not)',
    argument: ({ marked }) => marked, holds: control },
  { name: 'core-environment', title: 'open the environment of the core in /proc', argument: ({ pid }) => pid, holds: refused },
  { name: 'core-mem-file', title: 'open the memory of the core in /proc', argument: ({ pid }) => pid, holds: refused },
  { name: 'read-core-memory', title: 'read the memory of the core (process_vm_readv)', argument: ({ pid }) => pid, holds: refused },
  { name: 'trace-core', title: 'trace the core', argument: ({ pid }) => pid, holds: refused },
  { name: 'trace-parent', title: 'trace the zygote', holds: refused },
  { name: 'core-handle', title: 'open a pidfd of the core', argument: ({ pid }) => pid, holds: refused },
  { name: 'own-maps', title: 'open /proc/self/maps', holds: refused },
  { name: 'mount-proc', title: 'mount a /proc of its own', holds: refused },
  { name: 'find-descriptor', title: 'find any other open descriptor', holds: refused },
  { name: 'count-windows', title: "find another worker's window mapped (one is its own)", holds: is(1) },

  { group: 'files' },
  { name: 'open-file', title: 'open /etc/passwd', holds: refused },
  { name: 'open-relative', title: 'open ../../../etc/passwd', holds: refused },
  { name: 'create-file', title: 'create a file in /tmp', holds: refused },
  { name: 'remove-file', title: 'remove a file', argument: ({ victim }) => victim, holds: refused },

  { group: 'network' },
  { name: 'tcp', title: "connect to the core's own port", argument: ({ port }) => port, holds: refused },
  { name: 'udp', title: 'make a UDP socket', holds: refused },
  { name: 'netlink', title: 'make a netlink socket', holds: refused },
  { name: 'unix-socket', title: 'make a unix socket', holds: refused },
  { name: 'redirect-socket', title: 'connect its own socket to somebody else', second: 'net namespace: nobody there', holds: refused },
  { name: 'send-descriptor', title: 'send a descriptor to the core', alone: true, holds: refused },

  { group: 'processes' },
  { name: 'make-process', title: 'fork', holds: refused },
  { name: 'fork-bomb', title: 'fork a hundred times', holds: refused },
  { name: 'make-thread', title: 'make a thread', holds: refused },
  { name: 'exec', title: 'exec a shell', holds: refused },
  { name: 'exec-itself', title: 'exec its own binary', holds: refused },
  { name: 'kill-core', title: 'kill the core', argument: ({ pid }) => pid, holds: refused },
  { name: 'kill-all', title: 'kill everything', holds: refused },
  { name: 'stop-group', title: 'stop its process group', alone: true, holds: refused },

  { group: 'privileges' },
  { name: 'become-root', title: 'become root', holds: refused },
  { name: 'take-capability', title: 'take capabilities', holds: refused },
  { name: 'new-user-namespace', title: 'make a user namespace, with capabilities in it', alone: true, holds: refused },
  { name: 'raise-limit', title: 'raise its memory limit', holds: refused },
  { name: 'be-dumpable', title: 'become dumpable', alone: true, holds: refused },
  { name: 'bpf', title: 'load a BPF program', holds: refused },
  { name: 'io-uring', title: 'set up io_uring', second: 'no locked memory (RLIMIT_MEMLOCK)', holds: refused },
  { name: 'perf', title: 'open performance counters', second: 'no privileges', holds: refused },
  { name: 'i386-call', title: 'make a system call by the i386 gate', alone: true, holds: refused },
  { name: 'x32-call', title: 'make a system call of the x32 ABI', holds: refused },

  { group: 'memory' },
  { name: 'map-executable', title: 'map executable memory', alone: true, holds: refused },
  { name: 'make-executable', title: 'make data executable', alone: true, holds: refused },
  { name: 'make-code-writable', title: 'make its code writable', alone: true, holds: refused },
  { name: 'take-reserve', title: 'use the 8 GiB of address space of the engine', holds: (outcome) => outcome.lost || (outcome.value > 0 && outcome.value <= MEMORY_MOST) },
  { name: 'map-private', title: 'map 1 GiB of memory', holds: refused },
  { name: 'map-shared', title: 'map 1 GiB of shared memory', alone: true, holds: refused },
  { name: 'grow-heap', title: 'grow the heap by 1 GiB', holds: refused },
  { name: 'lock-memory', title: 'lock its memory', holds: refused },
  { name: 'truncate-window', title: 'truncate the window', holds: refused },
  { name: 'grow-window', title: 'grow its mapping of the window', alone: true, holds: refused },
  { name: 'punch-window', title: 'punch a hole into the window', alone: true, holds: refused },

  { group: 'what the core reads' },
  { name: 'forge-output', title: 'output: `{}, "status":"forged"`', argument: '{}, "status":"forged"', holds: rejected },
  { name: 'forge-output', title: 'output: an unfinished object', argument: '{"forged":', holds: rejected },
  { name: 'forge-output', title: 'output: not an object', argument: '["forged"]', holds: rejected },
  { name: 'forge-output', title: 'output: a key twice', argument: '{"a":"forged","a":1}', holds: rejected },
  { name: 'forge-output', title: 'output: not in canonical order', argument: '{"b":1,"a":"forged"}', holds: rejected },
  { name: 'forge-output', title: 'output: invalid UTF-8', argument: '{"a":"forged\\xff"}', holds: rejected },
  { name: 'forge-output', title: 'output: a NUL', argument: '{"a":"forged\\x00"}', holds: rejected },
  { name: 'forge-output', title: 'output: a line break and a header', argument: '{}\\x0d\\x0aX-Forged: forged', holds: rejected },
  { name: 'forge-output', title: 'output: nested past the limit', argument: '{"a":' + '['.repeat(1500) + ']'.repeat(1500) + '}', holds: rejected },
  { name: 'forge-output-size', title: 'an output size of one more than the area', holds: rejected },
  { name: 'forge-huge-size', title: 'an output size of almost 4 GiB', holds: rejected },
  { name: 'forge-log-size', title: 'a size of logs past their area', holds: rejected },
  { name: 'forge-log-count', title: 'four billion log entries', holds: rejected },
  { name: 'forge-log-entry', title: 'a log entry that leads out of its area', holds: rejected },
  { name: 'forge-error-size', title: 'an error text past its area', holds: rejected },
  { name: 'forge-error-bytes', title: 'an error text that is not UTF-8', holds: rejected },
  { name: 'forge-code', title: 'an error code that does not exist', holds: rejected },
  { name: 'forge-positive-code', title: 'a positive error code', holds: rejected },
  { name: 'forge-gas', title: 'more gas than the job had', holds: cut },
  { name: 'forge-memory', title: 'more memory than the job had', holds: cut },
  { name: 'forge-duration', title: 'a duration of centuries', holds: cut },
  { name: 'send-garbage', title: 'bytes that are no message', holds: rejected },
  { name: 'send-every-type', title: 'messages of every type and size', holds: rejected },
  { name: 'flood', title: 'a million messages', holds: rejected },
  { name: 'crash', title: 'a fault in native code', holds: rejected },
  { name: 'hang', title: 'never to answer (timeout of 1 s)', timeout: 1, holds: (outcome) => outcome.status === 'failed' && ['timeout', 'worker_lost'].includes(outcome.code) && outcome.ms < 5000 },

  { group: 'with six jobs of others given ahead, which are answered right all the same' },
  { name: 'read-ahead', title: 'read the first of them', ahead: true, holds: (outcome) => outcome.ahead === true && [0, 1].includes(outcome.value) },
  { name: 'search-ahead', title: 'search its own address space while jobs with secrets were given ahead, for one of the secrets (its own input is found)', ahead: 'secrets',
    argument: ({ marked }) => marked, holds: (outcome) => control(outcome) && outcome.ahead === true },
  { name: 'answer-next', title: 'answer the first of them', ahead: true, holds: harmless },
  { name: 'answer-longer', title: 'an answer that is not as long as it says', ahead: true, holds: harmless },
  { name: 'claim-ahead', title: 'say that it has begun all of them, and never answer', ahead: true, holds: harmless },
];
