/*
 * Rendering for the console, as Node's util.inspect does with its defaults.
 */
const DEPTH = 2;
const BREAK_LENGTH = 80;
const COMPACT = 3;
const ITEMS_MOST = 100;
const KEYS_MOST = 1000; /* a log entry has no room for more */
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
        return '\\x' + (code < 16 ? '0' : '') + stringOfHex(code, true);
    }
    if (code >= 0xd800 && code <= 0xdfff) {
        const high = code <= 0xdbff;
        const other = call(stringCharCodeAt, text, high ? i + 1 : i - 1);
        const paired = high ? other >= 0xdc00 && other <= 0xdfff
            : other >= 0xd800 && other <= 0xdbff;
        return paired ? text[i] : '\\u' + stringOfHex(code, false);
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
        rest = '... ' + more + ' more character' + (more > 1 ? 's' : '');
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
        return '' + value;
    }
}

/* The name of the constructor on the first prototype that has one; null without prototype. */
function constructorName(object) {
    for (let at = object; at !== null; at = unwrapProxy(getPrototypeOf(at))) {
        const descriptor = describe(at, 'constructor');
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
    const descriptor = describe(unwrapProxy(object), name);
    return descriptor !== undefined && typeof descriptor.value === 'string'
        ? descriptor.value : '';
}

/* The same on the prototypes too. */
function inheritedString(object, name) {
    for (let at = unwrapProxy(object); at !== null; at = unwrapProxy(getPrototypeOf(at))) {
        if (describe(at, name) !== undefined) {
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
    const text = name === null ? '[' + fallback + size + ': null prototype]' : name + size;
    return tagName !== '' && tagName !== name ? text + ' [' + tagName + '] ' : text + ' ';
}

function renderKey(key, enumerable) {
    if (typeof key === 'symbol') {
        return '[' + call(symbolToString, key) + ']';
    }
    if (!enumerable) {
        return '[' + key + ']';
    }
    return matches(plainKey, key) ? key : quoted(key);
}

function renderProperty(ctx, object, key, isElement, depth) {
    const descriptor = describe(object, key);
    let text;
    if (descriptor.get !== undefined) {
        text = descriptor.set !== undefined ? '[Getter/Setter]' : '[Getter]';
    } else if (descriptor.set !== undefined) {
        text = '[Setter]';
    } else {
        ctx.indentation += 2;
        text = render(ctx, descriptor.value, depth);
        ctx.indentation -= 2;
    }
    return isElement ? text : renderKey(key, descriptor.enumerable) + ': ' + text;
}

function isIndex(key) {
    return typeof key === 'string' && matches(/^(0|[1-9][0-9]{0,9})$/, key) &&
        +key < 4294967295;
}

function moreItems(output, more) {
    if (more > 0) {
        push(output, '... ' + more + ' more item' + (more > 1 ? 's' : ''));
    }
}

function emptyItems(count) {
    return '<' + count + ' empty item' + (count > 1 ? 's' : '') + '>';
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
            push(output, render(ctx, key, depth) + ' => ' + render(ctx, value, depth));
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
        const digits = call(numberToString, bytes[i], 16);
        text += (i > 0 ? ' ' : '') + call(stringPadStart, digits, 2, '0');
    }
    if (size > 50) {
        text += ' ... ' + (size - 50) + ' more byte' + (size > 51 ? 's' : '');
    }
    return ['[Uint8Contents]: <' + text + '>', 'byteLength: ' + size];
}

function renderView(ctx, object, depth) {
    return [
        'byteLength: ' + call(viewByteLength, object),
        'byteOffset: ' + call(viewByteOffset, object),
        'buffer: ' + render(ctx, call(viewBuffer, object), depth),
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
    return [state === 1 ? text : '<rejected> ' + text];
}

function regExpText(object) {
    let flags = '';
    for (const flag in regExpFlags) {
        flags += call(regExpFlags[flag], object) ? flag : '';
    }
    return '/' + call(regExpSource, object) + '/' + flags;
}

function functionText(object, name, tagName) {
    const source = call(functionToString, object);
    const own = ownString(object, 'name');
    if (call(stringSlice, source, 0, 5) === 'class' &&
        call(stringSlice, source, -1) === '}') {
        let text = '[class ' + (own === '' ? '(anonymous)' : own);
        const parent = getPrototypeOf(object);
        const parentName = parent === null ? '' : ownString(parent, 'name');
        if (parentName !== '') {
            text += ' extends ' + parentName;
        } else if (parent === null) {
            text += ' extends null';
        }
        return text + ']';
    }
    const known = classOf(object);
    const kind = known !== null && call(stringSlice, known, -8) === 'Function'
        ? known : 'Function';
    const head = name === null ? kind + ' (null prototype)' : kind;
    let text = own === '' ? '[' + head + ' (anonymous)]' : '[' + head + ': ' + own + ']';
    if (name !== null && name !== kind && name !== 'Function') {
        text += ' ' + name;
    }
    return tagName === '' || tagName === kind ? text : text + ' [' + tagName + ']';
}

/* "Name: message\n    at ..."; the class stands for a name that says only "Error". */
function errorText(object, name) {
    let shown = inheritedString(object, 'name');
    if (shown === '' || (shown === 'Error' && name !== null)) {
        shown = name === null ? 'Error' : name;
    }
    const message = inheritedString(object, 'message');
    const head = message === '' ? shown : shown + ': ' + message;
    const stack = errorStack(object);
    if (stack === '') {
        return '[' + head + ']';
    }
    return call(stringSlice, stack, 0, 4) === '    ' ? head + '\n' + stack : stack;
}

/* The calls that an error comes from, by the realm's own record or what the script put there. */
function errorStack(object) {
    let stack = ownString(object, 'stack');
    if (classOf(object) === 'Error' && !call(objectHasOwn, object, 'stack')) {
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

function domExceptionText(object) {
    const head = 'DOMException [' + call(domExceptionName, object) + ']: ' +
        call(domExceptionMessage, object);
    const stack = errorStack(object);
    return stack === '' ? head : head + '\n' + stack;
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
