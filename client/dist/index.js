/**
 * The client of NeoCompute: runs JavaScript in a service, checks the receipt of every answer, and
 * seals what nobody between may read.
 *
 * @module
 */
export { NeoCompute } from './client.js';
export { parseReceipt, verifyReceipt, } from './receipt.js';
export { verifyBundle, } from './trust.js';
export { canonicalize } from './json.js';
export { NeoComputeError, NetworkError, ReceiptError, RequestError, SealError, TrustError, } from './errors.js';
