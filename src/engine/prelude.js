/*
 * What a script finds in its realm beyond ECMAScript. Run once, before the snapshot is taken, as
 *
 *     (function (host) { ... })(host)
 *
 * where `host` has the host functions of host.c. Returns what the engine itself needs of the realm.
 *
 * A script shares this realm and can change every intrinsic. So everything used below after the
 * snapshot is captured here first, and no code below may lean on what a script can replace: no
 * method calls on values (apply them), no for-of, spread or array destructuring (iterators), no
 * regular expression methods but exec, no implicit conversion of a script's objects.
 */
(function (host) {
    'use strict';

    const global = globalThis;
    const {
        apply, ownKeys, defineProperty, getPrototypeOf, getOwnPropertyDescriptor,
    } = Reflect;
    const {
        log: hostLog, sha256: hostSha256, random_hex: hostRandomHex, random_fill: hostRandomFill,
        utf8_encode: hostEncode, utf8_decode: hostDecode, timer_set: hostTimerSet,
        timer_clear: hostTimerClear, class_of: classOf, proxy_target: proxyTarget,
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
    const arrayTag = getter(typedArrayPrototype, toStringTag);
    const jsonStringify = JSON.stringify;

    const call = (f, self, a, b, c) => apply(f, self, [a, b, c]);

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

    /* Defines what a script sees: like a built-in, it can be replaced, and does not show up in loops. */
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

    /*
     * Rendering for the console, as Node's util.inspect does with its defaults.
     */
    const DEPTH = 2;
    const BREAK_LENGTH = 80;
    const COMPACT = 3;
    const ITEMS_MOST = 100;
    const STRING_MOST = 10000;
    const plainKey = /^[a-zA-Z_][a-zA-Z_0-9]*$/;
    const strange = /[\x00-\x1f\x27\x5c\x7f-\x9f\ud800-\udfff]/;
    const shortEscapes = {
        __proto__: null, 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r', 92: '\\\\',
    };

    function matches(pattern, text) {
        return call(regExpExec, pattern, text) !== null;
    }

    function escapeCharacter(text, i, quote) {
        const code = call(stringCharCodeAt, text, i);
        if (code === call(stringCharCodeAt, quote, 0)) {
            return '\\' + quote;
        }
        if (shortEscapes[code] !== undefined) {
            return shortEscapes[code];
        }
        if (code < 32 || (code >= 127 && code <= 159)) {
            return `\\x${code < 16 ? '0' : ''}${stringOfHex(code, true)}`;
        }
        if (code >= 0xd800 && code <= 0xdfff) {
            const high = code <= 0xdbff;
            const other = call(stringCharCodeAt, text, high ? i + 1 : i - 1);
            const paired = high ? other >= 0xdc00 && other <= 0xdfff
                : other >= 0xd800 && other <= 0xdbff;
            return paired ? text[i] : `\\u${stringOfHex(code, false)}`;
        }
        return text[i];
    }

    function stringOfHex(code, upper) {
        const text = call(numberToString, code, 16);
        return upper ? call(stringToUpperCase, text) : text;
    }

    function quoted(text) {
        let quote = "'";
        if (call(stringIndexOf, text, "'") !== -1) {
            if (call(stringIndexOf, text, '"') === -1) {
                quote = '"';
            } else if (call(stringIndexOf, text, '`') === -1 &&
                call(stringIndexOf, text, '${') === -1) {
                quote = '`';
            }
        }
        if (!matches(strange, text)) {
            return quote + text + quote;
        }
        let result = quote;
        for (let i = 0; i < text.length; i++) {
            result += escapeCharacter(text, i, quote);
        }
        return result + quote;
    }

    function renderNumber(value) {
        return is(value, -0) ? '-0' : call(numberToString, value, 10);
    }

    /* A long string inside an object is broken where it has line breaks. */
    function renderString(ctx, text) {
        let rest = '';
        if (text.length > STRING_MOST) {
            const more = text.length - STRING_MOST;
            rest = `... ${more} more character${more > 1 ? 's' : ''}`;
            text = call(stringSlice, text, 0, STRING_MOST);
        }
        if (text.length <= 16 || text.length <= BREAK_LENGTH - ctx.indentation - 4) {
            return quoted(text) + rest;
        }
        const lines = [];
        for (let start = 0; start < text.length;) {
            const end = call(stringIndexOf, text, '\n', start);
            const next = end === -1 ? text.length : end + 1;
            push(lines, quoted(call(stringSlice, text, start, next)));
            start = next;
        }
        return join(lines, ' +\n' + call(stringRepeat, ' ', ctx.indentation + 2)) + rest;
    }

    function renderPrimitive(ctx, value) {
        switch (typeof value) {
        case 'string':
            return renderString(ctx, value);
        case 'number':
            return renderNumber(value);
        case 'bigint':
            return call(bigintToString, value, 10) + 'n';
        case 'symbol':
            return call(symbolToString, value);
        default:
            return `${value}`;
        }
    }

    /* The name of the constructor on the first prototype that has one; null without prototype. */
    function constructorName(object) {
        for (let at = object; at !== null; at = unwrapProxy(getPrototypeOf(at))) {
            const descriptor = getOwnPropertyDescriptor(at, 'constructor');
            if (descriptor !== undefined && typeof descriptor.value === 'function') {
                const name = ownString(descriptor.value, 'name');
                if (name !== '') {
                    return name;
                }
            }
        }
        return null;
    }

    /* A data property that is a string, looked at without running anything; else ''. */
    function ownString(object, name) {
        const descriptor = getOwnPropertyDescriptor(unwrapProxy(object), name);
        return descriptor !== undefined && typeof descriptor.value === 'string'
            ? descriptor.value : '';
    }

    /* The same on the prototypes too. */
    function inheritedString(object, name) {
        for (let at = unwrapProxy(object); at !== null; at = unwrapProxy(getPrototypeOf(at))) {
            if (getOwnPropertyDescriptor(at, name) !== undefined) {
                return ownString(at, name);
            }
        }
        return '';
    }

    /* Proxies are shown as their targets, so that no trap runs. */
    function unwrapProxy(value) {
        while (value !== null && classOf(value) === 'Proxy') {
            value = proxyTarget(value);
        }
        return value;
    }

    function prefixOf(name, tagName, fallback, size) {
        const text = name === null ? `[${fallback}${size}: null prototype]` : `${name}${size}`;
        return tagName !== '' && tagName !== name ? `${text} [${tagName}] ` : `${text} `;
    }

    function renderKey(key, enumerable) {
        if (typeof key === 'symbol') {
            return `[${call(symbolToString, key)}]`;
        }
        if (!enumerable) {
            return `[${key}]`;
        }
        return matches(plainKey, key) ? key : quoted(key);
    }

    function renderProperty(ctx, object, key, isElement, depth) {
        const descriptor = getOwnPropertyDescriptor(object, key);
        let text;
        if (descriptor.get !== undefined) {
            text = descriptor.set !== undefined ? '[Getter/Setter]' : '[Getter]';
        } else if (descriptor.set !== undefined) {
            text = '[Setter]';
        } else {
            ctx.indentation += isElement ? 0 : 2;
            text = render(ctx, descriptor.value, depth);
            ctx.indentation -= isElement ? 0 : 2;
        }
        return isElement ? text : `${renderKey(key, descriptor.enumerable)}: ${text}`;
    }

    function isIndex(key) {
        return typeof key === 'string' && matches(/^(0|[1-9][0-9]{0,9})$/, key) &&
            +key < 4294967295;
    }

    /* Own enumerable keys; of an array without its elements. */
    function shownKeys(object, withoutElements) {
        const all = ownKeys(object);
        const keys = [];
        for (let i = 0; i < all.length; i++) {
            if (call(isEnumerable, object, all[i]) && !(withoutElements && isIndex(all[i]))) {
                push(keys, all[i]);
            }
        }
        return keys;
    }

    function moreItems(output, more) {
        if (more > 0) {
            push(output, `... ${more} more item${more > 1 ? 's' : ''}`);
        }
    }

    function emptyItems(count) {
        return `<${count} empty item${count > 1 ? 's' : ''}>`;
    }

    function renderArray(ctx, object, depth) {
        const output = [];
        const length = object.length;
        let i = 0;
        while (i < length && output.length < ITEMS_MOST) {
            let hole = i;
            while (hole < length && !call(objectHasOwn, object, hole)) {
                hole = nextElement(object, hole, length);
            }
            if (hole > i) {
                push(output, emptyItems(hole - i));
                i = hole;
            } else {
                push(output, renderProperty(ctx, object, i, true, depth));
                i++;
            }
        }
        moreItems(output, length - i);
        return output;
    }

    /* The index of the first element after a hole at `from`; one step for all of a long hole. */
    function nextElement(object, from, length) {
        if (length - from < 1000) {
            return from + 1;
        }
        const keys = ownKeys(object);
        for (let i = 0; i < keys.length && isIndex(keys[i]); i++) {
            if (+keys[i] > from) {
                return +keys[i];
            }
        }
        return length;
    }

    function renderTypedArray(ctx, object, depth) {
        const output = [];
        const length = call(arrayLength, object);
        for (let i = 0; i < length && i < ITEMS_MOST; i++) {
            push(output, renderPrimitive(ctx, object[i]));
        }
        moreItems(output, length - ITEMS_MOST);
        return output;
    }

    function renderMap(ctx, object, depth) {
        const output = [];
        let more = 0;
        ctx.indentation += 2;
        call(mapForEach, object, (value, key) => {
            if (output.length < ITEMS_MOST) {
                push(output, `${render(ctx, key, depth)} => ${render(ctx, value, depth)}`);
            } else {
                more++;
            }
        });
        ctx.indentation -= 2;
        moreItems(output, more);
        return output;
    }

    function renderSet(ctx, object, depth) {
        const output = [];
        let more = 0;
        ctx.indentation += 2;
        call(setForEach, object, (value) => {
            if (output.length < ITEMS_MOST) {
                push(output, render(ctx, value, depth));
            } else {
                more++;
            }
        });
        ctx.indentation -= 2;
        moreItems(output, more);
        return output;
    }

    function renderBuffer(ctx, object) {
        if (call(bufferDetached, object)) {
            return ['(detached)', 'byteLength: 0'];
        }
        const bytes = new Uint8Array(object);
        const size = call(arrayLength, bytes);
        let text = '';
        for (let i = 0; i < size && i < 50; i++) {
            text += (i > 0 ? ' ' : '') + call(stringPadStart, call(numberToString, bytes[i], 16), 2, '0');
        }
        if (size > 50) {
            text += ` ... ${size - 50} more byte${size > 51 ? 's' : ''}`;
        }
        return [`[Uint8Contents]: <${text}>`, `byteLength: ${size}`];
    }

    function renderView(ctx, object, depth) {
        return [
            `byteLength: ${call(viewByteLength, object)}`,
            `byteOffset: ${call(viewByteOffset, object)}`,
            `buffer: ${render(ctx, call(viewBuffer, object), depth)}`,
        ];
    }

    function renderPromise(ctx, object, depth) {
        const state = promiseState(object);
        if (state === 0) {
            return ['<pending>'];
        }
        ctx.indentation += 2;
        const text = render(ctx, promiseResult(object), depth);
        ctx.indentation -= 2;
        return [state === 1 ? text : `<rejected> ${text}`];
    }

    function regExpText(object) {
        let flags = '';
        for (const flag in regExpFlags) {
            flags += call(regExpFlags[flag], object) ? flag : '';
        }
        return `/${call(regExpSource, object)}/${flags}`;
    }

    function functionText(object, name, tagName) {
        const source = call(functionToString, object);
        const own = ownString(object, 'name');
        if (call(stringSlice, source, 0, 5) === 'class' &&
            call(stringSlice, source, -1) === '}') {
            let text = `[class ${own === '' ? '(anonymous)' : own}`;
            const parent = getPrototypeOf(object);
            const parentName = parent === null ? '' : ownString(parent, 'name');
            if (parentName !== '') {
                text += ` extends ${parentName}`;
            } else if (parent === null) {
                text += ' extends null';
            }
            return text + ']';
        }
        const known = classOf(object);
        const kind = known !== null && call(stringSlice, known, -8) === 'Function'
            ? known : 'Function';
        const head = name === null ? `${kind} (null prototype)` : kind;
        let text = own === '' ? `[${head} (anonymous)]` : `[${head}: ${own}]`;
        if (name !== null && name !== kind && name !== 'Function') {
            text += ` ${name}`;
        }
        return tagName === '' || tagName === kind ? text : `${text} [${tagName}]`;
    }

    /* "Name: message\n    at ..."; the class stands for a name that says only "Error". */
    function errorText(object, name) {
        let shown = inheritedString(object, 'name');
        if (shown === '' || (shown === 'Error' && name !== null)) {
            shown = name === null ? 'Error' : name;
        }
        const message = inheritedString(object, 'message');
        const head = message === '' ? shown : `${shown}: ${message}`;
        const stack = errorStack(object);
        if (stack === '') {
            return `[${head}]`;
        }
        return call(stringSlice, stack, 0, 4) === '    ' ? `${head}\n${stack}` : stack;
    }

    /* The calls that an error comes from, by the realm's own record or what the script put there. */
    function errorStack(object) {
        let stack = ownString(object, 'stack');
        if (stack === '' && !call(objectHasOwn, object, 'stack')) {
            stack = call(errorStackGetter, object);
        }
        if (typeof stack !== 'string') {
            return '';
        }
        while (stack.length > 0 && stack[stack.length - 1] === '\n') {
            stack = call(stringSlice, stack, 0, -1);
        }
        return stack;
    }

    function indentLines(text, indentation) {
        if (indentation === 0 || call(stringIndexOf, text, '\n') === -1) {
            return text;
        }
        const space = call(stringRepeat, ' ', indentation);
        let result = '';
        for (let start = 0; ;) {
            const end = call(stringIndexOf, text, '\n', start);
            if (end === -1) {
                return result + call(stringSlice, text, start);
            }
            result += call(stringSlice, text, start, end + 1) + space;
            start = end + 1;
        }
    }

    const boxed = {
        __proto__: null,
        Number: (object) => renderNumber(call(numberValueOf, object)),
        String: (object) => quoted(call(stringValueOf, object)),
        Boolean: (object) => `${call(booleanValueOf, object)}`,
        BigInt: (object) => call(bigintToString, call(bigintValueOf, object), 10) + 'n',
        Symbol: (object) => call(symbolToString, call(symbolValueOf, object)),
    };

    /* How each class of object is shown: braces, a text in front of or instead of them, entries. */
    const NOTHING = () => [];
    const shapes = {
        __proto__: null,
        Array(ctx, object, name, tagName) {
            const prefix = name !== 'Array' || tagName !== ''
                ? prefixOf(name, tagName, 'Array', `(${object.length})`) : '';
            return {
                open: `${prefix}[`, close: ']', size: object.length, entries: renderArray, isArray: true,
            };
        },
        Map: (ctx, object, name, tagName) => ({
            open: `${prefixOf(name, tagName, 'Map', `(${call(mapSize, object)})`)}{`,
            size: call(mapSize, object),
            entries: renderMap,
        }),
        Set: (ctx, object, name, tagName) => ({
            open: `${prefixOf(name, tagName, 'Set', `(${call(setSize, object)})`)}{`,
            size: call(setSize, object),
            entries: renderSet,
        }),
        ArrayBuffer: (ctx, object, name, tagName) => ({
            open: `${prefixOf(name, tagName, 'ArrayBuffer', '')}{`, entries: renderBuffer,
        }),
        DataView: (ctx, object, name, tagName) => ({
            open: `${prefixOf(name, tagName, 'DataView', '')}{`, entries: renderView,
        }),
        Promise: (ctx, object, name, tagName) => ({
            open: `${prefixOf(name, tagName, 'Promise', '')}{`, entries: renderPromise,
        }),
        WeakMap: (ctx, object, name, tagName) => ({
            open: `${prefixOf(name, tagName, 'WeakMap', '')}{`,
            entries: () => ['<items unknown>'],
        }),
        WeakSet: (ctx, object, name, tagName) => ({
            open: `${prefixOf(name, tagName, 'WeakSet', '')}{`,
            entries: () => ['<items unknown>'],
        }),
        Arguments: () => ({open: '[Arguments] [', close: ']', entries: renderArray, isArray: true}),
        Date(ctx, object) {
            const time = call(dateGetTime, object);
            return {base: time === time ? call(dateToISOString, object) : 'Invalid Date'};
        },
        RegExp: (ctx, object) => ({base: regExpText(object)}),
        Error: (ctx, object, name) => ({
            base: indentLines(errorText(object, name), ctx.indentation), isError: true,
        }),
    };

    function shapeOf(ctx, object, name, tagName) {
        if (typeof object === 'function') {
            return {base: functionText(object, name, tagName)};
        }
        const kind = classOf(object);
        if (shapes[kind] !== undefined) {
            return shapes[kind](ctx, object, name, tagName);
        }
        if (kind !== null && call(objectHasOwn, typedArrays, kind)) {
            const size = `(${call(arrayLength, object)})`;
            return {
                open: `${prefixOf(name, tagName === kind ? '' : tagName, kind, size)}[`, close: ']',
                size: call(arrayLength, object), entries: renderTypedArray, isArray: true,
            };
        }
        if (boxed[kind] !== undefined) {
            const prefix = name === kind || name === null ? kind : `${kind} (${name})`;
            return {base: `[${prefix}: ${boxed[kind](object)}]`, isString: kind === 'String'};
        }
        const plain = name === 'Object' && tagName === '';
        return {open: plain ? '{' : `${prefixOf(name, tagName, 'Object', '')}{`};
    }

    /* Joins many short entries of an array into aligned columns. */
    function groupItems(ctx, output, object, hasMore) {
        const count = hasMore ? output.length - 1 : output.length;
        let total = 0;
        let longest = 0;
        for (let i = 0; i < count; i++) {
            total += output[i].length + 2;
            longest = max(longest, output[i].length);
        }
        const width = longest + 2;
        if (!(width * 3 + ctx.indentation < BREAK_LENGTH && (total / width > 5 || longest <= 6))) {
            return output;
        }
        const biased = max(width - 3 - sqrt(width - total / output.length), 1);
        const columns = min(round(sqrt(2.5 * biased * count) / biased),
            floor((BREAK_LENGTH - ctx.indentation) / width), COMPACT * 4, 15);
        if (columns <= 1) {
            return output;
        }
        const pad = onlyNumbers(object, count) ? stringPadStart : stringPadEnd;
        const lines = [];
        for (let i = 0; i < count; i += columns) {
            const end = min(i + columns, count);
            let line = '';
            for (let j = i; j < end; j++) {
                const last = j === end - 1;
                let column = 0;
                for (let k = j - i; k < count; k += columns) {
                    column = max(column, output[k].length);
                }
                const text = last ? output[j] : `${output[j]}, `;
                line += last && pad === stringPadEnd ? text
                    : call(pad, text, last ? column : column + 2, ' ');
            }
            push(lines, line);
        }
        if (hasMore) {
            push(lines, output[count]);
        }
        return lines;
    }

    function onlyNumbers(object, count) {
        for (let i = 0; i < count; i++) {
            const descriptor = getOwnPropertyDescriptor(object, i);
            const type = descriptor === undefined ? '' : typeof descriptor.value;
            if (type !== 'number' && type !== 'bigint') {
                return false;
            }
        }
        return true;
    }

    function fitsOneLine(output, start, base) {
        let total = output.length + start;
        if (total + output.length > BREAK_LENGTH) {
            return false;
        }
        for (let i = 0; i < output.length; i++) {
            total += output[i].length;
            if (total > BREAK_LENGTH || call(stringIndexOf, output[i], '\n') !== -1) {
                return false;
            }
        }
        return base === '' || call(stringIndexOf, base, '\n') === -1;
    }

    function arrange(ctx, output, object, shape, depth, hasMore) {
        const base = shape.base === undefined ? '' : shape.base;
        const open = shape.open === undefined ? '{' : shape.open;
        const close = shape.close === undefined ? '}' : shape.close;
        const entries = output.length;
        if (shape.isArray && entries > 6) {
            output = groupItems(ctx, output, object, hasMore);
        }
        const front = base === '' ? '' : `${base} `;
        if (ctx.deepest - depth < COMPACT && entries === output.length) {
            const start = output.length + ctx.indentation + open.length + base.length + 10;
            if (fitsOneLine(output, start, base)) {
                return `${front}${open} ${join(output, ', ')} ${close}`;
            }
        }
        const line = '\n' + call(stringRepeat, ' ', ctx.indentation);
        return `${front}${open}${line}  ${join(output, `,${line}  `)}${line}${close}`;
    }

    /* Properties of an error that are not enumerable and yet say something. */
    function errorKeys(object, keys) {
        const names = ['cause', 'errors'];
        for (let i = 0; i < names.length; i++) {
            if (call(objectHasOwn, object, names[i]) && !call(isEnumerable, object, names[i])) {
                push(keys, names[i]);
            }
        }
    }

    function renderObject(ctx, object, depth) {
        const name = constructorName(object);
        const tagName = tagOf(object, name);
        const shape = shapeOf(ctx, object, name, tagName);
        const keys = shownKeys(object, shape.isArray || shape.isString);
        if (shape.isError) {
            errorKeys(object, keys);
        }
        if (keys.length === 0 && (shape.entries === undefined || shape.size === 0)) {
            return shape.base !== undefined ? shape.base
                : `${shape.open}${shape.close === undefined ? '}' : shape.close}`;
        }
        if (depth > DEPTH) {
            return shape.isArray ? '[Array]'
                : `[${name === null ? 'Object: null prototype' : tagName === '' ? name : `${name} [${tagName}]`}]`;
        }
        push(ctx.seen, object);
        ctx.deepest = depth;
        const output = shape.entries === undefined ? [] : shape.entries(ctx, object, depth + 1);
        const hasMore = shape.isArray && output.length > ITEMS_MOST;
        for (let i = 0; i < keys.length; i++) {
            push(output, renderProperty(ctx, object, keys[i], false, depth + 1));
        }
        ctx.seen.length--;
        if (output.length === 0) {
            return shape.base !== undefined ? shape.base
                : `${shape.open}${shape.close === undefined ? '}' : shape.close}`;
        }
        const text = arrange(ctx, output, object, shape, depth, hasMore);
        const reference = call(mapGet, ctx.circular, object);
        return reference === undefined ? text : `<ref *${reference}> ${text}`;
    }

    /* Symbol.toStringTag where it is a plain string that says more than the constructor's name. */
    function tagOf(object, name) {
        for (let at = object; at !== null; at = unwrapProxy(getPrototypeOf(at))) {
            const descriptor = getOwnPropertyDescriptor(at, toStringTag);
            if (descriptor !== undefined) {
                if (at === object && descriptor.enumerable) {
                    return ''; /* shown among the properties */
                }
                const value = descriptor.value;
                return typeof value === 'string' && value !== name ? value : '';
            }
        }
        return '';
    }

    function render(ctx, value, depth) {
        if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
            return renderPrimitive(ctx, value);
        }
        value = unwrapProxy(value);
        if (value === null) {
            return '<Revoked Proxy>';
        }
        for (let i = 0; i < ctx.seen.length; i++) {
            if (ctx.seen[i] === value) {
                if (!call(mapHas, ctx.circular, value)) {
                    call(mapSet, ctx.circular, value, call(mapSize, ctx.circular) + 1);
                }
                return `[Circular *${call(mapGet, ctx.circular, value)}]`;
            }
        }
        return renderObject(ctx, value, depth);
    }

    /* `depth` levels less than usual are shown. */
    function inspect(value, depth = 0) {
        return render({__proto__: null, seen: [], circular: new Map(), indentation: 0, deepest: 0},
            value, depth);
    }

    /*
     * console
     */
    function formatString(value) {
        switch (typeof value) {
        case 'string':
            return value;
        case 'number':
            return renderNumber(value);
        case 'bigint':
            return call(bigintToString, value, 10) + 'n';
        case 'object':
            return value === null || !hasOwnToString(value) ? inspect(value, DEPTH) : `${value}`;
        case 'function':
            return call(functionToString, value);
        default:
            return inspect(value);
        }
    }

    /* Does the script say how the object looks as a string? */
    function hasOwnToString(object) {
        for (let at = unwrapProxy(object); at !== null; at = unwrapProxy(getPrototypeOf(at))) {
            const descriptor = getOwnPropertyDescriptor(at, 'toString');
            if (descriptor !== undefined) {
                return typeof descriptor.value === 'function' &&
                    call(stringIndexOf, call(functionToString, descriptor.value), '[native code]') === -1;
            }
        }
        return false;
    }

    function formatInteger(value) {
        if (typeof value === 'bigint') {
            return call(bigintToString, value, 10) + 'n';
        }
        if (typeof value === 'symbol' || typeof value === 'object') {
            return 'NaN';
        }
        return renderNumber(typeof value === 'number' || typeof value === 'string'
            ? parseIntIntrinsic(value) : NaN);
    }

    const parseIntIntrinsic = parseInt;
    const parseFloatIntrinsic = parseFloat;

    function formatNumber(value) {
        if (typeof value === 'bigint') {
            return call(bigintToString, value, 10) + 'n';
        }
        return typeof value === 'symbol' || typeof value === 'object' ? 'NaN'
            : renderNumber(Number(value));
    }

    function formatFloat(value) {
        return renderNumber(typeof value === 'number' || typeof value === 'string'
            ? parseFloatIntrinsic(value) : NaN);
    }

    function formatJson(value) {
        try {
            return `${jsonStringify(value)}`;
        } catch (error) {
            return '[Circular]';
        }
    }

    const directives = {
        __proto__: null, s: formatString, d: formatNumber, i: formatInteger, f: formatFloat,
        j: formatJson, o: (value) => inspect(value), O: (value) => inspect(value), c: () => '',
    };

    /* A first argument with % directives takes as many of the others as it has. */
    function format(args) {
        let text = '';
        let next = 0;
        if (args.length > 0 && typeof args[0] === 'string') {
            next = 1;
            text = args[0];
            if (args.length > 1 && call(stringIndexOf, text, '%') !== -1) {
                const pattern = text;
                text = '';
                let start = 0;
                for (let i = 0; i < pattern.length - 1; i++) {
                    if (pattern[i] !== '%') {
                        continue;
                    }
                    const letter = pattern[i + 1];
                    const known = directives[letter] !== undefined && next < args.length;
                    if (known || letter === '%') {
                        text += call(stringSlice, pattern, start, i);
                        text += known ? directives[letter](args[next++]) : '%';
                        start = i + 2;
                    }
                    i += known || letter === '%' ? 1 : 0;
                }
                text += call(stringSlice, pattern, start);
            }
        }
        for (let i = next; i < args.length; i++) {
            text += (i > 0 ? ' ' : '') + (typeof args[i] === 'string' ? args[i] : inspect(args[i]));
        }
        return text;
    }

    const console = {
        log(...args) {
            hostLog(format(args));
        },
        info(...args) {
            hostLog(format(args));
        },
        warn(...args) {
            hostLog(format(args));
        },
        error(...args) {
            hostLog(format(args));
        },
        debug(...args) {
            hostLog(format(args));
        },
    };
    tag(console, 'console');
    define(global, 'console', console);

    /*
     * crypto
     */
    const RANDOM_BYTES_MOST = 1024;
    const RANDOM_VALUES_MOST = 65536;
    const integerArrays = {
        __proto__: null, Int8Array: 1, Uint8Array: 1, Uint8ClampedArray: 1, Int16Array: 1,
        Uint16Array: 1, Int32Array: 1, Uint32Array: 1, BigInt64Array: 1, BigUint64Array: 1,
    };

    const crypto = {};
    defineAll(crypto, {
        sha256(data) {
            if (typeof data === 'number' || typeof data === 'bigint' || typeof data === 'boolean') {
                data = `${data}`;
            }
            if (typeof data === 'string') {
                return hostSha256(data);
            }
            const bytes = bytesOf(data);
            const digest = bytes === undefined ? null
                : hostSha256(bytes[0], bytes[1], bytes[2]);
            if (digest === null) {
                throw new TypeError('crypto.sha256: the data must be a string, an ArrayBuffer or a view of one');
            }
            return digest;
        },
        randomBytes(size) {
            if (!isInteger(size) || size < 0 || size > RANDOM_BYTES_MOST) {
                throw new RangeError(`crypto.randomBytes: the size must be an integer from 0 to ${RANDOM_BYTES_MOST}`);
            }
            return hostRandomHex(size);
        },
        getRandomValues(array) {
            const kind = classOf(array);
            if (kind === null || integerArrays[kind] === undefined) {
                throw new DOMException('crypto.getRandomValues: the argument must be an array of integers', 'TypeMismatchError');
            }
            const bytes = bytesOf(array);
            if (bytes[2] > RANDOM_VALUES_MOST) {
                throw new DOMException(`crypto.getRandomValues: at most ${RANDOM_VALUES_MOST} bytes at a time`, 'QuotaExceededError');
            }
            hostRandomFill(bytes[0], bytes[1], bytes[2]);
            return array;
        },
        randomUUID() {
            const hex = hostRandomHex(16);
            const variant = '89ab'[parseIntIntrinsic(hex[16], 16) % 4];
            return `${call(stringSlice, hex, 0, 8)}-${call(stringSlice, hex, 8, 12)}-4${
                call(stringSlice, hex, 13, 16)}-${variant}${call(stringSlice, hex, 17, 20)}-${
                call(stringSlice, hex, 20)}`;
        },
    });
    tag(crypto, 'Crypto');
    define(global, 'crypto', crypto);

    /*
     * TextEncoder, TextDecoder (Encoding Standard)
     */
    class TextEncoder {
        #encoding = 'utf-8';

        get encoding() {
            return this.#encoding;
        }

        encode(input = '') {
            this.#encoding;
            return new Uint8Array(hostEncode(`${input}`));
        }

        encodeInto(source, destination) {
            this.#encoding;
            if (classOf(destination) !== 'Uint8Array') {
                throw new TypeError('TextEncoder.encodeInto: the destination must be a Uint8Array');
            }
            return encodeInto(`${source}`, destination);
        }
    }

    function encodeInto(text, to) {
        const room = call(arrayLength, to);
        let read = 0;
        let written = 0;
        while (read < text.length) {
            const code = call(stringCharCodeAt, text, read);
            const next = call(stringCharCodeAt, text, read + 1);
            const pair = code >= 0xd800 && code <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
            const lone = !pair && code >= 0xd800 && code <= 0xdfff;
            const point = pair ? (code - 0xd800) * 1024 + next - 0xdc00 + 0x10000
                : lone ? 0xfffd : code;
            const size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
            if (written + size > room) {
                break;
            }
            writeCharacter(to, written, point, size);
            written += size;
            read += pair ? 2 : 1;
        }
        return {read, written};
    }

    const leads = [0, 0, 0xc0, 0xe0, 0xf0];

    function writeCharacter(to, at, point, size) {
        for (let i = size - 1; i > 0; i--) {
            to[at + i] = 0x80 | (point & 0x3f);
            point >>= 6;
        }
        to[at] = leads[size] | point;
    }

    const labels = {__proto__: null};
    for (const label of ['utf-8', 'utf8', 'unicode-1-1-utf-8', 'unicode11utf8', 'unicode20utf8',
        'x-unicode20utf8']) {
        labels[label] = 'utf-8';
    }
    for (const label of ['utf-16le', 'utf-16', 'ucs-2', 'unicode', 'csunicode', 'unicodefeff',
        'iso-10646-ucs-2']) {
        labels[label] = 'utf-16le';
    }

    /* Bytes at the end that are the start of a character whose rest may still come. */
    function unfinishedUtf8(bytes) {
        const length = call(arrayLength, bytes);
        for (let back = 1; back <= 3 && back <= length; back++) {
            const byte = bytes[length - back];
            if (byte >= 0xc0) {
                const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
                const second = back > 1 ? bytes[length - back + 1] : 0x80;
                return byte >= 0xc2 && byte <= 0xf4 && size > back &&
                    secondFits(byte, back > 1 ? second : -1) ? back : 0;
            }
            if (byte < 0x80) {
                return 0;
            }
        }
        return 0;
    }

    function secondFits(lead, second) {
        return second === -1 ||
            (second >= (lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80) &&
            second <= (lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf));
    }

    /* An odd byte, or a high surrogate that waits for its other half. */
    function unfinishedUtf16(bytes) {
        const length = call(arrayLength, bytes);
        const odd = length % 2;
        const high = length - odd >= 2 ? bytes[length - odd - 1] : 0;
        return high >= 0xd8 && high <= 0xdb ? odd + 2 : odd;
    }

    function decodeUtf16(bytes, size, fatal) {
        let text = '';
        const units = floor(size / 2);
        for (let i = 0; i < units; i++) {
            const unit = bytes[2 * i] | (bytes[2 * i + 1] << 8);
            const next = i + 1 < units ? bytes[2 * i + 2] | (bytes[2 * i + 3] << 8) : 0;
            if (unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff) {
                text += fromCharCode(unit, next);
                i++;
            } else if (unit >= 0xd800 && unit <= 0xdfff) {
                if (fatal) {
                    return null;
                }
                text += '\ufffd';
            } else {
                text += fromCharCode(unit);
            }
        }
        if (size % 2 === 1) {
            return fatal ? null : text + '\ufffd';
        }
        return text;
    }

    function concatBytes(a, b) {
        const result = new Uint8Array(call(arrayLength, a) + call(arrayLength, b));
        let at = 0;
        for (let i = 0; i < call(arrayLength, a); i++) {
            result[at++] = a[i];
        }
        for (let i = 0; i < call(arrayLength, b); i++) {
            result[at++] = b[i];
        }
        return result;
    }

    const NO_BYTES = new Uint8Array(0);

    class TextDecoder {
        #encoding;
        #fatal;
        #ignoreBOM;
        #pending = NO_BYTES;
        #started = false;

        constructor(label = 'utf-8', options = undefined) {
            const name = labels[call(stringToLowerCase, call(stringTrim, `${label}`))];
            if (name === undefined) {
                throw new RangeError(`TextDecoder: the encoding "${label}" is not supported`);
            }
            this.#encoding = name;
            this.#fatal = options != null && !!options.fatal;
            this.#ignoreBOM = options != null && !!options.ignoreBOM;
        }

        get encoding() {
            return this.#encoding;
        }

        get fatal() {
            return this.#fatal;
        }

        get ignoreBOM() {
            return this.#ignoreBOM;
        }

        decode(input = undefined, options = undefined) {
            const stream = options != null && !!options.stream;
            let bytes = NO_BYTES;
            if (input !== undefined) {
                const found = bytesOf(input);
                if (found === undefined) {
                    throw new TypeError('TextDecoder.decode: the input must be an ArrayBuffer or a view of one');
                }
                bytes = new Uint8Array(found[0], found[1], found[2]);
            }
            if (call(arrayLength, this.#pending) > 0) {
                bytes = concatBytes(this.#pending, bytes);
                this.#pending = NO_BYTES;
            }
            return this.#take(bytes, stream);
        }

        #take(bytes, stream) {
            const utf8 = this.#encoding === 'utf-8';
            let size = call(arrayLength, bytes);
            if (stream) {
                const kept = utf8 ? unfinishedUtf8(bytes) : unfinishedUtf16(bytes);
                const start = call(arrayByteOffset, bytes) + size - kept;
                this.#pending = new Uint8Array(
                    call(bufferSlice, call(arrayBuffer, bytes), start, start + kept));
                size -= kept;
            }
            let text = utf8
                ? hostDecode(call(arrayBuffer, bytes), call(arrayByteOffset, bytes), size, this.#fatal)
                : decodeUtf16(bytes, size, this.#fatal);
            if (text === null) {
                this.#pending = NO_BYTES;
                this.#started = false;
                throw new TypeError(`TextDecoder.decode: the input is not valid ${this.#encoding}`);
            }
            if (!this.#started && !this.#ignoreBOM && text[0] === '\ufeff') {
                text = call(stringSlice, text, 1);
                this.#started = true;
            }
            this.#started = stream && (this.#started || size > 0);
            return text;
        }
    }

    tag(TextEncoder.prototype, 'TextEncoder');
    tag(TextDecoder.prototype, 'TextDecoder');
    define(global, 'TextEncoder', TextEncoder);
    define(global, 'TextDecoder', TextDecoder);

    /*
     * structuredClone (HTML, safe passing of structured data)
     */
    const errorTypes = {__proto__: null};
    for (const name of ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError',
        'TypeError', 'URIError']) {
        errorTypes[name] = global[name];
    }

    function refuseClone(value) {
        throw new DOMException(`${inspect(value, DEPTH)} could not be cloned.`, 'DataCloneError');
    }

    function cloneError(value, memory) {
        const name = value.name;
        const type = errorTypes[typeof name === 'string' ? name : 'Error'];
        const result = new (type === undefined ? Error : type)();
        call(mapSet, memory, value, result);
        const message = getOwnPropertyDescriptor(value, 'message');
        if (message !== undefined && call(objectHasOwn, message, 'value')) {
            define(result, 'message', `${message.value}`);
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

    /*
     * Timers
     */
    const TIMER_MOST = 2147483647;

    function setTimer(name, callback, delay, args, repeat) {
        if (typeof callback !== 'function') {
            throw new TypeError(`${name}: the callback must be a function`);
        }
        delay = floor(Number(delay));
        if (!(delay >= 1 && delay <= TIMER_MOST)) {
            delay = 1;
        }
        const bound = args.length === 0 ? callback : () => apply(callback, undefined, args);
        const id = hostTimerSet(bound, delay, repeat);
        if (id === 0) {
            throw new RangeError(`${name}: too many timers are pending`);
        }
        return id;
    }

    defineAll(global, {
        structuredClone(value, options = undefined) {
            const memory = new Map();
            const list = options == null ? undefined : options.transfer;
            if (list !== undefined) {
                if (!isArray(list)) {
                    throw new TypeError('structuredClone: transfer must be an array');
                }
                transferAll(list, memory);
            }
            return clone(value, memory);
        },
        setTimeout(callback, delay = 0, ...args) {
            return setTimer('setTimeout', callback, delay, args, false);
        },
        setInterval(callback, delay = 0, ...args) {
            return setTimer('setInterval', callback, delay, args, true);
        },
        clearTimeout(id) {
            hostTimerClear(id);
        },
        clearInterval(id) {
            hostTimerClear(id);
        },
    });

    /* Memory shared between threads makes no sense where there is one; the rest is not offered. */
    delete global.SharedArrayBuffer;

    /* Time within a job starts at zero; where that zero lies is for Date to say. */
    const performanceNow = global.performance.now;
    const dateNow = Date.now;
    defineProperty(global.performance, 'timeOrigin', {
        __proto__: null, enumerable: true, configurable: true,
        get: {
            timeOrigin() {
                return dateNow() - call(performanceNow, global.performance);
            },
        }.timeOrigin,
    });
    define(global, 'performance', global.performance);

    /*
     * For the engine.
     */
    const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u;

    const intrinsics = [];

    function addIntrinsic(object) {
        for (; object !== null && typeof object === 'object' || typeof object === 'function';
            object = getPrototypeOf(object)) {
            if (!intrinsics.includes(object)) {
                intrinsics.push(object);
            }
        }
    }

    for (const name of ownKeys(global)) {
        const value = global[name];
        if (typeof value === 'function' && value.prototype !== undefined) {
            addIntrinsic(value.prototype);
        }
    }
    for (const object of [function* () {}, async function () {}, async function* () {}, class {}]) {
        addIntrinsic(getPrototypeOf(object));
        addIntrinsic(getPrototypeOf(object).prototype ?? null);
    }
    for (const object of [[][iterator](), ''[iterator](), new Map()[iterator](),
        new Set()[iterator](), ''.matchAll(/x/g), [][iterator]().map((x) => x),
        Iterator.from({next() {}})]) {
        addIntrinsic(getPrototypeOf(object));
    }

    return {
        inspect: (value) => inspect(value),
        isIdentifier: (name) => matches(identifier, name),
        errorStack,
        dateToISOString, numberValueOf, stringValueOf, booleanValueOf, bigintValueOf, intrinsics,
        samples: {
            number: new Number(0), string: new String(''), boolean: new Boolean(false),
            bigint: Object(0n), date: new Date(0), rawJSON: JSON.rawJSON('0'),
        },
    };
})
