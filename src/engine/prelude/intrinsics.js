/*
 * The prelude: what a script finds in its realm beyond ECMAScript. The files of this folder are
 * joined, in the order that realm.c lists, into the body of one strict function
 *
 *     (function (host) { ...; return engineExports; })
 *
 * which is run once, before the snapshot is taken. `host` has the host functions of host.c.
 *
 * A script shares this realm and can change every intrinsic. So everything used after the snapshot
 * is captured here first, and no code of the prelude may lean on what a script can replace: no
 * method calls on values (apply them), no for-of, spread or array destructuring (iterators), no
 * regular expression methods but exec, no properties of plain objects that could be inherited, no
 * conversion of a script's objects that the caller did not ask for. Nor any `${template}`: the
 * engine makes those with String.prototype.concat, looked up by name.
 */
const global = globalThis;
const {
    apply, ownKeys, defineProperty, getPrototypeOf, setPrototypeOf, getOwnPropertyDescriptor,
} = Reflect;
const {
    log: hostLog, sha256: hostSha256, random_hex: hostRandomHex, random_fill: hostRandomFill,
    utf8_encode: hostEncode, utf8_decode: hostDecode, timer_set: hostTimerSet,
    timer_clear: hostTimerClear, class_of: classOf, proxy_target: proxyTarget,
    own_keys: hostOwnKeys,
    promise_state: promiseState, promise_result: promiseResult,
} = host;
const {
    Object, Array, String, Number, BigInt, Symbol, Math, Map, Set, Date, RegExp, Error,
    TypeError, RangeError, ArrayBuffer, DataView, Uint8Array, DOMException,
} = global;
const {isArray} = Array;
const {is} = Object;
const {isInteger} = Number;
const {fromCharCode} = String;
const {floor, max, min, round, sqrt} = Math;
const {iterator, toStringTag} = Symbol;

const method = (object, name) => object[name];
const getter = (object, name) => getOwnPropertyDescriptor(object, name).get;
const typedArrayPrototype = getPrototypeOf(Uint8Array.prototype);

const functionToString = method(Function.prototype, 'toString');
const objectHasOwn = method(Object.prototype, 'hasOwnProperty');
const isEnumerable = method(Object.prototype, 'propertyIsEnumerable');
const errorStackGetter = getter(Error.prototype, 'stack');
const stringSlice = method(String.prototype, 'slice');
const stringIndexOf = method(String.prototype, 'indexOf');
const stringCharCodeAt = method(String.prototype, 'charCodeAt');
const stringPadStart = method(String.prototype, 'padStart');
const stringPadEnd = method(String.prototype, 'padEnd');
const stringRepeat = method(String.prototype, 'repeat');
const stringToLowerCase = method(String.prototype, 'toLowerCase');
const stringToUpperCase = method(String.prototype, 'toUpperCase');
const stringTrim = method(String.prototype, 'trim');
const stringValueOf = method(String.prototype, 'valueOf');
const numberValueOf = method(Number.prototype, 'valueOf');
const numberToString = method(Number.prototype, 'toString');
const booleanValueOf = method(Boolean.prototype, 'valueOf');
const bigintValueOf = method(BigInt.prototype, 'valueOf');
const bigintToString = method(BigInt.prototype, 'toString');
const symbolValueOf = method(Symbol.prototype, 'valueOf');
const symbolToString = method(Symbol.prototype, 'toString');
const dateGetTime = method(Date.prototype, 'getTime');
const dateToISOString = method(Date.prototype, 'toISOString');
const regExpExec = method(RegExp.prototype, 'exec');
const regExpSource = getter(RegExp.prototype, 'source');
const regExpFlags = {
    __proto__: null, d: 'hasIndices', g: 'global', i: 'ignoreCase', m: 'multiline',
    s: 'dotAll', u: 'unicode', v: 'unicodeSets', y: 'sticky',
};
for (const flag in regExpFlags) {
    regExpFlags[flag] = getter(RegExp.prototype, regExpFlags[flag]);
}
const mapGet = method(Map.prototype, 'get');
const mapSet = method(Map.prototype, 'set');
const mapHas = method(Map.prototype, 'has');
const mapForEach = method(Map.prototype, 'forEach');
const mapSize = getter(Map.prototype, 'size');
const setAdd = method(Set.prototype, 'add');
const setForEach = method(Set.prototype, 'forEach');
const setSize = getter(Set.prototype, 'size');
const bufferByteLength = getter(ArrayBuffer.prototype, 'byteLength');
const bufferDetached = getter(ArrayBuffer.prototype, 'detached');
const bufferSlice = method(ArrayBuffer.prototype, 'slice');
const bufferTransfer = method(ArrayBuffer.prototype, 'transfer');
const viewBuffer = getter(DataView.prototype, 'buffer');
const viewByteOffset = getter(DataView.prototype, 'byteOffset');
const viewByteLength = getter(DataView.prototype, 'byteLength');
const arrayBuffer = getter(typedArrayPrototype, 'buffer');
const arrayByteOffset = getter(typedArrayPrototype, 'byteOffset');
const arrayByteLength = getter(typedArrayPrototype, 'byteLength');
const arrayLength = getter(typedArrayPrototype, 'length');
const jsonStringify = JSON.stringify;

const domExceptionName = getter(DOMException.prototype, 'name');
const domExceptionMessage = getter(DOMException.prototype, 'message');

const call = (f, self, a, b, c) => apply(f, self, [a, b, c]);

/* An own property's descriptor, of which nothing is inherited. */
function describe(object, key) {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor !== undefined) {
        setPrototypeOf(descriptor, null);
    }
    return descriptor;
}

/* ToString, as the script's object wants it. */
function toText(value) {
    if (typeof value === 'symbol') {
        throw new TypeError('a symbol cannot be converted to a string');
    }
    return String(value);
}

/* Appends to an array that a script never sees; its prototype's setters must not see it either. */
function push(array, value) {
    defineProperty(array, array.length, {
        __proto__: null, value, writable: true, enumerable: true, configurable: true,
    });
}

function join(array, separator) {
    let text = '';
    for (let i = 0; i < array.length; i++) {
        text += i > 0 ? separator + array[i] : array[i];
    }
    return text;
}

/* Defines what a script sees: like a built-in, it can be replaced and is in no loop. */
function define(object, name, value) {
    defineProperty(object, name, {
        __proto__: null, value, writable: true, enumerable: false, configurable: true,
    });
}

function defineAll(object, functions) {
    const keys = ownKeys(functions);
    for (let i = 0; i < keys.length; i++) {
        define(object, keys[i], functions[keys[i]]);
    }
}

function tag(object, name) {
    defineProperty(object, toStringTag, {__proto__: null, value: name, configurable: true});
}

/* Every class of typed array, by the name that its toStringTag getter gives. */
const typedArrays = {__proto__: null};
for (const name of ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array',
    'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array', 'Float16Array',
    'Float32Array', 'Float64Array']) {
    typedArrays[name] = global[name];
}

/*
 * The bytes of a buffer or view as [buffer, offset, size], which is what host functions take;
 * undefined for anything else.
 */
function bytesOf(value) {
    const kind = classOf(value);
    if (kind === 'ArrayBuffer') {
        return [value, 0, call(bufferByteLength, value)];
    }
    if (kind === 'DataView') {
        return [call(viewBuffer, value), call(viewByteOffset, value),
            call(viewByteLength, value)];
    }
    if (kind !== null && call(objectHasOwn, typedArrays, kind)) {
        return [call(arrayBuffer, value), call(arrayByteOffset, value),
            call(arrayByteLength, value)];
    }
    return undefined;
}
