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
        return new Uint8Array(hostEncode(toText(input)));
    }

    encodeInto(source, destination) {
        this.#encoding;
        if (classOf(destination) !== 'Uint8Array') {
            throw new TypeError('TextEncoder.encodeInto: the destination must be a Uint8Array');
        }
        return encodeInto(toText(source), destination);
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
        const name = labels[call(stringToLowerCase, call(stringTrim, toText(label)))];
        if (name === undefined) {
            throw new RangeError('TextDecoder: the encoding "' + toText(label) +
                '" is not supported');
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
                throw new TypeError(
                    'TextDecoder.decode: the input must be an ArrayBuffer or a view of one');
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
            throw new TypeError('TextDecoder.decode: the input is not valid ' + this.#encoding);
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
