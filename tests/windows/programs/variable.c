// Prints the value of a variable as a program finds it.

#include "text.h"

int wmain(int count, wchar_t **arguments)
{
    static wchar_t value[32768];
    begin_output();
    if (count != 2 || (!GetEnvironmentVariableW(arguments[1], value, 32768) && GetLastError()))
        return 1;
    print_units("value", value);
    return 0;
}
