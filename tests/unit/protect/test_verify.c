/* Receipts judged: those of other implementations, and what must be refused, by its name. */
#include "base/clock.h"
#include "protect/vectors.h"
#include "protect/verify.h"

#define NOW 1795000100u /* within the life of the vectors' keys */

static struct buf keys_file, receipts_file, refused_file;

struct expectation {
    struct buf job, nonce, script, input, output, entry, user, salt;
};

static struct span maybe(struct span object, const char *key, struct buf *text)
{
    struct span value;
    *text = BUF_INIT(FILE_MOST);
    if (!json_member(object, key, &value))
        return (struct span){0};
    assert_int_equal(json_unquote(value, text), 0);
    buf_terminate(text); /* data even if it is empty */
    return of_buf(text);
}

static void expect(struct span job, struct expectation *e, struct verify_request *request)
{
    request->job = maybe(job, "job_id", &e->job);
    request->nonce = maybe(job, "nonce", &e->nonce);
    request->script = maybe(job, "script", &e->script);
    request->input = maybe(job, "input", &e->input);
    request->output = maybe(job, "output", &e->output);
    request->entry = maybe(job, "entry_point", &e->entry);
    request->user = maybe(job, "user", &e->user);
    request->salt = maybe(job, "salt", &e->salt);
}

static void expectation_done(struct expectation *e)
{
    struct buf *const all[] = {&e->job,    &e->nonce, &e->script, &e->input,
                               &e->output, &e->entry, &e->user,   &e->salt};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_done(all[i]);
}

static struct verify_request request_of(struct span bundle, const uint8_t *identity)
{
    return (struct verify_request){
        .bundle = bundle,
        .policy = {.identity_key = identity, .allow_simulation = true},
        .max_age_s = VERIFY_ANY_AGE,
        .now_unix_s = NOW,
    };
}

static void show(const struct verify *v)
{
    for (size_t i = 0; i < v->count; i++)
        print_message("%s %s [%s]: %s\n", verify_state_name(v->checks[i].state), v->checks[i].name,
                      v->checks[i].refusal, v->checks[i].text);
}

static void pinned(uint8_t identity[JWS_PUBLIC_SIZE])
{
    struct span jwk = member(member(of_buf(&keys_file), "identity"), "jwk");
    assert_int_equal(jws_read_jwk(jwk, identity, NULL), 0);
}

static void assert_verifies(const struct verify_request *request)
{
    static struct verify v;
    verify_run(request, &v);
    if (verify_verdict(&v) != VERIFY_PASSED) {
        show(&v);
        fail_msg("a good receipt does not verify");
    }
    verify_done(&v);
}

static void single_receipts_verify(void **state)
{
    (void)state;
    uint8_t identity[JWS_PUBLIC_SIZE];
    struct span rest, one;
    pinned(identity);
    assert_true(json_array(member(of_buf(&receipts_file), "single"), &rest));
    while (json_element(&rest, &one)) {
        struct verify_request request = request_of(member(of_buf(&keys_file), "bundle"), identity);
        struct expectation e;
        struct buf text = text_of(one, "receipt");
        expect(member(one, "job"), &e, &request);
        request.text = of_buf(&text);
        assert_verifies(&request);
        expectation_done(&e);
        buf_done(&text);
    }
}

static void every_leaf_of_every_batch_verifies(void **state)
{
    (void)state;
    uint8_t identity[JWS_PUBLIC_SIZE];
    struct span rest, batch, receipts, jobs, receipt, job;
    size_t count = 0;
    pinned(identity);
    assert_true(json_array(member(of_buf(&receipts_file), "batches"), &rest));
    while (json_element(&rest, &batch)) {
        assert_true(json_array(member(batch, "receipts"), &receipts));
        assert_true(json_array(member(batch, "jobs"), &jobs));
        for (; json_element(&receipts, &receipt) && json_element(&jobs, &job); count++) {
            struct verify_request request =
                request_of(member(of_buf(&keys_file), "bundle"), identity);
            struct expectation e;
            struct buf text = BUF_INIT(FILE_MOST);
            assert_int_equal(json_unquote(receipt, &text), 0);
            expect(job, &e, &request);
            request.text = of_buf(&text);
            assert_verifies(&request);
            expectation_done(&e);
            buf_done(&text);
        }
    }
    assert_true(count > 20);
}

static void the_identity_before_may_be_pinned(void **state)
{
    (void)state;
    uint8_t identity[JWS_PUBLIC_SIZE];
    struct span rest, one;
    assert_int_equal(jws_read_jwk(member(member(of_buf(&keys_file), "previous_identity"), "jwk"),
                                  identity, NULL),
                     0);
    assert_true(json_array(member(of_buf(&receipts_file), "single"), &rest));
    assert_true(json_element(&rest, &one));
    struct buf text = text_of(one, "receipt");
    struct verify_request request =
        request_of(member(of_buf(&keys_file), "previous_bundle"), identity);
    request.text = of_buf(&text);
    assert_verifies(&request);
    buf_done(&text);
}

/* `one` has a receipt, and maybe a bundle, an identity to pin, and an expectation. */
static void assert_refused(struct span one)
{
    static struct verify v;
    uint8_t identity[JWS_PUBLIC_SIZE];
    struct span value;
    struct expectation e = {0};
    struct buf text = text_of(one, "receipt"), name = text_of(one, "name");
    struct buf refusal = text_of(one, "refusal");
    pinned(identity);
    if (json_member(one, "identity_key", &value))
        assert_int_equal(jws_read_jwk(value, identity, NULL), 0);
    if (!json_member(one, "bundle", &value))
        value = member(of_buf(&keys_file), "bundle");
    struct verify_request request = request_of(value, identity);
    if (json_member(one, "expect", &value))
        expect(value, &e, &request);
    request.text = of_buf(&text);
    verify_run(&request, &v);
    if (verify_verdict(&v) != VERIFY_FAILED ||
        !span_equal(span_of(verify_refusal(&v)), of_buf(&refusal))) {
        show(&v);
        fail_msg("%.*s: not %.*s but \"%s\"", (int)name.size, name.data, (int)refusal.size,
                 refusal.data, verify_refusal(&v));
    }
    verify_done(&v);
    expectation_done(&e);
    buf_done(&refusal);
    buf_done(&name);
    buf_done(&text);
}

static void refuse_all(const char *list, size_t least)
{
    struct span rest, one, value;
    size_t count = 0;
    assert_true(json_array(member(of_buf(&refused_file), list), &rest));
    while (json_element(&rest, &one)) {
        /* What only an answer can say otherwise is tested with answers. */
        if (json_member(one, "expect", &value) && json_member(value, "status", &value))
            continue;
        assert_refused(one);
        count++;
    }
    assert_true(count >= least);
}

static void hostile_receipts_have_their_names(void **state)
{
    (void)state;
    refuse_all("receipts", 40);
}

static void hostile_keys_have_their_names(void **state)
{
    (void)state;
    struct span rest, one;
    size_t count = 0;
    assert_true(json_array(member(of_buf(&refused_file), "keys"), &rest));
    for (; json_element(&rest, &one); count++) {
        struct buf name = text_of(one, "name"), refusal = text_of(one, "refusal");
        struct error_detail detail = {0};
        uint8_t key[JWS_PUBLIC_SIZE];
        if (jws_read_jwk(member(one, "jwk"), key, &detail) != ERR_INVALID_FIELD ||
            !span_equal(span_of(detail.field), of_buf(&refusal)))
            fail_msg("%.*s: \"%s\"", (int)name.size, name.data, detail.field);
        buf_done(&name);
        buf_done(&refusal);
    }
    assert_true(count >= 20);
}

static void hostile_bundles_have_their_names(void **state)
{
    (void)state;
    refuse_all("bundles", 15);
}

/* --- a receipt inside something, and one byte changed --- */

/* The receipt of this name ("completed" is the first), and one of its texts. */
static struct span single(const char *name, const char *key, struct buf *text)
{
    struct span rest, one, literal;
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    assert_true(json_array(member(of_buf(&receipts_file), "single"), &rest));
    do {
        assert_true(json_element(&rest, &one));
        literal = member(one, "name");
    } while (!span_equal(literal, span_of(quoted)));
    *text = text_of(one, key);
    return one;
}

static struct span first_single(const char *key, struct buf *text)
{
    return single("completed", key, text);
}

/* What /execute answers to the first job of the vectors. */
static struct buf make_answer(void)
{
    struct buf receipt, text = BUF_INIT(FILE_MOST);
    char started[CLOCK_TIME_SIZE];
    struct span one = first_single("receipt", &receipt);
    struct buf payload = text_of(one, "payload");
    struct buf salt = text_of(member(one, "job"), "salt");
    struct buf job = text_of(member(one, "job"), "job_id");
    struct buf hash = text_of(of_buf(&payload), "output_sha256");
    clock_format_time(started, 1795000059000);
    buf_addf(&text, "{\"job_id\":\"%.*s\",\"status\":\"completed\",\"started_at\":\"%s\",",
             (int)job.size, job.data, started);
    buf_add_str(&text, "\"output\":{\"sum\":2},\"logs\":[\"a line\"],\"gas_used\":15043,"
                       "\"memory_used\":1900544,\"duration\":\"53.217µs\",");
    buf_addf(&text, "\"output_hash\":\"%.*s\",\"signature\":\"00ff\",\"nondeterminism\":[],",
             (int)hash.size, hash.data);
    buf_add_str(&text, "\"limits\":{\"timeout\":30,\"gas_limit\":20000000000,"
                       "\"memory_limit\":67108864},");
    buf_addf(&text, "\"receipt\":\"%.*s\",\"receipt_salt\":\"%.*s\"}", (int)receipt.size,
             receipt.data, (int)salt.size, salt.data);
    buf_done(&receipt);
    buf_done(&payload);
    buf_done(&salt);
    buf_done(&job);
    buf_done(&hash);
    return text;
}

/* What GET /jobs/{id}/receipt answers to the job of this name, as JSON. */
static struct buf make_bundle(const char *name, bool with_salt)
{
    struct buf receipt, text = BUF_INIT(FILE_MOST);
    struct span one = single(name, "receipt", &receipt), keys = of_buf(&keys_file);
    struct buf salt = text_of(member(one, "job"), "salt");
    struct buf job = text_of(member(one, "job"), "job_id");
    struct span bundle = member(keys, "bundle"), set = member(member(keys, "jwks"), "keys");
    buf_addf(&text, "{\"bundle\":%.*s,\"job_id\":\"%.*s\",\"keys\":%.*s,", (int)bundle.size,
             bundle.data, (int)job.size, job.data, (int)set.size, set.data);
    buf_addf(&text, "\"receipt\":\"%.*s\"", (int)receipt.size, receipt.data);
    if (with_salt)
        buf_addf(&text, ",\"salt\":\"%.*s\"", (int)salt.size, salt.data);
    buf_add_char(&text, '}');
    buf_done(&receipt);
    buf_done(&salt);
    buf_done(&job);
    return text;
}

static bool passes(const struct verify_request *request)
{
    static struct verify v;
    verify_run(request, &v);
    bool passed = verify_verdict(&v) == VERIFY_PASSED;
    verify_done(&v);
    return passed;
}

static bool lies_in(const char *text, size_t at, const char *part)
{
    const char *found = strstr(text, part);
    assert_non_null(found);
    return text + at >= found && text + at < found + strlen(part);
}

/* Every byte, changed in several ways. `open` are the parts that no receipt covers. */
static void change_every_byte(struct verify_request *request, struct buf *text,
                              const char *const *open, size_t open_count)
{
    size_t found = 0;
    buf_terminate(text);
    request->text = of_buf(text);
    assert_true(passes(request));
    struct buf whole = BUF_INIT(FILE_MOST);
    buf_add(&whole, text->data, text->size + 1);
    for (size_t at = 0; at < text->size; at++) {
        const char kept = text->data[at];
        const char others[] = {(char)(kept ^ 1), (char)(kept ^ 0x20)};
        bool covered = true;
        for (size_t i = 0; i < open_count; i++)
            covered = covered && !lies_in(whole.data, at, open[i]);
        for (size_t i = 0; i < sizeof others && covered; i++) {
            text->data[at] = others[i];
            if (others[i] != kept && passes(request))
                fail_msg("byte %zu, %c for %c, is not missed: %.20s", at, others[i], kept,
                         whole.data + at);
            found++;
        }
        text->data[at] = kept;
    }
    assert_true(found > 1000);
    buf_done(&whole);
}

static void no_byte_of_an_answer_can_be_changed(void **state)
{
    (void)state;
    static const char *const open[] = {"\"logs\":[\"a line\"]", "\"signature\":\"00ff\"", "217µs"};
    uint8_t identity[JWS_PUBLIC_SIZE];
    pinned(identity);
    struct buf text = make_answer();
    struct verify_request request = request_of(member(of_buf(&keys_file), "bundle"), identity);
    request.user = SPAN("alice"); /* by it the salt is checked */
    change_every_byte(&request, &text, open, sizeof open / sizeof *open);
    buf_done(&text);
}

static void no_byte_of_a_bundle_can_be_changed(void **state)
{
    (void)state;
    uint8_t identity[JWS_PUBLIC_SIZE];
    pinned(identity);
    struct buf text = make_bundle("completed", true);
    struct verify_request request = request_of((struct span){0}, identity);
    request.user = SPAN("alice");
    change_every_byte(&request, &text, NULL, 0);
    buf_done(&text);
}

static void what_is_not_covered_is_named(void **state)
{
    (void)state;
    static struct verify v;
    struct buf text = make_answer(), names = BUF_INIT(1024);
    struct verify_request request = request_of(member(of_buf(&keys_file), "bundle"), NULL);
    const char *name;
    request.text = of_buf(&text);
    verify_run(&request, &v);
    for (size_t at = 0; (name = verify_uncovered(&v, &at));)
        buf_addf(&names, "%s ", name);
    assert_bytes(names, "logs signature receipt_salt ");
    verify_done(&v);
    buf_done(&names);
    buf_done(&text);
}

/* --- what is missing is not a failure, and never success --- */

static void assert_verdict(const struct verify_request *request, enum verify_state verdict,
                           const char *refusal)
{
    static struct verify v;
    verify_run(request, &v);
    if (verify_verdict(&v) != verdict || strcmp(verify_refusal(&v), refusal) != 0) {
        show(&v);
        fail_msg("%s, \"%s\"", verify_state_name(verify_verdict(&v)), verify_refusal(&v));
    }
    verify_done(&v);
}

static void nothing_verifies_without_keys_or_against_the_policy(void **state)
{
    (void)state;
    struct buf text;
    uint8_t identity[JWS_PUBLIC_SIZE];
    struct span keys = of_buf(&keys_file);
    first_single("receipt", &text);
    struct verify_request request = request_of((struct span){0}, NULL);
    request.text = of_buf(&text);
    assert_verdict(&request, VERIFY_UNDECIDED, "");
    request.jwks = member(keys, "jwks"); /* taken as it is, and said so */
    assert_verdict(&request, VERIFY_PASSED, "");
    request.policy.allow_simulation = false;
    assert_verdict(&request, VERIFY_UNDECIDED, "");
    request.bundle = member(keys, "bundle");
    assert_verdict(&request, VERIFY_FAILED, "simulation");
    request.policy.allow_simulation = true;
    assert_verdict(&request, VERIFY_PASSED, "");
    request.jwks = member(member(keys, "identity"), "jwk");
    assert_verdict(&request, VERIFY_FAILED, "key");
    request.jwks = (struct span){0};
    request.policy.claims_sha256 =
        "0000000000000000000000000000000000000000000000000000000000000000";
    assert_verdict(&request, VERIFY_FAILED, "claims");
    request.policy.claims_sha256 = NULL;
    request.bundle = member(keys, "foreign_bundle");
    pinned(identity);
    request.policy.identity_key = identity;
    assert_verdict(&request, VERIFY_FAILED, "identity");
    buf_done(&text);
}

static void an_age_is_bounded_if_asked(void **state)
{
    (void)state;
    struct buf text;
    first_single("receipt", &text);
    struct verify_request request = request_of(member(of_buf(&keys_file), "bundle"), NULL);
    request.text = of_buf(&text);
    request.max_age_s = 40; /* made at NOW - 40 */
    assert_verdict(&request, VERIFY_PASSED, "");
    request.max_age_s = 39;
    assert_verdict(&request, VERIFY_FAILED, "age");
    request.max_age_s = 0;
    assert_verdict(&request, VERIFY_FAILED, "age");
    request.max_age_s = 40;
    request.now_unix_s = NOW - 1000;
    assert_verdict(&request, VERIFY_FAILED, "age");
    buf_done(&text);
}

static void a_newline_at_the_end_of_a_file_is_forgiven(void **state)
{
    (void)state;
    struct buf text, script;
    struct span one = first_single("receipt", &text);
    script = text_of(member(one, "job"), "script");
    struct verify_request request = request_of(member(of_buf(&keys_file), "bundle"), NULL);
    buf_add_char(&script, '\n');
    request.text = of_buf(&text);
    request.script = of_buf(&script);
    assert_verdict(&request, VERIFY_PASSED, "");
    buf_add_char(&script, '\n');
    request.script = of_buf(&script);
    assert_verdict(&request, VERIFY_FAILED, "script");
    buf_done(&script);
    buf_done(&text);
}

static void a_bundle_has_a_salt_unless_it_is_sealed_away(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool with_salt;
        const char *refusal;
    } table[] = {
        {"completed", true, ""},
        {"completed", false, "malformed"},
        {"encrypted", false, ""},
        {"encrypted", true, "malformed"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buf text = make_bundle(table[i].name, table[i].with_salt);
        struct verify_request request = request_of((struct span){0}, NULL);
        request.text = of_buf(&text);
        assert_verdict(&request, *table[i].refusal ? VERIFY_FAILED : VERIFY_PASSED,
                       table[i].refusal);
        buf_done(&text);
    }
}

static void what_is_under_the_salt_is_undecided_without_it(void **state)
{
    (void)state;
    struct buf receipt, text = make_bundle("encrypted", false);
    struct span job = member(single("encrypted", "receipt", &receipt), "job");
    struct buf salt = text_of(job, "salt"), output = text_of(job, "output");
    struct verify_request request = request_of((struct span){0}, NULL);
    request.text = of_buf(&text);
    request.user = SPAN("alice");
    assert_verdict(&request, VERIFY_UNDECIDED, "");
    request.output = of_buf(&output);
    request.user = (struct span){0};
    assert_verdict(&request, VERIFY_UNDECIDED, "");
    request.salt = of_buf(&salt); /* out of encrypted_output */
    request.user = SPAN("alice");
    assert_verdict(&request, VERIFY_PASSED, "");
    request.output = SPAN("{\"sum\":5}");
    assert_verdict(&request, VERIFY_FAILED, "output");
    request.output = (struct span){0};
    request.user = SPAN("mallory");
    assert_verdict(&request, VERIFY_FAILED, "user");
    buf_done(&receipt);
    buf_done(&salt);
    buf_done(&output);
    buf_done(&text);
}

static int read_files(void **state)
{
    (void)state;
    keys_file = read_file("tests/vectors/keys.json");
    receipts_file = read_file("tests/vectors/receipts.json");
    refused_file = read_file("tests/vectors/refused.json");
    return 0;
}

static int drop_files(void **state)
{
    (void)state;
    buf_done(&keys_file);
    buf_done(&receipts_file);
    buf_done(&refused_file);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_receipts_verify),
        cmocka_unit_test(every_leaf_of_every_batch_verifies),
        cmocka_unit_test(the_identity_before_may_be_pinned),
        cmocka_unit_test(hostile_receipts_have_their_names),
        cmocka_unit_test(hostile_bundles_have_their_names),
        cmocka_unit_test(hostile_keys_have_their_names),
        cmocka_unit_test(no_byte_of_an_answer_can_be_changed),
        cmocka_unit_test(no_byte_of_a_bundle_can_be_changed),
        cmocka_unit_test(what_is_not_covered_is_named),
        cmocka_unit_test(nothing_verifies_without_keys_or_against_the_policy),
        cmocka_unit_test(an_age_is_bounded_if_asked),
        cmocka_unit_test(a_newline_at_the_end_of_a_file_is_forgiven),
        cmocka_unit_test(a_bundle_has_a_salt_unless_it_is_sealed_away),
        cmocka_unit_test(what_is_under_the_salt_is_undecided_without_it),
    };
    return cmocka_run_group_tests(tests, read_files, drop_files);
}
