#include <stdio.h>

int main(void)
{
    puts("neocompute " NEOCOMPUTE_VERSION);
    return 0;
}
