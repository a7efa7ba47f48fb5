#include "secret/etag.h"

#include "base/encode.h"
#include "base/sha256.h"

/* Each field is hashed with its size behind the digest of those before it. */
struct tag {
    uint8_t digest[SHA256_SIZE];
};

static void add(struct tag *tag, struct span field)
{
    uint64_t size = field.size;
    const struct span parts[] = {
        {(const char *)tag->digest, sizeof tag->digest}, {(const char *)&size, sizeof size}, field};
    sha256_parts(parts, sizeof parts / sizeof *parts, tag->digest);
}

static void add_number(struct tag *tag, uint64_t number)
{
    add(tag, (struct span){(const char *)&number, sizeof number});
}

static struct tag begin(const struct store_secret *row, struct span kind)
{
    struct tag tag = {0};
    add(&tag, kind);
    add(&tag, row->id);
    add(&tag, row->name);
    return tag;
}

static void end(const struct tag *tag, char ret[SECRET_ETAG_SIZE])
{
    hex_encode(ret, tag->digest, (SECRET_ETAG_SIZE - 1) / 2);
}

void secret_etag_value(const struct store_secret *row, char ret[SECRET_ETAG_SIZE])
{
    struct tag tag = begin(row, SPAN("value"));
    add_number(&tag, row->version);
    add_number(&tag, (uint64_t)row->created_unix_ms);
    add_number(&tag, (uint64_t)row->updated_unix_ms);
    add(&tag, row->sealed);
    end(&tag, ret);
}

void secret_etag_policy(const struct store_secret *row, char ret[SECRET_ETAG_SIZE])
{
    const struct secret_policy *policy = &row->policy;
    struct tag tag = begin(row, SPAN("policy"));
    add_number(&tag, row->policy_version);
    add_number(&tag, policy->pinned);
    add_number(&tag, policy->allow_output);
    add_number(&tag, policy->guard);
    add_number(&tag, policy->service_count);
    for (size_t i = 0; i < policy->service_count; i++)
        add(&tag, policy->services[i]);
    for (size_t i = 0; policy->pinned && i < policy->script_count; i++) {
        const struct secret_script *script = &policy->scripts[i];
        add(&tag, (struct span){(const char *)script->sha256, SECRET_HASH_SIZE});
        add(&tag, script->entry_point);
        add_number(&tag, (uint64_t)script->expires_unix_ms);
    }
    end(&tag, ret);
}
