// Exits with the code that is its argument, all 32 bits of it.

#include <windows.h>
#include <wchar.h>

int wmain(int count, wchar_t **arguments)
{
    ExitProcess(count == 2 ? wcstoul(arguments[1], NULL, 0) : 2);
}
