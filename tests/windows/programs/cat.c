// Copies stdin to stdout, and says on stderr how many bytes there were.

#include "text.h"

int wmain(void)
{
    begin_output();
    static char bytes[65536];
    DWORD count, written;
    unsigned long long total = 0;
    HANDLE in = GetStdHandle(STD_INPUT_HANDLE), out = GetStdHandle(STD_OUTPUT_HANDLE);
    while (ReadFile(in, bytes, sizeof bytes, &count, NULL) && count) {
        total += count;
        if (!WriteFile(out, bytes, count, &written, NULL) || written != count)
            return 1;
    }
    fprintf(stderr, "%llu bytes\n", total);
    return 0;
}
