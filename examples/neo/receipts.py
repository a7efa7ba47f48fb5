"""A Neo N3 contract that takes results of NeoCompute on the strength of their receipts.

It pins two things for good when it is deployed: the Ed25519 key of a service identity, and the
SHA-256 of one script. `registerKey` takes the statement in which that identity introduces the
result key of a boot; `submitReceipt` takes a receipt that such a key signed. Whatever is wrong ends
the call, and all that it did, with a reason. README.md says what that shows and what it does not.

neo3-boa compiles it; where the code looks plainer than Python has to be, the compiler asks for it.
"""

from typing import Any, cast

from boa3.sc import runtime, storage
from boa3.sc.compiletime import NeoMetadata, contract, display_name, public
from boa3.sc.contracts import StdLib
from boa3.sc.types import Event
from boa3.sc.utils import CreateNewEvent, to_bytes, to_int, to_str

CRYPTO_LIB = '0x726cb6e0cd8628a1350a611384688911ab75f51b'
STD_LIB = '0xacce6fd80d44e1796aa0c2c625e9e4e0ce39efc0'

RECEIPT_TYP = 'neocompute-receipt+jwt'
KEY_TYP = 'neocompute-key+jwt'
ISSUER = 'neocompute'
ENTRY_POINT = 'main'  # another function of the same script is another computation

KEY_SIZE = 32
SIGNATURE_SIZE = 64
HASH_TEXT = 64  # hex of a SHA-256
HEADER_MOST = 400  # characters of an encoded header
PIECE = 1024  # characters that StdLib takes at once; a multiple of 4
ID_MOST = 60  # characters of a job or key id: a storage key is at most 64 bytes
CLOCK_SKEW = 60  # seconds that a service may be ahead of the last block

# What is stored: two fixed entries, and one for each result key and job id.
IDENTITY = b'identity'
SCRIPT = b'script'
KEY_PREFIX = b'k:'  # + kid -> public key, then the second at which it ends
JOB_PREFIX = b'j:'  # + job id -> output_sha256

key_registered: Event = CreateNewEvent([('kid', str), ('expires', int)], 'KeyRegistered')
receipt_accepted: Event = CreateNewEvent(
    [('job_id', str), ('input_sha256', str), ('output_sha256', str)], 'ReceiptAccepted')


def contract_metadata() -> NeoMetadata:
    meta = NeoMetadata()
    meta.name = 'NeoComputeReceipts'
    meta.add_permission(contract=CRYPTO_LIB, methods=['verifyWithEd25519'])
    meta.add_permission(contract=STD_LIB,
                        methods=['base64Decode', 'jsonDeserialize', 'memorySearch'])
    return meta


@contract('0x726cb6e0cd8628a1350a611384688911ab75f51b')
class CryptoLib:
    @staticmethod
    @display_name('verifyWithEd25519')
    def verify_with_ed25519(message: bytes, public_key: bytes, signature: bytes) -> bool:
        pass


# --- methods ---

@public
def _deploy(data: Any, update: bool):
    """`data`: [public key of the identity (32 bytes), SHA-256 of the script (64 hex digits)]."""
    pinned = cast(list[Any], data)
    public_key = cast(bytes, pinned[0])
    script = cast(str, pinned[1])
    require_public_key(public_key)
    assert len(script) == HASH_TEXT, 'the script hash is not 64 hex digits'
    storage.put(IDENTITY, public_key)
    storage.put_str(SCRIPT, script)


@public(name='identityKey', safe=True)
def identity_key() -> bytes:
    return storage.get(IDENTITY)


@public(name='scriptSha256', safe=True)
def script_sha256() -> str:
    return storage.get_str(SCRIPT)


@public(name='outputOf', safe=True)
def output_of(job_id: str) -> str:
    """The output_sha256 of an accepted job; empty if there is none."""
    return storage.get_str(JOB_PREFIX + to_bytes(job_id))


@public(name='registerKey')
def register_key(signing_input: str, signature: bytes):
    """Takes a result key that the identity signed. Anybody may bring it."""
    dot = find_dot(signing_input)
    check_header(signing_input[:dot], KEY_TYP)
    check_signature(signing_input, storage.get(IDENTITY), signature)
    statement = parse(decode_base64url(signing_input[dot + 1:]))
    now = runtime.time // 1000
    expires = number(statement, 'exp')
    assert text(statement, 'iss') == ISSUER, 'the issuer is another one'
    assert 0 < number(statement, 'iat') <= now + CLOCK_SKEW, 'the statement is not valid yet'
    assert now < expires, 'the statement has expired'
    assert 'key' in statement, 'the statement has no key'
    jwk = cast(dict[str, Any], statement['key'])
    assert text(jwk, 'kty') == 'OKP' and text(jwk, 'crv') == 'Ed25519', 'the key is not Ed25519'
    public_key = decode_base64url(text(jwk, 'x'))
    require_public_key(public_key)
    kid = text(jwk, 'kid')
    storage.put(key_entry(kid), public_key + to_bytes(expires))
    key_registered(kid, expires)


@public(name='submitReceipt')
def submit_receipt(signing_input: str, signature: bytes) -> str:
    """Takes the receipt of a job that completed, once. Returns its output_sha256."""
    dot = find_dot(signing_input)
    kid = check_header(signing_input[:dot], RECEIPT_TYP)
    check_signature(signing_input, find_key(kid), signature)
    receipt = parse(decode_base64url(signing_input[dot + 1:]))
    assert text(receipt, 'iss') == ISSUER, 'the issuer is another one'
    assert number(receipt, 'version') == 1, 'the receipt has another version'
    assert text(receipt, 'script_sha256') == storage.get_str(SCRIPT), 'the script is another one'
    assert text(receipt, 'entry_point') == ENTRY_POINT, 'the entry point is another one'
    assert text(receipt, 'status') == 'completed', 'the job did not complete'
    output = text(receipt, 'output_sha256')
    assert len(output) == HASH_TEXT, 'the receipt has no output hash'
    job_id = text(receipt, 'jti')
    assert 0 < len(job_id) <= ID_MOST, 'the job id is empty or too long'
    entry = JOB_PREFIX + to_bytes(job_id)
    assert len(storage.get(entry)) == 0, 'the job id was used before'
    storage.put_str(entry, output)
    receipt_accepted(job_id, text(receipt, 'input_sha256'), output)
    return output


# --- keys ---

def key_entry(kid: str) -> bytes:
    assert 0 < len(kid) <= ID_MOST, 'the key id is empty or too long'
    return KEY_PREFIX + to_bytes(kid)


def find_key(kid: str) -> bytes:
    value = storage.get(key_entry(kid))
    assert len(value) > KEY_SIZE, 'the key was not registered'
    assert runtime.time // 1000 < to_int(value[KEY_SIZE:]), 'the key has expired'
    return value[:KEY_SIZE]


def require_public_key(public_key: bytes):
    """Refuses the points of order 1, 2, 4 and 8 in all their encodings: under them CryptoLib takes
    signatures that were made without any private key. The last byte, which has the sign, is left
    out: nobody has a key that shares the other 31."""
    assert len(public_key) == KEY_SIZE, 'the public key is not 32 bytes'
    low_order = [
        b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
        b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00',
        b'\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
        b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00',
        b'\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0'
        b'\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc',
        b'\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f'
        b'\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03',
        b'\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'
        b'\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
        b'\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'
        b'\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
        b'\xee\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'
        b'\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    ]
    assert public_key[:31] not in low_order, 'the public key is of low order'


# --- JWS ---

def find_dot(signing_input: str) -> int:
    dot = StdLib.memory_search(signing_input[:HEADER_MOST], '.')
    assert dot > 0, 'there is no header'
    return dot


def check_header(encoded: str, typ: str) -> str:
    """Judges a header and returns its key id."""
    header = parse(decode_base64url(encoded))
    alg = text(header, 'alg')
    assert alg == 'Ed25519' or alg == 'EdDSA', 'the algorithm is not Ed25519'
    assert text(header, 'typ') == typ, 'the type is another one'
    assert 'crit' not in header and 'b64' not in header, 'the header needs what is not known here'
    return text(header, 'kid')


def check_signature(signing_input: str, public_key: bytes, signature: bytes):
    assert len(signature) == SIGNATURE_SIZE, 'the signature is not 64 bytes'
    assert CryptoLib.verify_with_ed25519(to_bytes(signing_input), public_key, signature), \
        'the signature is not of this key'


def decode_base64url(encoded: str) -> bytes:
    """base64url, in pieces that StdLib takes."""
    data = b''
    at = 0
    while at < len(encoded):
        piece = encoded[at:at + PIECE]
        piece = swap(piece, '-', '+')
        piece = swap(piece, '_', '/')
        while len(piece) % 4 != 0:
            piece += '='
        data += StdLib.base64_decode(piece)
        at += PIECE
    return data


def swap(piece: str, old: str, new: str) -> str:
    """ASCII text of JSON has hardly any of the two characters that base64url does not share."""
    at = StdLib.memory_search(piece, old)
    while at >= 0:
        piece = piece[:at] + new + piece[at + 1:]
        at = StdLib.memory_search(piece, old, at)
    return piece


# --- JSON ---

def parse(json: bytes) -> dict[str, Any]:
    return cast(dict[str, Any], StdLib.json_deserialize(to_str(json)))


def text(members: dict[str, Any], name: str) -> str:
    """A member's text; empty if it is missing or not text."""
    if name in members:
        value = members[name]
        if isinstance(value, str):
            return value
    return ''


def number(members: dict[str, Any], name: str) -> int:
    """A member's number; -1 if it is missing or not a number."""
    if name in members:
        value = members[name]
        if isinstance(value, int):
            return value
    return -1
