// Listens at a named pipe until a file `stop` is beside its mark. It never answers.
//
//     pipe NAME MARK

#include <windows.h>
#include <stdio.h>
#include <wchar.h>

int wmain(int count, wchar_t **arguments)
{
    if (count != 3)
        return 2;
    HANDLE pipe = CreateNamedPipeW(arguments[1], PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 4,
                                   4096, 4096, 0, NULL);
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    if (pipe == INVALID_HANDLE_VALUE)
        return 3;
    ConnectNamedPipe(pipe, &overlapped);
    fclose(_wfopen(arguments[2], L"wb"));
    wcscpy(wcsrchr(arguments[2], '\\'), L"\\stop");
    // Whatever becomes of the test, nothing goes on for longer than a minute.
    for (int turn = 0; turn < 6000 && GetFileAttributesW(arguments[2]) == INVALID_FILE_ATTRIBUTES; turn++)
        Sleep(10);
    return 0;
}
