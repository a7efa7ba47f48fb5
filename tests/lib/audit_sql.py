"""SQL over the audit log of an SQLite store, as if each row stood in secret_audit_logs alone.

Usage: audit_sql.py DATABASE < SQL
       audit_sql.py DATABASE unpack      (puts each row into secret_audit_logs itself, as old services wrote it)

The blocks (src/secret/audit_block.h, whose format is written here a second time) are unpacked into a
temporary table that hides the one of the same name. A SELECT prints its rows as JSON; anything else is
an attacker's change, after which the blocks are packed again."""
import json
import sqlite3
import sys

ACTIONS = ["create", "read", "update", "delete", "grant", "revoke"]
TEXTS = ["boot_id", "user_id", "secret_name", "service_id", "ip_address", "user_agent", "error_message", "job_id",
         "script_sha256"]
COLUMNS = TEXTS + ["created_at", "action", "success", "seq", "mac"]
TIME, KIND, SEQUENCE, MAC = 9, 10, 11, 12


class Block:
    def __init__(self, data=b"\1"):
        self.data, self.at = bytearray(data), 1
        assert self.data[0] == 1

    def bytes(self, size):
        self.at += size
        return bytes(self.data[self.at - size:self.at])

    def number(self):
        value = shift = 0
        while True:
            byte = self.bytes(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    def put_number(self, value):
        while value >= 128:
            self.data.append(value & 127 | 128)
            value >>= 7
        self.data.append(value)


def unpack(data):
    block, row, seq = Block(data), dict.fromkeys(COLUMNS), 0
    row.update(created_at=0, action="create", success=0)
    chained = False
    while block.at < len(block.data):
        fields = block.number()
        for i, name in enumerate(TEXTS):
            if fields >> i & 1:
                row[name] = block.bytes(block.number()).decode() or None
        if fields >> TIME & 1:
            row["created_at"] = block.number()
        if fields >> KIND & 1:
            kind = block.bytes(1)[0]
            row["action"], row["success"], chained = ACTIONS[kind & 63], kind >> 7, bool(kind & 64)
        if chained:
            seq = block.number() if fields >> SEQUENCE & 1 else seq + 1
        row["seq"] = seq if chained else None
        row["mac"] = block.bytes(32) if fields >> MAC & 1 else None
        yield dict(row)


def pack(rows):
    block = Block()
    for row in rows:  # every field of every row: longer than the service writes it, and the same rows
        chained = row["mac"] is not None
        block.put_number((1 << SEQUENCE) - 1 | (1 << SEQUENCE | 1 << MAC if chained else 0))
        for name in TEXTS:
            text = (row[name] or "").encode()
            block.put_number(len(text))
            block.data += text
        block.put_number(row["created_at"])
        block.data.append(ACTIONS.index(row["action"]) | (64 if chained else 0) | (128 if row["success"] else 0))
        if chained:
            block.put_number(row["seq"])
            block.data += row["mac"]
    return bytes(block.data)


def main():
    db = sqlite3.connect(sys.argv[1], timeout=20)
    db.row_factory = sqlite3.Row
    text = sys.stdin.read()
    names = ", ".join(COLUMNS)
    db.execute(f"CREATE TEMP TABLE secret_audit_logs (block INTEGER, id INTEGER PRIMARY KEY, {names})")
    db.execute(f"INSERT INTO temp.secret_audit_logs SELECT NULL, id, {names} FROM main.secret_audit_logs")
    for first, data in db.execute("SELECT first_id, rows FROM secret_audit_blocks").fetchall():
        for i, row in enumerate(unpack(data)):
            db.execute(f"INSERT INTO temp.secret_audit_logs VALUES (?, ?, {', '.join('?' * len(COLUMNS))})",
                       [first, first + i] + [row[name] for name in COLUMNS])
    db.commit()
    if sys.argv[2:] == ["unpack"]:
        db.execute(f"INSERT INTO main.secret_audit_logs (id, {names}) SELECT id, {names} FROM temp.secret_audit_logs"
                   " WHERE block IS NOT NULL")
        db.execute("DELETE FROM secret_audit_blocks")
        db.commit()
        print("[]")
        return
    if text.lstrip().upper().startswith("SELECT"):
        print(json.dumps([["" if c is None else str(c) for c in row] for row in db.execute(text)]))
        return
    db.executescript(text)
    for (first,) in db.execute("SELECT first_id FROM secret_audit_blocks").fetchall():
        rows = db.execute("SELECT * FROM temp.secret_audit_logs WHERE block = ? ORDER BY id", [first]).fetchall()
        if rows:
            db.execute("UPDATE secret_audit_blocks SET rows = ? WHERE first_id = ?", [pack(rows), first])
        else:
            db.execute("DELETE FROM secret_audit_blocks WHERE first_id = ?", [first])
    db.commit()
    print("[]")


main()
