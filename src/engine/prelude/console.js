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
        return value === null || !hasOwnToString(value) ? inspect(value, DEPTH) : toText(value);
    case 'function':
        return call(functionToString, value);
    default:
        return inspect(value);
    }
}

/* Does the script say how the object looks as a string? */
function hasOwnToString(object) {
    for (let at = unwrapProxy(object); at !== null; at = unwrapProxy(getPrototypeOf(at))) {
        const descriptor = describe(at, 'toString');
        if (descriptor !== undefined) {
            return typeof descriptor.value === 'function' &&
                call(stringIndexOf, call(functionToString, descriptor.value),
                    '[native code]') === -1;
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
        return '' + jsonStringify(value);
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
