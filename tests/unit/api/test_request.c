/* The body of POST /execute: what is taken, and what is refused with which code and field. */
#include "api/request.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct limits limits;

struct parsed {
    int code;
    struct request request;
    struct buf text;
    struct error_detail detail;
    char *body;
};

/* Parses an exact copy of the bytes on the heap, so that a sanitizer sees any step past them. */
static struct parsed parse_as(bool sealed, struct span body)
{
    struct parsed p = {.body = malloc(body.size ? body.size : 1)};
    if (body.size)
        memcpy(p.body, body.data, body.size);
    buf_init(&p.text, 4 * MIB);
    p.code = request_parse((struct span){p.body, body.size}, sealed, &limits, &p.text, &p.request,
                           &p.detail);
    assert_int_equal(p.detail.code, p.code);
    return p;
}

static struct parsed parse(struct span body)
{
    return parse_as(false, body);
}

static void done(struct parsed *p)
{
    buf_done(&p->text);
    free(p->body);
}

static void expect(const char *body, int code, const char *field)
{
    struct parsed p = parse(span_of(body));
    if (p.code != code || (field && strcmp(p.detail.field, field) != 0))
        fail_msg("%s: %s, field \"%s\", message \"%s\"", body, error_name(p.code), p.detail.field,
                 p.detail.message);
    if (field && field[0])
        assert_non_null(strstr(p.detail.message, field));
    done(&p);
}

static const struct {
    const char *body;
    int code;
    const char *field;
} refused_cases[] = {
    {"", ERR_INVALID_JSON, ""},
    {" ", ERR_INVALID_JSON, ""},
    {"null", ERR_INVALID_JSON, ""},
    {"1", ERR_INVALID_JSON, ""},
    {"[]", ERR_INVALID_JSON, ""},
    {"\"x\"", ERR_INVALID_JSON, ""},
    {"{", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\"", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\":12", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"timeout\":1", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\"}}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\"} {}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\"}\"", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\"} \"abc", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\"}tru", ERR_INVALID_JSON, ""},
    {"{\"input\":1,\"script\":\"x\"}\"", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\":nullx}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\":01}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\":}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\"}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\":1 2}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"i\\u006eput\":[}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\":1,\"i\\u006eput\":[]}", ERR_DUPLICATE_FIELD, "input"},
    {"{\"input\":1,\"script\":\"x\",\"input\":[]}", ERR_DUPLICATE_FIELD, "input"},
    {"{\"script\":\"x\"\f}", ERR_INVALID_JSON, ""},
    {"{\"script\":\v\"x\"}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\":[1,\f2]}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"\xff\"}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"\xc0\x80\"}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"\xed\xa0\x80\"}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"timeout\":0x10}", ERR_INVALID_JSON, ""},
    {"{\"script\":\"x\",\"input\":[1,]}", ERR_INVALID_JSON, ""},
    {"{}", ERR_SCRIPT_MISSING, "script"},
    {"{\"script\":\"\"}", ERR_SCRIPT_MISSING, "script"},
    {"{\"script\":null}", ERR_SCRIPT_MISSING, "script"},
    {"{\"script\":1}", ERR_INVALID_FIELD, "script"},
    {"{\"script\":[\"x\"]}", ERR_INVALID_FIELD, "script"},
    {"{\"script\":{}}", ERR_INVALID_FIELD, "script"},
    {"{\"script\":\"\\ud800\"}", ERR_INVALID_FIELD, "script"},
    {"{\"script\":\"\\udc00\"}", ERR_INVALID_FIELD, "script"},
    {"{\"script\":\"\\ud800\\ud800\"}", ERR_INVALID_FIELD, "script"},
    {"{\"script\":\"\\ud800x\"}", ERR_INVALID_FIELD, "script"},
    {"{\"script\":\"x\",\"entry_point\":1}", ERR_INVALID_FIELD, "entry_point"},
    {"{\"script\":\"x\",\"timeout\":\"5\"}", ERR_INVALID_FIELD, "timeout"},
    {"{\"script\":\"x\",\"timeout\":true}", ERR_INVALID_FIELD, "timeout"},
    {"{\"script\":\"x\",\"timeout\":[1]}", ERR_INVALID_FIELD, "timeout"},
    {"{\"script\":\"x\",\"gas_limit\":\"1\"}", ERR_INVALID_FIELD, "gas_limit"},
    {"{\"script\":\"x\",\"memory_limit\":{}}", ERR_INVALID_FIELD, "memory_limit"},
    {"{\"script\":\"x\",\"secret_refs\":\"a\"}", ERR_INVALID_FIELD, "secret_refs"},
    {"{\"script\":\"x\",\"secret_refs\":[1]}", ERR_INVALID_FIELD, "secret_refs"},
    {"{\"script\":\"x\",\"secret_refs\":[null]}", ERR_INVALID_FIELD, "secret_refs"},
    {"{\"script\":\"x\",\"secret_refs\":[[\"a\"]]}", ERR_INVALID_FIELD, "secret_refs"},
    {"{\"script\":\"x\",\"secret_refs\":[{\"a\":1}]}", ERR_INVALID_FIELD, "secret_refs"},
    {"{\"script\":\"x\",\"secret_refs\":[\"\"]}", ERR_INVALID_FIELD, "secret_refs"},
    {"{\"script\":\"x\",\"secret_refs\":[\"secrets:\"]}", ERR_INVALID_FIELD, "secret_refs"},
    {"{\"script\":\"x\",\"app_id\":1}", ERR_INVALID_FIELD, "app_id"},
    {"{\"script\":\"x\",\"allow_secret_output\":1}", ERR_INVALID_FIELD, "allow_secret_output"},
    {"{\"script\":\"x\",\"nope\":1}", ERR_UNKNOWN_FIELD, "nope"},
    {"{\"nope\":{\"a\":[]},\"script\":\"x\"}", ERR_UNKNOWN_FIELD, "nope"},
    {"{\"Script\":\"x\"}", ERR_UNKNOWN_FIELD, "Script"},
    {"{\"\":\"x\"}", ERR_UNKNOWN_FIELD, ""},
    {"{\"script\":\"x\",\"script\":\"y\"}", ERR_DUPLICATE_FIELD, "script"},
    {"{\"script\":\"x\",\"\\u0073cript\":\"y\"}", ERR_DUPLICATE_FIELD, "script"},
    {"{\"script\":\"x\",\"input\":1,\"input\":1}", ERR_DUPLICATE_FIELD, "input"},
    {"{\"script\":\"x\",\"timeout\":null,\"timeout\":1}", ERR_DUPLICATE_FIELD, "timeout"},
};

static void test_refused(void **state)
{
    for (size_t i = 0; i < sizeof refused_cases / sizeof *refused_cases; i++)
        expect(refused_cases[i].body, refused_cases[i].code, refused_cases[i].field);
}

static void test_no_body(void **state)
{
    struct request request;
    struct error_detail detail;
    struct buf text = BUF_INIT(0);
    int r = request_parse((struct span){NULL, 0}, false, &limits, &text, &request, &detail);
    assert_int_equal(r, ERR_INVALID_JSON);
}

static void test_nul_bytes(void **state)
{
    static const struct span cases[] = {
        SPAN("{\"script\":\"a\0b\"}"), SPAN("{\"script\":\"a\"}\0"),
        SPAN("\0{\"script\":\"a\"}"),  SPAN("{\"script\":\"a\",\"input\":\0}"),
        SPAN("{\"script\"\0:\"a\"}"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parsed p = parse(cases[i]);
        assert_int_equal(p.code, ERR_INVALID_JSON);
        done(&p);
    }
    struct parsed p = parse(SPAN("{\"script\":\"a\",\"scr\\u0000\":1}"));
    assert_int_equal(p.code, ERR_UNKNOWN_FIELD);
    done(&p);
}

static void test_everything(void **state)
{
    struct parsed p =
        parse(SPAN(" {\"script\" : \"let s = \\\"\\u00e9\\ud83d\\ude00\\u0000\\\"\\n\", "
                   "\"entry_point\":\"go\","
                   "\"input\" :\t{\"a\": [1, 2e5 ]}\r\n, \"secret_refs\":[\"one\",\"secrets:two\", "
                   "\"t\\u0068ree\"],"
                   "\"timeout\":2.5,\"gas_limit\":5e6,\"memory_limit\":8388608,\"app_id\":\"app\","
                   "\"script_name\":\"n\\u0061me\"} "));
    assert_int_equal(p.code, 0);
    const struct request *r = &p.request;
    assert_true(span_equal(r->script, SPAN("let s = \"\xc3\xa9\xf0\x9f\x98\x80\0\"\n")));
    assert_true(span_equal(r->entry_point, SPAN("go")));
    assert_true(span_equal(r->input, SPAN("{\"a\": [1, 2e5 ]}")));
    assert_int_equal(r->secret_count, 3);
    assert_true(span_equal(r->secret_refs[0], SPAN("one")));
    assert_true(span_equal(r->secret_refs[1], SPAN("two")));
    assert_true(span_equal(r->secret_refs[2], SPAN("three")));
    assert_int_equal(r->timeout_ms, 2500);
    assert_int_equal(r->gas_limit, 5000000);
    assert_int_equal(r->memory_limit, 8388608);
    assert_true(span_equal(r->app_id, SPAN("app")));
    assert_true(span_equal(r->script_name, SPAN("name")));
    done(&p);
}

static void test_defaults(void **state)
{
    static const char *const bodies[] = {
        "{\"script\":\"x\"}",
        "{\"script\":\"x\",\"entry_point\":null,\"secret_refs\":null,\"timeout\":null,"
        "\"gas_limit\":null,\"memory_limit\":null,\"app_id\":null,\"script_name\":null}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct parsed p = parse(span_of(bodies[i]));
        assert_int_equal(p.code, 0);
        assert_true(span_equal(p.request.entry_point, SPAN("main")));
        assert_true(span_equal(p.request.input, SPAN("{}")));
        assert_int_equal(p.request.timeout_ms, 30000);
        assert_int_equal(p.request.gas_limit, 20000000000);
        assert_int_equal(p.request.memory_limit, 64 * MIB);
        assert_int_equal(p.request.secret_count, 0);
        assert_int_equal(p.request.app_id.size, 0);
        done(&p);
    }
}

static void test_input_is_the_callers_bytes(void **state)
{
    static const char *const inputs[] = {
        "null",
        "true",
        "0",
        "-0.0e-0",
        "\"\"",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "[]",
        "{}",
        "12345678901234567890123",
        "1e400",
        "{\"a\":1,\"a\":2}",
        "[ [ [ ] ] , \"]\" ]",
        "{\"script\":\"inner\",\"nope\":1}",
        "\"\xf0\x9f\x98\x80\"",
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        for (int last = 0; last < 2; last++) {
            char body[200];
            snprintf(body, sizeof body,
                     last ? "{\"script\":\"x\",\"input\": %s }" : "{\"input\":%s,\"script\":\"x\"}",
                     inputs[i]);
            struct parsed p = parse(span_of(body));
            assert_int_equal(p.code, 0);
            assert_true(span_equal(p.request.input, span_of(inputs[i])));
            done(&p);
        }
}

static void test_input_under_an_escaped_key(void **state)
{
    struct parsed p =
        parse(SPAN("{\"script\":\"x\",\"\\u0069\\u006e\\u0070\\u0075\\u0074\": [1] }"));
    assert_int_equal(p.code, 0);
    assert_true(span_equal(p.request.input, SPAN("[1]")));
    done(&p);
}

static void test_at_most_a_thousand_names(void **state)
{
    for (int extra = 0; extra < 2; extra++) {
        struct buf body = BUF_INIT(1 * MIB);
        buf_add_str(&body, "{\"script\":\"x\",\"secret_refs\":[\"a\"");
        for (int i = 1; i < 1000 + extra; i++)
            buf_add_str(&body, ",\"a\"");
        buf_add_str(&body, "]}");
        struct parsed p = parse((struct span){body.data, body.size});
        assert_int_equal(p.code, extra ? ERR_INVALID_FIELD : 0);
        done(&p);
        buf_done(&body);
    }
}

static void test_numbers_are_clamped(void **state)
{
    static const struct {
        const char *number;
        uint64_t timeout_ms, gas, memory;
    } cases[] = {
        {"0", 1000, 1000, 4 * MIB},
        {"-1", 1000, 1000, 4 * MIB},
        {"-1e999", 1000, 1000, 4 * MIB},
        {"1e999", 120000, 200000000000, 256 * MIB},
        {"1e-999", 1000, 1000, 4 * MIB},
        {"99999999999999999999999999999999", 120000, 200000000000, 256 * MIB},
        {"5000000.9", 120000, 5000000, 5000000},
        {"1.5", 1500, 1000, 4 * MIB},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[300];
        const char *n = cases[i].number;
        snprintf(body, sizeof body,
                 "{\"script\":\"x\",\"timeout\":%s,\"gas_limit\":%s,\"memory_limit\":%s}", n, n, n);
        struct parsed p = parse(span_of(body));
        assert_int_equal(p.code, 0);
        assert_int_equal(p.request.timeout_ms, cases[i].timeout_ms);
        assert_int_equal(p.request.gas_limit, cases[i].gas);
        assert_int_equal(p.request.memory_limit, cases[i].memory);
        done(&p);
    }
}

static void test_memory_fits_into_all_memory(void **state)
{
    uint64_t total = limits.value[LIMIT_MEMORY_TOTAL];
    limits.value[LIMIT_MEMORY_TOTAL] = 100 * MIB;
    struct parsed p = parse(SPAN("{\"script\":\"x\",\"memory_limit\":200000000}"));
    assert_int_equal(p.request.memory_limit, 100 * MIB);
    done(&p);
    limits.value[LIMIT_MEMORY_TOTAL] = total;
}

/* {"script":"x","<field>":<open * depth><close * depth>} */
static struct parsed parse_nested(const char *field, const char *open, const char *close,
                                  size_t depth)
{
    struct buf body = BUF_INIT(16 * MIB);
    buf_addf(&body, "{\"script\":\"x\",\"%s\":", field);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&body, open);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(&body, close);
    buf_add_char(&body, '}');
    struct parsed p = parse((struct span){body.data, body.size});
    buf_done(&body);
    return p;
}

static void test_allow_secret_output(void **state)
{
    static const struct {
        const char *body;
        bool allowed;
    } cases[] = {
        {"{\"script\":\"x\"}", false},
        {"{\"script\":\"x\",\"allow_secret_output\":null}", false},
        {"{\"script\":\"x\",\"allow_secret_output\":false}", false},
        {"{\"script\":\"x\",\"allow_secret_output\":true}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct parsed p = parse(span_of(cases[i].body));
        assert_int_equal(p.code, 0);
        assert_int_equal(p.request.allow_secret_output, cases[i].allowed);
        done(&p);
    }
}

static void test_nesting(void **state)
{
    struct parsed p = parse_nested("input", "[", "]", 100000);
    assert_int_equal(p.code, 0);
    assert_int_equal(p.request.input.size, 200000);
    done(&p);
    p = parse_nested("secret_refs", "[", "]", 100000);
    assert_int_equal(p.code, ERR_INVALID_FIELD);
    done(&p);
    p = parse_nested("nope", "[", "]", 100000);
    assert_int_equal(p.code, ERR_UNKNOWN_FIELD);
    done(&p);
}

/* A body of one string field of `count` times `unit`. */
static int code_of_size(const char *field, const char *unit, size_t count)
{
    struct buf body = BUF_INIT(16 * MIB);
    buf_add_str(&body, strcmp(field, "script") == 0 ? "{" : "{\"script\":\"x\",");
    buf_addf(&body, "\"%s\":\"", field);
    for (size_t i = 0; i < count; i++)
        buf_add_str(&body, unit);
    buf_add_str(&body, "\"}");
    struct parsed p = parse((struct span){body.data, body.size});
    int code = p.code;
    done(&p);
    buf_done(&body);
    return code;
}

static void test_sizes(void **state)
{
    assert_int_equal(code_of_size("script", "x", 100 * KIB), 0);
    assert_int_equal(code_of_size("script", "x", 100 * KIB + 1), ERR_SCRIPT_TOO_LARGE);
    assert_int_equal(code_of_size("script", "\\u20ac", 34133), 0); /* three bytes each */
    assert_int_equal(code_of_size("script", "\\u20ac", 34134), ERR_SCRIPT_TOO_LARGE);
    assert_int_equal(code_of_size("input", "x", MIB - 2), 0);
    assert_int_equal(code_of_size("input", "x", MIB - 1), ERR_INPUT_TOO_LARGE);
    assert_int_equal(code_of_size("app_id", "\xc3\xa9", 128), 0);
    assert_int_equal(code_of_size("app_id", "\xc3\xa9", 129), ERR_INVALID_FIELD);
    assert_int_equal(code_of_size("script_name", "x", 129), ERR_INVALID_FIELD);
    assert_int_equal(code_of_size("entry_point", "x", 256), 0);
    assert_int_equal(code_of_size("entry_point", "x", 257), ERR_INVALID_FIELD);
}

/* Every prefix of a good body is refused, and never read past its end. */
static void test_every_prefix(void **state)
{
    static const char body[] =
        "{\"input\":{\"a\":[1.5e3,\"\\ud83d\\ude00\",null,true]},\"script\":\"\\u0041\\n\","
        "\"secret_refs\":[\"a\",\"\\u0062\"],\"timeout\":12}";
    for (size_t size = 0; size < sizeof body - 1; size++) {
        struct parsed p = parse((struct span){body, size});
        assert_int_equal(p.code, ERR_INVALID_JSON);
        done(&p);
    }
    struct parsed p = parse((struct span){body, sizeof body - 1});
    assert_int_equal(p.code, 0);
    done(&p);
}

static void test_encrypt_to_keeps_its_bytes(void **state)
{
    static const char *const keys[] = {"\"AAAA\"", "\"with \\n escape\"", "{}",
                                       "{\"kty\": \"OKP\", \"x\" : [1,{\"a\":2}]}"};
    char body[256];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        snprintf(body, sizeof body, "{\"script\":\"s\",\"encrypt_to\": %s ,\"input\":1}", keys[i]);
        struct parsed p = parse(span_of(body));
        assert_int_equal(p.code, 0);
        assert_true(span_equal(p.request.encrypt_to, span_of(keys[i])));
        assert_true(span_equal(p.request.input, SPAN("1")));
        done(&p);
    }
    static const char *const bad[] = {"1", "true", "[]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(body, sizeof body, "{\"script\":\"s\",\"encrypt_to\":%s}", bad[i]);
        struct parsed p = parse(span_of(body));
        assert_int_equal(p.code, ERR_INVALID_FIELD);
        done(&p);
    }
}

static void test_expect_user_of_sealed_requests_only(void **state)
{
    const struct span body = SPAN("{\"script\":\"s\",\"expect_user\":\"ann\"}");
    struct parsed p = parse_as(true, body);
    assert_int_equal(p.code, 0);
    assert_true(span_equal(p.request.expect_user, SPAN("ann")));
    done(&p);
    p = parse_as(false, body);
    assert_int_equal(p.code, ERR_UNKNOWN_FIELD);
    done(&p);
    p = parse_as(true, SPAN("{\"script\":\"s\",\"expect_user\":\"\"}"));
    assert_int_equal(p.code, ERR_INVALID_FIELD);
    done(&p);
}

int main(void)
{
    limits_init(&limits);
    limits.value[LIMIT_MEMORY_TOTAL] = 1 * GIB;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_body),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_input_is_the_callers_bytes),
        cmocka_unit_test(test_input_under_an_escaped_key),
        cmocka_unit_test(test_at_most_a_thousand_names),
        cmocka_unit_test(test_numbers_are_clamped),
        cmocka_unit_test(test_memory_fits_into_all_memory),
        cmocka_unit_test(test_allow_secret_output),
        cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_encrypt_to_keeps_its_bytes),
        cmocka_unit_test(test_expect_user_of_sealed_requests_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
