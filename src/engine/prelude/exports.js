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

const engineExports = {
    inspect: (value) => inspect(value),
    isIdentifier: (name) => matches(identifier, name),
    errorStack,
    dateToISOString, numberValueOf, stringValueOf, booleanValueOf, bigintValueOf, intrinsics,
    samples: {
        number: new Number(0), string: new String(''), boolean: new Boolean(false),
        bigint: Object(0n), date: new Date(0), rawJSON: JSON.rawJSON('0'),
        domException: new DOMException('', ''),
    },
};
