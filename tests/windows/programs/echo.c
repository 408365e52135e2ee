// Prints what a process is given: its command line, the arguments that the C runtime makes of it, its environment, and its
// working directory.

#include "text.h"

int wmain(int count, wchar_t **arguments)
{
    begin_output();
    print_units("line", GetCommandLineW());
    for (int i = 0; i < count; i++)
        print_units("argument", arguments[i]);
    const wchar_t *block = GetEnvironmentStringsW();
    for (; *block; block += lstrlenW(block) + 1)
        print_units("variable", block);
    wchar_t directory[32768];
    if (GetCurrentDirectoryW(32768, directory))
        print_units("directory", directory);
    return 0;
}
