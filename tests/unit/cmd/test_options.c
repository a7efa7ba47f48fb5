#include "cmd/cmd.h"
#include "unit.h"

static struct option_list list;

struct values {
    struct limits limits;
};

static const struct args_option *find(const char *name)
{
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.options[i].name, name) == 0)
            return &list.options[i];
    return NULL;
}

static void a_limit_is_an_option_with_dashes(void **state)
{
    struct values values;
    struct error_detail detail;

    list.count = 0;
    option_add_limit(&list, LIMIT_MEMORY, offsetof(struct values, limits));
    option_add_limit(&list, LIMIT_MEMORY_TOTAL, offsetof(struct values, limits));
    const struct args_option *option = find("memory-limit");
    assert_non_null(option);
    assert_string_equal(option->value, "BYTES");
    assert_string_equal(option->standard, "64MiB");
    assert_string_equal(find("memory-total")->standard, "half of the memory");
    assert_int_equal(option->set(&values, option, "8MiB", &detail), 0);
    assert_int_equal(values.limits.value[LIMIT_MEMORY], 8 * MIB);
    assert_int_equal(option->set(&values, option, "1", &detail), ERR_USAGE);
}

static void every_command_has_its_options_once(void **state)
{
    for (size_t i = 0; i < cmd_count; i++) {
        list.count = 0;
        if (cmd_table[i].options)
            cmd_table[i].options(&list);
        assert_true(list.count < OPTIONS_MOST);
        for (size_t j = 0; j < list.count; j++) {
            assert_non_null(list.options[j].set);
            assert_non_null(list.options[j].text);
            assert_ptr_equal(find(list.options[j].name), &list.options[j]);
        }
    }
}

static void serve_has_an_option_for_every_limit(void **state)
{
    char name[ARGS_NAME_BYTES];

    list.count = 0;
    cmd_serve_options(&list);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        if (limit_table[i].least == limit_table[i].most)
            continue;
        snprintf(name, sizeof(name), "%s", limit_table[i].name);
        for (char *c = name; (c = strchr(c, '_'));)
            *c = '-';
        assert_non_null(find(name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_is_an_option_with_dashes),
        cmocka_unit_test(every_command_has_its_options_once),
        cmocka_unit_test(serve_has_an_option_for_every_limit),
    };
    return RUN_TESTS(tests);
}
