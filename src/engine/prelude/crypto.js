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
            data = '' + data;
        }
        if (typeof data === 'string') {
            return hostSha256(data);
        }
        const bytes = bytesOf(data);
        const digest = bytes === undefined ? null
            : hostSha256(bytes[0], bytes[1], bytes[2]);
        if (digest === null) {
            throw new TypeError(
                'crypto.sha256: the data must be a string, an ArrayBuffer or a view of one');
        }
        return digest;
    },
    randomBytes(size) {
        if (!isInteger(size) || size < 0 || size > RANDOM_BYTES_MOST) {
            throw new RangeError('crypto.randomBytes: the size must be an integer from 0 to ' +
                RANDOM_BYTES_MOST);
        }
        return hostRandomHex(size);
    },
    getRandomValues(array) {
        const kind = classOf(array);
        if (kind === null || integerArrays[kind] === undefined) {
            throw new DOMException('crypto.getRandomValues: the argument must be an array of integers',
                'TypeMismatchError');
        }
        const bytes = bytesOf(array);
        if (bytes[2] > RANDOM_VALUES_MOST) {
            throw new DOMException('crypto.getRandomValues: at most ' + RANDOM_VALUES_MOST +
                ' bytes at a time', 'QuotaExceededError');
        }
        hostRandomFill(bytes[0], bytes[1], bytes[2]);
        return array;
    },
    randomUUID() {
        const hex = hostRandomHex(16);
        const variant = '89ab'[parseIntIntrinsic(hex[16], 16) % 4];
        return call(stringSlice, hex, 0, 8) + '-' + call(stringSlice, hex, 8, 12) + '-4' +
            call(stringSlice, hex, 13, 16) + '-' + variant + call(stringSlice, hex, 17, 20) + '-' +
            call(stringSlice, hex, 20);
    },
});
tag(crypto, 'Crypto');
define(global, 'crypto', crypto);
