const boxed = {
    __proto__: null,
    Number: (object) => renderNumber(call(numberValueOf, object)),
    String: (object) => quoted(call(stringValueOf, object)),
    Boolean: (object) => '' + call(booleanValueOf, object),
    BigInt: (object) => call(bigintToString, call(bigintValueOf, object), 10) + 'n',
    Symbol: (object) => call(symbolToString, call(symbolValueOf, object)),
};

/* How each class of object is shown: braces, a text in front of or instead of them, entries. */
const shapes = {
    __proto__: null,
    Array(ctx, object, name, tagName) {
        const prefix = name !== 'Array' || tagName !== ''
            ? prefixOf(name, tagName, 'Array', '(' + object.length + ')') : '';
        return {
            __proto__: null,
            open: prefix + '[', close: ']', size: object.length,
            entries: renderArray, isArray: true,
        };
    },
    Map: (ctx, object, name, tagName) => ({
        __proto__: null,
        open: prefixOf(name, tagName, 'Map', '(' + call(mapSize, object) + ')') + '{',
        size: call(mapSize, object),
        entries: renderMap,
    }),
    Set: (ctx, object, name, tagName) => ({
        __proto__: null,
        open: prefixOf(name, tagName, 'Set', '(' + call(setSize, object) + ')') + '{',
        size: call(setSize, object),
        entries: renderSet,
    }),
    ArrayBuffer: (ctx, object, name, tagName) => ({
        __proto__: null,
        open: prefixOf(name, tagName, 'ArrayBuffer', '') + '{', entries: renderBuffer,
    }),
    DataView: (ctx, object, name, tagName) => ({
        __proto__: null,
        open: prefixOf(name, tagName, 'DataView', '') + '{', entries: renderView,
    }),
    Promise: (ctx, object, name, tagName) => ({
        __proto__: null,
        open: prefixOf(name, tagName, 'Promise', '') + '{', entries: renderPromise,
    }),
    WeakMap: (ctx, object, name, tagName) => ({
        __proto__: null,
        open: prefixOf(name, tagName, 'WeakMap', '') + '{',
        entries: () => ['<items unknown>'],
    }),
    WeakSet: (ctx, object, name, tagName) => ({
        __proto__: null,
        open: prefixOf(name, tagName, 'WeakSet', '') + '{',
        entries: () => ['<items unknown>'],
    }),
    Arguments: () => ({
        __proto__: null, open: '[Arguments] [', close: ']', entries: renderArray, isArray: true,
    }),
    Date(ctx, object) {
        const time = call(dateGetTime, object);
        const valid = time === time;
        return {__proto__: null, base: valid ? call(dateToISOString, object) : 'Invalid Date'};
    },
    DOMException: (ctx, object) => ({
        __proto__: null,
        base: indentLines(domExceptionText(object), ctx.indentation), isError: true,
    }),
    RegExp: (ctx, object) => ({__proto__: null, base: regExpText(object)}),
    Error: (ctx, object, name) => ({
        __proto__: null,
        base: indentLines(errorText(object, name), ctx.indentation), isError: true,
    }),
};

function shapeOf(ctx, object, name, tagName) {
    if (typeof object === 'function') {
        return {__proto__: null, base: functionText(object, name, tagName)};
    }
    const kind = classOf(object);
    if (shapes[kind] !== undefined) {
        return shapes[kind](ctx, object, name, tagName);
    }
    if (kind !== null && call(objectHasOwn, typedArrays, kind)) {
        const size = '(' + call(arrayLength, object) + ')';
        return {
            __proto__: null,
            open: prefixOf(name, tagName === kind ? '' : tagName, kind, size) + '[', close: ']',
            size: call(arrayLength, object), entries: renderTypedArray, isArray: true,
        };
    }
    if (boxed[kind] !== undefined) {
        const prefix = name === kind || name === null ? kind : kind + ' (' + name + ')';
        const base = '[' + prefix + ': ' + boxed[kind](object) + ']';
        return {__proto__: null, base, isString: kind === 'String'};
    }
    const plain = name === 'Object' && tagName === '';
    return {__proto__: null, open: plain ? '{' : prefixOf(name, tagName, 'Object', '') + '{'};
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
            const text = last ? output[j] : output[j] + ', ';
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
        const descriptor = describe(object, i);
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
    const front = base === '' ? '' : base + ' ';
    if (ctx.deepest - depth < COMPACT && entries === output.length) {
        const start = output.length + ctx.indentation + open.length + base.length + 10;
        if (fitsOneLine(output, start, base)) {
            return front + open + ' ' + join(output, ', ') + ' ' + close;
        }
    }
    const line = '\n' + call(stringRepeat, ' ', ctx.indentation);
    return front + open + line + '  ' + join(output, ',' + line + '  ') + line + close;
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
    const keys = hostOwnKeys(object, !(shape.isArray || shape.isString));
    if (shape.isError) {
        errorKeys(object, keys);
    }
    if (keys.length === 0 && (shape.entries === undefined || shape.size === 0)) {
        return shape.base !== undefined ? shape.base
            : shape.open + (shape.close === undefined ? '}' : shape.close);
    }
    if (depth > DEPTH) {
        return shape.isArray ? '[Array]'
            : '[' + (name === null ? 'Object: null prototype' : name) +
                (name === null || tagName === '' ? '' : ' [' + tagName + ']') + ']';
    }
    push(ctx.seen, object);
    ctx.deepest = depth;
    const output = shape.entries === undefined ? [] : shape.entries(ctx, object, depth + 1);
    const hasMore = shape.isArray && output.length > ITEMS_MOST;
    for (let i = 0; i < keys.length && i < KEYS_MOST; i++) {
        push(output, renderProperty(ctx, object, keys[i], false, depth + 1));
    }
    if (keys.length > KEYS_MOST) {
        push(output, '... ' + (keys.length - KEYS_MOST) + ' more properties');
    }
    ctx.seen.length--;
    if (output.length === 0) {
        return shape.base !== undefined ? shape.base
            : shape.open + (shape.close === undefined ? '}' : shape.close);
    }
    const text = arrange(ctx, output, object, shape, depth, hasMore);
    const reference = call(mapGet, ctx.circular, object);
    return reference === undefined ? text : '<ref *' + reference + '> ' + text;
}

/* Symbol.toStringTag where it is a plain string that says more than the constructor's name. */
function tagOf(object, name) {
    for (let at = object; at !== null; at = unwrapProxy(getPrototypeOf(at))) {
        const descriptor = describe(at, toStringTag);
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
            return '[Circular *' + call(mapGet, ctx.circular, value) + ']';
        }
    }
    return renderObject(ctx, value, depth);
}

/* `depth` levels less than usual are shown. */
function inspect(value, depth = 0) {
    return render({__proto__: null, seen: [], circular: new Map(), indentation: 0, deepest: 0},
        value, depth);
}
