/*
 * The main of the measuring programs (meson.build here): the product's own code, with one thing
 * taken out, to measure what that thing costs, and for nothing else. The linker puts functions in
 * its place, so the product has nothing of this and no option leads to it.
 *
 * Each says what it is wherever it is asked: to --version, at each start, and so at the start of
 * its log. It refuses --strict.
 */
#include "cmd/cmd.h"
#include "exec/exec.h"
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--zygote") == 0)
        exec_zygote_main();
    fprintf(argc == 2 && strcmp(argv[1], "--version") == 0 ? stdout : stderr, "%s\n", MEASURING);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--strict", strlen("--strict")) == 0) {
            fputs("--strict is for programs that keep what they say; this one only measures\n",
                  stderr);
            return CMD_EXIT_USAGE;
        }
    }
    return cmd_main(argc, argv);
}
