/*
 * structuredClone (HTML, safe passing of structured data)
 */
const errorTypes = {__proto__: null};
for (const name of ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError',
    'TypeError', 'URIError']) {
    errorTypes[name] = global[name];
}

function refuseClone(value) {
    throw new DOMException(inspect(value, DEPTH) + ' could not be cloned.', 'DataCloneError');
}

function cloneError(value, memory) {
    const name = value.name;
    const type = errorTypes[typeof name === 'string' ? name : 'Error'];
    const result = new (type === undefined ? Error : type)();
    call(mapSet, memory, value, result);
    const message = describe(value, 'message');
    if (message !== undefined && message.get === undefined && message.set === undefined) {
        define(result, 'message', toText(message.value));
    }
    define(result, 'stack', errorStack(value));
    if (call(objectHasOwn, value, 'cause')) {
        define(result, 'cause', clone(value.cause, memory));
    }
    return result;
}

function cloneView(value, kind, memory) {
    const bytes = bytesOf(value);
    const buffer = clone(bytes[0], memory);
    const result = kind === 'DataView' ? new DataView(buffer, bytes[1], bytes[2])
        : new typedArrays[kind](buffer, bytes[1], call(arrayLength, value));
    call(mapSet, memory, value, result);
    return result;
}

function cloneMap(value, memory) {
    const result = new Map();
    call(mapSet, memory, value, result);
    const entries = [];
    call(mapForEach, value, (item, key) => {
        push(entries, key);
        push(entries, item);
    });
    for (let i = 0; i < entries.length; i += 2) {
        call(mapSet, result, clone(entries[i], memory), clone(entries[i + 1], memory));
    }
    return result;
}

function cloneSet(value, memory) {
    const result = new Set();
    call(mapSet, memory, value, result);
    const entries = [];
    call(setForEach, value, (item) => push(entries, item));
    for (let i = 0; i < entries.length; i++) {
        call(setAdd, result, clone(entries[i], memory));
    }
    return result;
}

function cloneProperties(value, result, memory) {
    call(mapSet, memory, value, result);
    const keys = ownKeys(value);
    for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        if (typeof key === 'string' && call(objectHasOwn, value, key) &&
            call(isEnumerable, value, key)) {
            defineProperty(result, key, {
                __proto__: null, value: clone(value[key], memory), writable: true,
                enumerable: true, configurable: true,
            });
        }
    }
    return result;
}

const cloners = {
    __proto__: null,
    Object: (value, memory) => cloneProperties(value, {}, memory),
    Arguments: (value, memory) => cloneProperties(value, {}, memory),
    Array(value, memory) {
        const result = [];
        result.length = value.length;
        return cloneProperties(value, result, memory);
    },
    Date: (value) => new Date(call(dateGetTime, value)),
    RegExp(value) {
        let flags = '';
        for (const flag in regExpFlags) {
            flags += call(regExpFlags[flag], value) ? flag : '';
        }
        return new RegExp(call(regExpSource, value), flags);
    },
    Number: (value) => Object(call(numberValueOf, value)),
    String: (value) => Object(call(stringValueOf, value)),
    Boolean: (value) => Object(call(booleanValueOf, value)),
    BigInt: (value) => Object(call(bigintValueOf, value)),
    ArrayBuffer(value) {
        if (call(bufferDetached, value)) {
            refuseClone(value);
        }
        return call(bufferSlice, value, 0);
    },
    Error: cloneError,
    Map: cloneMap,
    Set: cloneSet,
};

function clone(value, memory) {
    if (typeof value === 'symbol' || typeof value === 'function') {
        refuseClone(value);
    }
    if (value === null || typeof value !== 'object') {
        return value;
    }
    if (call(mapHas, memory, value)) {
        return call(mapGet, memory, value);
    }
    const kind = classOf(value);
    if (kind === 'DataView' || call(objectHasOwn, typedArrays, kind)) {
        return cloneView(value, kind, memory);
    }
    const cloner = cloners[kind];
    if (cloner === undefined) {
        refuseClone(value);
    }
    const result = cloner(value, memory);
    call(mapSet, memory, value, result);
    return result;
}

function transferAll(list, memory) {
    for (let i = 0; i < list.length; i++) {
        if (classOf(list[i]) !== 'ArrayBuffer' || call(bufferDetached, list[i]) ||
            call(mapHas, memory, list[i])) {
            throw new DOMException('Value could not be transferred.', 'DataCloneError');
        }
        call(mapSet, memory, list[i], call(bufferTransfer, list[i]));
    }
}
