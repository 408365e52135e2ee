// Output without carriage returns, and of text that survives every code page: UTF-16 units as hexadecimal digits.

#pragma once

#include <windows.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>

static inline void print_units(const char *kind, const wchar_t *text)
{
    printf("%s ", kind);
    for (; *text; text++)
        printf("%04x", *text);
    printf("\n");
}

static inline void begin_output(void)
{
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
}
