/* What every unit test includes: cmocka needs the others first. */
#ifndef NEOCOMPUTE_TESTS_UNIT_H
#define NEOCOMPUTE_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RUN_TESTS(tests) cmocka_run_group_tests(tests, NULL, NULL)

/* A struct buf or span against a string literal. */
#define assert_bytes(thing, text)                                                                  \
    do {                                                                                           \
        assert_int_equal((thing).size, strlen(text));                                              \
        if ((thing).size > 0)                                                                      \
            assert_memory_equal((thing).data, text, (thing).size);                                 \
    } while (0)

#endif
