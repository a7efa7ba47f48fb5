/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | {
    [name: string]: Json;
};
/** A JSON object. */
export type JsonObject = {
    [name: string]: Json;
};
/**
 * The members of a JSON object and the text of each value as it stands there. Undefined if the text
 * is no JSON object, or names a member twice: then two readers may see two different documents.
 */
export declare function members(text: string): Map<string, string> | undefined;
/** A JSON object whose members are each there once; undefined for anything else. */
export declare function parseObject(text: string): JsonObject | undefined;
/**
 * The canonical form of a value (RFC 8785): what the service hashes as a job's output. Members are
 * sorted by the UTF-16 code units of their names; numbers and strings are as ECMAScript writes
 * them. Throws a NeoComputeError with code `not_json` for what has no such form.
 */
export declare function canonicalize(value: Json): string;
