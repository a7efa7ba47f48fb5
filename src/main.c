#include "cmd/cmd.h"
#include "exec/exec.h"
#include <string.h>

int main(int argc, char **argv)
{
    /* First of all: the zygote must find nothing in memory that it did not need. */
    if (argc == 2 && strcmp(argv[1], "--zygote") == 0)
        exec_zygote_main();
    return cmd_main(argc, argv);
}
