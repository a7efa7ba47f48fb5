// What the prelude gives a script, checked in the realm itself. Each entry point returns the list of
// what is wrong.
const wrong = [];

function same(name, got, expected) {
  const text = (x) => (typeof x === 'string' ? JSON.stringify(x) : String(x));
  if (!Object.is(got, expected)) wrong.push(`${name}: ${text(got)}, not ${text(expected)}`);
}

function throws(name, action, error) {
  try {
    action();
  } catch (e) {
    same(name, e.name, error);
    return;
  }
  wrong.push(`${name}: nothing thrown`);
}

const bytes = (...list) => new Uint8Array(list);
const hex = (array) => [...array].map((b) => b.toString(16).padStart(2, '0')).join('');

function globals() {
  const expected = {
    structuredClone: 1, setTimeout: 1, setInterval: 1, clearTimeout: 1, clearInterval: 1,
    queueMicrotask: 1, atob: 1, btoa: 1, TextEncoder: 0, TextDecoder: 0,
  };
  for (const [name, length] of Object.entries(expected)) {
    const d = Object.getOwnPropertyDescriptor(globalThis, name);
    same(`${name} is there`, typeof d?.value, 'function');
    same(`${name}.name`, d.value.name, name);
    same(`${name}.length`, d.value.length, length);
    same(`${name} is enumerable`, d.enumerable, false);
    same(`${name} looks native`, /\[native code\]/.test(String(d.value)), true);
  }
  for (const name of ['console', 'crypto', 'performance']) {
    same(`${name} is there`, typeof globalThis[name], 'object');
    same(`${name} is enumerable`, Object.keys(globalThis).includes(name), false);
  }
  for (const name of ['std', 'os', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'host', 'require',
    'process', 'scriptArgs', 'print', 'bjson', 'gc', 'engineExports', 'inspect', 'fetch']) {
    same(`${name} is not there`, name in globalThis, false);
  }
  same('no names but these', Object.keys(globalThis).sort().join(), 'bytes,hex,input,secrets'.split(',').filter((n) => n in globalThis && !['bytes', 'hex'].includes(n)).concat(['atobCases', 'clone', 'console_', 'coverage', 'cryptoCases', 'decoder', 'encoder', 'globals', 'language', 'same', 'throws', 'timers'].filter((n) => Object.keys(globalThis).includes(n))).sort().join());
  throws('console.log is no constructor', () => new console.log(), 'TypeError');
  throws('setTimeout is no constructor', () => new setTimeout(() => {}), 'TypeError');
  throws('TextEncoder needs new', () => TextEncoder(), 'TypeError');
  same('console tag', String(console), '[object console]');
  same('crypto tag', String(crypto), '[object Crypto]');
  same('timezone', new Date(0).getTimezoneOffset(), 0);
  same('time', new Date(0).toString(), 'Thu Jan 01 1970 00:00:00 GMT+0000 (UTC)'.slice(0, new Date(0).toString().length));
  return wrong;
}

function cryptoCases() {
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  same('sha256 string', crypto.sha256('abc'), abc);
  same('sha256 bytes', crypto.sha256(bytes(97, 98, 99)), abc);
  same('sha256 buffer', crypto.sha256(bytes(97, 98, 99).buffer), abc);
  same('sha256 part', crypto.sha256(bytes(0, 97, 98, 99, 0).subarray(1, 4)), abc);
  same('sha256 view', crypto.sha256(new DataView(bytes(0, 97, 98, 99).buffer, 1)), abc);
  same('sha256 u16', crypto.sha256(new Uint16Array([0x6261])), crypto.sha256('ab'));
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  same('sha256 empty', crypto.sha256(''), empty);
  same('sha256 no bytes', crypto.sha256(bytes()), empty);
  same('sha256 number', crypto.sha256(123), crypto.sha256('123'));
  same('sha256 utf-8', crypto.sha256('\u20ac'), crypto.sha256(bytes(0xe2, 0x82, 0xac)));
  same('sha256 lone', crypto.sha256('a\ud800'), crypto.sha256(bytes(97, 0xef, 0xbf, 0xbd)));
  same('sha256 wide', crypto.sha256('x'.repeat(3e6)), crypto.sha256(new Uint8Array(3e6).fill(120)));
  for (const bad of [undefined, null, {}, [], Symbol('x'), () => 1]) {
    throws('sha256 of something else', () => crypto.sha256(bad), 'TypeError');
  }
  same('randomBytes', /^[0-9a-f]{32}$/.test(crypto.randomBytes(16)), true);
  same('randomBytes 0', crypto.randomBytes(0), '');
  same('randomBytes most', crypto.randomBytes(1024).length, 2048);
  same('randomBytes differ', crypto.randomBytes(16) === crypto.randomBytes(16), false);
  for (const bad of [-1, 1.5, 1025, NaN, '4', undefined, 2 ** 32 + 1]) {
    throws(`randomBytes ${bad}`, () => crypto.randomBytes(bad), 'RangeError');
  }
  same('uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), true);
  const array = new Uint32Array(1000);
  same('getRandomValues returns', crypto.getRandomValues(array), array);
  same('getRandomValues fills', array.filter((x) => x === 0).length < 5, true);
  const part = bytes(...new Array(60).fill(0));
  crypto.getRandomValues(part.subarray(20, 40));
  same('getRandomValues keeps to its part', hex(part.subarray(0, 20)) + hex(part.subarray(40)), '00'.repeat(40));
  throws('getRandomValues floats', () => crypto.getRandomValues(new Float64Array(2)), 'TypeMismatchError');
  throws('getRandomValues nothing', () => crypto.getRandomValues(), 'TypeMismatchError');
  throws('getRandomValues large', () => crypto.getRandomValues(new Uint8Array(65537)), 'QuotaExceededError');
  crypto.getRandomValues(new Uint8Array(65536));
  crypto.getRandomValues(new BigInt64Array(2));
  return wrong;
}

function encoder() {
  const e = new TextEncoder();
  same('encoding', e.encoding, 'utf-8');
  same('encode', hex(e.encode('a\u00e9\u20ac\u{1f600}')), '61c3a9e282acf09f9880');
  same('encode lone', hex(e.encode('\ud800a\udc00')), 'efbfbd61efbfbd');
  same('encode nothing', e.encode().length, 0);
  same('encode undefined', e.encode(undefined).length, 0);
  same('encode null', hex(e.encode(null)), '6e756c6c');
  same('encode NUL', hex(e.encode('a\0b')), '610062');
  same('encode is exact', e.encode('abc').buffer.byteLength, 3);
  const to = new Uint8Array(5);
  let r = e.encodeInto('a\u20ac\u{1f600}', to);
  same('encodeInto', `${r.read} ${r.written} ${hex(to)}`, '2 4 61e282ac00');
  r = e.encodeInto('\ud800', to.subarray(0, 3));
  same('encodeInto lone', `${r.read} ${r.written} ${hex(to)}`, '1 3 efbfbdac00');
  throws('brand', () => TextEncoder.prototype.encode.call({}, 'x'), 'TypeError');
  same('long', new TextDecoder().decode(e.encode('\u00e9'.repeat(1e5))), '\u00e9'.repeat(1e5));
  return wrong;
}

function decoder() {
  const decode = (b, label, options) => new TextDecoder(label, options).decode(b);
  same('ascii', decode(bytes(97, 98)), 'ab');
  same('all sizes', decode(bytes(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80)), 'a\u00e9\u20ac\u{1f600}');
  same('buffer', decode(bytes(97).buffer), 'a');
  same('view', decode(new DataView(bytes(97, 98, 99).buffer, 1, 1)), 'b');
  same('nothing', decode(), '');
  const broken = [
    [[0xff], 1], [[0xc0, 0x80], 2], [[0xe2, 0x82], 1], [[0xe2, 0x82, 0x41], 1], [[0xf0, 0x9f, 0x98], 1],
    [[0xed, 0xa0, 0x80], 3], [[0xf4, 0x90, 0x80, 0x80], 4], [[0x80], 1], [[0xf0, 0x80, 0x80, 0x80], 4],
  ];
  for (const [list, count] of broken) {
    const text = decode(bytes(...list));
    same(`broken ${list}`, [...text].filter((c) => c === '\ufffd').length, count);
    throws(`fatal ${list}`, () => decode(bytes(...list), 'utf-8', { fatal: true }), 'TypeError');
  }
  same('BOM', decode(bytes(0xef, 0xbb, 0xbf, 97)), 'a');
  same('BOM kept', decode(bytes(0xef, 0xbb, 0xbf, 97), 'utf8', { ignoreBOM: true }), '\ufeffa');
  const whole = new TextEncoder().encode('\ufeffa\u00e9\u20ac\u{1f600}z\u{10ffff}');
  for (let size = 1; size <= whole.length; size++) {
    const d = new TextDecoder();
    let text = '';
    for (let i = 0; i < whole.length; i += size) text += d.decode(whole.subarray(i, i + size), { stream: true });
    same(`stream of ${size}`, text + d.decode(), 'a\u00e9\u20ac\u{1f600}z\u{10ffff}');
  }
  const d = new TextDecoder('utf-8', { fatal: true });
  same('stream holds', d.decode(bytes(0xe2, 0x82), { stream: true }), '');
  throws('stream end', () => d.decode(), 'TypeError');
  same('after an error', d.decode(bytes(97)), 'a');
  const s = new TextDecoder();
  same('stream broken', s.decode(bytes(0xe2), { stream: true }) + s.decode(bytes(0x41), { stream: true }) + s.decode(), '\ufffdA');
  same('utf-16le', decode(bytes(0x61, 0, 0x3d, 0xd8, 0, 0xde), 'utf-16le'), 'a\u{1f600}');
  same('utf-16 lone', decode(bytes(0, 0xd8, 0x61, 0), 'utf-16'), '\ufffda');
  same('utf-16 odd', decode(bytes(0x61, 0, 0x62), 'utf-16le'), 'a\ufffd');
  same('utf-16 BOM', decode(bytes(0xff, 0xfe, 0x61, 0), 'utf-16le'), 'a');
  const u = new TextDecoder('utf-16le');
  let text = '';
  for (const b of [0x61, 0, 0x3d, 0xd8, 0, 0xde]) text += u.decode(bytes(b), { stream: true });
  same('utf-16 stream', text + u.decode(), 'a\u{1f600}');
  same('labels', [' UTF-8 ', 'Utf8', 'unicode-1-1-utf-8'].map((l) => new TextDecoder(l).encoding).join(), 'utf-8,utf-8,utf-8');
  throws('label', () => new TextDecoder('klingon'), 'RangeError');
  throws('input', () => new TextDecoder().decode('text'), 'TypeError');
  same('flags', `${new TextDecoder('utf-8', { fatal: 1 }).fatal} ${new TextDecoder().ignoreBOM}`, 'true false');
  return wrong;
}

function atobCases() {
  same('btoa', btoa('hello'), 'aGVsbG8=');
  same('atob', atob('aGVsbG8='), 'hello');
  same('atob spaces', atob(' aGVs\nbG8 '), 'hello');
  same('atob bare', atob('aGVsbG8'), 'hello');
  same('btoa latin1', btoa('\xff\xfe'), '//4=');
  same('empty', btoa('') + atob(''), '');
  throws('btoa wide', () => btoa('\u20ac'), 'InvalidCharacterError');
  throws('atob bad', () => atob('a'), 'InvalidCharacterError');
  throws('atob bad characters', () => atob('a$b='), 'InvalidCharacterError');
  return wrong;
}

function clone() {
  const c = structuredClone;
  for (const x of [1, -0, NaN, 'x', true, null, undefined, 10n]) same('primitive', c(x), x);
  const source = {
    a: [1, , 3], d: new Date(5), r: /x+/giu, m: new Map([[{ k: 1 }, new Set([1])]]), u: bytes(1, 2, 3),
    b: bytes(9).buffer, v: new DataView(bytes(1, 2, 3).buffer, 1), n: new Number(3), s: new String('s'),
    t: new Boolean(true), f: new Float64Array([1.5]), big: Object(5n), nested: { deep: { er: [] } },
  };
  const copy = c(source);
  same('another object', copy === source || copy.a === source.a || copy.m === source.m, false);
  same('array', JSON.stringify(copy.a) + (1 in copy.a), '[1,null,3]false');
  same('date', copy.d instanceof Date && copy.d.getTime(), 5);
  same('regexp', String(copy.r), '/x+/giu');
  same('map', [...copy.m][0][0].k + [...[...copy.m][0][1]][0], 2);
  same('typed array', hex(copy.u) + copy.u.constructor.name, '010203Uint8Array');
  same('buffer', new Uint8Array(copy.b)[0], 9);
  same('view', copy.v.getUint8(0) + copy.v.byteLength, 4);
  same('boxed', copy.n + copy.s + copy.t + copy.big, '3strue5');
  same('float', copy.f[0], 1.5);
  const cycle = { list: [] };
  cycle.self = cycle;
  cycle.list.push(cycle.list);
  const turned = c(cycle);
  same('cycle', turned.self === turned && turned.list[0] === turned.list, true);
  const shared = new ArrayBuffer(4);
  const pair = c([new Uint8Array(shared), new Uint16Array(shared)]);
  same('shared buffer', pair[0].buffer === pair[1].buffer, true);
  const error = c(new RangeError('bad', { cause: { a: 1 } }));
  same('error', `${error instanceof RangeError} ${error.name} ${error.message} ${error.cause.a}`, 'true RangeError bad 1');
  same('class instance', Object.getPrototypeOf(c(new (class A { x = 1 })())) === Object.prototype, true);
  same('getter', Object.getOwnPropertyDescriptor(c({ get a() { return 5 } }), 'a').value, 5);
  same('symbols and hidden', Object.keys(c(Object.defineProperty({ [Symbol('x')]: 1, a: 1 }, 'h', { value: 1 }))).join(), 'a');
  same('__proto__ key', Object.keys(c(JSON.parse('{"__proto__": 1}'))).join(), '__proto__');
  for (const bad of [() => 1, Symbol('x'), new WeakMap(), Promise.resolve(), { a: () => 1 }, new Proxy({}, {}), (function* () {})()]) {
    throws('cannot be cloned', () => c(bad), 'DataCloneError');
  }
  const buffer = bytes(1, 2).buffer;
  const moved = c({ buffer }, { transfer: [buffer] });
  same('transfer', `${moved.buffer.byteLength} ${buffer.detached}`, '2 true');
  throws('transfer twice', () => c(buffer, { transfer: [buffer] }), 'DataCloneError');
  return wrong;
}

async function timers() {
  const order = [];
  const wait = (ms) => new Promise((ok) => setTimeout(ok, ms));
  setTimeout((...args) => order.push(args.join()), 1, 'a', 'b');
  queueMicrotask(() => order.push('micro'));
  setTimeout(() => order.push('none'), undefined);
  await wait(10);
  same('order', order.join(' '), 'micro a,b none');
  same('id', Number.isInteger(setTimeout(() => {}, 1)), true);
  for (const bad of [undefined, null, 'code', {}]) throws('callback', () => setTimeout(bad, 1), 'TypeError');
  throws('microtask', () => queueMicrotask('x'), 'TypeError');
  for (const odd of [undefined, null, -1, 1e9, 'x', {}]) clearTimeout(odd);
  let n = 0;
  const id = setInterval(() => { n += 1; if (n === 2) clearInterval(id); }, 1);
  await wait(20);
  same('interval', n, 2);
  const start = Date.now(), p = performance.now();
  await wait(15);
  same('waits', Date.now() - start >= 13 && performance.now() - p >= 14, true);
  same('timeOrigin', Math.abs(performance.timeOrigin + performance.now() - Date.now()) < 1000, true);
  return wrong;
}

async function language() {
  same('import', await import('x').then(() => 'loaded', (e) => e.name), 'ReferenceError');
  same('eval', eval('1 + 1') + new Function('a', 'return a')(1), 3);
  same('regexp', '2024-05'.match(/(?<y>\d+)-(?<m>\d+)/).groups.y + 'x1'.replace(/(?<=x)\d/, '_'), '2024x_');
  same('Intl', typeof Intl, 'undefined');
  same('unicode', /\p{Script=Greek}/u.test('\u03b1'), true);
  same('math', `${Math.random() < 1} ${Math.hypot(3, 4)}`, 'true 5');
  return wrong;
}
